"""What the console says to write in an application's code, run as it is printed.

Only what the page says to fill in is filled in: the two secrets, from the environment.
"""

import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from idp.console.applications import how_to_connect
from idp.console.applications.how_to_connect import Way
from idp.oidc.models import Client
from idp.platform.extensions import db
from tests.interop import installed
from tests.interop.conftest import Case, Somebody, Tab, running
from tests.interop.test_mod_auth_openidc import MODULES, NEEDED
from tests.support.page import Page
from tests.support.postgres import free_port
from tests.support.relying_party import RelyingParty, Tokens
from tests.support.server import Server, surroundings
from tests.support.world import KnownClient

FRONT = """
from django.http import JsonResponse
from django.middleware.csrf import get_token

def front(request):
    get_token(request)
    return JsonResponse({"email": getattr(request.user, "email", None)})

"""
"""A page of the Django site that says who is logged in."""

SERVER = """
ServerRoot {place}
PidFile {place}/pid
ErrorLog {place}/application.log
Listen 127.0.0.1:{port}
ServerName 127.0.0.1
{modules}
{user}
DocumentRoot {place}/site
<Directory {place}/site>
  Require all granted
</Directory>
Include {place}/informer.conf
<Location /free>
  AuthType None
  Require all granted
</Location>
Header set X-Name "expr=%{{reqenv:OIDC_CLAIM_name}}"
"""


def printed(live: Server, client: KnownClient, name: str) -> Way:
    """The way of that name for the application."""
    with live.app.app_context():
        row = db.session.scalars(sa.select(Client).where(Client.client_id == client.client_id)).one()
        (way,) = [way for way in how_to_connect.ways(row) if way.name == name]
        db.session.remove()
        assert way.registered or way.api
        assert not way.nameless
        return way


def module_of(text: str, name: str) -> ModuleType:
    """A Python text as the module that its reader makes of it."""
    module = ModuleType(name)
    exec(compile(text, f"{name}.py", "exec"), module.__dict__)
    return module


def filled_in(client: KnownClient) -> Mapping[str, str]:
    """What the page says to fill in."""
    return {"INFORMER_CLIENT_SECRET": client.client_secret or "", "SECRET_KEY": secrets.token_hex(16)}


