"""What is told about a person (OpenID Connect Core section 5): standard claims, and those of the house.

    openid    sub, tenant, tenant_name, user_type         always: a token is of a person at work for a tenant
    profile   name, preferred_username, locale, zoneinfo, updated_at; given_name, family_name where the person said them
    email     email, email_verified                       what idp/accounts/users/mailbox.py knows
    phone     phone_number, phone_number_verified         where the company told a number
    address   address                                     where the company told one

What a scope asks is told at the UserInfo endpoint (section 5.4); the `claims` parameter asks for single ones in
either place. Which of them an application gets is decided in `claim_selection.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp.accounts.models import User
from idp.accounts.users import mailbox
from idp.oidc.models import Client
from idp.oidc.tokens.authorizations import Authorization
from idp.oidc.userinfo.subjects import subject_of
from idp.tenancy.models import Tenant


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the claims are about and whom they are told to: a user at work for a tenant, what their login was worth."""

    client: Client

    user: User
    tenant: Tenant
    login: Mapping[str, Any]

    @classmethod
    def of(cls, a: Authorization) -> Person:
        """The person of an authorization."""
        return cls(a.grant.client, a.user, a.tenant, a.grant.login)


_CLAIMS: Final[Mapping[str, Callable[[Person], Any]]] = {
    "sub": lambda p: subject_of(p.client, p.user.id),
    "tenant": lambda p: p.tenant.slug,
    "tenant_name": lambda p: p.tenant.name,
    "user_type": lambda p: p.user.type.value,
    "name": lambda p: p.user.name,
    "given_name": lambda p: p.user.given_name,
    "family_name": lambda p: p.user.family_name,
    "preferred_username": lambda p: p.user.username,
    "locale": lambda p: p.user.locale or p.tenant.locale,
    "zoneinfo": lambda p: p.user.zoneinfo or p.tenant.timezone,
    "updated_at": lambda p: int(p.user.updated_at.timestamp()),
    "email": lambda p: p.user.email,
    "email_verified": lambda p: mailbox.is_confirmed(p.user),
    "phone_number": lambda p: p.user.phone,
    "phone_number_verified": lambda p: None if p.user.phone is None else False,
    "address": lambda p: p.user.address,
    "acr": lambda p: p.login["acr"],
    "amr": lambda p: p.login["amr"],
    "auth_time": lambda p: p.login["auth_time"],
}

OF_SCOPE: Final[Mapping[str, tuple[str, ...]]] = {
    "openid": ("sub", "tenant", "tenant_name", "user_type"),
    "profile": ("name", "given_name", "family_name", "preferred_username", "locale", "zoneinfo", "updated_at"),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
    "address": ("address",),
}
SCOPE_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(("acr", "amr", "auth_time"), "openid"),
    **{name: scope for scope, names in OF_SCOPE.items() for name in names},
}
"""The scope that each claim counts for, whoever asks; those about the login come with every ID token (section 2)."""
SUPPORTED: Final = tuple(_CLAIMS)


def of_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """The names that the scopes ask for."""
    return tuple(name for scope in scopes for name in OF_SCOPE.get(scope, ()))


def told(person: Person, names: Iterable[str]) -> dict[str, Any]:
    """The claims of those names, as far as there are any; an unknown name is no error (section 5.5.1)."""
    found = {name: _CLAIMS[name](person) for name in dict.fromkeys(names) if name in _CLAIMS}
    return {name: value for name, value in found.items() if value is not None}
