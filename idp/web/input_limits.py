"""What no room ever sees: too much, NUL bytes, and text that is not UTF-8.

    path, query, form ─▶ too large? 413 / 414 / 431 ─▶ NUL or no UTF-8? 400 ─▶ the room

Werkzeug would quietly put U+FFFD in place of undecodable bytes, and PostgreSQL refuses NUL with an error of its own;
both are the client's mistake, and are said to be here. RFC 6749 appendix B: parameters are UTF-8. A page that takes a
file says so (`take_file`): there the body may be larger, and what the bytes of the file mean is for the page to say.
"""

from typing import Final
from urllib.parse import unquote_to_bytes

from flask import Flask, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge, RequestHeaderFieldsTooLarge, RequestURITooLarge

from idp.errors import BadRequest

MOST_BODY_BYTES: Final = 256 * 1024
MOST_FORM_PARTS: Final = 200
MOST_URL_BYTES: Final = 16 * 1024
MOST_HEADER_BYTES: Final = 32 * 1024
URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
_FILES = "idp.files"


def set_up(app: Flask) -> None:
    """Check every request before anything reads its parameters."""
    app.extensions[_FILES] = {}
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY_BYTES
    app.config["MAX_FORM_MEMORY_SIZE"] = MOST_BODY_BYTES
    app.config["MAX_FORM_PARTS"] = MOST_FORM_PARTS
    app.before_request(refuse_too_large)
    app.before_request(refuse_undecodable)


def take_file(app: Flask, endpoint: str, most_bytes: int) -> None:
    """Let the form at this endpoint bring a file; its whole body may have so many bytes."""
    app.extensions[_FILES][endpoint] = most_bytes


def refuse_too_large() -> None:
    """RFC 9110 sections 15.5.14 and 15.5.15, RFC 6585 section 5."""
    if len(request.environ.get("PATH_INFO", "")) + len(request.query_string) > MOST_URL_BYTES:
        raise RequestURITooLarge
    if sum(len(value) for _, value in request.headers) > MOST_HEADER_BYTES:
        raise RequestHeaderFieldsTooLarge
    request.max_content_length = _most_bytes()
    if (request.content_length or 0) > _most_bytes():
        raise RequestEntityTooLarge


def refuse_undecodable() -> None:
    """Refuse NUL and bytes that are no UTF-8, in the path, the query and the body."""
    _must_be_text(request.environ.get("PATH_INFO", "").encode("latin-1"), "path")
    _must_be_text(unquote_to_bytes(request.query_string), "query")
    if request.method in {"POST", "PUT", "PATCH"}:
        body = request.get_data(cache=True)
        if len(body) >= _most_bytes():  # a body without a length is cut off here, quietly
            raise RequestEntityTooLarge
        if _is_file():
            return
        _must_be_text(unquote_to_bytes(body) if request.mimetype == URLENCODED else body, "body")


def _is_file() -> bool:
    """Whether this request may bring a file, and brings one as forms do (RFC 7578)."""
    return request.endpoint in current_app.extensions[_FILES] and request.mimetype == MULTIPART


def _most_bytes() -> int:
    files: dict[str | None, int] = current_app.extensions[_FILES]
    return files[request.endpoint] if _is_file() else MOST_BODY_BYTES


def _must_be_text(raw: bytes, where: str) -> None:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest(f"the {where} is not UTF-8", description=f"The {where} is not UTF-8") from None
    if "\0" in text:
        raise BadRequest(f"the {where} has a NUL", description=f"The {where} contains a NUL character")
