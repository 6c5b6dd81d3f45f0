"""Passwords: which are taken, how a forgotten one is replaced, and what refusing one costs.

typed ─▶ strength (pure) + common_passwords + breaches ─▶ password_rules: sentences      password_reset: the mailed link
"""
