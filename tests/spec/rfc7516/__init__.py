"""RFC 7516: JSON Web Encryption, as answers are encrypted."""
