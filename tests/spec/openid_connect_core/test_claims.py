"""Sections 5.1, 5.4 and 5.5: what is told about a person, where, and who asked for it."""

from __future__ import annotations

import json

import pytest

from idp.accounts.models import User
from idp.accounts.users import mailbox
from tests.support.browser import Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.relying_party import NewRp, RelyingParty, Tokens
from tests.support.world import KnownTenant, KnownUser, World

ALWAYS = {"sub", "tenant", "tenant_name", "user_type"}
PROFILE = {"name", "preferred_username", "locale", "zoneinfo", "updated_at"}
EMAIL = {"email", "email_verified"}


@pytest.fixture
def rp_for_all(world: World, new_rp: NewRp) -> RelyingParty:
    """An application that is registered for every scope about a person."""
    return new_rp(world.client("letters", scope="openid profile email phone address"))


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("openid", ALWAYS),
        ("openid profile", ALWAYS | PROFILE),
        ("openid email", ALWAYS | EMAIL),
        ("openid email profile openid", ALWAYS | PROFILE | EMAIL),
    ],
)
def test_a_scope_asks_for_claims(rp: RelyingParty, at_work: Browser, scope: str, names: set[str]) -> None:
    """Section 5.4: at the UserInfo endpoint."""
    tokens = rp.finish(at_work.get(rp.authorize_url(scope=scope)))
    assert set(rp.userinfo(tokens).json()) == names


def test_what_the_claims_say(rp: RelyingParty, tokens: Tokens, anna: KnownUser) -> None:
    """Section 5.1; the address is what her company says, and nobody verified it."""
    told = rp.userinfo(tokens).json()
    assert told.pop("updated_at")
    assert told == {
        "sub": str(anna.id),
        "tenant": "de-zon",
        "tenant_name": "De Zon",
        "user_type": "employee",
        "name": "Anna",
        "preferred_username": "anna",
        "locale": "en",
        "zoneinfo": "Europe/Amsterdam",
        "email": "anna@de-zon.example",
        "email_verified": False,
    }


def test_phone_and_address(world: World, anna: KnownUser, rp_for_all: RelyingParty, browser: Browser) -> None:
    """Sections 5.1 and 5.1.1: a number that nobody verified, and an object with the parts that are known."""
    address = {"street_address": "Dorpsstraat 1", "postal_code": "1234 AB", "locality": "Zutphen"}
    world.change(User, anna.id, phone="+31 20 123 4567", address=address)
    tokens = rp_for_all.finish(browser.get(rp_for_all.authorize_url(scope="openid phone address")).login(anna))
    told = rp_for_all.userinfo(tokens).json()
    assert told["address"] == address
    assert (told["phone_number"], told["phone_number_verified"]) == ("+31 20 123 4567", False)
    assert not {"phone_number", "address"} & set(tokens.claims)
    page = browser.get("/account/").text
    assert "+31 20 123 4567" in page
    assert "1234 AB Zutphen" in page


def test_what_is_not_known_is_not_told(rp_for_all: RelyingParty, anna: KnownUser, browser: Browser) -> None:
    """Section 5.3.2: a claim without a value is left out; not null, not empty."""
    browser.get(rp_for_all.authorize_url(scope="openid phone address")).login(anna)
    tokens = rp_for_all.finish(browser)
    assert set(rp_for_all.userinfo(tokens).json()) == ALWAYS


def test_the_types_of_the_claims(rp: RelyingParty, tokens: Tokens) -> None:
    """Section 5.1: `email_verified` is a boolean and `updated_at` a number."""
    told = rp.userinfo(tokens).json()
    assert told["email_verified"] is False
    assert type(told["updated_at"]) is int


def test_a_persons_own_language(world: World, zon: KnownTenant, rp: RelyingParty, browser: Browser) -> None:
    """Her choice goes before her company's."""
    bea = world.user("bea", zon, locale="nl")
    tokens = rp.finish(browser.get(rp.authorize_url()).login(bea))
    assert rp.userinfo(tokens).json()["locale"] == "nl"


def test_sub_is_the_same_in_both_places(rp: RelyingParty, tokens: Tokens) -> None:
    """Section 5.3.2: the application must compare the two."""
    assert rp.userinfo(tokens).json()["sub"] == tokens.claims["sub"]


