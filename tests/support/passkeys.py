"""What people do with passkeys, in one call each."""

from __future__ import annotations

from typing import Any

from tests.support.authenticator import Authenticator
from tests.support.browser import Browser
from tests.support.pages import open_page
from tests.support.world import KnownUser

ADD = "/account/security/passkeys/add"


def answered(browser: Browser, device: Authenticator, **spoilt: Any) -> str:
    """What the script of this page would send back after the ceremony that the page asks for."""
    form = browser.page.one("form[data-passkey]")
    perform = {"create": device.create, "get": device.get}[str(form["data-passkey"])]
    return perform(str(form["data-options"]), browser.issuer, **spoilt)


def use(browser: Browser, device: Authenticator, **spoilt: Any) -> Browser:
    """Press the button of the passkey form, and unlock the device."""
    return browser.send(browser.filled_form(passkey=answered(browser, device, **spoilt)))


def add_passkey(browser: Browser, user: KnownUser, device: Authenticator, name: str = "") -> Browser:
    """Add a passkey on the user page, and come back to the security page."""
    open_page(browser, ADD, user)
    form = browser.filled_form(passkey=answered(browser, device), **({"name": name} if name else {}))
    browser.send(form)
    assert (browser.status, browser.path) == (200, "/account/security"), browser.text[:800]
    return browser
