"""The OAuth 2.0 Authorization Framework: Bearer Token Usage."""
