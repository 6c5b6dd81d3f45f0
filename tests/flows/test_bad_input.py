"""What bad input gets: every endpoint, every parameter, every kind of badness.

4xx in the right form, never 5xx, never a redirect to an address that is not registered (RFC 6749 sections 3.1 and
4.1.2.1, RFC 9700 section 4.11).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests.support.browser import Browser, NewBrowser
from tests.support.pages import open_page
from tests.support.relying_party import RelyingParty, basic
from tests.support.stores import ISSUER
from tests.support.world import World

Pairs = list[tuple[str, str]]
"""Names and values, both already percent-encoded: so that bytes can be sent that are no text."""

FORM = "application/x-www-form-urlencoded"
LONG = "A" * 100_000


def _set(value: str) -> Callable[[str, str], Pairs]:
    return lambda name, good: [(name, value)]


BADNESS: dict[str, Callable[[str, str], Pairs]] = {
    "missing": lambda name, good: [],
    "twice": lambda name, good: [(name, good), (name, good)],
    "twice, another value": lambda name, good: [(name, good), (name, "x")],
    "empty": _set(""),
    "100 kB": _set(LONG),
    "NUL": lambda name, good: [(name, f"{good}%00")],
    "only NUL": _set("%00"),
    "invalid UTF-8": _set("%FF%FE%C0%80"),
    "lone surrogate": _set("%ED%A0%80"),
    "line break": lambda name, good: [(name, f"{good}%0D%0ASet-Cookie:%20a=b")],
    "markup": _set("%22%3E%3Cscript%3Ealert(1)%3C/script%3E"),
    "JSON": _set(quote('{"a":[{"b":null}]}')),
    "deeply nested": _set(quote('{"a":' * 2_000 + "1" + "}" * 2_000)),
    "an array": lambda name, good: [(f"{name}%5B%5D", good), (f"{name}%5B0%5D", good)],
    "a number": _set("99999999999999999999999999999999"),
    "negative": _set("-1"),
    "another's": _set("another-one-that-does-not-exist"),
}

HARMLESS = ("twice", "twice, another value", "an array")
"""Ways to spoil the token of a form that leave the right one in its place."""

every_badness = pytest.mark.parametrize("kind", BADNESS)


def spoilt(good: dict[str, str], kind: str) -> Iterator[tuple[str, Pairs]]:
    """For each parameter: its name, and all of them with that one spoilt."""
    for spoiled in good:
        pairs: Pairs = []
        for name, value in good.items():
            encoded = quote(value, safe="")
            pairs += BADNESS[kind](name, encoded) if name == spoiled else [(name, encoded)]
        yield spoiled, pairs


def joined(pairs: Pairs) -> str:
    """The pairs as a query or a form."""
    return "&".join(f"{name}={value}" for name, value in pairs)


def check_no_harm(answer: httpx.Response, rp: RelyingParty, what: str) -> None:
    """No server error, no redirect to strangers, no code, no echo of markup, no header of somebody's making."""
    assert answer.status_code < 500, f"{what}: {answer.status_code} {answer.text[:300]}"
    assert "<script>alert(1)</script>" not in answer.text, what
    assert "a=b" not in answer.headers.get("set-cookie", ""), what
    assert "Traceback" not in answer.text, what
    if answer.is_redirect:
        target = urlsplit(answer.headers["location"])
        registered = urlsplit(rp.client.redirect_uri)
        ours = not target.netloc or f"{target.scheme}://{target.netloc}" == ISSUER
        assert ours or target[:3] == registered[:3], f"{what}: redirects to {answer.headers['location'][:200]}"
        assert "code=" not in target.query, what


@every_badness
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_authorization_endpoint(rp: RelyingParty, http: httpx.Client, method: str, kind: str) -> None:
    """A page where client or redirect_uri are not to be trusted, an error to the application where they are."""
    good = rp.parameters(
        prompt="login",
        max_age="60",
        acr_values="urn:informer:acr:2fa",
        login_hint="anna",
        ui_locales="nl en",
        claims='{"id_token":{"acr":{"essential":true}}}',
        response_mode="query",
        display="page",
        id_token_hint="a.b.c",
        tenant="de-zon",
    )
    path = urlsplit(rp.metadata["authorization_endpoint"]).path
    for spoiled, pairs in spoilt(good, kind):
        if method == "GET":
            answer = http.get(path, extensions={"query": joined(pairs).encode()})
        else:
            answer = http.post(path, content=joined(pairs), headers={"Content-Type": FORM})
        check_no_harm(answer, rp, f"{spoiled} {kind}")
        assert answer.status_code in range(300, 500), spoiled
        if spoiled in {"client_id", "redirect_uri"}:
            assert not answer.is_redirect, f"{spoiled} {kind} was redirected to {answer.headers.get('location')}"
            assert "text/html" in answer.headers["content-type"]


