"""OpenID Connect Dynamic Client Registration 1.0 and RFC 7591: the metadata of a client."""
