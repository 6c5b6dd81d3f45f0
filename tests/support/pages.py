"""What people do on the provider's own pages, in one call each."""

from __future__ import annotations

from tests.support.browser import Browser
from tests.support.world import KnownUser

NOTE = (
    "Note: As long as 2FA has not yet been set up, the user will always be redirected to the user settings. "
    "The user cannot use the system until 2FA has been set up."
)


def open_page(browser: Browser, path: str, user: KnownUser) -> Browser:
    """Go to a page of our own and prove whatever it asks first."""
    browser.get(path)
    if browser.step:
        browser.login(user)
    assert (browser.status, browser.path) == (200, path), f"{browser.status} {browser.path}: {browser.text[:800]}"
    return browser


def change_settings(browser: Browser, administrator: KnownUser, **switches: bool) -> Browser:
    """Tick and untick switches on the console's settings page, and save."""
    open_page(browser, "/console/settings", administrator)
    browser.fill(**switches).submit("Save")
    if browser.step:
        browser.login(administrator)
    open_page(browser, "/console/settings", administrator)
    for switch, on in switches.items():
        assert browser.page.checked(switch) is on, f"{switch} was not saved"
    return browser


def choose_every_30_days(browser: Browser, user: KnownUser, *, on: bool = True) -> Browser:
    """Tick or untick "once every 30 days" on the security page, and save (C1)."""
    open_page(browser, "/account/security", user)
    browser.fill(two_factor_every_30_days=on).submit("Save")
    open_page(browser, "/account/security", user)
    assert browser.page.checked("two_factor_every_30_days") is on
    return browser


def log_out(browser: Browser) -> Browser:
    """End the session as a person does: the page asks, one button says yes."""
    browser.get("/logout")
    assert browser.status == 200, browser.text[:500]
    return browser.submit()
