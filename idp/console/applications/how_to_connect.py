"""How to connect an application: for each framework what to write, with the application's own values in it.

The texts stand in templates/console/snippets; which ways an application has depends on its kind. A framework that decides
itself where people come back to says so (`comes_back_at`): where that address is not registered, the page says it is missing.
One that looks for a name in the ID token alone says that too (`reads_id_token`). What takes tokens and logs nobody in is an API:
nobody comes back to it.
"""

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from flask import render_template
from flask_babel import lazy_gettext as _l

from idp.console.applications.applications import one_of
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.oidc.clients import metadata
from idp.oidc.clients.metadata import Registration
from idp.oidc.models import Client
from idp.platform import settings

EXAMPLE: Final = "https://application.example/callback"
"""Where people come back to, of an application that names no address, or none that can stand in code."""
_PLAIN: Final = re.compile(r"[^\"'`\\$<>{}]+")


@dataclass(frozen=True, slots=True)
class Framework:
    """One way, and the texts that it takes: (name of the text, the file that it belongs in).

    `reads_id_token`: it looks nowhere else for who somebody is. `api`: it takes the application's access tokens.
    """

    name: str
    title: Any
    texts: tuple[tuple[str, Any], ...]
    comes_back_at: str | None = None
    reads_id_token: bool = False
    api: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """What to write in which file."""

    name: str
    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Way:
    """One way for one application, and the address that people come back to. `registered`: whether it is known here.

    `nameless`: it looks in the ID token for a name, and this application is not registered to find one there.
    """

    name: str
    title: str
    api: bool
    callback: str
    registered: bool
    nameless: bool
    texts: Sequence[Text]


_SERVER: Final = (
    Framework("flask", "Flask (Python)", (("flask", "app.py"),)),
    Framework(
        "django",
        "Django (Python)",
        (("django_settings", _l("at the end of platform/settings.py")), ("django_urls", _l("at the end of urls.py"))),
        "/oidc/callback/",
    ),
    Framework(
        "allauth",
        "django-allauth (Python)",
        (("allauth", _l("at the end of platform/settings.py")),),
        "/accounts/oidc/informer/login/callback/",
    ),
    Framework(
        "streamlit",
        "Streamlit (Python)",
        (("streamlit", ".streamlit/secrets.toml"),),
        "/oauth2callback",
        reads_id_token=True,
    ),
    Framework("node", "Express (Node.js)", (("node", "app.mjs"),)),
    Framework("authjs", "Auth.js (Node.js)", (("authjs", "app.mjs"),), "/auth/callback/informer"),
    Framework(
        "spring",
        "Spring Boot (Java)",
        (("spring_settings", "application.yml"), ("spring_security", "InformerLogin.java")),
        "/login/oauth2/code/informer",
    ),
    Framework("dotnet", "ASP.NET Core (C#)", (("dotnet", "Program.cs"),)),
    Framework("oauth2_proxy", "oauth2-proxy", (("oauth2_proxy", "oauth2-proxy.cfg"),), "/oauth2/callback"),
    Framework("apache", "Apache mod_auth_openidc", (("apache", "/etc/apache2/conf-available/informer.conf"),)),
    Framework("jupyterhub", "JupyterHub", (("jupyterhub", "jupyterhub_config.py"),), "/hub/oauth_callback"),
    Framework("pgadmin", "pgAdmin", (("pgadmin", "config_local.py"),), "/oauth2/authorize"),
)
_BROWSER: Final = (Framework("browser", "oidc-client-ts (JavaScript)", (("browser", "login.js"),)),)
_DEVICE: Final = (Framework("device", "AppAuth", (("device", ""),)),)
_APIS: Final = (
    Framework("api_flask", _l("An API in Flask (Python)"), (("api_flask", "api.py"),), api=True),
    Framework(
        "api_spring",
        _l("An API in Spring Boot (Java)"),
        (("api_spring_settings", "application.yml"), ("api_spring", "InformerTokens.java")),
        api=True,
    ),
)


def connect_application(login: Login, row_id: uuid.UUID) -> str:
    """Show what to write in the application's code."""
    client = one_of(login, row_id)
    return render("console/application_connect.html", login, client=client, ways=ways(client))


def ways(client: Client) -> Sequence[Way]:
    """The ways that fit this application."""
    which = metadata.read(client.registration)
    fitting = _SERVER if which.confidential else _DEVICE if which.application_type == "native" else _BROWSER
    return [_way(framework, client, which) for framework in (*fitting, *_APIS)]


def _way(framework: Framework, client: Client, which: Registration) -> Way:
    callback = _callback(which.redirect_uris, framework.comes_back_at)
    values = _values(client, which, callback)
    texts = [
        Text(name, str(file), render_template(f"console/snippets/{name}.txt", **values))
        for name, file in framework.texts
    ]
    return Way(
        framework.name,
        str(framework.title),
        framework.api,
        callback,
        callback in which.redirect_uris,
        framework.reads_id_token and not which.id_token_includes_userinfo,
        texts,
    )


def _values(client: Client, which: Registration, callback: str) -> Mapping[str, Any]:
    issuer, after_logout = settings.current().issuer, next(_plain(which.post_logout_redirect_uris), None)
    in_header = "client_secret_basic" in which.accepted_auth_methods
    return {
        "client_id": client.client_id,
        "first_party": client.first_party,
        "issuer": issuer,
        "issuer_host": urlsplit(issuer).netloc,
        "algorithm": which.id_token_signed_response_alg,
        "in_header": in_header,
        "secret_method": "client_secret_basic" if in_header else "client_secret_post",
        "audience": next(_plain(which.audience), issuer),
        "callback": callback,
        "leaves_to_callback": callback in which.post_logout_redirect_uris,
        "path": urlsplit(callback).path or "/",
        "origin": _origin(callback),
        "after_logout": after_logout,
        "after_logout_path": urlsplit(after_logout or "").path or "/",
        "logout": _logout(issuer, client.client_id, after_logout),
    }


def _logout(issuer: str, client_id: str, after_logout: str | None) -> str:
    """Where the browser goes to log out, without the ID token that would spare its person a question."""
    goes_on = {} if after_logout is None else {"post_logout_redirect_uri": after_logout}
    return f"{issuer}/logout?{urlencode({'client_id': client_id, **goes_on})}"


def _callback(registered: Sequence[str], path: str | None) -> str:
    """Return the registered address that the framework comes back at, or else the one that is to be registered."""
    plain = list(_plain(registered)) or [EXAMPLE]
    if path is None:
        return plain[0]
    return next((uri for uri in plain if uri == _origin(uri) + path), _origin(plain[0]) + path)


def _plain(uris: Sequence[str]) -> Iterator[str]:
    """Yield those without a sign that means something in the code around them."""
    return (uri for uri in uris if _PLAIN.fullmatch(uri))


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}"
