"""What a form brings."""

from flask import request


def typed(name: str) -> str:
    """The field as it was typed, nothing trimmed; empty where it is missing, and where it was sent more than once."""
    values = request.form.getlist(name)
    return values[0] if len(values) == 1 else ""
