"""What one user of the company would be asked: the reasons that `idp explain` prints, on a page that changes nothing.

    address (as we see the administrator, at first) · application · level ─▶ oidc/authorization/simulate.py ─▶ each step and why

The applications are those that the company's people may log in to; another company's is as unknown as none.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from idp.accounts.models import User
from idp.console import permissions
from idp.login.core.types import ACR, Level
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.login.trust.network import current_address
from idp.oidc.authorization.simulate import Foreseen, Question, foresee
from idp.oidc.clients.repository import RegisteredClient, by_client_id, open_to
from idp.oidc.models import Client

MOST_APPLICATIONS = 200
LEVELS: Mapping[str, Any] = {
    "": _l("Nothing in particular"),
    ACR[Level.PASSWORD]: _l("Password"),
    ACR[Level.SECURITY_CODE]: _l("Security code"),
    ACR[Level.TWO_FACTOR]: _l("Two-factor authentication"),
    ACR[Level.PHISHING_RESISTANT]: _l("Passkey"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The form as it was sent, or as it begins."""

    address: str
    application: str
    acr: str


@dataclass(frozen=True, slots=True)
class SimulatorPage:
    """What the page shows. `foreseen` None: `error` says what is wrong with the question."""

    user: User
    asked: Asked
    applications: Sequence[Client]
    levels: Mapping[str, Any]
    foreseen: Foreseen | None
    error: str | None


def simulator(login: Login, user_id: uuid.UUID) -> ResponseReturnValue:
    """Say what the user would be asked."""
    user, asked = permissions.person(login, user_id), _asked()
    question = _question(login, asked)
    wrong = question if isinstance(question, str) else None
    page = SimulatorPage(
        user=user,
        asked=asked,
        applications=open_to(login.tenant.id, MOST_APPLICATIONS),
        levels=LEVELS,
        foreseen=foresee(user, question) if isinstance(question, Question) else None,
        error=wrong,
    )
    shown = render("console/simulator.html", login, page=page)
    return shown, HTTPStatus.BAD_REQUEST if wrong else HTTPStatus.OK


def _asked() -> Asked:
    """Each field once; without an address the one of whoever asks."""
    sent = {name: request.args.getlist(name) for name in ("address", "application", "acr")}
    once = {name: values[0].strip() if len(values) == 1 else "" for name, values in sent.items()}
    return Asked(once["address"] or current_address() or "", once["application"], once["acr"])


def _question(login: Login, asked: Asked) -> Question | str:
    """The question, or what is wrong with it."""
    try:
        address = str(ip_address(asked.address))
    except ValueError:
        return str(_("This is not an IP address. One looks like 203.0.113.7 or 2001:db8::1."))
    application = _application(login, asked.application)
    if asked.application and application is None:
        return str(_("There is no such application."))
    if asked.acr not in LEVELS:
        return str(_("Choose what the application asks for."))
    return Question(address, application, asked.acr or None)


def _application(login: Login, client_id: str) -> RegisteredClient | None:
    found = by_client_id(client_id)
    return found if found and found.tenant in {None, login.tenant.slug} else None
