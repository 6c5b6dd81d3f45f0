"""Whether somebody reads the mailbox of their address, and whether their password was checked for leaks: learnt, never guessed."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from flask import Flask

from idp.accounts.models import User
from idp.outbox.mail.messages import NewPlace
from idp.platform import settings
from tests.accounts.test_breaches import Service, service
from tests.support.browser import ELSEWHERE, NewBrowser
from tests.support.mail import Post
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty
from tests.support.world import KnownTenant, KnownUser, World

__all__ = ["service"]

CENTER = "/console/security-center"
NEW = "zeven gele fietsen zingen"
Way = Callable[["Told"], None]


class Told:
    """Anna, who is told something by mail, and does what it says after a while."""

    def __init__(self, world: World, zon: KnownTenant, new_browser: NewBrowser, post: Post) -> None:
        self.world, self.zon, self.new_browser, self.post = world, zon, new_browser, post
        self.anna = world.user("anna", zon, totp=True)
        self.meanwhile: Callable[[], object] = lambda: None

    def kept(self, column: str) -> object:
        """What her row says."""
        with self.world.unit_of_work() as session:
            return getattr(session.get_one(User, self.anna.id), column)


@pytest.fixture
def told(world: World, zon: KnownTenant, new_browser: NewBrowser, post: Post) -> Told:
    return Told(world, zon, new_browser, post)


def reset(told: Told) -> None:
    told.new_browser().get("/forgot-password").fill(username="anna").submit()
    told.post.deliver()
    page = told.new_browser().get(told.post.newest.link)
    assert told.kept("email_proved") is None, "opening a link proves nothing: mail scanners do it"
    told.meanwhile()
    page.fill(new_password=NEW).submit()
    told.anna.password = NEW


def new_ip(told: Told) -> None:
    told.world.policy(told.zon, block_new_ip=True)
    page = told.new_browser().get("/account/").login(told.anna, until="new_ip")
    told.meanwhile()
    page.login(told.anna)


def not_me(told: Told) -> None:
    open_page(told.new_browser(), "/account/", told.anna)
    open_page(told.new_browser(ELSEWHERE), "/account/", told.anna)
    mail = [mail for mail in told.anna.mails() if isinstance(mail, NewPlace)][-1]
    told.meanwhile()
    told.new_browser().get(str(mail.not_me)).submit("This was not me")


def row(browser_text: str) -> dict[str, str]:
    (anna,) = [line for line in csv.DictReader(io.StringIO(browser_text)) if line["Username"] == "anna"]
    return anna


@pytest.mark.parametrize(
    ("way", "proved"), [(reset, None), (new_ip, "anna@de-zon.example"), (not_me, "anna@de-zon.example")]
)
def test_what_comes_back_confirms_where_it_was_mailed_to(told: Told, way: Way, proved: str | None) -> None:
    """D1, D6: and nothing but that: an address that the company says meanwhile is not proved by a mail to the one before.

    The link for a new password opens nothing any more where another address is said.
    """
    told.meanwhile = lambda: told.world.change(User, told.anna.id, email="new@de-zon.example")
    way(told)
    assert (told.kept("email_proved"), told.kept("email")) == (proved, "new@de-zon.example")


def test_the_console_and_the_tokens_say_the_same(
    told: Told, bert: KnownUser, rp: RelyingParty, new_browser: NewBrowser
) -> None:
    """Core section 5.1: `email_verified` is what the e-mail check says, in words, in the filter and in the file."""
    browser, at_work = open_page(new_browser(), CENTER, bert), new_browser()

    def said() -> tuple[object, ...]:
        listed = "Anna" in browser.get(f"{CENTER}?show=unconfirmed").text
        words = row(browser.get(f"{CENTER}.csv").response.text)
        assert words["E-mail check"] in browser.get(f"/console/users/{told.anna.id}").text
        tokens = rp.finish(at_work.get(rp.authorize_url(scope="openid email")).login(told.anna))
        return (
            listed,
            words["E-mail check"],
            words["E-mail address confirmed at"],
            rp.userinfo(tokens).json()["email_verified"],
        )

    assert said() == (True, "Not yet", "", False)
    reset(told)
    assert said() == (False, "Confirmed", "2026-11-03T09:00:00+00:00", True)
    told.world.change(User, told.anna.id, email="new@de-zon.example")
    assert said() == (True, "Changed since", "2026-11-03T09:00:00+00:00", False)
    assert "Password check" not in browser.get(f"{CENTER}?show=unchecked").text


def test_passwords_that_were_checked(
    told: Told, app: Flask, bert: KnownUser, new_browser: NewBrowser, service: Service
) -> None:
    """D7: where the operator has it done and the service answered; another password of which it knows nothing is unchecked."""
    settings.keep(app, settings.of(app).model_copy(update={"breached_passwords_url": service.address}))
    browser = open_page(new_browser(), CENTER, bert)
    assert "Anna" in browser.get(f"{CENTER}?show=unchecked").text
    reset(told)
    assert "No leak, 3 Nov 2026" in browser.get(CENTER).text
    assert row(browser.get(f"{CENTER}.csv").response.text)["Password checked for leaks at"]
    assert "Anna" not in browser.get(f"{CENTER}?show=unchecked").text
    service.status = 500
    hers = open_page(new_browser(), "/account/security", told.anna)
    hers.fill(current_password=NEW, new_password=NEW + " mee").submit()
    assert told.kept("password_checked_at") is None
    assert "Anna" in browser.get(f"{CENTER}?show=unchecked").text
