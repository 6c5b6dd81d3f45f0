"""Devices without a browser, or without a keyboard (RFC 8628).

    device ─ POST /device_authorization ─▶ endpoint.py ─▶ device_code, user_code, an address       waiting, 10 minutes
    device ─ POST /token, every 5 s ─────▶ grants/device_code.py ─▶ authorization_pending · slow_down …
                                                                                                       │
    person ─ GET|POST /device ───────────▶ views.py: which code does the device show?                  │
                                              │ so many tries of a browser and of a network            │
    person ─ GET /device/<handle> ───────▶ judge ─┬─ Challenge ─▶ login.begin ─▶ … ─▶ back             │
                                                  └─ Complete ──▶ a page: which application, which code │
    person ─ POST /device/<handle> ──────▶ Allow ──▶ an authorization, whose code is the device_code ──▶ tokens, once
                                           Cancel ─▶ access_denied

Nobody is ever let in by an address alone: a code that comes with it is shown, to be compared with the device's (section
5.4), and Allow is a form of this browser. One row is what both codes name, and each change of it is one conditional
statement: the questions of the device and the answer of the person cannot overwrite one another.
"""
