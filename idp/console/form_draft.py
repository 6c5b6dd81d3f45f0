"""What was typed into a form of the console, kept while its writer proves again who they are.

POST, proof not fresh ─▶ keep ─▶ password, second factor ─▶ GET …?kept=<handle> ─▶ kept: the form filled in again, to be sent
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from flask import request

from idp import shortlived
from idp.crypto import opaque
from idp.web.browser import browser_hash
from idp.web.fields import typed

KEPT_FOR: Final = timedelta(minutes=30)
LONGEST: Final = 1_000
"""A field that is longer is wrong whatever it says; so much of it is shown again."""
_BROWSER: Final = "browser"


def sent(fields: Iterable[str], longest: int = LONGEST) -> dict[str, str]:
    """The fields as they were typed, of each so much as may be shown again."""
    return {name: typed(name)[:longest] for name in fields}


def keep(form: str, said: Mapping[str, Any], lifetime: timedelta = KEPT_FOR) -> str:
    """The handle under which this form's input waits for this browser."""
    return shortlived.leave(f"console_{form}", {**said, _BROWSER: browser_hash()}, lifetime)


def kept(form: str) -> dict[str, Any] | None:
    """The input that waits under the handle in the address, if it is this form's and this browser's."""
    found = shortlived.get(f"console_{form}", request.args.get("kept", ""))
    return found if found and opaque.same(found.pop(_BROWSER), browser_hash()) else None