@every_badness
@pytest.mark.parametrize("grant_type", ["authorization_code", "refresh_token", "client_credentials"])
def test_the_token_endpoint(rp: RelyingParty, http: httpx.Client, grant_type: str, kind: str) -> None:
    """RFC 6749 section 5.2: JSON with `error`, status 400 or 401, not to be stored."""
    good = {
        "grant_type": grant_type,
        "code": "s" + "c" * 43,
        "redirect_uri": rp.client.redirect_uri,
        "code_verifier": "v" * 43,
        "refresh_token": "r" * 43,
        "scope": "openid",
    }
    authorization = {"Authorization": basic(rp.client.client_id, str(rp.client.client_secret))}
    for spoiled, pairs in spoilt(good, kind):
        answer = http.post(
            rp.metadata["token_endpoint"], content=joined(pairs), headers={"Content-Type": FORM, **authorization}
        )
        check_no_harm(answer, rp, f"{spoiled} {kind}")
        check_json_error(answer, f"{spoiled} {kind}")


def check_json_error(answer: httpx.Response, what: str) -> None:
    """The form of an error for programs."""
    assert answer.status_code in {400, 401, 413, 431}, f"{what}: {answer.status_code} {answer.text[:200]}"
    assert answer.headers["content-type"].startswith("application/json"), f"{what}: {answer.headers['content-type']}"
    assert set(answer.json()) >= {"error"}, what
    assert "no-store" in answer.headers["cache-control"], what


@every_badness
def test_the_revocation_endpoint(rp: RelyingParty, http: httpx.Client, kind: str) -> None:
    """RFC 7009 section 2.2: an unknown token is no error, and nothing is told of it."""
    authorization = {"Authorization": basic(rp.client.client_id, str(rp.client.client_secret))}
    for spoiled, pairs in spoilt({"token": "t" * 43, "token_type_hint": "refresh_token"}, kind):
        answer = http.post(
            rp.metadata["revocation_endpoint"], content=joined(pairs), headers={"Content-Type": FORM, **authorization}
        )
        check_no_harm(answer, rp, f"{spoiled} {kind}")
        if answer.status_code == 200:
            assert answer.text in {"", "{}"}
        else:
            check_json_error(answer, f"{spoiled} {kind}")


CREDENTIALS = {
    "none": {},
    "not base64": {"Authorization": "Basic ?????"},
    "no colon": {"Authorization": "Basic YQ=="},
    "NUL": {"Authorization": "Basic AAA="},
    "not UTF-8": {"Authorization": "Basic //79OP/+"},
    "another scheme": {"Authorization": "Bearer abc"},
    "empty": {"Authorization": ""},
    "only the scheme": {"Authorization": "Basic"},
    "100 kB": {"Authorization": f"Basic {LONG}"},
    "unknown client": {"Authorization": basic("nobody", "secret")},
}


@pytest.mark.parametrize("name", CREDENTIALS)
def test_credentials_of_applications(rp: RelyingParty, http: httpx.Client, name: str) -> None:
    """RFC 6749 section 5.2: `invalid_client`, 401 with a challenge where the header was tried."""
    answer = http.post(
        rp.metadata["token_endpoint"], data={"grant_type": "authorization_code", "code": "x"}, headers=CREDENTIALS[name]
    )
    check_json_error(answer, name)
    assert answer.json()["error"] in {"invalid_client", "invalid_request"}


