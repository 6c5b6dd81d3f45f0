"""Passkeys on the user page: add, rename, remove."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from idp.accounts.models import Passkey
from idp.audit.models import AuditEvent
from idp.outbox.mail.messages import FactorAdded, FactorRemoved
from tests.support.authenticator import Authenticator, to_text
from tests.support.browser import NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import open_page
from tests.support.passkeys import ADD, add_passkey, answered, use
from tests.support.world import KnownUser, World

SECURITY = "/account/security"


@pytest.fixture
def anna(world: World) -> KnownUser:
    """An employee with a password."""
    return world.user("anna", world.tenant())


def kept(world: World) -> list[Passkey]:
    with world.unit_of_work() as session:
        found = list(session.scalars(sa.select(Passkey).order_by(Passkey.created_at)))
        session.expunge_all()
        return found


def events(world: World, kind: str) -> list[dict[str, Any]]:
    with world.unit_of_work() as session:
        return [event.detail for event in session.scalars(sa.select(AuditEvent).where(AuditEvent.kind == kind))]


@pytest.mark.both_stores
def test_adding_a_passkey(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Web Authentication section 7.1: key, count and transports are kept; the card shows it; mail and audit say so."""
    browser = add_passkey(new_browser(), anna, Authenticator(), "My laptop")
    assert "My laptop" in browser.text
    assert "passkey is added" in browser.text
    [passkey] = kept(world)
    assert (passkey.user_id, passkey.sign_count, passkey.synced) == (anna.id, 1, False)
    assert passkey.transports == ["internal"]
    assert [mail.factor for mail in anna.mails() if isinstance(mail, FactorAdded)] == ["passkey"]
    assert events(world, "two_factor.set_up") == [{"factor": "passkey"}]


