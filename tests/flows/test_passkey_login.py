"""Logging in with a passkey: first of all, in place of TOTP, and where nothing less will do."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec

from idp.accounts.models import Passkey, User
from idp.audit.models import AuditEvent
from idp.outbox.mail.messages import FactorAdded
from tests.support.authenticator import Authenticator, to_text
from tests.support.browser import ELSEWHERE, Browser, NewBrowser
from tests.support.moving_clock import MovingClock
from tests.support.pages import choose_every_30_days
from tests.support.passkeys import add_passkey, answered, use
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

PHR = "phr"


@pytest.fixture
def anna(world: World, zon: KnownTenant) -> KnownUser:
    """An employee with a password."""
    return world.user("anna", zon)


@pytest.fixture
def phone(anna: KnownUser, new_browser: NewBrowser) -> Authenticator:
    """Anna's passkey: she has no other second factor."""
    device = Authenticator(synced=True)
    add_passkey(new_browser(), anna, device)
    return device


def with_totp(world: World, new_browser: NewBrowser, zon: KnownTenant) -> tuple[KnownUser, Authenticator]:
    """Bert has an authenticator app and a security key."""
    bert, key = world.user("bert", zon, totp=True), Authenticator()
    add_passkey(new_browser(), bert, key)
    return bert, key


def events(world: World, kind: str) -> list[dict[str, Any]]:
    with world.unit_of_work() as session:
        return [event.detail for event in session.scalars(sa.select(AuditEvent).where(AuditEvent.kind == kind))]


# First


