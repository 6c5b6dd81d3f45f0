"""What happened in the tenant, in words, and how long it is kept."""
