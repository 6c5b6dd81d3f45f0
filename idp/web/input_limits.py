"""What no room ever sees: too much, NUL bytes, and text that is not UTF-8.

    path, query ─▶ too large? 414 / 431 ─▶ takes its address a body? ─ no ─▶ 404 / 405, or no body; nothing of it is read
                                             │ yes
                                             ▼
               the room ◀─ NUL or no UTF-8? 400 ◀─ so many fields? 413 ◀─ too large? 413

Werkzeug would quietly put U+FFFD in place of undecodable bytes, and PostgreSQL refuses NUL with an error of its own;
both are the client's mistake, and are said to be here. RFC 6749 appendix B: parameters are UTF-8. A page that takes a
file says so (`take_file`): there the body may be larger, and what the bytes of the file mean is for the page to say.
A server that awaits a body before it gives us the request asks how large it may be (`most_body_bytes`), and where it
did not come says why (`REFUSED`).
"""

from typing import Final
from urllib.parse import unquote_to_bytes

from flask import Flask, current_app, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge, RequestHeaderFieldsTooLarge, RequestURITooLarge
from werkzeug.http import parse_options_header

from idp.platform.errors import BadRequest

MOST_BODY_BYTES: Final = 256 * 1024
MOST_FORM_PARTS: Final = 200
MOST_FIELDS: Final = 1000
MOST_URL_BYTES: Final = 16 * 1024
MOST_HEADER_BYTES: Final = 32 * 1024
TAKE_A_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
REFUSED: Final = "idp.refused"
"""The name in the WSGI environment of the `HTTPException` for which the server did not wait for the body."""
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


def most_body_bytes(app: Flask, method: str, path: str, content_type: str) -> int | None:
    """How large the body of such a request may be; None where nobody reads one."""
    if method not in TAKE_A_BODY:
        return None
    try:
        endpoint, _ = app.url_map.bind("").match(path, method)
    except HTTPException:
        return None
    return _limit(app, endpoint, parse_options_header(content_type)[0])


def refuse_too_large() -> None:
    """RFC 9110 sections 15.5.14 and 15.5.15, RFC 6585 section 5."""
    if len(request.environ.get("PATH_INFO", "")) + len(request.query_string) > MOST_URL_BYTES:
        raise RequestURITooLarge
    if sum(len(value) for _, value in request.headers) > MOST_HEADER_BYTES:
        raise RequestHeaderFieldsTooLarge
    if request.query_string.count(b"&") >= MOST_FIELDS:
        raise RequestURITooLarge
    if not _takes_a_body():
        return
    if refused := request.environ.get(REFUSED):
        raise refused
    request.max_content_length = _most_bytes()
    if (request.content_length or 0) > _most_bytes():
        raise RequestEntityTooLarge


def refuse_undecodable() -> None:
    """Refuse NUL and bytes that are no UTF-8, in the path, the query and the body."""
    _must_be_text(request.environ.get("PATH_INFO", "").encode("latin-1"), "path")
    _must_be_text(unquote_to_bytes(request.query_string), "query")
    if not _takes_a_body():
        return
    body = request.get_data(cache=True)
    if len(body) >= _most_bytes():  # a body without a length is cut off here, quietly
        raise RequestEntityTooLarge
    if _is_file():
        return
    if request.mimetype == URLENCODED:
        if body.count(b"&") >= MOST_FIELDS:
            raise RequestEntityTooLarge
        body = unquote_to_bytes(body)
    _must_be_text(body, "body")


def _takes_a_body() -> bool:
    """Whether anybody will read the body: what is at no address, or comes by another method, is answered without it."""
    return request.method in TAKE_A_BODY and request.routing_exception is None


def _is_file() -> bool:
    """Whether this request may bring a file, and brings one as forms do (RFC 7578)."""
    return request.endpoint in current_app.extensions[_FILES] and request.mimetype == MULTIPART


def _most_bytes() -> int:
    return _limit(current_app, request.endpoint, request.mimetype)


def _limit(app: Flask, endpoint: str | None, mimetype: str) -> int:
    files: dict[str | None, int] = app.extensions[_FILES]
    return files.get(endpoint, MOST_BODY_BYTES) if mimetype == MULTIPART else MOST_BODY_BYTES


def _must_be_text(raw: bytes, where: str) -> None:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest(f"the {where} is not UTF-8", description=f"The {where} is not UTF-8") from None
    if "\0" in text:
        raise BadRequest(f"the {where} has a NUL", description=f"The {where} contains a NUL character")
