"""RFC 8693: token exchange."""
