"""What is true of every answer: its headers, its request id, its language, its cookie, its line in the log."""

import json
import logging
import re
from collections.abc import Iterator

import httpx
import pytest
from flask import Flask

from idp.platform.errors import Unavailable
from idp.web.logs import JsonFormatter
from tests.support.browser import NewBrowser

PAGE = "/forgotten-page"

pytestmark = pytest.mark.own_app


@pytest.fixture
def lines(app: Flask) -> Iterator[list[str]]:
    """Every line that is logged, as it would be written."""
    written: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            written.append(self.format(record))

    collector = Collector()
    collector.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(collector)
    yield written
    logging.getLogger().removeHandler(collector)


def test_a_page_may_load_only_what_is_ours(http: httpx.Client) -> None:
    """CSP Level 3: nothing inline, nothing of others, in nobody's frame; no referrer; not kept."""
    headers = http.get(PAGE).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_https_is_demanded_of_later_visits(http: httpx.Client) -> None:
    """RFC 6797 section 7.1."""
    assert http.get(PAGE).headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.settings(issuer="http://127.0.0.1:8000")
def test_development_demands_no_https(http: httpx.Client) -> None:
    """RFC 6797 section 7.2: never over http."""
    assert "strict-transport-security" not in http.get(PAGE).headers


def test_the_answer_carries_the_id_that_the_page_and_the_log_show(http: httpx.Client, lines: list[str]) -> None:
    """One id in the header, on the page, and on every line of the request."""
    answer = http.get(PAGE)
    number = answer.headers["x-request-id"]
    assert number in answer.text
    assert [json.loads(line)["request_id"] for line in lines] == [number] * len(lines)


def test_a_strangers_request_id_is_not_adopted(http: httpx.Client) -> None:
    """Only a trusted proxy may number requests."""
    assert http.get(PAGE, headers={"X-Request-Id": "chosen-by-me"}).headers["x-request-id"] != "chosen-by-me"


@pytest.mark.settings(trusted_proxies="192.0.2.0/24")
def test_a_trusted_proxys_request_id_is_adopted(http: httpx.Client) -> None:
    """So that its log and ours can be laid side by side; unless it could break one."""
    assert http.get(PAGE, headers={"X-Request-Id": "proxy-0001"}).headers["x-request-id"] == "proxy-0001"
    assert http.get(PAGE, headers={"X-Request-Id": "no spaces"}).headers["x-request-id"] != "no spaces"


def test_a_line_is_one_json_object_without_the_query(http: httpx.Client, lines: list[str]) -> None:
    """Method, path, status and time; what stands behind the question mark may be a secret."""
    http.get(f"{PAGE}?code=SplxlOBeZQQYbYS6WxSbIA")
    request = next(fact for fact in map(json.loads, lines) if fact["event"] == "request")
    assert (request["method"], request["path"], request["status"]) == ("GET", PAGE, 404)
    assert request["milliseconds"] > 0
    assert not any("SplxlOBeZQQYbYS6WxSbIA" in line for line in lines)


def test_a_secret_that_is_logged_by_mistake_is_left_out(app: Flask, lines: list[str]) -> None:
    """Whoever logs a value under the name of a secret logs nothing."""
    from idp.web.logs import log  # noqa: PLC0415 - its first use configures it

    log.warning("mistake", password="hunter2", access_token="abc", code="SplxlOBe", status_code=200)
    (line,) = lines
    assert "hunter2" not in line
    assert "SplxlOBe" not in line
    assert json.loads(line)["status_code"] == 200


def test_a_line_break_cannot_forge_a_line(app: Flask, http: httpx.Client, lines: list[str]) -> None:
    """Control characters are escaped."""
    http.get('/x%0A{"event":"forged"}')
    assert all("\n" not in line for line in lines)


def test_an_exception_is_logged_without_the_variables_around_it(
    app: Flask, http: httpx.Client, lines: list[str]
) -> None:
    """A traceback names lines, never values: one of them may be a password."""

    @app.get("/a-bug")
    def bug() -> str:
        password = "hunter2"
        raise RuntimeError(len(password))

    answer = http.get("/a-bug")
    assert answer.status_code == 500
    assert "RuntimeError" not in answer.text
    assert any("RuntimeError" in line for line in lines)
    assert not any("hunter2" in line for line in lines)


