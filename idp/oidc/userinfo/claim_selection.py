"""Which claims an application gets: one decision, for every place that tells any.

    request ─▶ wanted(): the scopes asked, and those of the claims asked by name ─▶ consent.py: owed, shown, remembered
        └────▶ named(): the claims asked by name whose scope is registered; the rest is left out ─▶ kept with the grant
                                                                                                     │
    authorization, scope of the token ───────────────────▶ selected() ◀───────────────────────────────┘
                                                              │   permitted(): registered now, and allowed by the person
                                                              │              (of a first-party application: registered)
                       id_token.py · userinfo.py · introspection.py

A claim is told only where its scope is permitted, whether the scope asks for it (OpenID Connect Core section 5.4) or the
`claims` parameter does (section 5.5). That it is left out is no error, essential or not (section 5.5.1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from idp.oidc.authorization.claims_parameter import RequestedClaims
from idp.oidc.clients import metadata
from idp.oidc.tokens.authorizations import Authorization
from idp.oidc.userinfo.claims import OF_SCOPE, SCOPE_OF, of_scopes


@dataclass(frozen=True, slots=True)
class Selection:
    """The names of the claims about a person that are told in each place."""

    id_token: tuple[str, ...] = ()
    userinfo: tuple[str, ...] = ()


def permitted(registered: Iterable[str], allowed: str | None, *, first_party: bool) -> frozenset[str]:
    """The scopes whose claims an application may have: registered, and `allowed` by the person unless it is first-party."""
    scopes = frozenset(registered)
    return scopes if first_party else scopes & frozenset((allowed or "").split())


def select(scope: Collection[str], named: Mapping[str, Collection[str]], may: Collection[str]) -> Selection:
    """What is told for this scope and the claims asked by name, of the scopes that are permitted.

    What comes with `openid` always comes with it: no token is of nobody (section 2), and no application can serve a
    person without their tenant. Without `openid` there is neither an ID token nor userinfo.
    """
    if "openid" not in scope:
        return Selection()
    by_scope = of_scopes(name for name in scope if name in may)
    return Selection(
        id_token=_once(OF_SCOPE["openid"], _of(named.get("id_token", ()), may)),
        userinfo=_once(OF_SCOPE["openid"], by_scope, _of(named.get("userinfo", ()), may)),
    )


def selected(a: Authorization, scope: Collection[str]) -> Selection:
    """What is told of the person of this authorization, for a token of this scope, by what holds at this moment."""
    return select(scope, a.grant.request["claims"], permitted_now(a))


def permitted_now(a: Authorization) -> frozenset[str]:
    """The scopes whose claims the application of this authorization may have at this moment."""
    client = a.grant.client
    registered = metadata.read(client.registration).scope
    return permitted(registered, a.allowed_scope, first_party=client.first_party)


def named(requested: RequestedClaims, scope: Collection[str], registered: Collection[str]) -> dict[str, list[str]]:
    """Of the claims asked by name those that can be told, for each place: there is one, and its scope is registered."""
    may = registered if "openid" in scope else ()
    return {place: list(_of(names, may)) for place, names in requested.names.items()}


def wanted(scope: Iterable[str], named_claims: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The scopes that a request counts for when a person is asked: those it names, and those of the claims it names."""
    return _once(scope, (SCOPE_OF[name] for names in named_claims.values() for name in names))


def _of(names: Iterable[str], scopes: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in names if SCOPE_OF.get(name) in scopes)


def _once(*parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for part in parts for name in part))
