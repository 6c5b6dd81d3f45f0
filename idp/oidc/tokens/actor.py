"""Working for a tenant that is not one's own: by which right, and what the tokens say of it.

An accountant is a member, and the tokens say nothing special. The helpdesk acts by the access that the tenant gave it, and
its tokens have the claim `act` (RFC 8693 section 4.1) with the helper as the acting party.

`sub` is the helper too, and not the administrator who gave the access: OpenID Connect says in `sub` who logged in, and
an application that knows nothing of `act` must meet somebody whom it does not know (`user_type` "support") and never take
a helper for the administrator.
"""

import uuid
from typing import Any

from idp.login.flow import page_guard
from idp.login.flow.entry import Login
from idp.oidc.models import Client
from idp.oidc.userinfo.subjects import subject_of
from idp.tenancy import membership, support_access


def right_of(login: Login) -> uuid.UUID | None:
    """The membership or the access by which the person works for the tenant; None at home."""
    if page_guard.helps(login):
        access = support_access.of(login.tenant.id)
        return access.id if access else None
    return membership.id_of(login.user.id, login.tenant.id)


def act_of(login: Login, client: Client) -> dict[str, Any]:
    """The claim `act`, where the person acts for the helpdesk: the name that this application knows them by."""
    return {"act": {"sub": subject_of(client, login.user.id)}} if page_guard.helps(login) else {}


def keep_look(login: Login, application: str) -> None:
    """Keep in the tenant's history that the helpdesk opened an application. The caller commits."""
    if page_guard.helps(login):
        support_access.looked(login.tenant.id, login.user.id, login.user.name, application)
