"""The stores and the secrets, without a page: as much of the application as a command needs that only looks into them."""

from collections.abc import Callable

from flask import Flask

from idp.platform import cache, database, secrets, settings
from idp.platform.settings import Settings


def _cache(app: Flask) -> None:
    cache.init_app(app, settings.of(app).redis_url)


SET_UPS: tuple[Callable[[Flask], None], ...] = (secrets.set_up, _cache, database.set_up)


def open_stores(settings_: Settings) -> Flask:
    """Make an application that has the stores of these settings, and answers no request."""
    app = Flask("idp")
    settings.keep(app, settings_)
    for set_up in SET_UPS:
        set_up(app)
    return app