def test_no_error_is_a_dead_end(app: Flask, http: httpx.Client) -> None:
    """A page that went wrong leads to the person's own page, and one that may go right the next time to itself."""

    @app.route("/gone", methods=["GET", "POST"])
    def gone() -> str:
        raise Unavailable("the database")

    def ways(answer: httpx.Response) -> dict[str, str]:
        return dict(re.findall(r'href="([^"]*)">(To my account|Try again)<', answer.text))

    assert ways(http.get(PAGE)) == {"/account/": "To my account"}
    assert ways(http.get("/gone?a=1")) == {"": "Try again", "/account/": "To my account"}
    assert ways(http.post("/gone")) == {"/account/": "To my account"}


@pytest.mark.parametrize(
    ("accepts", "language"),
    [("nl", "nl"), ("nl-BE,en;q=0.5", "nl"), ("en-GB,nl;q=0.5", "en"), ("fr,de", "en"), ("", "en"), ("*", "en")],
)
def test_a_page_speaks_dutch_or_english(http: httpx.Client, accepts: str, language: str) -> None:
    """RFC 9110 section 12.5.4; English where nothing is understood."""
    assert f'<html lang="{language}">' in http.get(PAGE, headers={"Accept-Language": accepts}).text


def test_a_dutch_page_is_dutch(http: httpx.Client) -> None:
    """The sentence too, not only the attribute."""
    assert "Deze pagina bestaat niet" in http.get(PAGE, headers={"Accept-Language": "nl"}).text


def test_static_files_are_kept_for_ever_under_the_hash_of_their_content(http: httpx.Client) -> None:
    """The address changes with the content; without the hash a browser asks again."""
    address = re.search(r'href="(/static/informer\.css\?v=\w{12})"', http.get(PAGE).text)
    assert address
    assert "immutable" in http.get(address.group(1)).headers["cache-control"]
    assert "immutable" not in http.get("/static/informer.css").headers["cache-control"]


def test_addresses_are_built_from_the_issuer_whatever_host_says(http: httpx.Client, app: Flask) -> None:
    """A Host header of an attacker's reaches no redirect."""
    answer = http.get("/console", headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in answer.headers.get("location", "") + answer.text


def test_a_page_without_a_form_sets_no_cookie(http: httpx.Client) -> None:
    """The browser cookie comes with the first page that needs it."""
    assert "set-cookie" not in http.get(PAGE).headers


def test_the_browser_cookie_is_ours_alone(app: Flask, new_browser: NewBrowser) -> None:
    """RFC 6265bis section 4.1.3.2: `__Host-`, Secure, HttpOnly, SameSite=Lax, for the whole site."""
    cookie = _with_form(app, new_browser).headers["set-cookie"]
    assert re.match(r"__Host-idp_browser=[\w-]{43};", cookie)
    for attribute in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=34560000"):
        assert attribute in cookie
    assert "Domain" not in cookie


@pytest.mark.settings(issuer="http://127.0.0.1:8000")
def test_in_development_the_cookie_goes_over_http(app: Flask, new_browser: NewBrowser) -> None:
    """Neither Secure nor `__Host-`: a browser would not send it back."""
    cookie = _with_form(app, new_browser).headers["set-cookie"]
    assert cookie.startswith("idp_browser=")
    assert "Secure" not in cookie


@pytest.mark.parametrize("chosen", ["short", "x" * 44, "é" * 43, "../../etc"])
def test_an_odd_cookie_is_replaced(app: Flask, new_browser: NewBrowser, chosen: str) -> None:
    """Only what we could have made is taken for ours."""
    answer = _with_form(app, new_browser, Cookie=f"__Host-idp_browser={chosen}".encode())
    assert chosen not in answer.headers["set-cookie"]


def _with_form(app: Flask, new_browser: NewBrowser, **headers: bytes) -> httpx.Response:
    """An answer with a form on it."""

    @app.get("/a-form")
    def form() -> str:
        return app.jinja_env.from_string("{{ csrf_token() }}").render()

    return new_browser().http.get("/a-form", headers=[(name.encode(), value) for name, value in headers.items()])