@pytest.mark.both_stores
def test_a_passkey_first_stands_for_everything(
    anna: KnownUser, phone: Authenticator, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """A2: no username, no password, no security code, no TOTP; `phr`, and what RFC 8176 says of a key that is copied."""
    browser = new_browser().get(rp.authorize_url())
    assert browser.step == "password"
    use(browser, phone)
    claims = rp.finish(browser).claims
    assert (claims["sub"], claims["acr"]) == (str(anna.id), PHR)
    assert set(claims["amr"]) == {"swk", "user", "mfa"}


def test_a_key_of_one_piece_of_hardware_says_so(
    world: World, zon: KnownTenant, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """RFC 8176: `hwk` where the key cannot leave its device."""
    _, key = with_totp(world, new_browser, zon)
    browser = use(new_browser().get(rp.authorize_url()), key)
    assert set(rp.finish(browser).claims["amr"]) == {"hwk", "user", "mfa"}


def test_a_new_address_is_still_validated(
    world: World, anna: KnownUser, phone: Authenticator, zon: KnownTenant, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """D1: a passkey proves no address."""
    world.policy(zon, block_new_ip=True)
    browser = use(new_browser("198.51.100.4").get(rp.authorize_url()), phone)
    assert browser.step == "new_ip"
    browser.login(anna)
    assert (browser.steps, rp.finish(browser).claims["acr"]) == (["new_ip"], PHR)


def test_an_accountant_still_chooses(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """E3: the passkey stands for the security code of whichever tenant is chosen, and leaves the choice."""
    zon, fietsen = world.tenant(), world.tenant("fietsen-bv", code="7171")
    eva, device = world.user("eva", zon, type="accountant", works_for=[fietsen]), Authenticator()
    add_passkey(new_browser(), eva, device)
    browser = use(new_browser().get(rp.authorize_url()), device)
    assert browser.step == "choose_tenant"
    browser.login(eva, tenant=fietsen)
    assert (browser.steps, rp.finish(browser).claims["tenant"]) == (["choose_tenant"], fietsen.slug)


def test_a_tenant_without_passkeys_takes_none(
    world: World, anna: KnownUser, phone: Authenticator, zon: KnownTenant, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """R54: said in words, and the password goes on; a session of before counts no more either."""
    inside = use(new_browser().get("/account/"), phone)
    assert inside.path == "/account/"
    world.policy(zon, passkeys=False)
    assert inside.get("/account/").step == "password"
    browser = use(new_browser().get(rp.authorize_url()), phone)
    assert (browser.status, "does not allow passkeys" in str(browser.alert)) == (400, True)
    browser.follow("Use your password").login(anna)
    assert browser.steps == ["password", "security_code"]
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:security-code"


def test_the_tenant_that_is_named_decides(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """E3: where the request names a tenant that takes no passkeys, none is taken, whatever the home tenant says."""
    zon, fietsen = world.tenant(), world.tenant("fietsen-bv", code="7171", passkeys=False)
    eva, device = world.user("eva", zon, type="accountant", works_for=[fietsen]), Authenticator()
    add_passkey(new_browser().get("/account/").login(eva, tenant=zon), eva, device)
    browser = use(new_browser().get(rp.authorize_url(tenant=fietsen.slug)), device)
    assert "does not allow passkeys" in str(browser.alert)


def test_a_disabled_user_is_unknown(
    world: World, anna: KnownUser, phone: Authenticator, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """D3: in the words of a passkey that nobody has."""
    browser = new_browser().get(rp.authorize_url())
    unknown = use(browser, Authenticator(credentials=[stranger(browser)])).alert
    world.change(User, anna.id, disabled_at=anna.now())
    assert use(new_browser().get(rp.authorize_url()), phone).alert == unknown


def stranger(browser: Browser) -> Any:
    """A credential for us that we have never seen."""
    device = Authenticator()
    options = {
        "rp": {"id": browser.issuer.removeprefix("https://")},
        "user": {"id": to_text(bytes(16))},
        "challenge": "",
        "excludeCredentials": [],
    }
    device.create(json.dumps(options), browser.issuer)
    return device.credentials[0]


def test_another_person_may_come_where_the_password_is_asked_again(
    world: World,
    phone: Authenticator,
    zon: KnownTenant,
    rp: RelyingParty,
    new_browser: NewBrowser,
    clock: MovingClock,
) -> None:
    """`prompt=login` beside somebody's session: whoever the passkey names is logged in, and only they."""
    bert, key = with_totp(world, new_browser, zon)
    browser = use(new_browser().get("/account/"), phone)
    clock.advance(seconds=1)
    browser.get(rp.authorize_url(prompt="login"))
    assert browser.step == "password"
    use(browser, key)
    assert rp.finish(browser).claims["sub"] == str(bert.id)


def test_a_demand_for_another_person_is_not_met(
    world: World, anna: KnownUser, phone: Authenticator, zon: KnownTenant, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """R21: the fresh proof of a page is that of its own user."""
    _, key = with_totp(world, new_browser, zon)
    browser = use(new_browser().get("/account/"), phone)
    clock.advance(minutes=16)
    browser.get("/account/security/passkeys/add")
    use(browser, key)
    assert (browser.status, "That is another account" in browser.text) == (403, True)


def test_a_step_up_forgets_nothing_that_a_passkey_proved(
    world: World, anna: KnownUser, phone: Authenticator, zon: KnownTenant, new_browser: NewBrowser
) -> None:
    """A6: a passkey that was made later does not push out the one that was used first; only what is newly owed is asked."""
    browser = use(new_browser().get("/account/"), phone)
    add_passkey(browser, anna, Authenticator())
    world.policy(zon, block_new_ip=True)
    browser.address = ELSEWHERE
    browser.get("/account/security").login(anna)
    assert browser.steps == ["new_ip"]
    assert (browser.get("/account/").step, browser.path) == (None, "/account/")


# Second


def test_a_passkey_in_place_of_totp(world: World, zon: KnownTenant, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """A2: whoever has both chooses; the passkey is worth more. The page names those that will do."""
    bert, key = with_totp(world, new_browser, zon)
    browser = new_browser().get(rp.authorize_url()).login(bert, until="totp").follow("Use a passkey")
    assert browser.step == "passkey"
    allowed = json.loads(str(browser.page.one("form[data-passkey]")["data-options"]))["allowCredentials"]
    assert [known["id"] for known in allowed] == [to_text(key.credentials[0].id)]
    use(browser, key)
    claims = rp.finish(browser).claims
    assert (claims["acr"], set(claims["amr"])) == (PHR, {"pwd", "hwk", "user", "mfa"})


def test_back_to_the_code(world: World, zon: KnownTenant, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """The device is at home: the passkey's page leads back to the code."""
    bert, _ = with_totp(world, new_browser, zon)
    browser = new_browser().get(rp.authorize_url()).login(bert, until="totp").follow("Use a passkey")
    browser.follow("Use the authenticator app").login(bert)
    assert rp.finish(browser).claims["acr"] == "urn:informer:acr:2fa"


def test_whoever_has_only_a_passkey_is_asked_for_it(
    anna: KnownUser, phone: Authenticator, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """A2: with the password first, the passkey is the second factor, and there is no way around it."""
    browser = new_browser().get(rp.authorize_url()).login(anna, until="passkey")
    assert browser.steps == ["password", "security_code"]
    assert not {"Use a recovery code", "Use the authenticator app"} & set(browser.page.links)
    assert rp.finish(use(browser, phone)).claims["acr"] == PHR


def test_no_other_users_passkey_will_do(
    world: World, anna: KnownUser, phone: Authenticator, zon: KnownTenant, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """Section 7.2, step 6: after the password, the passkey must be of that same person."""
    _, key = with_totp(world, new_browser, zon)
    browser = new_browser().get(rp.authorize_url()).login(anna, until="passkey")
    use(browser, key, credential=key.credentials[0])
    assert (browser.status, bool(browser.alert), browser.step) == (400, True, "passkey")
    use(browser, key, credential=key.credentials[0], user_handle=anna.id.bytes)
    assert (browser.status, browser.step) == (400, "passkey")
    assert rp.finish(use(browser, phone, user_handle=None)).claims["sub"] == str(anna.id)


# Demands


@pytest.mark.parametrize("essential", [False, True], ids=["voluntary", "essential"])
def test_a_demand_for_phr_asks_the_passkey_instead_of_the_code(
    world: World, zon: KnownTenant, rp: RelyingParty, new_browser: NewBrowser, essential: bool
) -> None:
    """C7: TOTP does not reach `phr`, so it is not asked; a session with TOTP steps up with the passkey alone."""
    bert, key = with_totp(world, new_browser, zon)
    asked = (
        {"claims": json.dumps({"id_token": {"acr": {"essential": True, "value": PHR}}})}
        if essential
        else {"acr_values": PHR}
    )
    browser = new_browser().get(rp.authorize_url(**asked)).login(bert, until="passkey")
    assert browser.steps == ["password", "security_code"]
    assert "Use the authenticator app" not in browser.page.links
    assert rp.finish(use(browser, key)).claims["acr"] == PHR

    inside = new_browser().get("/account/").login(bert)
    inside.get(rp.authorize_url(**asked))
    assert inside.step == "passkey"
    claims = rp.finish(use(inside, key)).claims
    assert (claims["acr"], set(claims["amr"])) == (PHR, {"pwd", "otp", "hwk", "user", "mfa"})


def test_an_essential_phr_without_a_passkey_is_refused(
    world: World, zon: KnownTenant, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """`unmet_authentication_requirements`: the code of an authenticator app is no passkey."""
    bert = world.user("bert", zon, totp=True)
    claims = json.dumps({"id_token": {"acr": {"essential": True, "value": PHR}}})
    browser = new_browser().get(rp.authorize_url(claims=claims)).login(bert)
    assert "error=unmet_authentication_requirements" in str(browser.landed)


def test_a_demand_for_the_security_code_is_met_by_the_passkey(
    world: World, anna: KnownUser, phone: Authenticator, zon: KnownTenant, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """Where the policy asks no code, and a passkey comes in any case, the weaker proof is not asked besides."""
    world.policy(zon, security_code=False)
    browser = new_browser().get(rp.authorize_url(acr_values="urn:informer:acr:security-code"))
    browser.login(anna, until="passkey")
    assert browser.steps == ["password"]
    assert rp.finish(use(browser, phone)).claims["acr"] == PHR


def test_a_passkey_makes_no_known_address(world: World, zon: KnownTenant, new_browser: NewBrowser) -> None:
    """C2: only a correct TOTP makes a grant; a passkey neither makes nor renews one."""
    bert, key = with_totp(world, new_browser, zon)
    choose_every_30_days(use(new_browser().get("/account/"), key), bert)
    use(new_browser().get("/account/"), key)
    assert new_browser().get("/account/").login(bert).steps == ["password", "security_code", "totp"]
    assert new_browser().get("/account/").login(bert).steps == ["password", "security_code"]


def test_a_mandatory_second_factor_is_met_by_a_passkey(
    world: World, anna: KnownUser, phone: Authenticator, zon: KnownTenant, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """B4: nothing is to be set up, and B5: the last passkey cannot be removed while it is mandatory."""
    world.policy(zon, two_factor_mandatory=True)
    browser = use(new_browser().get("/account/security"), phone)
    assert (browser.step, browser.path) == (None, "/account/security")
    assert not any("/passkeys/" in form.action and form.action.endswith("/remove") for form in browser.page.forms)
    with world.unit_of_work() as session:
        passkey_id = session.scalar(sa.select(Passkey.id))
    path = f"/account/security/passkeys/{passkey_id}/remove"
    browser.get(path).submit("Remove")
    assert (browser.status, "last way" in browser.text) == (403, True)
    add_passkey(browser, anna, Authenticator())
    browser.get(path).submit("Remove")
    assert browser.path == "/account/security"


# Set up


@pytest.mark.both_stores
def test_a_passkey_is_set_up_instead_of_totp(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """B2, B4: on the page of the note; the interrupted request goes on, and the next login asks for it."""
    anna, device = world.user("anna", world.tenant(two_factor_mandatory=True)), Authenticator()
    browser = new_browser().get(rp.authorize_url()).login(anna, until="set_up_totp")
    use(browser, device)
    claims = rp.finish(browser).claims
    assert (claims["acr"], set(claims["amr"])) == (PHR, {"pwd", "hwk", "user", "mfa"})
    assert browser.get("/account/security").path == "/account/security"
    assert [mail.factor for mail in anna.mails() if isinstance(mail, FactorAdded)] == ["passkey"]
    assert events(world, "two_factor.set_up") == [{"factor": "passkey"}]
    assert rp.finish(use(new_browser().get(rp.authorize_url()), device)).claims["sub"] == str(anna.id)
    again = new_browser().get(rp.authorize_url()).login(anna, until="passkey")
    assert again.steps == ["password", "security_code"]


def test_a_set_up_that_is_not_right_can_be_tried_again(
    world: World, zon: KnownTenant, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """400 or 409 in words on the same page, with the same secret for whoever takes TOTP after all."""
    anna, (_, taken) = world.user("anna", zon), with_totp(world, new_browser, zon)
    world.policy(zon, two_factor_mandatory=True)
    browser = new_browser().get(rp.authorize_url()).login(anna, until="set_up_totp")
    secret = browser.page.one("[data-totp-secret]").get_text()
    use(browser, Authenticator(), verified=False)
    assert (browser.status, bool(browser.alert)) == (400, True)
    use(browser, Authenticator(), credential_id=taken.credentials[0].id)
    assert (browser.status, "known already" in str(browser.alert)) == (409, True)
    assert browser.page.one("[data-totp-secret]").get_text() == secret
    form = browser.filled_form(passkey=answered(browser, Authenticator()))
    world.policy(zon, passkeys=False)
    assert browser.send(form).status == 403
    assert not browser.page.soup.select("form[data-passkey]")
    assert rp.finish(browser.set_up_totp(anna)).claims["acr"] == "urn:informer:acr:2fa"


# Answers that are not right


SPOILT: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "https://login.example.evil"},
    "another RP ID": {"rp_id": "evil.example"},
    "another challenge": {"challenge": to_text(bytes(32))},
    "the wrong ceremony": {"type": "webauthn.create"},
    "in a frame of another site": {"cross_origin": True},
    "nobody was there": {"present": False},
    "the person was not verified": {"verified": False},
    "another key": {"key": ec.generate_private_key(ec.SECP256R1())},
    "no user": {"user_handle": None},
    "another user": {"user_handle": bytes(16)},
}
NONSENSE: dict[str, Callable[[str], str]] = {
    "empty": lambda good: "",
    "no JSON": lambda good: good[:-1],
    "a number": lambda good: "7",
    "deeply nested": lambda good: '{"a":' * 3_000 + "1" + "}" * 3_000,
    "too long": lambda good: good + " " * 20_000,
    "no response": lambda good: json.dumps({**json.loads(good), "response": []}),
    "no base64": lambda good: json.dumps({**json.loads(good), "rawId": "é"}),
    "no signature": lambda good: _with(good, signature=""),
    "no data": lambda good: _with(good, authenticatorData=""),
    "data that goes on": lambda good: _with(good, authenticatorData=to_text(bytes(32) + b"\xc5" + bytes(200))),
}


def _with(good: str, **response: str) -> str:
    credential = json.loads(good)
    credential["response"].update(response)
    return json.dumps(credential)


def test_an_answer_that_is_not_right_logs_nobody_in(
    world: World, anna: KnownUser, phone: Authenticator, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """Section 7.2: each check fails by itself, with a message; the same page goes on with an honest answer."""
    browser = new_browser().get(rp.authorize_url())
    for what, spoilt in SPOILT.items():
        use(browser, phone, **spoilt)
        assert (browser.status, bool(browser.alert), browser.step) == (400, True, "passkey"), what
    for what, spoil in NONSENSE.items():
        browser.send(browser.filled_form(passkey=spoil(answered(browser, phone))))
        assert (browser.status, bool(browser.alert), browser.step) == (400, True, "passkey"), what
    assert events(world, "login.step_failed") == []  # of nobody: `test_left_behind.py`
    assert rp.finish(use(browser, phone)).claims["sub"] == str(anna.id)


@pytest.mark.both_stores
def test_an_answer_counts_once(
    anna: KnownUser, phone: Authenticator, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """A challenge is of one login, of one browser, and spent by its first answer."""
    browser = new_browser().get(rp.authorize_url())
    form = browser.filled_form(passkey=answered(browser, phone))
    thief = new_browser().get(rp.authorize_url())
    stolen = dict(form.values)
    thief.send(thief.filled_form(passkey=stolen["passkey"], challenge=stolen["challenge"]))
    assert (thief.status, thief.step) == (400, "passkey")
    browser.send(form)
    assert (browser.status, "Please try again" in str(browser.alert)) == (400, True)
    form = browser.filled_form(passkey=answered(browser, phone))
    assert rp.finish(browser.send(form)).claims["sub"] == str(anna.id)
    again = new_browser().get(rp.authorize_url())
    again.send(again.filled_form(passkey=dict(form.values)["passkey"], challenge=dict(form.values)["challenge"]))
    assert (again.status, again.step) == (400, "passkey")


def test_a_challenge_ends_with_its_login(
    phone: Authenticator, rp: RelyingParty, new_browser: NewBrowser, clock: MovingClock
) -> None:
    """A4: an answer that comes after a quarter of an hour finds an expired login."""
    browser = new_browser().get(rp.authorize_url())
    form = browser.filled_form(passkey=answered(browser, phone))
    clock.advance(minutes=15, seconds=1)
    assert browser.send(form).status == 410
    assert "expired" in browser.text


@pytest.mark.both_stores
def test_a_count_that_does_not_grow_is_refused_and_noted(
    world: World, zon: KnownTenant, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """Section 6.1.1: an answer with a count of before is that of a copy: 400 in words, and an event for the auditor."""
    _, key = with_totp(world, new_browser, zon)
    rp.finish(use(new_browser().get(rp.authorize_url()), key))
    for behind in (key.sign_count, key.sign_count - 1, 0):
        browser = use(new_browser().get(rp.authorize_url()), key, sign_count=behind)
        assert (browser.status, "copied" in str(browser.alert)) == (400, True)
    assert [event["sign_count"] for event in events(world, "passkey.copied")] == [2, 1, 0]
    key.sign_count = 2
    assert rp.finish(use(new_browser().get(rp.authorize_url()), key)).claims["acr"] == PHR


def test_a_device_that_does_not_count(
    world: World, zon: KnownTenant, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """Section 6.1.1: synced passkeys always say 0, which is no sign of anything."""
    anna, device = world.user("anna", zon), Authenticator(counts=False)
    add_passkey(new_browser(), anna, device)
    for _ in range(2):
        assert rp.finish(use(new_browser().get(rp.authorize_url()), device)).claims["acr"] == PHR


@pytest.mark.settings(issuer="http://127.0.0.1:8000")
def test_an_ip_address_offers_no_passkey(world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """Section 5.1.2: nothing of passkeys on the page, and none at its address."""
    browser = new_browser().get(rp.authorize_url())
    assert "asskey" not in browser.text
    browser.get(browser.page.forms[0].action.replace("/password", "/passkey"))
    assert browser.step == "password"


def test_without_script_nothing_puzzling_is_shown(rp: RelyingParty, new_browser: NewBrowser) -> None:
    """The passkey form is hidden until the script has found that the browser has passkeys; the password form is there."""
    page = new_browser().get(rp.authorize_url()).page
    assert page.one("form[data-passkey]").has_attr("hidden")
    assert page.one("input[name=username]")["autocomplete"] == "username webauthn"
    assert page.has_field("password")