BODIES: dict[str, dict[str, Any]] = {
    "no body": {},
    "JSON": {"json": {"grant_type": "authorization_code"}},
    "a file": {"files": {"grant_type": ("x", b"authorization_code")}},
    "not a form": {"content": b"\x00\xff\xfe", "headers": {"Content-Type": FORM}},
    "another charset": {"content": b"grant_type=x", "headers": {"Content-Type": f"{FORM}; charset=utf-16"}},
    "an unknown charset": {"content": b"grant_type=x", "headers": {"Content-Type": f"{FORM}; charset=no-such"}},
    "an odd content type": {"content": b"grant_type=x", "headers": {"Content-Type": ";;;"}},
    "1 MB": {"content": b"a=" + b"A" * 1_000_000, "headers": {"Content-Type": FORM}},
    "5000 parameters": {
        "content": "&".join(f"p{n}=1" for n in range(5_000)).encode(),
        "headers": {"Content-Type": FORM},
    },
    "broken multipart": {"content": b"--x\r\nnonsense", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    "multipart without boundary": {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
}


@pytest.mark.parametrize("body", BODIES)
def test_odd_bodies(app: Flask, rp: RelyingParty, http: httpx.Client, body: str) -> None:
    """Whatever is sent as a form, to every address that takes one: 4xx."""
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()):
            continue
        answer = http.post(address_of(rule, "x"), **BODIES[body])
        check_no_harm(answer, rp, f"{rule} {body}")
        assert answer.status_code >= 300, f"{rule} {body}: {answer.status_code}"


TOKENS = ["", "x", "a.b.c", "\u00e9", LONG, "eyJhbGciOiJub25lIn0.e30.", "null", "a" * 43]


@pytest.mark.parametrize(
    "token", TOKENS, ids=["empty", "short", "dots", "not ASCII", "100 kB", "alg none", "null", "opaque"]
)
def test_bearer_tokens(rp: RelyingParty, http: httpx.Client, token: str) -> None:
    """RFC 6750 section 3.1: 401 with a challenge, 400 where the request itself is malformed."""
    for method in ("GET", "POST"):
        headers = [(b"Authorization", f"Bearer {token}".encode())]
        answer = http.request(method, rp.metadata["userinfo_endpoint"], headers=headers)
        check_no_harm(answer, rp, method)
        assert answer.status_code in {400, 401, 413, 431}
        assert answer.status_code == 431 or "WWW-Authenticate" in answer.headers


@every_badness
def test_the_logout_endpoint(rp: RelyingParty, new_browser: NewBrowser, kind: str) -> None:
    """RP-Initiated Logout section 4: no redirect to an address that is not registered."""
    good = {
        "id_token_hint": "a.b.c",
        "client_id": rp.client.client_id,
        "post_logout_redirect_uri": rp.client.registration["post_logout_redirect_uris"][0],
        "state": "xyz",
        "logout_hint": "anna",
        "ui_locales": "nl",
    }
    path = urlsplit(rp.metadata["end_session_endpoint"]).path
    http = new_browser().http
    for spoiled, pairs in spoilt(good, kind):
        answer = http.get(path, extensions={"query": joined(pairs).encode()})
        assert answer.status_code < 500, f"{spoiled} {kind}"
        assert "<script>alert(1)</script>" not in answer.text
        if answer.is_redirect and not answer.headers["location"].startswith("/"):
            target = answer.headers["location"]
            assert target.startswith((ISSUER + "/", good["post_logout_redirect_uri"])), target


@every_badness
def test_the_login_forms(world: World, rp: RelyingParty, new_browser: NewBrowser, kind: str) -> None:
    """Every field of every step, spoilt: the step stays, or a page says what was wrong with the request."""
    anna = world.user("anna", world.tenant(), totp=True, recovery_codes=True)
    browser = new_browser().get(rp.authorize_url())
    fields = {
        "password": {"username": anna.username, "password": anna.password},
        "security_code": {"security_code": anna.tenant.code},
        "totp": {"totp": "000000"},
    }
    for step, answers in fields.items():
        browser.login(anna, until=step)
        page = browser.page
        token = str(page.one("input[name=csrf_token]")["value"])
        for spoiled, pairs in spoilt({**answers, "csrf_token": token}, kind):
            if kind in HARMLESS and spoiled == "csrf_token":
                continue
            answer = browser.http.post(
                page.address, content=joined(pairs), headers={"Content-Type": FORM, "Origin": ISSUER}
            )
            check_no_harm(answer, rp, f"{step} {spoiled} {kind}")
            assert not answer.is_redirect, f"{step}: {spoiled} {kind} was taken for an answer"
        browser.get(page.address)
        assert browser.step == step


PATHS = ["x", "%00", "%FF%FE", "..%2F..", "'", "A" * 5_000, "%F0%9F%98%80", "s" + "a" * 43, "r" + "a" * 43]


@pytest.mark.parametrize("who", ["nobody", "administrator"])
def test_every_address(app: Flask, world: World, rp: RelyingParty, new_browser: NewBrowser, who: str) -> None:
    """Every route of the application, with odd parts in its path and its query, for nobody and for an administrator."""
    browser = new_browser()
    if who == "administrator":
        bert = world.user("bert", world.tenant(), type="administrator", totp=True)
        open_page(browser, "/console/settings", bert)
    for rule in app.url_map.iter_rules():
        for part in PATHS if rule.arguments else ["x"]:
            for query in (
                "",
                "?next=https://evil.example/&return_to=//evil.example&login=%FF&kept=%00&setup=%ED%A0%80&done=%22",
            ):
                answer = browser.http.get(httpx.URL(f"{ISSUER}{address_of(rule, part)}{query}"))
                check_no_harm(answer, rp, f"{rule} {part[:20]} {query}")


def test_every_form_of_our_own_pages(app: Flask, world: World, rp: RelyingParty, new_browser: NewBrowser) -> None:
    """Every address that takes a form, sent nonsense by an administrator with a valid token: 4xx or a page."""
    bert = world.user("bert", world.tenant(), type="administrator", totp=True)
    browser = open_page(new_browser(), "/account/security", bert)
    token = csrf_of(browser)
    nonsense = ["%00", "%FF", "", LONG, quote("<script>alert(1)</script>"), quote("https://evil.example/")]
    names = ("totp", "two_factor_every_30_days", "tenant", "decision", "next", "return_to", "username", "password")
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if "POST" not in (rule.methods or ()):
            continue
        for value in nonsense:
            for part in PATHS if rule.arguments else ["x"]:
                pairs = [("csrf_token", token), *((name, value) for name in names)]
                headers = {"Content-Type": FORM, "Origin": ISSUER}
                answer = browser.http.post(
                    httpx.URL(f"{ISSUER}{address_of(rule, part)}"), content=joined(pairs), headers=headers
                )
                check_no_harm(answer, rp, f"{rule} {part[:20]} {value[:20]}")


@pytest.mark.parametrize(
    "path",
    [
        "/%2e%2e/%2e%2e/etc/passwd",
        "/static/..%2F..%2Fsettings.py",
        "/static/%2e%2e/settings.py",
        "//evil.example/",
        "/%00",
        "/%FF",
        "/\u20ac",
        "/.git/config",
        "/console/../account/",
    ],
)
def test_addresses_that_do_not_exist(rp: RelyingParty, http: httpx.Client, path: str) -> None:
    """Nothing outside is read, nobody is sent away, and the page is ours."""
    answer = http.get(httpx.URL(f"{ISSUER}{path}"))
    check_no_harm(answer, rp, path)
    assert answer.status_code in {302, 303, 308, 400, 404}
    assert "root:" not in answer.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "HEAD", "PROPFIND"])
def test_other_methods(app: Flask, rp: RelyingParty, http: httpx.Client, method: str) -> None:
    """A method that an address does not know is 405, in every room."""
    known = defaultdict[str, set[str]](set)
    for rule in app.url_map.iter_rules():
        known[str(rule)] |= rule.methods or set()
    for rule in app.url_map.iter_rules():
        answer = http.request(method, address_of(rule, "x"))
        check_no_harm(answer, rp, f"{method} {rule}")
        if method not in {*known[str(rule)], "OPTIONS", "HEAD"}:
            assert answer.status_code in {404, 405}, f"{method} {rule}: {answer.status_code}"


def address_of(rule: Rule, part: str) -> str:
    """The path of a route with `part` in every variable place."""
    address = str(rule)
    for argument in rule.arguments:
        start = address.index("<")
        end = address.index(">", start) + 1
        assert argument
        address = f"{address[:start]}{part}{address[end:]}"
    return address


def csrf_of(browser: Browser) -> str:
    """The token that forms of this browser carry."""
    return str(browser.page.one("input[name=csrf_token]")["value"])
