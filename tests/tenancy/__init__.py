"""A company: its face."""
