"""Who is safe, who is at work, and the security code."""
