"""`/brand/…`: what the faces of companies are made of, for browsers and for mails.

    /brand/<colour>.css   our stylesheet with that colour in it, in the shade that each theme wears
    /brand/<digest>.png   a logo, by the digest of its bytes: whoever has the address has the picture already

Neither names a company. Both never change under their address, so browsers keep them.
"""

from typing import Final

import sqlalchemy as sa
from flask import Blueprint, Flask, Response, current_app, request, url_for

from idp.platform import paths
from idp.platform.errors import NotFound
from idp.platform.extensions import db
from idp.tenancy.branding import colours, looks
from idp.tenancy.branding.looks import Look
from idp.tenancy.models import TenantLogo
from idp.web.static_files import FOR_EVER, hash_of, shrunk

blueprint = Blueprint("branding", __name__, url_prefix="/brand")
_STYLESHEET: Final = "informer.css"
_COLOURED: Final = ":root {{\n  --brand: {0.button};\n  --on-brand: {0.ink};\n  --brand-strong: {0.hovered};\n}}\n"
_IN_THE_DARK: Final = "@media (prefers-color-scheme: dark) {{\n{0}}}\n"


def set_up(app: Flask) -> None:
    """Open the addresses, and let every page ask what it wears."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(look=looks.worn, stylesheet=stylesheet_of)


def stylesheet_of(look: Look) -> str:
    """The address of the one stylesheet of a page that looks so."""
    if look.colour is None:
        return url_for("static", filename=_STYLESHEET)
    return url_for("branding.stylesheet", colour=look.colour[1:], v=hash_of(current_app, _STYLESHEET))


@blueprint.get("/<colour>.css")
def stylesheet(colour: str) -> Response:
    """Our stylesheet in that colour."""
    read = colours.read(f"#{colour}")
    if read is None:
        raise NotFound("no such colour")
    light, dark = (_COLOURED.format(colours.worn(read, theme)) for theme in (colours.LIGHT, colours.DARK))
    coloured = f"\n{light}{_IN_THE_DARK.format(dark)}"
    styles = (paths.STATIC / _STYLESHEET).read_bytes() + coloured.encode()
    return shrunk(_kept(Response(styles, mimetype="text/css")))


@blueprint.get("/<digest>.png")
def logo(digest: str) -> Response:
    """The logo of that digest."""
    found = db.session.scalar(sa.select(TenantLogo.content).where(TenantLogo.digest == digest).limit(1))
    if found is None:
        raise NotFound("no such logo")
    return _kept(Response(found, mimetype="image/png"))


def _kept(response: Response) -> Response:
    """Let browsers keep the answer."""
    response.headers["Cache-Control"] = FOR_EVER
    response.add_etag()
    response.make_conditional(request)
    return response
