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
    settings · clock · errors · extensions · database · places

`create_app` sets these up in that order; adding a room is adding its line.
"""

import gc
from collections.abc import Callable

gc.disable()  # what is imported here stays until the end: to look for garbage in it, then as well, is a third of a short command

from flask import Flask

from idp import cache, database, places, settings, vault
from idp.console import routes as console
from idp.extensions import db, migrate
from idp.login import network
from idp.login import views as login_views
from idp.oidc import routes as oidc
from idp.selfservice import routes as selfservice
from idp.settings import Settings
from idp.tenancy.branding import routes as branding
from idp.version import __version__
from idp.web import (
    browser,
    error_pages,
    health,
    input_limits,
    known_as,
    languages,
    logs,
    metrics,
    security_headers,
    static_files,
)

gc.freeze()
gc.enable()

__all__ = ["SET_UPS", "Settings", "__version__", "create_app"]


def _cache(app: Flask) -> None:
    cache.init_app(app, settings.of(app).redis_url)


def _login(app: Flask) -> None:
    app.register_blueprint(login_views.blueprint)


def _migrations(app: Flask) -> None:
    migrate.init_app(app, db, directory=str(places.MIGRATIONS))


SET_UPS: tuple[Callable[[Flask], None], ...] = (
    # The stores and secrets.
    vault.set_up,
    _cache,
    database.set_up,
    _migrations,
    # What every request meets, in this order; answers pass it in the opposite one.
    known_as.set_up,
    logs.set_up,
    metrics.set_up,
    input_limits.set_up,
    browser.set_up,
    languages.set_up,
    static_files.set_up,
    security_headers.set_up,
    error_pages.set_up,
    # The rooms.
    branding.set_up,
    network.set_up,
    _login,
    oidc.set_up,
    selfservice.set_up,
    console.set_up,
    health.set_up,
)


def create_app(settings_: Settings) -> Flask:
    """Make the WSGI application for these settings."""
    app = Flask("idp", template_folder=str(places.TEMPLATES), static_folder=str(places.STATIC))
    settings.keep(app, settings_)
    for set_up in SET_UPS:
        set_up(app)
    return app