def test_scopes_put_nothing_into_the_id_token(tokens: Tokens) -> None:
    """Section 5.4: where there is an access token, they are told at the UserInfo endpoint."""
    assert not (PROFILE | EMAIL) & set(tokens.claims)


def test_the_claims_parameter_asks_for_the_id_token(rp: RelyingParty, at_work: Browser) -> None:
    """Section 5.5: by name, voluntary or essential; what there is none of is left out."""
    wishes = {"name": None, "email": {"essential": True}, "birthdate": None, "iss": None}
    at_work.get(rp.authorize_url(scope="openid", claims=json.dumps({"id_token": wishes})))
    claims = rp.finish(at_work).claims
    assert (claims["name"], claims["email"]) == ("Anna", "anna@de-zon.example")
    assert "birthdate" not in claims


def test_the_claims_parameter_asks_for_userinfo(rp: RelyingParty, at_work: Browser) -> None:
    """Section 5.5: only in the place that was named."""
    wishes = {"userinfo": {"email": None, "acr": None, "auth_time": {"essential": False}}, "id_token": None, "x": 1}
    tokens = rp.finish(at_work.get(rp.authorize_url(scope="openid", claims=json.dumps(wishes))))
    told = rp.userinfo(tokens).json()
    assert set(told) == ALWAYS | {"email", "acr", "auth_time"}
    assert told["acr"] == tokens.claims["acr"]
    assert "email" not in tokens.claims


def test_a_sub_with_a_value(rp: RelyingParty, at_work: Browser, anna: KnownUser) -> None:
    """Section 5.5.1: the person who is meant."""
    claims = json.dumps({"id_token": {"sub": {"value": str(anna.id)}}, "userinfo": {"sub": {"values": [str(anna.id)]}}})
    assert "code" in rp.answer(at_work.get(rp.authorize_url(claims=claims)))


def test_the_sub_of_somebody_else(rp: RelyingParty, at_work: Browser) -> None:
    """Section 3.1.2.2: no answer for another person; here a login of the right one is asked."""
    claims = json.dumps({"id_token": {"sub": {"value": "somebody else"}}})
    assert at_work.get(rp.authorize_url(claims=claims)).step == "password"


def test_a_sub_that_is_not_the_hints(rp: RelyingParty, tokens: Tokens, browser: Browser) -> None:
    """Nobody can be both."""
    claims = json.dumps({"id_token": {"sub": {"value": "somebody else"}}})
    browser.get(rp.authorize_url(claims=claims, id_token_hint=tokens.id_token))
    assert rp.answer(browser)["error"] == "login_required"


@pytest.mark.parametrize("essential", [True, False])
@pytest.mark.parametrize("place", ["id_token", "userinfo"])
def test_a_value_that_is_not_so(
    rp: RelyingParty, at_work: Browser, anna: KnownUser, place: str, essential: bool
) -> None:
    """Section 5.5.1: whatever value is asked for, it is no error, and what is told is what is true."""
    other: dict[str, object] = {"essential": essential, "value": "other"}
    wishes = {"tenant": other, "email": {"values": ["a@b.example", 7]}, "auth_time": {"value": None}, "name": other}
    tokens = rp.finish(at_work.get(rp.authorize_url(scope="openid", claims=json.dumps({place: wishes}))))
    told = tokens.claims if place == "id_token" else rp.userinfo(tokens).json()
    assert (told["tenant"], told["email"], told["name"]) == ("de-zon", anna.email, "Anna")
    assert told["auth_time"] == tokens.claims["auth_time"]


@pytest.mark.parametrize(
    "claims",
    [
        "no JSON",
        "[]",
        '"text"',
        "[" * 4000,
        '{"id_token": []}',
        '{"userinfo": "name"}',
        '{"id_token": {"name": "x"}}',
        '{"id_token": {"name": {"essential": "yes"}}}',
        '{"id_token": {"acr": {"values": "x"}}}',
        '{"id_token": {"sub": {"values": ["a", "b"]}}}',
        json.dumps({"id_token": {f"claim-{n}": None for n in range(51)}}),
    ],
    ids=lambda text: text[:40],
)
def test_claims_that_cannot_be_read(rp: RelyingParty, browser: Browser, claims: str) -> None:
    """Section 5.5: a JSON object of objects."""
    assert rp.answer(browser.get(rp.authorize_url(claims=claims)))["error"] == "invalid_request"


