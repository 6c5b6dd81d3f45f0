"""OAuth 2.0 Rich Authorization Requests."""
