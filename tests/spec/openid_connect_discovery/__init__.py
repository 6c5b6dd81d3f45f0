"""OpenID Connect Discovery 1.0 and RFC 8414."""
