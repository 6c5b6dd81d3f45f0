"""Whatever is sent to an endpoint of the protocol is answered: no 5xx, and no redirect to what is not registered.

Errors are as the documents want them (RFC 6749 sections 3.1, 4.1.2.1 and 5.2, RFC 6750 section 3).
FUZZ says how many requests each endpoint gets: FUZZ=20000 is a night's work.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from idp.oidc.clients.validation import InvalidMetadata, validated
from tests.fuzz.requests import authorization, encoded, pairs, trees
from tests.support.browser import Browser
from tests.support.page import Page
from tests.support.registering import Registrar, initial_token
from tests.support.relying_party import NewRp, RelyingParty, Tokens, basic
from tests.support.world import World

EXAMPLES = int(os.environ.get("FUZZ", "60"))
LONG = "FUZZ" in os.environ
PHASES = [Phase.explicit, Phase.generate, *([Phase.shrink] if LONG else [])]
fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=not LONG,
    phases=PHASES,
    suppress_health_check=list(HealthCheck),
)
pytestmark = pytest.mark.timeout(0 if LONG else 900)

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = "application/x-www-form-urlencoded"
Known = dict[str, Sequence[str]]
ERROR = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")


@dataclass(frozen=True, slots=True)
class Scene:
    """Two applications, one of them of others, a person who is logged in, and what the first one got for her."""

    rp: RelyingParty
    browser: Browser
    tokens: Tokens
    clients: tuple[str, ...]
    registered: tuple[str, ...]
    authorizations: tuple[str, ...]

    def send(self, method: str, path: str, content: bytes, **headers: str | None) -> httpx.Response:
        """Send it, from the browser of the person. A GET has it as its query."""
        given = {name.replace("_", "-").encode(): value.encode("latin-1") for name, value in headers.items() if value}
        if method == "GET":
            request = self.browser.http.build_request("GET", path, headers=given, extensions={"query": content})
        else:
            given.setdefault(b"Content-Type", FORM.encode())
            request = self.browser.http.build_request(method, path, content=content, headers=given)
        return self.browser.http.send(request, follow_redirects=False)

    def goes_nowhere_else(self, answer: httpx.Response) -> None:
        """The answer is no failure of ours, and leads to our own pages or to a registered address."""
        assert answer.status_code < 500, answer.text
        event(f"status {answer.status_code}")
        targets = [answer.headers["location"]] if "location" in answer.headers else []
        if "html" in answer.headers.get("content-type", ""):
            targets += [form.action for form in Page(answer.text, str(answer.url)).forms]
        for target in targets:
            absolute = urljoin(str(answer.url), target)
            own = urlsplit(absolute)[:2] == urlsplit(self.browser.issuer)[:2]
            assert own or absolute.partition("?")[0] in self.registered, target


@pytest.fixture
def scene(world: World, new_rp: NewRp, browser: Browser) -> Scene:
    """Everything is registered and somebody logged in."""
    anna = world.user("anna", world.tenant("de-zon", security_code=False))
    books = world.client("books")
    shop = world.client("shop", first_party=False, redirect_uris=["https://shop.example/cb"])
    page = world.client("page", public=True, redirect_uris=["https://page.example/cb"])
    device: dict[str, Any] = {"redirect_uris": [], "response_types": [], "grant_types": [DEVICE_CODE, "refresh_token"]}
    tv = world.client("tv", public=True, **device)
    rp = new_rp(books)
    tokens = rp.finish(browser.get(rp.authorize_url(scope="openid profile email offline_access")).login(anna))
    uris = [c.registration[key] for c in (books, shop, page) for key in ("redirect_uris", "post_logout_redirect_uris")]
    return Scene(
        rp,
        browser,
        tokens,
        (books.client_id, page.client_id, shop.client_id, tv.client_id),
        tuple(uri for some in uris for uri in some),
        (basic(books.client_id, str(books.client_secret)), f"Bearer {tokens.access_token}"),
    )


def asked(scene: Scene) -> tuple[Known, Known]:
    """The parameters of an authorization request."""
    core: Known = {
        "response_type": ["code", "token", "code id_token", "none"],
        "client_id": scene.clients,
        "redirect_uri": scene.registered,
        "scope": ["openid profile", "openid offline_access phone address", "openid", "email"],
        "code_challenge": ["E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"],
        "code_challenge_method": ["S256", "plain"],
        "state": ["of-the-application"],
        "nonce": ["once"],
    }
    more: Known = {
        "prompt": ["none", "login", "consent", "select_account", "login consent", "none login"],
        "max_age": ["0", "10", "99999999999"],
        "response_mode": ["query", "form_post", "fragment", "jwt", "query.jwt", "form_post.jwt"],
        "id_token_hint": [scene.tokens.id_token, scene.tokens.access_token],
        "login_hint": ["anna"],
        "acr_values": ["urn:informer:acr:2fa", "phr"],
        "claims": ['{"userinfo":{"email":null}}', '{"id_token":{"sub":{"value":"x"},"auth_time":{"essential":true}}}'],
        "request": [scene.tokens.id_token],
        "request_uri": ["urn:ietf:params:oauth:request_uri:x", "https://books.example/request"],
        "resource": ["https://api.example/"],
        "authorization_details": ["[]"],
        "ui_locales": ["nl en", "x-"],
        "display": ["page", "wap"],
        "tenant": ["de-zon"],
        "dpop_jkt": ["0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"],
        "registration": ["{}"],
    }
    return core, more


def is_well_formed(answer: httpx.Response) -> None:
    """RFC 6749 section 5.2, for an error. Who sent nothing to be known by may get the challenge alone (RFC 6750 section 3.1)."""
    assert answer.status_code < 500, answer.text
    event(f"status {answer.status_code}")
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"]
    if answer.status_code < 400 or (answer.status_code == 401 and not answer.content):
        return
    assert answer.headers["content-type"] == "application/json", answer.headers
    said: dict[str, Any] = answer.json()
    assert ERROR.fullmatch(said["error"])
    assert ERROR.fullmatch(said.get("error_description", "none"))


def test_authorize(scene: Scene) -> None:
    """The authorization endpoint, by GET and by POST, of a browser in which somebody is logged in."""

    @fuzzed
    @given(pairs(*asked(scene)), st.sampled_from(["GET", "POST"]))
    def holds(given: list[tuple[str, bytes]], method: str) -> None:
        scene.goes_nowhere_else(scene.send(method, "/authorize", encoded(given)))

    holds()


def test_logout(scene: Scene) -> None:
    """The end session endpoint; nobody is logged out by chance, or all is asked anew."""
    core: Known = {
        "id_token_hint": [scene.tokens.id_token, scene.tokens.access_token],
        "post_logout_redirect_uri": ["https://books.example/bye", *scene.registered],
        "client_id": scene.clients,
        "state": ["of-the-application"],
    }

    @fuzzed
    @given(pairs(core, {"logout_hint": ["anna"], "ui_locales": ["nl"]}), st.sampled_from(["GET", "POST"]))
    def holds(given: list[tuple[str, bytes]], method: str) -> None:
        scene.goes_nowhere_else(scene.send(method, "/logout", encoded(given)))

    holds()


def test_device_page(scene: Scene) -> None:
    """The page where a person types a device's code."""

    @fuzzed
    @given(pairs({"user_code": ["BCDF-GHJK"]}, {"csrf_token": ["x"]}), st.sampled_from(["GET", "POST"]))
    def holds(given: list[tuple[str, bytes]], method: str) -> None:
        scene.goes_nowhere_else(scene.send(method, "/device", encoded(given)))

    holds()


