"""JWT Profile for OAuth 2.0 Access Tokens."""
