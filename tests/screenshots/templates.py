"""Which templates were on no page of a walk. What Jinja keeps is what it loaded: pages, cards and parts alike."""

from __future__ import annotations

from typing import Any

from flask import Flask


def forget_the_shown(app: Flask) -> None:
    """Begin anew."""
    _kept(app).clear()


def never_shown(app: Flask) -> list[str]:
    """The templates that nobody came past; a mail's text goes with its page."""
    used = {str(key[1]) for key in _kept(app).keys()}  # noqa: SIM118 - Jinja's cache is no mapping
    return [name for name in app.jinja_env.list_templates(["html"]) if name not in used]


def _kept(app: Flask) -> Any:
    assert app.jinja_env.cache is not None
    return app.jinja_env.cache