# When the information about the person changed


def updated_at(rp: RelyingParty, browser: Browser) -> int:
    """What an application is told now."""
    return int(rp.userinfo(rp.finish(browser.get(rp.authorize_url()))).json()["updated_at"])


def test_a_login_changes_nothing_about_the_person(
    rp: RelyingParty, anna: KnownUser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """Section 5.1: `updated_at` is when the information changed; logging in, a factor, a session's end are none of it."""
    made = int(clock.now().timestamp())
    for _ in range(2):
        clock.advance(hours=1)
        browser = new_browser().get(rp.authorize_url()).login(anna)
        assert rp.userinfo(rp.finish(browser)).json()["updated_at"] == made
    browser.get("/account/security/two-factor").set_up_totp(anna)
    browser.get("/account/security").submit("Sign out everywhere")
    clock.advance(hours=1)
    assert updated_at(rp, new_browser().get(rp.authorize_url()).login(anna)) == made


def test_the_language_is_a_part_of_it(rp: RelyingParty, at_work: Browser, clock: MovingClock) -> None:
    """Section 5.1: what the person changes on their own page moves it; saving the same again does not."""
    clock.advance(hours=1)
    for language, moves in (("nl", True), ("nl", False), ("en", True)):
        before, now = updated_at(rp, at_work), int(clock.advance(minutes=1).timestamp())
        at_work.get("/account/").fill(locale=language).submit()
        assert updated_at(rp, at_work) == (now if moves else before)


def test_so_is_what_was_proved_of_the_address(
    world: World, rp: RelyingParty, at_work: Browser, anna: KnownUser, clock: MovingClock
) -> None:
    """Section 5.1: `email_verified` becomes another at the moment that the mailbox is shown to be theirs, and only then."""
    clock.advance(hours=1)
    first = int(clock.now().timestamp())
    for _ in range(2):
        with world.unit_of_work() as session:
            mailbox.prove(session.get(User, anna.id), anna.email)
        assert updated_at(rp, at_work) == first
        clock.advance(hours=1)


# What a person says of themselves


def test_a_person_says_it_on_their_own_page(rp: RelyingParty, at_work: Browser, clock: MovingClock) -> None:
    """Section 5.1: `given_name`, `family_name` and `zoneinfo` as they say them; an empty field is not told, or the company's."""
    said = {"given_name": "Anna", "family_name": "de Vries", "zoneinfo": "America/New_York"}
    clock.advance(hours=1)
    at_work.get("/account/").fill(**said).submit()
    assert "is saved" in at_work.text
    told = rp.userinfo(rp.finish(at_work.get(rp.authorize_url()))).json()
    assert {name: told[name] for name in said} == said
    assert told["name"] == "Anna"
    assert told["updated_at"] == int(clock.now().timestamp())
    at_work.get("/account/").fill(given_name=" ", family_name="", zoneinfo="").submit()
    told = rp.userinfo(rp.finish(at_work.get(rp.authorize_url()))).json()
    assert not {"given_name", "family_name"} & set(told)
    assert told["zoneinfo"] == "Europe/Amsterdam"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("zoneinfo", "Europe/Nowhere"),
        ("zoneinfo", "../etc/passwd"),
        ("given_name", "x" * 201),
        ("family_name", "a\nb"),
    ],
)
def test_what_nobody_can_be_called(rp: RelyingParty, at_work: Browser, field: str, value: str) -> None:
    """A zone is one of the IANA database, a part of a name one line of a bounded length; else nothing is kept."""
    form = at_work.get("/account/").filled_form(None, given_name="", family_name="", zoneinfo="")
    form.fill("given_name", "Kept?")
    form.fill(field, value)
    assert at_work.send(form).status == 400
    told = rp.userinfo(rp.finish(at_work.get(rp.authorize_url()))).json()
    assert "given_name" not in told
    assert told["zoneinfo"] == "Europe/Amsterdam"