def test_several_passkeys_with_names(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """A second device is a passkey of its own; one that has none of its own name is called after the browser."""
    browser = add_passkey(new_browser(), anna, Authenticator(), "  My \n laptop ")
    browser.http.headers["User-Agent"] = "Mozilla/5.0 (iPhone; like Mac OS X) Safari/604.1"
    add_passkey(browser, anna, Authenticator(synced=True))
    assert [(p.name, p.synced) for p in kept(world)] == [("My laptop", False), ("Safari · iPhone", True)]


def test_the_same_device_is_not_added_twice(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Section 5.4: what the user has is excluded, so that the device itself refuses."""
    device = Authenticator()
    browser = add_passkey(new_browser(), anna, device)
    open_page(browser, ADD, anna)
    with pytest.raises(AssertionError, match="InvalidStateError"):
        answered(browser, device)


@pytest.mark.both_stores
def test_a_credential_belongs_to_one_account(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Section 7.1, step 26: a credential id that somebody has is refused, in words, and changes nothing."""
    device = Authenticator()
    add_passkey(new_browser(), anna, device)
    bert = world.user("bert", world.tenant("other"))
    browser = open_page(new_browser(), ADD, bert)
    use(browser, Authenticator(), credential_id=device.credentials[0].id)
    assert (browser.status, bool(browser.alert)) == (409, True)
    assert [passkey.user_id for passkey in kept(world)] == [anna.id]
    use(browser, Authenticator())
    assert (browser.path, len(kept(world))) == (SECURITY, 2)


SPOILT: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://login.example.evil"},
    "another port": {"origin": "https://login.example:8443"},
    "another RP ID": {"rp_id": "evil.example"},
    "another challenge": {"challenge": to_text(bytes(32))},
    "the wrong ceremony": {"type": "webauthn.get"},
    "in a frame of another site": {"cross_origin": True},
    "nobody was there": {"present": False},
    "the person was not verified": {"verified": False},
    "no credential id": {"attestation": {"fmt": "none", "attStmt": {}, "authData": bytes(37)}},
    "an attestation of no kind": {"attestation": {"fmt": "home-made", "attStmt": {}, "authData": bytes(37)}},
    "an attestation that is a number": {"attestation": 7},
    "an id that is too long": {"credential_id": bytes(1024)},
}


def test_an_answer_that_is_not_right_is_refused(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Section 7.1: each check fails by itself, with a message; the page can be used again."""
    browser = open_page(new_browser(), ADD, anna)
    for what, spoilt in SPOILT.items():
        use(browser, Authenticator(), **spoilt)
        assert (browser.status, bool(browser.alert), kept(world)) == (400, True, []), what
    use(browser, Authenticator())
    assert (browser.path, len(kept(world))) == (SECURITY, 1)


DEEP = '{"a":' * 5_000 + "1" + "}" * 5_000
NONSENSE: dict[str, Callable[[str], str]] = {
    "empty": lambda good: "",
    "no JSON": lambda good: good[:-1],
    "a list": lambda good: f"[{good}]",
    "deeply nested": lambda good: DEEP[: 16 * 1024],
    "too long": lambda good: good + " " * 20_000,
    "no response": lambda good: json.dumps({**json.loads(good), "response": None}),
    "numbers for texts": lambda good: json.dumps({**json.loads(good), "id": 7, "rawId": 7}),
    "an endless CBOR array": lambda good: _with_attestation(good, b"\x9b" + b"\xff" * 8),
    "a huge CBOR text": lambda good: _with_attestation(good, b"\x7b" + b"\x7f" + b"\xff" * 7),
    "deep CBOR": lambda good: _with_attestation(good, b"\x81" * 5_000 + b"\x00"),
    "no base64": lambda good: json.dumps(
        {**json.loads(good), "response": {"clientDataJSON": "é", "attestationObject": "é"}}
    ),
}


def _with_attestation(good: str, attestation: bytes) -> str:
    credential = json.loads(good)
    credential["response"]["attestationObject"] = to_text(attestation)
    return json.dumps(credential)


def test_nonsense_is_refused_in_words(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """What no browser sends gets 400 and a message."""
    browser = open_page(new_browser(), ADD, anna)
    for what, spoil in NONSENSE.items():
        browser.send(browser.filled_form(passkey=spoil(answered(browser, Authenticator()))))
        assert (browser.status, bool(browser.alert), kept(world)) == (400, True, []), what


@pytest.mark.both_stores
def test_an_answer_counts_once(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """The challenge is spent by the first answer, so that the same form does nothing again."""
    browser = open_page(new_browser(), ADD, anna)
    form = browser.filled_form(passkey=answered(browser, Authenticator()))
    browser.send(form).send(form)
    assert (browser.status, "Please try again" in str(browser.alert)) == (400, True)
    assert len(kept(world)) == 1


def test_a_challenge_is_of_one_session_and_browser(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """The same person's answer from another browser is refused."""
    browser = open_page(new_browser(), ADD, anna)
    answer = answered(browser, Authenticator())
    challenge = str(browser.page.one("input[name=challenge]")["value"])
    elsewhere = open_page(new_browser(), ADD, anna)
    elsewhere.send(elsewhere.filled_form(passkey=answer, challenge=challenge))
    assert (elsewhere.status, kept(world)) == (400, [])


def test_a_challenge_lasts_a_quarter_of_an_hour(
    world: World, anna: KnownUser, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """Section 13.4.3: an old challenge is none; the proof is asked anew, then the page."""
    browser = open_page(new_browser(), ADD, anna)
    form = browser.filled_form(passkey=answered(browser, Authenticator()))
    clock.advance(minutes=14)
    open_page(new_browser(), SECURITY, anna)
    clock.advance(minutes=2)
    browser.send(form)
    assert browser.step == "password"
    browser.login(anna)
    assert (browser.path, kept(world)) == (ADD, [])
    assert browser.send(form).status in {400, 403}


def test_a_name_that_is_too_long(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """400 in words, for a new passkey as for one that has a name."""
    browser = open_page(new_browser(), ADD, anna)
    browser.send(browser.filled_form(passkey=answered(browser, Authenticator()), name="x" * 101))
    assert (browser.status, "shorter name" in str(browser.alert), kept(world)) == (400, True, [])
    add_passkey(browser, anna, Authenticator(), "x" * 100)
    browser.fill(name="y" * 101).submit("Save the name")
    assert (browser.status, "shorter name" in browser.text) == (400, True)


def test_as_many_as_there_may_be(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Twenty passkeys are enough; the page says so."""
    browser = add_passkey(new_browser(), anna, Authenticator())
    with world.unit_of_work() as session:
        more = (
            Passkey(user_id=anna.id, name="x", credential_id=bytes([n]), public_key=b"", synced=True) for n in range(19)
        )
        session.add_all(more)
    assert browser.get(ADD).status == 403
    assert "Remove one first" in browser.text


def test_adding_needs_a_fresh_proof(anna: KnownUser, new_browser: NewBrowser, clock: MovingClock) -> None:
    """R34: the page asks for the password, and for a second factor where there is one, when the proof is old."""
    browser = open_page(new_browser(), SECURITY, anna)
    clock.advance(minutes=16)
    browser.follow("Add a passkey")
    assert browser.step == "password"
    assert browser.login(anna).path == ADD


def test_adding_ends_the_other_sessions(anna: KnownUser, new_browser: NewBrowser) -> None:
    """R34: whoever else is logged in as this person is so no longer; this session goes on."""
    elsewhere = open_page(new_browser("198.51.100.4"), SECURITY, anna)
    browser = add_passkey(new_browser(), anna, Authenticator())
    assert elsewhere.get(SECURITY).step == "password"
    assert browser.get(SECURITY).path == SECURITY


def test_another_name(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """The card gives a passkey another name; an empty one is refused in words."""
    browser = add_passkey(new_browser(), anna, Authenticator(), "Laptop")
    browser.fill(name="Old laptop").submit("Save the name")
    assert [passkey.name for passkey in kept(world)] == ["Old laptop"]
    browser.fill(name="  ").submit("Save the name")
    assert (browser.status, "Type a name" in browser.text) == (400, True)
    (passkey,) = kept(world)
    assert passkey.name == "Old laptop"
    assert events(world, "passkey.renamed") == [{"passkey": str(passkey.id)}]


def test_removing_asks_first(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """The button leads to a page that says what it means; mail and audit tell of it."""
    browser = add_passkey(new_browser(), anna, Authenticator(), "Laptop").submit("Remove")
    assert ("Laptop" in browser.text, len(kept(world))) == (True, 1)
    browser.submit("Remove")
    assert ("passkey is removed" in browser.text, kept(world)) == (True, [])
    assert [mail.factor for mail in anna.mails() if isinstance(mail, FactorRemoved)] == ["passkey"]
    assert events(world, "two_factor.removed") == [{"factor": "passkey"}]


@pytest.mark.parametrize("path", ["rename", "remove"])
def test_somebody_elses_passkey_does_not_exist(
    world: World, anna: KnownUser, new_browser: NewBrowser, path: str
) -> None:
    """E1: an id of somebody else's is as unknown as one that is nobody's."""
    add_passkey(new_browser(), anna, Authenticator(), "Laptop")
    [passkey] = kept(world)
    bert = world.user("bert", world.tenant("other"))
    browser = open_page(new_browser(), SECURITY, bert)
    token = str(browser.page.one("input[name=csrf_token]")["value"])
    answer = browser.post(f"{SECURITY}/passkeys/{passkey.id}/{path}", {"csrf_token": token, "name": "mine"})
    assert answer.status == 404
    assert [kept_one.name for kept_one in kept(world)] == ["Laptop"]


def test_where_the_company_does_not_allow_them(world: World, new_browser: NewBrowser) -> None:
    """R54: a feature that is off is off on its address; what is left over can be removed."""
    zon = world.tenant()
    anna = world.user("anna", zon)
    browser = add_passkey(new_browser(), anna, Authenticator())
    open_page(browser, ADD, anna)
    form = browser.filled_form(passkey=answered(browser, Authenticator()))
    world.policy(zon, passkeys=False)
    assert browser.send(form).status == 403
    assert browser.get(ADD).status == 403
    browser.get(SECURITY)
    assert "does not allow passkeys" in browser.text
    assert "Add a passkey" not in browser.page.links
    browser.submit("Remove").submit("Remove")
    assert kept(world) == []
    assert "does not allow passkeys" not in browser.get(SECURITY).text


@pytest.mark.settings(issuer="http://127.0.0.1:8000")
def test_an_ip_address_has_no_passkeys(world: World, anna: KnownUser, new_browser: NewBrowser) -> None:
    """Section 5.1.2: an RP ID is a host name; where the issuer is an IP address nothing speaks of passkeys."""
    browser = open_page(new_browser(), SECURITY, anna)
    assert "asskey" not in browser.text
    assert browser.get(ADD).status == 404
