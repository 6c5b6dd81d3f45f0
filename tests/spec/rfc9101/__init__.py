"""The OAuth 2.0 Authorization Framework: JWT-Secured Authorization Request (JAR)."""
