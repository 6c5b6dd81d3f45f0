"""What the tests stand on. Nothing here replaces a part of the product.

platform/stores.py         where state lives: SQLite alone, or PostgreSQL with Valkey
postgres.py       a PostgreSQL server of the tests' own        valkey.py   a Valkey server of the tests' own
moving_clock.py   the product's clock, moved by hand
world.py          tenants, users who know their secrets, applications
transport.py      HTTP into an application in this process
page.py           a page as a person sees it
browser.py        a person with a browser: fills, submits, follows, logs in
relying_party.py  an application that knows only OpenID Connect
server.py         `idp serve` as a process
"""
