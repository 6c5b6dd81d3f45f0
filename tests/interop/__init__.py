"""Clients of OpenID Connect that we did not write, against `idp serve`."""
