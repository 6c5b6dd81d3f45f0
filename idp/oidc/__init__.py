"""OpenID Connect: what applications ask, and what they get.

    browser ─ GET|POST /authorize ─▶ requests.py   checks.py: one rule, one function; parameters.py: each once
                                        │          pushed_requests.py, request_object.py: what was pushed or signed
                                        │  not answerable: a page   ·   refused: answers.py, back to the application
                                        ▼
                                     authorize.py ── login.judge(demand) ─┬─ Challenge ─▶ login.begin ─▶ … ─▶ resume
                     prompt=none: silent.py says which error              ├─ Deny ──────▶ an error for the application
                                                                          └─ Complete ─▶ consent.py (third parties)
                                                                                            ▼
                                     server.py (Authlib) ─ grants/authorization_code.py ─ a code ─▶ answers.py
    application ─ POST /par ─▶ par.py ─▶ client_auth.py, requests.py ─▶ pushed_requests.py: it waits for the browser
    application ─ POST /token ─▶ token.py ─▶ client_auth.py ─▶ grants/*.py ─▶ issuing.py ─▶ id_token.py access_token.py
                                              client_keys.py      │                               └──▶ keys.py
                                              binding.py dpop.py  │
                                                                  └─ authorizations.py: is what was granted still alive?
    device ─ POST /device_authorization, person ─ /device ─▶ device/
    application ─ GET|POST /userinfo ─▶ userinfo.py ─▶ claims.py
    application ─ POST /introspect ─▶ introspection.py
                    signed first, then perhaps for one reader: encryption.py
                                                    └─▶ subjects.py: who a person is to this application
    application ─ POST /revoke ─▶ revocation.py         browser ─ /logout ─▶ logout/
    application ─ /register ─▶ dynamic/          it registers itself, where the operator allowed that
    everybody ─ /.well-known/… /jwks ─▶ discovery.py    import file ─▶ metadata.py ─▶ registration.py (pure)

One authorization is one row: its code, and all the tokens that grow from it. A code and a refresh token are spent by
one conditional UPDATE, in the unit of work that keeps what they give. An access token names its authorization in
`jti`, so that what is revoked is dead at once wherever we are asked. Only this room imports Authlib.
"""
