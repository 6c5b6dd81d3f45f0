"""JWT Response for OAuth Token Introspection."""
