"""Proof Key for Code Exchange."""
