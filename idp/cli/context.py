"""What a command runs in: an application that is made from the settings when the command begins, and not before."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar

import click
from flask import Flask
from flask.cli import ScriptInfo, with_appcontext
from sqlalchemy.exc import DBAPIError

from idp.platform.database import first_line
from idp.platform.errors import Unavailable
from idp.platform.settings import Settings
from idp.platform.stores import open_stores
from idp.web import languages, logs

NOT_THERE = re.compile(r"no such (table|column)|(relation|column) \S+ does not exist")
"""How SQLite and PostgreSQL say that the schema is older than the program."""

P = ParamSpec("P")
R = TypeVar("R")


class Decorator(Protocol):
    """Takes a command of any parameters, and gives one of the same."""

    def __call__(self, command: Callable[P, R], /) -> Callable[P, R]:
        """Decorate it."""


@contextmanager
def database_faults() -> Iterator[None]:
    """Make one line of what the database's driver says; `database_faults()` is a decorator as well."""
    try:
        yield
    except DBAPIError as error:
        said = first_line(error)
        hint = "; run: idp migrate" if NOT_THERE.search(said) else ""
        raise Unavailable(f"IDP_DATABASE_URL: {said}{hint}") from error


def within(make: Callable[[Settings], Flask]) -> Decorator:
    """A decorator that runs a command in the context of what `make` makes of the settings.

    Whoever calls the command line from within Python may give an application of his own as the context's object.
    """

    def decorate(command: Callable[P, R]) -> Callable[P, R]:
        in_context = database_faults()(with_appcontext(command))

        @wraps(command)
        def run(*arguments: P.args, **options: P.kwargs) -> R:
            context = click.get_current_context()
            context.obj = context.obj or ScriptInfo(create_app=lambda: make(Settings.load()), set_debug_flag=False)
            return in_context(*arguments, **options)

        return run

    return decorate


def _without_pages(settings: Settings) -> Flask:
    logs.configure()
    app = open_stores(settings)
    languages.set_up(app)
    return app


with_stores = within(_without_pages)
"""Run a command in the context of the stores, and of the language that sentences are said in."""
