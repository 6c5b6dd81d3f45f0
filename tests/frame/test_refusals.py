"""What is refused before any room sees it, and in which form errors are said."""

from collections.abc import Callable

import httpx
import pytest
from flask import Flask, render_template_string, request

from idp.platform.extensions import csrf
from idp.web.error_pages import for_programs
from idp.web.input_limits import MOST_BODY_BYTES, MOST_FIELDS
from tests.support.browser import NewBrowser

pytestmark = pytest.mark.own_app

ISSUER = "https://login.informer.example"


@pytest.fixture(autouse=True)
def addresses(app: Flask) -> None:
    """A form for people and an endpoint for programs."""

    @app.route("/for-people", methods=["GET", "POST"])
    def people() -> str:
        return render_template_string("{{ csrf_token() }}") if request.method == "GET" else "done"

    @app.post("/for-programs")
    @csrf.exempt  # type: ignore[untyped-decorator]
    @for_programs
    def programs() -> str:
        return "done"


@pytest.mark.parametrize(
    "query", ["a=%00", "%00=a", "a=%ff", "a=%c0%80", "a=%ed%a0%80", "a=b&c=%f5%80%80%80", "a=%e2%82"]
)
@pytest.mark.parametrize("where", ["query", "body", "path"])
def test_nul_and_what_is_no_utf_8_are_refused(http: httpx.Client, query: str, where: str) -> None:
    """RFC 6749 appendix B: parameters are UTF-8; and no store takes a NUL."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answers = {
        "query": lambda: http.post(f"/for-programs?{query}"),
        "body": lambda: http.post("/for-programs", content=query, headers=form),
        "path": lambda: http.get(f"/for-people/{query}"),
    }
    answer = answers[where]()
    assert answer.status_code == 400
    assert "done" not in answer.text


def test_other_text_is_let_through(http: httpx.Client) -> None:
    """Any Unicode character but NUL."""
    assert http.post("/for-programs?a=%F0%9F%94%91%EF%BF%BD", data={"b": "é\u2028\U0010ffff"}).status_code == 200


def test_a_body_that_is_not_a_form_is_looked_at_as_it_is(http: httpx.Client) -> None:
    """JSON and multipart too."""
    assert http.post("/for-programs", content=b'{"a": "\xff"}').status_code == 400
    assert http.post("/for-programs", files={"a": b"\xff\x00"}).status_code == 400
    assert http.post("/for-programs", content=b'{"a": "%00"}').status_code == 200


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (lambda http: http.post("/for-programs", content=b"a" * (MOST_BODY_BYTES + 1)), 413),
        (lambda http: http.post("/for-programs", data={f"f{n}": "" for n in range(300)}), 200),
        (lambda http: http.post("/for-programs", data={f"f{n}": "" for n in range(MOST_FIELDS + 1)}), 413),
        (lambda http: http.post("/nowhere", data={f"f{n}": "" for n in range(MOST_FIELDS + 1)}), 404),
        (lambda http: http.post("/nowhere", content=b"a" * (MOST_BODY_BYTES + 1)), 404),
        (lambda http: http.put("/for-programs", content=b"a" * (MOST_BODY_BYTES + 1)), 405),
        (lambda http: http.get(f"/for-people?{'&' * MOST_FIELDS}"), 414),
        (lambda http: http.get(f"/for-people?a={'a' * 20_000}"), 414),
        (lambda http: http.get("/" + "a" * 20_000), 414),
        (lambda http: http.get("/for-people", headers={"Cookie": "a=" + "a" * 40_000}), 431),
    ],
    ids=[
        *("body", "many fields", "too many fields", "too many, nowhere", "body, nowhere", "body, other method"),
        *("too many in the query", "query", "path", "headers"),
    ],
)
def test_too_much_is_refused(http: httpx.Client, call: Callable[[httpx.Client], httpx.Response], status: int) -> None:
    """RFC 9110 sections 15.5.14 and 15.5.15, RFC 6585 section 5."""
    assert call(http).status_code == status


def test_a_program_gets_the_json_of_rfc_6749(http: httpx.Client) -> None:
    """Section 5.2: `error` and `error_description`, also where Werkzeug or the limits refuse."""
    for answer in (
        http.post("/for-programs?a=%00"),
        http.get("/for-programs"),
        http.post("/for-programs?" + "a" * 20_000),
    ):
        assert answer.headers["content-type"] == "application/json"
        assert set(answer.json()) == {"error", "error_description"}
        assert answer.json()["error"] == "invalid_request"
        assert answer.json()["error_description"].isascii()


def test_a_wrong_method_says_which_are_right(http: httpx.Client) -> None:
    """RFC 9110 section 15.5.6."""
    answer = http.get("/for-programs")
    assert answer.status_code == 405
    assert "POST" in answer.headers["allow"]


def test_a_person_gets_a_page_and_whoever_asks_for_json_gets_json(http: httpx.Client) -> None:
    """The same error, for each reader."""
    assert http.get("/nowhere").headers["content-type"].startswith("text/html")
    assert http.get("/nowhere", headers={"Accept": "application/json"}).json()["error"] == "not_found"


def test_a_form_needs_the_token_of_its_own_browser(new_browser: NewBrowser) -> None:
    """RFC 6819 section 5.3.5: none, a wrong one, and another browser's are refused with a page that says what to do."""
    anna, eve = new_browser().http, new_browser().http
    token, hers = anna.get("/for-people").text, eve.get("/for-people").text
    assert anna.post("/for-people", data={"csrf_token": token}).text == "done"
    for wrong in ({}, {"csrf_token": ""}, {"csrf_token": token + "x"}, {"csrf_token": hers}):
        answer = anna.post("/for-people", data=wrong)
        assert answer.status_code == 400
        assert "reload the page" in answer.text


def test_a_form_of_another_origin_is_refused(new_browser: NewBrowser) -> None:
    """RFC 6454 section 7: even with the right token; `null` is what no-referrer makes of our own origin."""
    http = new_browser().http
    data = {"csrf_token": http.get("/for-people").text}
    assert http.post("/for-people", data=data, headers={"Origin": ISSUER}).text == "done"
    assert http.post("/for-people", data=data, headers={"Origin": "null"}).text == "done"
    for foreign in ("https://evil.example", ISSUER + ".evil.example", "http://login.informer.example", ""):
        assert http.post("/for-people", data=data, headers={"Origin": foreign}).status_code == 400


def test_programs_may_come_from_another_origin(http: httpx.Client) -> None:
    """A single-page application calls the token endpoint from its own origin."""
    assert http.post("/for-programs", headers={"Origin": "https://spa.example"}).text == "done"
