"""What a tenant asks of a login, as a frozen value. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SESSION_LIMITS: Mapping[str, range] = {"session_idle_minutes": range(10, 1441), "session_hours": range(1, 721)}
"""What a tenant may set: ten minutes to a day without use, an hour to thirty days after logging in."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The switches of one tenant; the defaults are those of a new tenant.

    ``security_code``: ask the tenant's security code after the password.
    ``two_factor_mandatory``: every user must have set up a second factor.
    ``limit_two_factor_validity``: the second factor at every login; no known-IP grant counts.
    ``block_new_ip``: an address that is new for the user is validated by mail first.
    ``known_ip_same_browser``: a known-IP grant also needs the browser that earned it.
    ``passkeys``: people may register and use passkeys.
    ``session_idle_minutes``: a session ends so long after it was last used.
    ``session_hours``: a session ends so long after the login, whatever is done in it.
    """

    security_code: bool = True
    two_factor_mandatory: bool = False
    limit_two_factor_validity: bool = False
    block_new_ip: bool = False
    known_ip_same_browser: bool = False
    passkeys: bool = True
    session_idle_minutes: int = 480
    session_hours: int = 24
