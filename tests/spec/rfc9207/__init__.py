"""OAuth 2.0 Authorization Server Issuer Identification."""
