"""The laws decide half a million situations; measuring which lines ran would take twice as long and say nothing new."""

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _unmeasured() -> Iterator[None]:
    """Stop measuring coverage for the time of a law: `idp/login` is to be covered by logins."""
    tracer = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracer)
