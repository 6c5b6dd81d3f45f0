"""JWT Secured Authorization Response Mode for OAuth 2.0 (JARM)."""
