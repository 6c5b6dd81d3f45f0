"""OAuth 2.0 Pushed Authorization Requests."""
