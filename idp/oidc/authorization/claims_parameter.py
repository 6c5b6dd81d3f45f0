"""The `claims` request parameter (OpenID Connect Core section 5.5). Pure.

`value` and `values` count for the two claims whose definition says what they do: `sub` names the person (section 3.1.2.2)
and `acr` the context (section 5.5.1.1). Of every other claim they are a wish: no error, essential or not (section 5.5.1),
and what is told is what is true, so that the application can compare. The tenant is asked for by the parameter `tenant`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from idp.oidc.authorization.acr import WantedAcr
from idp.platform import foreign_json
from idp.platform.foreign_json import Unusable

Wishes = Mapping[str, Mapping[str, Any]]


class Unreadable(ValueError):
    """The parameter is not what the standard says it is."""


@dataclass(frozen=True, slots=True)
class RequestedClaims:
    """The claims asked for by name, for each of the two places; an empty wish is a voluntary claim."""

    id_token: Wishes = field(default_factory=dict)
    userinfo: Wishes = field(default_factory=dict)

    @property
    def names(self) -> dict[str, list[str]]:
        """What is kept with the authorization: the names for each place."""
        return {"id_token": sorted(self.id_token), "userinfo": sorted(self.userinfo)}

    @property
    def acr(self) -> WantedAcr | None:
        """The authentication context asked for; None where the claim says nothing of which."""
        wish = self.id_token.get("acr", {})
        values = _values(wish)
        return WantedAcr(values, wish.get("essential") is True) if values else None

    @property
    def subject(self) -> str | None:
        """The only user who will do (section 3.1.2.2, item 4); None: anybody."""
        return next(iter(self.subjects), None)

    @property
    def subjects(self) -> frozenset[str]:
        """All users that are named."""
        return frozenset(_values(self.id_token.get("sub", {})) + _values(self.userinfo.get("sub", {})))


def parse(text: str | None) -> RequestedClaims:
    """The parameter's value as wishes. Raises `Unreadable`."""
    if text is None:
        return RequestedClaims()
    asked = foreign_json.object_in(text)
    if isinstance(asked, Unusable):
        raise Unreadable(f"claims {asked.because}")
    claims = RequestedClaims(_place(asked.get("id_token")), _place(asked.get("userinfo")))
    if len(claims.subjects) > 1:
        raise Unreadable("claims names more than one sub")
    return claims


def _place(asked: Any) -> Wishes:
    if asked is None:
        return {}
    if not isinstance(asked, dict) or len(asked) > _MOST_CLAIMS:
        raise Unreadable("claims has a member that is not an object of claims")
    return {name: _wish(wish) for name, wish in asked.items()}


def _wish(wish: Any) -> Mapping[str, Any]:
    if wish is None:
        return {}
    if not isinstance(wish, dict) or not isinstance(wish.get("essential", False), bool):
        raise Unreadable("claims asks for a claim in a way that is not defined")
    if not isinstance(wish.get("values", []), list):
        raise Unreadable("claims has values that are not a list")
    return wish


def _values(wish: Mapping[str, Any]) -> tuple[str, ...]:
    """`value` and `values`, as far as they are texts: all of ours are."""
    given = [wish["value"]] if "value" in wish else wish.get("values", [])
    return tuple(value if isinstance(value, str) else json.dumps(value) for value in given)


_MOST_CLAIMS = 50
