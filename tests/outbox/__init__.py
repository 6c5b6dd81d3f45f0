"""Mails: written with their cause, delivered once."""
