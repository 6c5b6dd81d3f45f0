"""Applications that are used by one test after another: a new one compiles every route, template and statement again.

    on(store) ── kept from an earlier test at the same addresses? ──no──▶ make_app
                     │ yes                                               │
                     ▼                                                   ▼
    what remembers (keys, cache, hasher) is made anew ─────────────▶ the test
                                                                         │
    a test that gave it a route or a listener ◀── changed? ◀─────────────┘
    has had it for itself                          └─no─▶ kept

The store is fresh for every test; only its address is the same.

Two things cost most of a short test's time and are not what it is about. joserfc has an RSA key checked for some 40 ms
whenever it reads one, and every store begins with the keys of its template: the same text is checked once in a process.
Argon2id at the product's cost takes 30 ms a password: it is Argon2id still, at a cost of nothing, unless the test's
settings say what a hash costs (`@pytest.mark.settings(argon2_passes=2)` for the product's own).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import Flask
from joserfc._rfc7517 import pem

from idp.crypto.passwords import Hasher, Parameters
from idp.oidc.clients import client_keys
from idp.oidc.signing_keys import keyring
from idp.platform import cache as caching
from idp.platform import secrets, settings
from idp.platform.extensions import db
from tests.support.stores import Store, dispose, make_app


def _cache(app: Flask) -> None:
    caching.init_app(app, settings.of(app).redis_url)


def _cheap_hashes(app: Flask) -> None:
    """Passwords at the least cost that Argon2id has, where nobody said what they cost."""
    ours = settings.of(app)
    if not {"argon2_memory_kib", "argon2_passes", "argon2_at_once"} & ours.model_fields_set:
        app.extensions["idp.hasher"] = Hasher(CHEAP, at_most=os.cpu_count() or 1)


CHEAP = Parameters(memory_kib=8, passes=1)
MADE_ANEW: tuple[Callable[[Flask], None], ...] = (
    secrets.set_up,
    _cheap_hashes,
    _cache,
    keyring.set_up,
    client_keys.set_up,
)
"""What gives an application those of its parts that remember."""

pem.load_pem_private_key = cache(pem.load_pem_private_key)  # type: ignore[assignment, attr-defined]

REMEMBERING = frozenset(
    {
        "idp.accounts.passwords.password_costs",
        "idp.platform.cache",
        "idp.hasher",
        "idp.oidc.clients.client_keys",
        "idp.oidc.signing_keys.keyring",
        "idp.sealer",
    }
)
FIXED = frozenset(
    {
        "idp.platform.settings",
        "idp.files",
        "idp.static_hashes",
        "idp.oidc.clients.validation",
        "idp.login.session.sessions.listeners",
    }
)
"""Made once from the settings and the routes, and never changed."""

Shape = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """An application, with what it was when it was made."""

    app: Flask
    extensions: dict[str, Any]
    shape: Shape

    @classmethod
    def new(cls, app: Flask) -> Kept:
        """An application that nobody has used."""
        _cheap_hashes(app)
        return cls(app, dict(app.extensions), _shape(app))

    @property
    def good(self) -> bool:
        """Whether the next test may have it: every part is known to be fixed or made anew, and the test added nothing."""
        return not unknown(self.extensions) and _shape(self.app) == self.shape

    def forget(self) -> None:
        """Make it as if it had just been made."""
        self.app.extensions.clear()
        self.app.extensions.update(self.extensions)
        for make in MADE_ANEW:
            make(self.app)


def unknown(extensions: dict[str, Any]) -> set[str]:
    """The parts of which nobody has said whether they remember."""
    return {name for name in extensions if name.startswith("idp.")} - REMEMBERING - FIXED


def _shape(app: Flask) -> Shape:
    """How much there is of whatever a test may add to: routes, hooks, settings, listeners."""
    with app.app_context():
        dispatch = db.engine.dispatch, db.engine.pool.dispatch
    return (
        len(list(app.url_map.iter_rules())),
        *(sum(map(len, hooks.values())) for hooks in (app.before_request_funcs, app.after_request_funcs)),
        *(sum(map(len, hooks.values())) for hooks in (app.teardown_request_funcs, app.error_handler_spec)),
        repr(sorted(app.config.items())),
        *(len(list(getattr(events, str(name)))) for events in dispatch for name in events._event_names),
    )


class Apps:
    """The applications of a session, by their stores and settings."""

    def __init__(self) -> None:
        self._kept: dict[str, Kept] = {}

    @contextmanager
    def on(self, store: Store, **changes: object) -> Iterator[Flask]:
        """An application on this store; `changes` by the names of `Settings`."""
        key = f"{store.database_url} {store.redis_url} {sorted(changes.items())}"
        kept = self._kept.pop(key, None)
        if kept is None:
            kept = Kept.new(make_app(store.settings(**changes)))
        else:
            kept.forget()
        yield kept.app
        with kept.app.app_context():
            dispose()
        if kept.good:
            self._kept[key] = kept
