"""What a tenant asks of a login, as a frozen value. Pure: no database, no clock."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """The switches of one tenant; the defaults are those of a new tenant.

    ``security_code``: ask the tenant's security code after the password.
    ``two_factor_mandatory``: every user must have set up a second factor.
    ``limit_two_factor_validity``: the second factor at every login; no known-IP grant counts.
    ``block_new_ip``: an address that is new for the user is validated by mail first.
    ``known_ip_same_browser``: a known-IP grant also needs the browser that earned it.
    ``passkeys``: people may register and use passkeys.
    """

    security_code: bool = True
    two_factor_mandatory: bool = False
    limit_two_factor_validity: bool = False
    block_new_ip: bool = False
    known_ip_same_browser: bool = False
    passkeys: bool = True
