"""Dynamic registration: applications that register themselves (RFC 7591, OpenID Connect Registration 1.0, RFC 7592).

    administrator ─ console, for the own tenant ──┐
    operator ─ idp client token [--tenant SLUG] ──┴▶ an initial access token, for a while (initial_tokens.py)
                                                        │ Authorization: Bearer
    program ─ POST /register ───────────────────────────▼─▶ open_metadata.py ─▶ sector.py ─▶ a client, its secret and its
                                                                                             registration token, once
    client ─ GET · PUT · DELETE /register/<client_id> ─▶ by its own registration token, and no other

Without an initial access token nobody registers anything. What registers itself is of the tenant that its token names (of a
platform only where the operator made the token so), is never first-party, always needs PKCE, and gets scopes about people
and nothing else: no audience of its own, no grant without a person. What is not understood is ignored (RFC 7591 section 2) and
is missing in the answer. The registration token stays the same at an update, so that an answer that is lost loses nothing.
A logo is kept and never loaded by our pages: they take nothing from third parties.
"""
