"""Static files under addresses that carry the hash of their content, so that a browser may keep them for ever.

`url_for("static", filename="style.css")` gives /static/style.css?v=<hash>; a changed file has another address.
"""

import hashlib
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, request

FOR_EVER: Final = "public, max-age=31536000, immutable"
_DIGITS: Final = 12


def set_up(app: Flask) -> None:
    """Hash every file once, at start."""
    folder = Path(app.static_folder or "")
    hashes = {path.relative_to(folder).as_posix(): _hash(path) for path in folder.rglob("*") if path.is_file()}

    @app.url_defaults
    def add_hash(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and (found := hashes.get(values.get("filename", ""))):
            values.setdefault("v", found)

    @app.after_request
    def keep_for_ever(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code == 200 and "v" in request.args:  # noqa: PLR2004
            response.headers["Cache-Control"] = FOR_EVER
        return response


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGITS]
