"""The one table that the demo prints. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from idp.demo.addresses import Addresses

Row = tuple[str, str, str, str, str]

HEAD: Row = ("user", "password", "security code", "TOTP secret", "what for")
TRIES = {
    "sanne": "administrator: make 2FA mandatory",
    "anna": "no 2FA",
    "bram": "once every 30 days from a known IP",
    "eva": "accountant of both companies",
    "pieter": "administrator",
    "joost": "no 2FA yet: must set it up first",
    "fatima": "2FA at every login",
}
PLACES = (
    ("", "Sample application: begin here"),
    ("/account/", "Your own page: password, 2FA, known addresses"),
    ("/console/", "The administrators' console"),
)


def table(tenants: Sequence[Mapping[str, Any]], addresses: Addresses) -> str:
    """Addresses, users, passwords, security codes, TOTP secrets, and what each is for. In ASCII, for any terminal."""
    rows = list(_people(tenants))
    widths = [max(len(row[column]) for row in (HEAD, *rows)) for column in range(len(HEAD))]
    inner = sum(widths) + 3 * (len(widths) - 1)
    rule = "+".join("-" * (width + 2) for width in widths)
    places = [f"{address:<32}  {words}" for address, words in _places(addresses)]
    return "\n".join(
        (
            f"+{'-' * (inner + 2)}+",
            *(f"| {place:<{inner}} |" for place in places),
            f"+{rule}+",
            _line(HEAD, widths),
            f"+{rule}+",
            *(_line(row, widths) for row in rows),
            f"+{rule}+",
        )
    )


def _places(addresses: Addresses) -> Iterator[tuple[str, str]]:
    for path, words in PLACES:
        yield (addresses.issuer + path if path else addresses.sample_app), words


def _people(tenants: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for tenant in tenants:
        asks = tenant["policy"].get("security_code", True)
        demands = tenant["policy"].get("two_factor_mandatory", False)
        yield tenant["slug"], "", "", "", f"{tenant['name']}{'; 2FA is mandatory' if demands else ''}"
        for user in tenant["users"]:
            code = tenant["security_code"] if asks else "not asked"
            name = user["username"]
            yield f"  {name}", user["password"], code, user.get("totp_secret", "-"), TRIES.get(name, "")


def _line(row: Row, widths: Sequence[int]) -> str:
    return "| " + " | ".join(f"{value:<{width}}" for value, width in zip(row, widths, strict=True)) + " |"
