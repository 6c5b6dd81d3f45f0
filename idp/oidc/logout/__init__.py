"""Logging out (OpenID Connect RP-Initiated Logout): of a person who asks, or of an application that sends them.

    GET /logout ──▶ request.py: who asks, and may the browser go back there?  ──no──▶ a page; nobody is logged out
                        │
                        ├─ nobody is logged in here ───────────────────────▶ back, or a page that says so
                        ├─ a valid id_token_hint of this very session ─────▶ end it ─▶ back
                        └─ else: a page that asks ─ POST /logout/<handle> ─▶ end it ─▶ back
    POST /logout ─▶ the same, by way of a handle: a form from elsewhere brings no cookies

    end it ─▶ frontchannel.py: are there applications with frames? ─▶ a page that loads them ─▶ back

Only a registered `post_logout_redirect_uri` is ever gone back to. However a session ends, here or anywhere else,
backchannel.py tells the applications that have something of it.
"""
