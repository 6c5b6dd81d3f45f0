"""The tenant's own applications: registered, explained to who builds them, and what went wrong with them."""
