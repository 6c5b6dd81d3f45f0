"""E7, over registrations, scopes, `claims` and consents at random, through the protocol: what is told is what may be told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from typing import Any

from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from idp.accounts.models import User
from idp.oidc.models import Client, Consent
from tests.support.browser import Browser
from tests.support.relying_party import NewRp
from tests.support.world import World

OF_SCOPE = {
    "profile": {"name", "given_name", "family_name", "preferred_username", "locale", "zoneinfo", "updated_at"},
    "email": {"email", "email_verified"},
    "phone": {"phone_number", "phone_number_verified"},
    "address": {"address"},
}
SCOPE_OF = {name: scope for scope, names in OF_SCOPE.items() for name in names}
SENTENCES = {
    "profile": "your name, username",
    "email": "your e-mail address",
    "phone": "your phone number",
    "address": "your postal address",
}
SCOPES = st.sets(st.sampled_from(sorted(OF_SCOPE)))
WISH = st.sampled_from([None, {}, {"essential": True}, {"value": "x"}, {"values": ["x", 1], "essential": False}])
WISHES = st.dictionaries(st.sampled_from([*sorted(SCOPE_OF), "acr", "tenant", "birthdate"]), WISH, max_size=6)
numbers = count()


@dataclass(frozen=True)
class Case:
    """An application, what the person allowed it before, and what it asks now."""

    registered: set[str]
    first_party: bool
    before: set[str]
    scope: set[str]
    id_token: dict[str, Any]
    userinfo: dict[str, Any]

    @property
    def wanted(self) -> set[str]:
        """The scopes that it asks for, by scope or by claim, as far as it is registered for them."""
        return (self.scope | {SCOPE_OF[n] for n in (*self.id_token, *self.userinfo) if n in SCOPE_OF}) & self.registered

    def expected(self, place: str) -> set[str]:
        """The names that it gets there once the person has allowed what is asked."""
        asked = {name for name in getattr(self, place) if SCOPE_OF.get(name) in self.registered}
        by_scope = set().union(*(OF_SCOPE[s] for s in self.scope & self.registered)) if place == "userinfo" else set()
        return asked | by_scope


CASES = st.builds(
    Case, registered=SCOPES, first_party=st.booleans(), before=SCOPES, scope=SCOPES, id_token=WISHES, userinfo=WISHES
)


def test_a_claim_is_told_where_its_scope_is_registered_and_allowed(
    world: World, new_rp: NewRp, browser: Browser
) -> None:
    """The page is shown where something new is asked, and names exactly that; each place then has exactly what is due."""
    anna = world.user("anna", world.tenant("de-zon", security_code=False))
    world.change(
        User, anna.id, phone="+31 20 123 4567", address={"locality": "Zutphen"}, given_name="Anna", family_name="V"
    )
    browser.get("/account/").login(anna)

    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(CASES)
    def holds(case: Case) -> None:
        scope = " ".join(["openid", *sorted(case.registered)])
        client = world.client(f"app-{next(numbers)}", first_party=case.first_party, scope=scope)
        rp = new_rp(client)
        if case.before:
            _allowed_before(world, client.client_id, anna.id, case.before)
        claims = json.dumps({"id_token": case.id_token, "userinfo": case.userinfo})
        browser.get(rp.authorize_url(scope=" ".join(["openid", *sorted(case.scope)]), claims=claims))
        shown = browser.step == "consent"
        assert shown is (not case.first_party and not (case.before and case.wanted <= case.before))
        if shown:
            assert {s for s, words in SENTENCES.items() if words in browser.text} == case.wanted
            browser.submit("Allow")
        tokens = rp.finish(browser)
        assert set(tokens.claims) & set(SCOPE_OF) == case.expected("id_token")
        assert set(rp.userinfo(tokens).json()) & set(SCOPE_OF) == case.expected("userinfo")
        event("asked" if shown else "not asked")
        event(
            "left out" if {*case.id_token, *case.userinfo} & set(SCOPE_OF) > case.expected("id_token") else "all told"
        )

    holds()


def _allowed_before(world: World, client_id: str, user_id: Any, scopes: set[str]) -> None:
    with world.unit_of_work() as session:
        client = session.query(Client).filter_by(client_id=client_id).one()
        session.add(Consent(user_id=user_id, client_id=client.id, scope=" ".join(["openid", *sorted(scopes)])))
