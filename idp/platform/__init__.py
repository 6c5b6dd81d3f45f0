"""What every room stands on, and what knows none of them.

environment, TOML ─▶ settings ─▶ database (SQLAlchemy, one unit of work a request) · cache (Redis, which may be absent)
                                secrets (the ring of IDP_SECRET_KEYS) · paths · clock · errors
"""
