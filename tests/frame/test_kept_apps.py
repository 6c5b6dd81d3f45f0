"""A test that gets an application which another test had sees nothing of that other test."""

from collections.abc import Callable

import sqlalchemy as sa
from flask import Flask

from idp.crypto.passwords import Parameters
from idp.oidc.signing_keys import keyring
from idp.oidc.userinfo import subjects
from idp.platform.clock import now
from idp.platform.extensions import db
from idp.platform.secrets import hasher
from idp.tenancy.models import Tenant
from tests.support.apps import CHEAP, Apps, unknown
from tests.support.stores import Store, StoreKind, Templates, make_app
from tests.support.world import World


def test_every_part_that_remembers_is_known(app: Flask) -> None:
    """A new part of the application is named in tests/support/apps.py: as one that remembers, or as one that is fixed."""
    assert unknown(dict(app.extensions)) == set()


def test_the_next_test_begins_with_nothing(store: Store, templates: Templates) -> None:
    """The same application with another store: no row, no key and nothing that was remembered is left."""
    apps = Apps()
    with apps.on(store) as first:
        World(first).tenant("de-zon")
        with first.app_context():
            old = keyring.ring(), first.extensions["idp.hasher"], first.extensions["idp.platform.cache"]
            subjects._cipher()
            assert "idp.oidc.pairwise" in first.extensions
    again = templates.sqlite(templates.directory / "idp.sqlite")
    assert again == store
    with apps.on(again) as second, second.app_context():
        assert second is first
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Tenant)) == 0
        assert "idp.oidc.pairwise" not in second.extensions
        new = keyring.ring(), second.extensions["idp.hasher"], second.extensions["idp.platform.cache"]
        assert not any(a is b for a, b in zip(old, new, strict=True))


def test_what_a_password_costs(store: Store) -> None:
    """The product makes its hashes at 19 MiB and two passes; tests make cheaper ones, unless their settings say otherwise."""
    with make_app(store.settings()).app_context():
        assert hasher().parameters == Parameters(memory_kib=19456, passes=2, lanes=1)
    apps = Apps()
    for changes, cost in (({}, CHEAP), ({"argon2_passes": 3}, Parameters(passes=3))):
        for _ in range(2):
            with apps.on(store, **changes) as app, app.app_context():
                assert hasher().parameters == cost


def test_what_a_test_changed_is_not_kept(store: Store) -> None:
    """A route or a setting of its own, or a listener on the engine: the next test gets another application."""
    apps = Apps()
    seen: set[int] = set()
    held = []
    changes: tuple[Callable[[Flask], object], ...] = (
        lambda app: app.add_url_rule("/of-a-test", view_func=lambda: "done"),
        lambda app: app.config.update(OF_A_TEST=now()),
        lambda app: sa.event.listen(db.engine, "commit", lambda _: None),
        lambda app: sa.event.listen(db.engine, "connect", lambda *_: None),
        lambda app: app.before_request(lambda: None),
    )
    for change in changes:
        with apps.on(store) as app, app.app_context():
            held.append(app)
            seen.add(id(app))
            change(app)
    assert len(seen) == len(held) == 5


def test_each_setting_has_an_application_of_its_own(store: Store) -> None:
    """Other settings are another application, kept as well."""
    apps = Apps()
    assert store.kind is StoreKind.SQLITE_ALONE
    with apps.on(store) as plain, apps.on(store, trusted_proxies="10.0.0.0/8") as behind:
        assert plain is not behind
    with apps.on(store) as plain_again, apps.on(store, trusted_proxies="10.0.0.0/8") as behind_again:
        assert (plain_again, behind_again) == (plain, behind)