@pytest.fixture
def flask_application(case: Case, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """The application of the text for Flask, and a browser of its own that is there."""
    for name, value in filled_in(case.client).items():
        monkeypatch.setenv(name, value)
    application: Flask = module_of(printed(case.live, case.client, "flask").texts[0].text, "app").app
    where = urlsplit(case.client.redirect_uri)
    application.config.update(SERVER_NAME=where.netloc, PREFERRED_URL_SCHEME=where.scheme)
    return application.test_client()


def test_flask(case: Case, flask_application: FlaskClient) -> None:
    """Whoever is not logged in is led to the login, and comes back with a name; logged out there and here, and back."""
    there = flask_application
    assert there.get("/me").headers["Location"] == "/login"
    browser = case.live.browser().get(there.get("/login").headers["Location"]).login(case.anna)
    assert there.get(browser.landed or "").headers["Location"] == "/me"
    assert there.get("/me").json["name"] == case.anna.name  # type: ignore[index]
    browser.get(there.get("/logout").headers["Location"])
    assert browser.landed == case.client.registration["post_logout_redirect_uris"][0]
    assert there.get("/me").headers["Location"] == "/login"
    assert browser.get("/account/").step == "password"


def test_flask_and_cancel(case: Case, flask_application: FlaskClient) -> None:
    """RFC 6749 section 4.1.2.1: a person who presses Cancel is told that they are not logged in; nothing breaks."""
    there = flask_application
    browser = case.live.browser().get(there.get("/login").headers["Location"])
    browser.press("Cancel")
    answer = there.get(browser.landed or "")
    assert (answer.status_code, answer.json) == (403, {"error": "access_denied"})
    assert there.get("/me").headers["Location"] == "/login"


def test_api_in_flask(case: Case) -> None:
    """RFC 9068 section 4: the application's access tokens are taken; an ID token, another's token and a made-up one not."""
    api: Flask = module_of(printed(case.live, case.client, "api_flask").texts[0].text, "api").app
    tokens = _tokens_for(case, case.client)
    other = _tokens_for(case, case.live.new_world().client("other", audience="https://other.example"))

    def called(token: str) -> int:
        return api.test_client().get("/me", headers={"Authorization": f"Bearer {token}"}).status_code

    answer = api.test_client().get("/me", headers={"Authorization": f"Bearer {tokens.access_token}"})
    assert answer.json == {"sub": str(case.anna.id), "tenant": case.anna.tenant.slug}
    made_up = [tokens.id_token, other.access_token, f"{tokens.access_token}x", "x", ""]
    assert [called(token) for token in made_up] == [401] * 5
    assert api.test_client().get("/me").status_code == 401


def _tokens_for(case: Case, client: KnownClient) -> Tokens:
    """What an application gets for Anna."""
    browser = case.live.browser()
    rp = RelyingParty(browser.http, client, case.anna.now)
    return rp.finish(browser.get(rp.authorize_url()).login(case.anna))


@pytest.mark.foreign
def test_django(somebody: Somebody, tmp_path: Path) -> None:
    """A new site with both texts at the end of its files: whoever goes to the login comes back with an address."""
    packages, port = installed.pip("mozilla_django_oidc") / "packages", free_port()
    address = f"http://127.0.0.1:{port}"
    client = somebody.world.client(
        "django", redirect_uris=[f"{address}/oidc/callback/"], post_logout_redirect_uris=[f"{address}/"]
    )
    settings, urls = (text.text for text in printed(somebody.live, client, "django").texts)
    front = f"{FRONT}urlpatterns += [path('', front)]\n{urls}"
    with django_site(tmp_path, packages, address, filled_in(client), settings, front):
        tab = somebody.tab
        assert tab.go(f"{address}/").json() == {"email": None}
        away = tab.browser.http.get(f"{address}/oidc/authenticate/", follow_redirects=False).headers["location"]
        tab.browser.get(away).press("Cancel")
        assert tab.go(tab.browser.landed or "").json() == {"email": None}
        assert tab.go(f"{address}/oidc/authenticate/").json() == {"email": somebody.anna.email}
        token = tab.browser.http.cookies["csrftoken"]
        out = tab.browser.http.post(
            f"{address}/oidc/logout/", data={"csrfmiddlewaretoken": token}, follow_redirects=False
        )
        assert tab.go(out.headers["location"]).json() == {"email": None}
        assert tab.browser.get("/account/").step == "password"


@contextmanager
def django_site(
    place: Path, packages: Path, address: str, filled: Mapping[str, str], settings: str, urls: str
) -> Iterator[None]:
    """A new site with these texts at the end of its files, running."""
    variables = {**surroundings(), "PYTHONPATH": str(packages), **filled}

    def run(*words: str) -> None:
        command = [sys.executable, *words]
        subprocess.run(command, env=variables, cwd=place, check=True, capture_output=True, timeout=installed.PATIENCE)

    run("-m", "django", "startproject", "site1", ".")
    _append(place / "site1" / "platform/settings.py", settings)
    _append(place / "site1" / "urls.py", urls)
    run("manage.py", "migrate")
    command = [sys.executable, "manage.py", "runserver", "--noreload", urlsplit(address).netloc]
    with running(command, variables, address, place):
        yield


@pytest.mark.foreign
def test_node(somebody: Somebody, tmp_path: Path) -> None:
    """A page for known people: the login, the person's claims; logged out there and here."""
    place, port = installed.npm("express_openid_connect"), free_port()
    address = f"http://127.0.0.1:{port}"
    client = somebody.world.client(
        "express", redirect_uris=[f"{address}/callback"], post_logout_redirect_uris=[f"{address}/healthy"]
    )
    (tmp_path / "node_modules").symlink_to(place / "node_modules")
    front = 'app.get(["/", "/healthy"], (request, response) => response.send("front"));\n'
    text = printed(somebody.live, client, "node").texts[0].text
    (tmp_path / "app.mjs").write_text(text.replace("app.get(", f"{front}app.get(", 1))
    variables = {"PATH": os.environ["PATH"], "PORT": str(port), **filled_in(client)}
    with running(["node", "app.mjs"], variables, address, tmp_path):
        tab = somebody.tab
        away = tab.browser.http.get(f"{address}/me", follow_redirects=False).headers["location"]
        tab.browser.get(away).press("Cancel")
        refused = tab.go(tab.browser.landed or "")
        assert (refused.status_code, refused.json()) == (400, {"error": "access_denied"})
        assert tab.go(f"{address}/me").json()["email"] == somebody.anna.email
        assert str(tab.go(f"{address}/logout").url) == f"{address}/healthy"
        assert tab.browser.get("/account/").step == "password"


@pytest.mark.foreign
def test_authjs(somebody: Somebody, tmp_path: Path) -> None:
    """The login by the library's own page, the person's name and address from userinfo; Cancel leads back there."""
    place, port = installed.npm("authjs"), free_port()
    address = f"http://127.0.0.1:{port}"
    client = somebody.world.client("authjs", redirect_uris=[f"{address}/auth/callback/informer"])
    (tmp_path / "node_modules").symlink_to(place / "node_modules")
    (tmp_path / "app.mjs").write_text(printed(somebody.live, client, "authjs").texts[0].text)
    variables = {"PATH": os.environ["PATH"], "PORT": str(port), **filled_in(client)}
    with running(["node", "app.mjs"], variables, f"{address}/auth/providers?", tmp_path):
        tab = somebody.tab
        there = _auth_js_login(tab, address)
        tab.browser.get(there).press("Cancel")
        assert tab.go(tab.browser.landed or "").url.path == "/auth/signin"
        assert tab.go(_auth_js_login(tab, address)).url.path == "/"
        told = tab.go(f"{address}/me").json()
        assert (told["name"], told["email"]) == (somebody.anna.name, somebody.anna.email)


def _auth_js_login(tab: Tab, address: str) -> str:
    """Where the button of Auth.js's own page sends the browser."""
    token = tab.browser.http.get(f"{address}/auth/csrf").json()["csrfToken"]
    answer = tab.browser.http.post(
        f"{address}/auth/signin/informer",
        data={"csrfToken": token, "callbackUrl": f"{address}/"},
        follow_redirects=False,
    )
    return str(answer.headers["location"])


@pytest.mark.foreign
def test_allauth(somebody: Somebody, tmp_path: Path) -> None:
    """A new site with the text at the end of its settings: whoever goes to the login comes back with an address."""
    packages, port = installed.pip("django_allauth") / "packages", free_port()
    address = f"http://127.0.0.1:{port}"
    client = somebody.world.client("allauth", redirect_uris=[f"{address}/accounts/oidc/informer/login/callback/"])
    (text,) = printed(somebody.live, client, "allauth").texts
    urls = f"{FRONT}from django.urls import include\nurlpatterns += [path('', front), path('accounts/', include('allauth.urls'))]\n"
    with django_site(tmp_path, packages, address, filled_in(client), text.text, urls):
        tab = somebody.tab
        form = {"csrfmiddlewaretoken": _csrf(tab, f"{address}/accounts/oidc/informer/login/")}
        away = tab.browser.http.post(f"{address}/accounts/oidc/informer/login/", data=form, follow_redirects=False)
        tab.browser.get(away.headers["location"]).press("Cancel")
        assert tab.go(tab.browser.landed or "").url.path == "/accounts/3rdparty/login/cancelled/"
        away = tab.browser.http.post(f"{address}/accounts/oidc/informer/login/", data=form, follow_redirects=False)
        assert tab.go(away.headers["location"]).json() == {"email": somebody.anna.email}


def _csrf(tab: Tab, address: str) -> str:
    """The token of the form on a page of Django's."""
    return str(Page(tab.browser.http.get(address).text, address).one("[name=csrfmiddlewaretoken]")["value"])


@pytest.mark.foreign
def test_spring(somebody: Somebody, tmp_path: Path) -> None:
    """Spring Boot: the login, the person's address; Cancel ends on its own page; logged out there and here, and back."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    client = somebody.world.client(
        "spring",
        redirect_uris=[f"{address}/login/oauth2/code/informer"],
        post_logout_redirect_uris=[f"{address}/me"],
    )
    with spring_application(tmp_path, port, printed(somebody.live, client, "spring"), filled_in(client), 302):
        tab = somebody.tab
        there = tab.browser.http.get(f"{address}/oauth2/authorization/informer", follow_redirects=False)
        tab.browser.get(there.headers["location"]).press("Cancel")
        refused = tab.go(tab.browser.landed or "")
        assert refused.url == f"{address}/login?error"
        told = tab.go(f"{address}/me").json()
        assert told["email"] == somebody.anna.email
        out = tab.browser.http.post(f"{address}/logout", data={"_csrf": told["csrf"]}, follow_redirects=False)
        tab.browser.get(out.headers["location"])
        assert (tab.browser.landed, tab.browser.get("/account/").step) == (f"{address}/me", "password")


@pytest.mark.foreign
def test_api_in_spring(case: Case, tmp_path: Path) -> None:
    """RFC 9068 section 4, in Spring Boot: the application's access tokens are taken; an ID token and another's are not."""
    port = free_port()
    with spring_application(tmp_path, port, printed(case.live, case.client, "api_spring"), {}, 401):
        tokens = _tokens_for(case, case.client)
        other = _tokens_for(case, case.live.new_world().client("other", audience="https://other.example"))

        def called(token: str) -> httpx.Response:
            headers = {"Authorization": f"Bearer {token}"}
            return httpx.get(f"http://127.0.0.1:{port}/me", headers=headers, trust_env=False, timeout=30)

        assert called(tokens.access_token).json() == {"sub": str(case.anna.id)}
        refused = [tokens.id_token, other.access_token, f"{tokens.access_token}x"]
        assert [called(token).status_code for token in refused] == [401] * 3


@contextmanager
def spring_application(place: Path, port: int, way: Way, filled: Mapping[str, str], status: int) -> Iterator[None]:
    """A Spring Boot application with the texts in the files that they name, running."""
    at = {"application.yml": "src/main/resources/application.yml"}
    jar = installed.maven("spring", place, {at.get(text.file, text.file): text.text for text in way.texts})
    variables = {**surroundings(), **filled, "SERVER_PORT": str(port), "SERVER_ADDRESS": "127.0.0.1"}
    with running(["java", "-Xmx256m", "-jar", str(jar)], variables, f"http://127.0.0.1:{port}", place, status):
        yield


@pytest.mark.foreign
def test_oauth2_proxy(somebody: Somebody, tmp_path: Path) -> None:
    """A site behind the proxy learns who is there; Cancel ends on its own page; logged out there and here, and back."""
    program, port = installed.go("github.com/oauth2-proxy/oauth2-proxy/v7@v7.15.6"), free_port()
    address = f"http://127.0.0.1:{port}"
    client = somebody.world.client(
        "proxy", redirect_uris=[f"{address}/oauth2/callback"], post_logout_redirect_uris=[f"{address}/ping"]
    )
    text = printed(somebody.live, client, "oauth2_proxy").texts[0].text
    (tmp_path / "informer-secret").write_text(client.client_secret or "")
    (tmp_path / "cookie-secret").write_text(secrets.token_hex(16))
    here = text.replace("/etc/oauth2-proxy/", f"{tmp_path}/").replace("http://127.0.0.1:8080/", "static://202")
    (tmp_path / "proxy.cfg").write_text(f'{here}\nhttp_address = "127.0.0.1:{port}"\ncookie_secure = false\n')
    command = [str(program), "--config", str(tmp_path / "proxy.cfg")]
    with running(command, surroundings(), f"{address}/ping?", tmp_path):
        tab = somebody.tab
        there = tab.browser.http.get(f"{address}/oauth2/start?rd=/", follow_redirects=False).headers["location"]
        tab.browser.get(there).press("Cancel")
        assert tab.go(tab.browser.landed or "").status_code == 403
        tab.go(f"{address}/oauth2/start?rd=/oauth2/userinfo")
        assert tab.go(f"{address}/oauth2/userinfo").json()["email"] == somebody.anna.email
        (out,) = re.findall(r"/oauth2/sign_out\?rd=\S+", text)
        left = tab.browser.http.get(address + out, follow_redirects=False).headers["location"]
        tab.browser.get(left).press("Log out")
        assert (tab.browser.landed, tab.browser.get("/account/").step) == (f"{address}/ping", "password")


@pytest.mark.foreign
def test_apache(somebody: Somebody) -> None:
    """A site behind it: the whole of it is for known people, and it learns who they are."""
    installed.debian(str(MODULES / "mod_auth_openidc.so"), "apache2-bin", "libapache2-mod-auth-openidc")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    client = somebody.world.client("apache", redirect_uris=[f"{address}/redirect"])
    with _apache_place() as place:
        (place / "informer.conf").write_text(printed(somebody.live, client, "apache").texts[0].text)
        configuration = SERVER.format(
            place=place,
            port=port,
            modules="\n".join(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in NEEDED),
            user="User www-data\nGroup www-data" if os.geteuid() == 0 else "",
        )
        (place / "apache.conf").write_text(configuration)
        command = ["/usr/sbin/apache2", "-f", str(place / "apache.conf"), "-DFOREGROUND"]
        with running(command, {**surroundings(), **filled_in(client)}, f"{address}/free", place):
            seen = somebody.tab.go(f"{address}/")
            assert (seen.text, seen.headers["X-Name"]) == ("only who is known", somebody.anna.name)


@contextmanager
def _apache_place() -> Iterator[Path]:
    """A folder that Apache's own user may read, with a site in it."""
    place = Path(tempfile.mkdtemp(prefix="apache-"))
    try:
        place.chmod(0o755)
        (place / "site" / "free").mkdir(parents=True)
        (place / "site" / "index.html").write_text("only who is known")
        (place / "site" / "free" / "index.html").write_text("free")
        yield place
    finally:
        shutil.rmtree(place)


def _append(file: Path, text: str) -> None:
    file.write_text(f"{file.read_text()}\n{text}")
