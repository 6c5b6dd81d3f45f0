"""FAPI 2.0 Security Profile."""
