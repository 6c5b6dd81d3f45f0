"""Whether a password was ever in a breach: asked of Have I Been Pwned's range API, where an operator switched it on.

    SHA-1 of the password ─▶ the first five of its forty digits go out ─▶ the endings of that heap ─▶ ours among them?
    slow, unreachable, an odd answer ─▶ a line in the log, and the person has their password

Five digits are those of some thousand leaked passwords, and padding hides how many (https://haveibeenpwned.com/API/v3,
"Searching by range", "Padding"). Only an answer of the address itself counts: no redirect is followed, and after two
seconds or a quarter of a megabyte nothing more is read.
"""

import hashlib
import time

import httpx
import structlog

from idp.platform import settings

PATIENCE_SECONDS = 2.0
MOST_BYTES = 256 * 1024
_DIGITS = 5
_HEADERS = {"User-Agent": "informer-idp", "Add-Padding": "true", "Accept": "text/plain"}

log = structlog.get_logger(__name__)


class _Unanswered(Exception):
    """The service did not say what it was asked. Its text is for the log."""


def switched_on() -> bool:
    """Whether the operator has the service asked."""
    return settings.current().breached_passwords_url is not None


def is_known(password: str) -> bool | None:
    """Whether the service knows it; None where nobody is asked, and where no answer comes."""
    address = settings.current().breached_passwords_url
    if address is None:
        return None
    digest = hashlib.sha1(password.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest().upper()
    try:
        heap = _ask(f"{address.rstrip('/')}/{digest[:_DIGITS]}")
    except (httpx.HTTPError, _Unanswered) as error:
        log.warning("breaches_not_asked", why=f"{type(error).__name__}: {error}"[:200])
        return None
    return any(_stands_for(line, digest[_DIGITS:]) for line in heap.splitlines())


def _stands_for(line: str, ending: str) -> bool:
    """Whether a line is about that ending; padding says of itself that it was seen no times."""
    found, _, times = line.strip().partition(":")
    return found.upper() == ending and times != "0"


def _ask(address: str) -> str:
    until = time.monotonic() + PATIENCE_SECONDS
    with (
        httpx.Client(timeout=PATIENCE_SECONDS, trust_env=False, follow_redirects=False, headers=_HEADERS) as client,
        client.stream("GET", address) as answer,
    ):
        if answer.status_code != httpx.codes.OK:
            raise _Unanswered(f"status {answer.status_code}")
        return _read(answer, until).decode("ascii", "replace")


def _read(answer: httpx.Response, until: float) -> bytes:
    content = b""
    for some in answer.iter_bytes():
        content += some
        if len(content) > MOST_BYTES:
            raise _Unanswered("more than was asked for")
        if time.monotonic() > until:
            raise _Unanswered("too slow")
    return content
