"""The story in a real Chromium, against `idp serve` and the sample application."""
