"""OAuth 2.0 Demonstrating Proof of Possession (DPoP)."""
