"""Section 2: every answer says who gives it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.browser import Browser
from tests.support.relying_party import RelyingParty
from tests.support.stores import ISSUER


@pytest.mark.parametrize("changes", [{}, {"prompt": "create"}, {"state": None}], ids=str)
def test_every_answer_has_it(rp: RelyingParty, at_work: Browser, changes: dict[str, str | None]) -> None:
    """Success and error alike."""
    at_work.get(rp.authorize_url(**changes))
    assert at_work.landed
    assert parse_qs(urlsplit(at_work.landed).query)["iss"] == [ISSUER]


def test_it_is_announced(rp: RelyingParty) -> None:
    """Section 3."""
    assert rp.metadata["authorization_response_iss_parameter_supported"] is True
    assert rp.metadata["issuer"] == ISSUER
