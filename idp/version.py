"""The version of the product, read by the build and by `idp --version`."""

__version__ = "0.1.0"
