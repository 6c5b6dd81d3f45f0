"""The errors of the house. Each carries three texts for three readers.

    Fault                     anything that ends a request or a command on purpose
    ├── BadRequest            400  the request cannot be understood
    ├── Forbidden             403  understood, and refused
    ├── NotFound              404  does not exist, or not for you
    ├── Conflict              409  somebody was faster
    ├── TooMany               429  more than anybody needs; `after` says when to come again
    ├── Unavailable           503  a store is gone for the moment; the same request may succeed later
    └── Misconfigured         500  a setting is missing or wrong (`idp.platform.settings` raises it with every fault at once)

`person` is a sentence for the page: safe to show to anybody, says what to do, an English msgid.
`description` is for a program: an `error_description` of RFC 6749 section 5.2, in ASCII.
`detail` is for the log only: names what was found, never a secret.
`back` is a way on for the person: the application that they came from and its registered website.
`parameter` is the part of a request that the error is about, by its name in the standard, for whoever runs the application.
"""

from datetime import timedelta
from http import HTTPStatus
from typing import ClassVar


class Fault(Exception):
    """An error with a text for the person, one for the client and one for the log."""

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    code: ClassVar[str] = "server_error"
    default_person: ClassVar[str] = "Something went wrong on our side. Please try again later."
    parameter: ClassVar[str | None] = None

    def __init__(
        self,
        detail: str = "",
        *,
        person: str | None = None,
        description: str | None = None,
        back: tuple[str, str] | None = None,
    ) -> None:
        """Keep the three texts; what is not given is the kind's own default."""
        self.back = back
        self.detail = detail or self.default_person
        self.person = person or self.default_person
        self.description = description or self.default_person
        super().__init__(self.detail)


class BadRequest(Fault):
    """The request cannot be understood."""

    status = HTTPStatus.BAD_REQUEST
    code = "invalid_request"
    default_person = "This request cannot be understood. Go back to the application and start again."


class Forbidden(Fault):
    """The request was understood, and is refused."""

    status = HTTPStatus.FORBIDDEN
    code = "access_denied"
    default_person = "You may not see or do this. If you think you should, ask an administrator of your company."


class NotFound(Fault):
    """It does not exist, or not for whoever asks; the two are never told apart."""

    status = HTTPStatus.NOT_FOUND
    code = "not_found"
    default_person = "This page does not exist. Check the address, or go back to the application."


class Conflict(Fault):
    """Something else changed the same thing first."""

    status = HTTPStatus.CONFLICT
    code = "conflict"
    default_person = "This was changed by someone else in the meantime. Reload the page and try again."


class TooMany(Fault):
    """More than anybody needs. `after`: how long to wait (RFC 6585 section 4)."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code = "temporarily_unavailable"
    default_person = "That was too often. Wait a minute, then try again."

    def __init__(self, detail: str = "", *, after: timedelta) -> None:
        """Keep how long to wait."""
        self.after = after
        super().__init__(detail)


class Unavailable(Fault):
    """A store does not answer. Nothing was decided and nothing granted; the client may retry."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "temporarily_unavailable"
    default_person = "We cannot answer right now. Please wait a few seconds and try again."


class Misconfigured(Fault):
    """Settings are missing or wrong. `faults` holds one line for each, which names the setting."""

    def __init__(self, *faults: str) -> None:
        """Keep the faults, in the order in which they were found."""
        self.faults = faults
        super().__init__("\n".join(faults))
