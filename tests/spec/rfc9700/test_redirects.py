"""Sections 2.1, 2.6 and 4.11: where answers may go."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from flask import Flask

from tests.support.browser import Browser
from tests.support.relying_party import NewRp, RelyingParty
from tests.support.world import KnownTenant, World


def test_a_query_that_is_registered_stays(world: World, new_rp: NewRp, at_work: Browser) -> None:
    """RFC 6749 section 3.1.2: the answer is added to it."""
    rp = new_rp(world.client("other", redirect_uris=["https://books.example/cb?a=1&b=%20"]))
    at_work.get(rp.authorize_url())
    assert at_work.landed
    assert at_work.landed.startswith("https://books.example/cb?a=1&b=%20&code=")


@pytest.mark.parametrize("uri", ["http://127.0.0.1:49152/cb", "http://127.0.0.1/cb", "http://127.0.0.1:1/cb"])
def test_a_native_applications_port_may_differ(world: World, new_rp: NewRp, at_work: Browser, uri: str) -> None:
    """RFC 8252 section 7.3: on a loopback address."""
    rp = new_rp(world.client("cli", public=True, application_type="native", redirect_uris=["http://127.0.0.1:8765/cb"]))
    at_work.get(rp.authorize_url(redirect_uri=uri))
    assert at_work.landed
    assert at_work.landed.startswith(f"{uri}?code=")


def test_and_on_ipv6(world: World, new_rp: NewRp, at_work: Browser) -> None:
    """RFC 8252 section 7.3."""
    rp = new_rp(world.client("cli", public=True, application_type="native", redirect_uris=["http://[::1]/cb"]))
    at_work.get(rp.authorize_url(redirect_uri="http://[::1]:5000/cb"))
    assert at_work.landed
    assert at_work.landed.startswith("http://[::1]:5000/cb?code=")


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:8765/other",
        "http://127.0.0.2:8765/cb",
        "http://localhost:8765/cb",
        "http://user@127.0.0.1:8765/cb",
        "https://127.0.0.1:8765/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:8765/cb#x",
        "http://127.0.0.1:\t8765/cb",
        "http://127.0.0.1:8765\\@evil.example/cb",
        "http://evil.example:8765/cb",
    ],
)
def test_but_nothing_else_of_it(world: World, new_rp: NewRp, at_work: Browser, uri: str) -> None:
    """Section 2.1: an exact comparison, but for the port."""
    rp = new_rp(world.client("cli", public=True, application_type="native", redirect_uris=["http://127.0.0.1:8765/cb"]))
    at_work.get(rp.authorize_url(redirect_uri=uri))
    assert at_work.landed is None
    assert at_work.status == 400


def test_a_web_applications_port_may_not(world: World, new_rp: NewRp, at_work: Browser) -> None:
    """Section 2.1."""
    rp = new_rp(world.client("web", redirect_uris=["http://127.0.0.1:8765/cb"]))
    at_work.get(rp.authorize_url(redirect_uri="http://127.0.0.1:8766/cb"))
    assert at_work.status == 400


def test_an_application_with_a_scheme_of_its_own(world: World, new_rp: NewRp, at_work: Browser) -> None:
    """RFC 8252 section 7.1."""
    rp = new_rp(world.client("app", public=True, application_type="native", redirect_uris=["com.example.app:/cb"]))
    at_work.get(rp.authorize_url())
    assert at_work.landed
    assert at_work.landed.startswith("com.example.app:/cb?code=")


def test_the_last_form_of_the_login_may_lead_there(rp: RelyingParty, browser: Browser) -> None:
    """W3C CSP3: form-action applies to the redirect after the form."""
    browser.get(rp.authorize_url())
    policy = browser.response.headers["content-security-policy"]
    assert "form-action 'self' https://books.example;" in policy


@pytest.mark.parametrize("changes", [{}, {"prompt": "none"}, {"response_type": "token"}], ids=str)
def test_no_cors_at_the_authorization_endpoint(
    rp: RelyingParty, browser: Browser, changes: dict[str, str | None]
) -> None:
    """Section 2.6: browsers are sent there; no script reads what it says."""
    answer = browser.http.get(rp.authorize_url(**changes), headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control-")]
    answer = browser.http.options("/authorize", headers={"Origin": "https://evil.example"})
    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_no_page_is_read_by_another_origin(app: Flask, http: httpx.Client) -> None:
    """Section 2.6: programs' endpoints are open to every origin, for who brings no cookie; pages to none."""
    for rule in app.url_map.iter_rules():
        path = re.sub("<[^>]+>", "x", rule.rule)
        for method in ("GET", "OPTIONS"):
            answer = http.request(method, path, headers={"Origin": "https://evil.example"})
            of_programs = rule.endpoint.startswith("oidc_programs.") and answer.status_code != 405
            assert answer.headers.get("access-control-allow-origin") == ("*" if of_programs else None), path
            assert "access-control-allow-credentials" not in answer.headers, path


def test_no_form_of_the_login_is_sent_on(world: World, zon: KnownTenant, rp: RelyingParty, browser: Browser) -> None:
    """Section 4.12: after a password or a code comes a 303, which makes a GET of it; a 307 would hand it to the next one."""
    eva = world.user("eva", zon, totp=True)
    form = browser.get(rp.authorize_url()).filled_form(username=eva.username, password=eva.password)
    answer = browser.http.post(form.action, data=dict(form.values))
    assert answer.status_code == 303
    form = browser.get(answer.headers["location"]).filled_form(totp=eva.totp())
    answer = browser.http.post(form.action, data=dict(form.values))
    assert answer.status_code == 303
    answer = browser.http.get(answer.headers["location"])
    assert (answer.status_code, answer.headers["location"].startswith(rp.client.redirect_uri)) == (303, True)


def test_an_answer_is_a_303_that_nobody_keeps(rp: RelyingParty, at_work: Browser) -> None:
    """Section 4.12: a POST is never repeated at the application."""
    at_work.get(rp.authorize_url())
    assert at_work.response.status_code == 303
    assert at_work.response.headers["cache-control"] == "no-store"
    assert at_work.landed
    assert set(parse_qs(urlsplit(at_work.landed).query)) == {"code", "state", "iss"}
