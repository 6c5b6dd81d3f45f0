"""A program of its own, run by its path and never imported: see app.py."""
