"""Tokens: given, renewed, told about, taken back.

token ─▶ grants/ ─▶ authorizations ─▶ issuing ─▶ id_token · access_token · refresh token
dpop, mTLS ─▶ sender_constraint      introspection · revocation · resources (RFC 8707)      actor (RFC 8693)
"""