@pytest.mark.parametrize("endpoint", ["/token", "/par", "/introspect", "/revoke", "/device_authorization", "/userinfo"])
def test_endpoints_of_programs(scene: Scene, endpoint: str) -> None:
    """Every endpoint that an application calls itself: forms, headers and bodies of every kind."""
    core, more = of_programs(scene)[endpoint]
    who: Known = {
        "client_id": scene.clients,
        "client_secret": ["x", str(scene.rp.client.client_secret)],
        "client_assertion_type": [ASSERTION],
        "client_assertion": [scene.tokens.id_token],
    }
    kinds = st.none() | st.none() | st.sampled_from(["application/json", "text/plain", "multipart/form-data", FORM])
    proofs = st.none() | st.none() | st.sampled_from([scene.tokens.id_token, "x", "a.b.c"])

    @fuzzed
    @given(
        pairs(core, {**more, **who}),
        authorization(scene.authorizations),
        kinds,
        proofs,
        st.none() | st.none() | st.none() | st.binary(max_size=60),
    )
    def holds(
        given: list[tuple[str, bytes]], who: str | None, kind: str | None, proof: str | None, body: bytes | None
    ) -> None:
        content = encoded(given) if body is None else body
        method = "GET" if endpoint == "/userinfo" and kind is None else "POST"
        headers = {"Authorization": who, "Content_Type": kind, "DPoP": proof}
        is_well_formed(scene.send(method, endpoint, content, **headers))

    holds()


