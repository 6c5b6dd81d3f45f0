"""Resource Indicators for OAuth 2.0."""
