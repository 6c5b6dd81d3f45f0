"""Informer's identity provider.

The map of the house. A request goes through it from top to bottom:

    web          what every request meets: one name, an id, limits, the browser, a language, headers, error pages
    oidc         OpenID Connect: checks what an application asks, and answers it with codes and tokens
    login        the heart: decides which steps a person owes and asks them one page at a time
    selfservice  the user's own page          console   the administrator's pages
    accounts     people and their factors     tenancy   companies and their policies
    audit        what happened                outbox    what must still be sent
    shortlived   handles that live minutes    cache     Redis, which may be absent
    crypto       leaf: passwords, sealing, TOTP, opaque values
    app · stores · settings · clock · errors · extensions · database · places

`idp.app.create_app` sets these up in the order of SET_UPS; adding a room is adding its line there. This file imports
nothing: whoever wants the clock alone gets the clock alone.
"""

__version__ = "0.1.0"