def test_registration(scene: Scene, world: World) -> None:
    """RFC 7591 section 3 and RFC 7592 section 2.2: whatever document is posted, or put in the place of one's own."""
    token = initial_token(world)
    mine = Registrar(scene.browser.http, token).registered()
    own = urlsplit(mine.said["registration_client_uri"]).path
    names = st.sampled_from([*KNOWN, *ALSO_KEPT, "client_id", "client_secret"]) | st.text(max_size=8)
    documents = st.dictionaries(names, trees(), max_size=3).map(
        lambda changes: json.dumps({**KNOWN, "client_id": mine.said["client_id"], **changes}).encode()
    )
    bodies = documents | documents | trees().map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60)

    @fuzzed
    @given(
        bodies,
        authorization([f"Bearer {token}", f"Bearer {mine.token}"]),
        st.sampled_from([("POST", "/register"), ("PUT", own)]),
        st.sampled_from(["application/json", "application/json", FORM]),
    )
    def holds(body: bytes, who: str | None, where: tuple[str, str], kind: str) -> None:
        is_well_formed(scene.send(*where, body, Authorization=who, Content_Type=kind))

    holds()


def of_programs(scene: Scene) -> dict[str, tuple[Known, Known]]:
    """The parameters of each endpoint."""
    tokens = scene.tokens
    grants = ["authorization_code", "refresh_token", "client_credentials", DEVICE_CODE, EXCHANGE, "password"]
    token: Known = {"token": [tokens.access_token, tokens.refresh_token, tokens.id_token]}
    hint: Known = {"token_type_hint": ["access_token", "refresh_token", "pairwise"]}
    access = "urn:ietf:params:oauth:token-type:access_token"
    return {
        "/token": (
            {"grant_type": grants, "code": ["x"], "redirect_uri": scene.registered, "code_verifier": ["v" * 43]},
            {
                "refresh_token": [tokens.refresh_token],
                "scope": ["openid", "email"],
                "resource": ["https://api.example/"],
                "device_code": ["x"],
                "subject_token": [tokens.access_token],
                "subject_token_type": [access],
                "requested_token_type": [access],
                "audience": ["books"],
            },
        ),
        "/par": asked(scene),
        "/introspect": (token, hint),
        "/revoke": (token, hint),
        "/device_authorization": ({"client_id": scene.clients[::-1], "scope": ["openid profile"]}, {"resource": ["x"]}),
        "/userinfo": ({"access_token": [tokens.access_token, tokens.refresh_token]}, {"schema": ["openid"]}),
    }


KNOWN: dict[str, Any] = {
    "redirect_uris": ["https://books.example/cb"],
    "post_logout_redirect_uris": ["https://books.example/bye"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "client_secret_basic",
    "jwks_uri": "https://books.example/keys",
    "scope": "openid profile",
    "application_type": "web",
    "default_max_age": 300,
    "default_acr_values": ["phr"],
    "backchannel_logout_uri": "https://books.example/bye",
    "client_uri": "https://books.example/",
    "contacts": ["it@books.example"],
    "audience": ["books"],
}
ALSO_KEPT = ["jwks", "subject_type", "request_uris", "id_token_signed_response_alg", "client_name"]
ALSO = [*ALSO_KEPT, "sector_identifier_uri"]


@fuzzed
@given(st.dictionaries(st.sampled_from([*KNOWN, *ALSO]) | st.text(max_size=8), trees(), max_size=3), st.booleans())
def test_metadata(changes: dict[str, Any], loopback: bool) -> None:
    """RFC 7591 section 3.2.2: metadata is registered, or every fault of it is named by its key."""
    faults = _faults({**KNOWN, **changes}, loopback=loopback)
    event("registered" if faults is None else "refused")
    assert faults != (), "refused without a reason"


def _faults(metadata: dict[str, Any], *, loopback: bool) -> tuple[tuple[str, str], ...] | None:
    """What is wrong with it; None: it may be registered."""
    try:
        validated(metadata, issuer_is_loopback=loopback)
    except InvalidMetadata as error:
        return error.faults
    return None
