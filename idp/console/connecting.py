"""How to connect an application: for each framework what to write, with the application's own values in it.

The texts stand in templates/console/snippets, one for each way; which ways an application has depends on its kind.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import render_template

from idp import settings
from idp.console.applications import one_of
from idp.login.gate import Login
from idp.login.own_pages import render
from idp.oidc import registration
from idp.oidc.models import Client

_SERVER = (
    ("flask", "Flask (Python)", "app.py"),
    ("django", "Django (Python)", "settings.py, urls.py"),
    ("node", "Express (Node.js)", "app.mjs"),
    ("spring", "Spring Boot (Java)", "application.yml"),
    ("dotnet", "ASP.NET Core (C#)", "Program.cs"),
    ("oauth2_proxy", "oauth2-proxy", "oauth2-proxy.cfg"),
    ("apache", "Apache mod_auth_openidc", "informer.conf"),
)
_BROWSER = (("browser", "oidc-client-ts (JavaScript)", "login.js"),)
_DEVICE = (("device", "AppAuth", ""),)


@dataclass(frozen=True, slots=True)
class Way:
    """One way: its name, the file that the text belongs in, and the text."""

    name: str
    title: str
    file: str
    text: str


def connect_application(login: Login, row_id: uuid.UUID) -> str:
    """Show what to write in the application's code."""
    client = one_of(login, row_id)
    return render("console/application_connect.html", login, client=client, ways=ways(client))


def ways(client: Client) -> Sequence[Way]:
    """The ways that fit this application."""
    which = registration.read(client.registration)
    fitting = _SERVER if which.confidential else _DEVICE if which.application_type == "native" else _BROWSER
    address = which.redirect_uris[0] if which.redirect_uris else ""
    parts = urlsplit(address)
    values = {
        "client_id": client.client_id,
        "issuer": settings.current().issuer,
        "redirect_uri": address,
        "path": parts.path or "/",
        "origin": f"{parts.scheme}://{parts.netloc}",
    }
    return [
        Way(name, title, file, render_template(f"console/snippets/{name}.txt", **values))
        for name, title, file in fitting
    ]
