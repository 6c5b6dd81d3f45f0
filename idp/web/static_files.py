"""Static files under addresses that carry the hash of their content, so that a browser may keep them for ever.

`url_for("static", filename="style.css")` gives /static/style.css?v=<hash>; a changed file has another address.
Texts are sent compressed (gzip, RFC 1952) to whoever takes that. Pages are not: they hold secrets beside what others may
put there, and the length of such an answer would tell (BREACH, CVE-2013-3587).
"""

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, request

FOR_EVER: Final = "public, max-age=31536000, immutable"
_DIGITS: Final = 12
_TEXTS: Final = frozenset({"text/css", "text/javascript", "image/svg+xml"})
_HASHES: Final = "idp.static_hashes"


def set_up(app: Flask) -> None:
    """Hash every file once, at start."""
    folder = Path(app.static_folder or "")
    hashes = {path.relative_to(folder).as_posix(): _hash(path) for path in folder.rglob("*") if path.is_file()}
    app.extensions[_HASHES] = hashes

    @app.url_defaults
    def add_hash(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and (found := hashes.get(values.get("filename", ""))):
            values.setdefault("v", found)

    @app.after_request
    def keep_for_ever(response: Response) -> Response:
        if request.endpoint != "static":
            return response
        if response.status_code == 200 and "v" in request.args:  # noqa: PLR2004
            response.headers["Cache-Control"] = FOR_EVER
        return shrunk(response)


def hash_of(app: Flask, filename: str) -> str:
    """The hash of a static file."""
    hashes: dict[str, str] = app.extensions[_HASHES]
    return hashes[filename]


def shrunk(response: Response) -> Response:
    """The answer compressed, where it is a text and whoever asks takes it so (RFC 9110 section 12.5.3)."""
    if response.mimetype not in _TEXTS:
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code == 200 and request.accept_encodings["gzip"]:  # noqa: PLR2004
        response.direct_passthrough = False
        response.set_data(_compressed(response.get_data()))
        response.headers["Content-Encoding"] = "gzip"
        _weaken_etag(response)
    return response


def _weaken_etag(response: Response) -> None:
    """One content in two encodings has one weak tag (RFC 9110 section 8.8.3.3)."""
    tag, _ = response.get_etag()
    if tag:
        response.set_etag(tag, weak=True)


@lru_cache(maxsize=64)
def _compressed(text: bytes) -> bytes:
    return gzip.compress(text, mtime=0)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:_DIGITS]
