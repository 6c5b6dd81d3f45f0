"""The leaf: passwords, seals, codes and opaque values, without a server."""
