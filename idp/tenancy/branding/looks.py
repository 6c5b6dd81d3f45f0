"""What a page or a mail wears: a company's face, or Informer's own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import g

from idp.tenancy.branding import colours
from idp.tenancy.models import Tenant
from idp.web.languages import prefer


@dataclass(frozen=True, slots=True)
class Picture:
    """A logo as a page shows it: its address, and its size at one pixel of ours for two of its own."""

    address: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Look:
    """A face: the name that stands for the wordmark (empty: Informer's), the logo, the colour."""

    name: str = ""
    logo: Picture | None = None
    colour: str | None = None


OURS = Look()


def wear(tenant: Tenant) -> None:
    """Show this company's face on the page that is being made, and speak its language where nobody wishes another."""
    prefer(tenant=tenant.locale)
    g.look = of(tenant)


def worn() -> Look:
    """The face of this page."""
    look: Look = g.get("look", OURS)
    return look


def of(tenant: Tenant) -> Look:
    """The company's face; Informer's where it has chosen nothing."""
    kept = tenant.branding or {}
    logo, name = kept.get("logo"), kept.get("name")
    return Look(
        name=name or (tenant.name if logo else ""), logo=_picture(logo) if logo else None, colour=kept.get("colour")
    )


def face_of(tenant: Tenant) -> dict[str, Any]:
    """The company's face as facts of a mail, whose paper is light."""
    look = of(tenant)
    colour = colours.shade(look.colour, colours.LIGHT) if look.colour else None
    logo = look.logo
    shown = {"address": logo.address, "width": logo.width, "height": logo.height} if logo else None
    return {"name": look.name, "logo": shown, "colour": colour}


def _picture(kept: Mapping[str, Any]) -> Picture:
    address = f"/brand/{kept['digest']}.png"
    return Picture(address, max(1, round(kept["width"] / 2)), max(1, round(kept["height"] / 2)))
