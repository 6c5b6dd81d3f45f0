"""The whole application: the stores, what every request meets, and the rooms."""

import gc
from collections.abc import Callable

gc.disable()  # what is imported here stays until the end: to look for garbage in it, then as well, is a third of a short command

from flask import Flask

from idp.console import routes as console
from idp.login.flow import views as login_views
from idp.login.trust import network
from idp.oidc import routes as oidc
from idp.platform import paths, settings, stores
from idp.platform.extensions import db, migrate
from idp.platform.settings import Settings
from idp.selfservice import routes as selfservice
from idp.tenancy.branding import routes as branding
from idp.web import (
    browser,
    error_pages,
    health,
    input_limits,
    issuer_host,
    languages,
    logs,
    metrics,
    security_headers,
    static_files,
)

gc.freeze()
gc.enable()


def _login(app: Flask) -> None:
    app.register_blueprint(login_views.blueprint)


def _migrations(app: Flask) -> None:
    migrate.init_app(app, db, directory=str(paths.MIGRATIONS))


SET_UPS: tuple[Callable[[Flask], None], ...] = (
    *stores.SET_UPS,
    _migrations,
    # What every request meets, in this order; answers pass it in the opposite one.
    issuer_host.set_up,
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
    app = Flask("idp", template_folder=str(paths.TEMPLATES), static_folder=str(paths.STATIC))
    settings.keep(app, settings_)
    for set_up in SET_UPS:
        set_up(app)
    return app
