"""The table of the console."""

from flask import Blueprint, Flask

from idp.console import settings
from idp.console.access import page
from idp.login import own_pages

PAGES = (
    page("/", settings.lead_there),
    page("/settings", settings.settings),
    page("/settings", settings.save, "POST", settings.keep_input),
)


def set_up(app: Flask) -> None:
    """Open the console."""
    blueprint = Blueprint("console", __name__, url_prefix="/console")
    own_pages.add(blueprint, PAGES)
    app.register_blueprint(blueprint)
