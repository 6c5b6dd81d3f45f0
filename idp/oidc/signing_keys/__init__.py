"""The keys that sign: made, published before they sign, kept until the last token has ended.

keyring: next ─▶ signing ─▶ retired      `jwks_uri` shows all three
"""
