"""What a form or an address brings."""

from flask import request

from idp.platform.errors import BadRequest

_DIGITS = 18
"""So many digits fit any database's numbers."""


def typed(name: str) -> str:
    """The field as it was typed, nothing trimmed; empty where it is missing, and where it was sent more than once."""
    values = request.form.getlist(name)
    return values[0] if len(values) == 1 else ""


def bare_code(text: str) -> str:
    """A code as it was typed, without the blanks and hyphens that people write between its digits."""
    return "".join(text.split()).replace("-", "")


def before() -> int | None:
    """The number that the page before ended with; None: these are the newest. Refuses what no page of ours links to."""
    given = request.args.getlist("before")
    if not given:
        return None
    digits = given[0] if len(given) == 1 else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS):
        raise BadRequest("before: no number")
    return int(digits)
