"""The provider for whoever works on it: served anew whenever one of its files changes. `make dev`; never in production.

Run by its path, as `python reloading.py PORT`, so that it stands when the provider cannot even be imported: the page then
says why, until the file is mended. It listens on the loopback address only, and there is no debugger in a page.
"""

import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from werkzeug.serving import run_simple
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"
PACKAGE = Path(__file__).parents[1]
WATCHED = ("*.html", "*.txt", "*.po", "*.css", "*.js", "*.svg", "*.toml")
"""Beside the Python files, which werkzeug finds by itself."""


def files() -> list[str]:
    """Templates, translations and static files, of the package and beside it."""
    folders = (PACKAGE, PACKAGE.parent / "templates")
    return [str(file) for folder in folders for kind in WATCHED for file in folder.rglob(kind)]


def application() -> "WSGIApplication":
    """Make the provider; or a page that says why it cannot be made."""
    try:
        from idp.app import create_app  # noqa: PLC0415 - it may be what is broken
        from idp.platform.settings import Settings  # noqa: PLC0415

        return create_app(Settings.load())
    except Exception:  # noqa: BLE001 - whatever it is, it is shown
        return Response(traceback.format_exc(), 500, content_type="text/plain; charset=utf-8")


if __name__ == "__main__":
    port = int(sys.argv[1])
    run_simple(HOST, port, application(), use_reloader=True, use_debugger=False, threaded=True, extra_files=files())
