"""`idp shell`: Python inside the application, for whoever looks or repairs by hand."""

import code
import sys
from contextlib import suppress

import click
import sqlalchemy as sa
from flask import current_app

from idp.cli.application import with_application
from idp.platform.extensions import db

BANNER = "app, db and sa (SQLAlchemy) are there. Nothing is kept before db.session.commit(). Ctrl-D leaves."


@click.command(short_help="Open a Python shell inside the application.")
@with_application
def shell() -> None:
    """Open a Python shell with the application's context: `app`, `db`, `sa`."""
    with suppress(ImportError):
        __import__("readline")  # lines can be edited and called back where Python was built with it
    names = {"app": current_app, "db": db, "sa": sa}
    code.interact(f"Python {sys.version.split()[0]}. {BANNER}", local=names, exitmsg="")
