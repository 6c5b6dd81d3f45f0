"""RFC 8628: the device authorization grant."""
