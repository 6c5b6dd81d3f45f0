"""RFC 6238 (TOTP) and RFC 4226 (HOTP), on which it stands."""
