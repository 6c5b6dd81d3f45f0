"""The company's face and language: what its pages and mails are called, show and speak.

GET  ─▶ what is chosen now, and how it looks
POST ─▶ proof fresh? ──yes──▶ read ─▶ something not right ─▶ the form as it was filled in, with what to do about each
             │ no                └──▶ kept, and worn from the next page on
             └─▶ the words and the colour wait under a handle ─▶ password, second factor ─▶ the form again
POST …/look ─▶ the form as it was filled in, with how its colour will look on light and on dark pages; nothing is kept
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from idp.console import form_draft, permissions
from idp.login.flow.entry import Login
from idp.login.flow.page_guard import render
from idp.platform.extensions import db
from idp.tenancy.branding import changes, colours, logos, looks
from idp.tenancy.branding.changes import Wanted
from idp.tenancy.branding.colours import Theme, Worn
from idp.tenancy.branding.logos import Logo, LogoFault
from idp.tenancy.branding.looks import Look
from idp.tenancy.models import Tenant
from idp.web.fields import typed
from idp.web.languages import SPOKEN

LONGEST_NAME: Final = 60
MOST_BYTES: Final = 2 * logos.MOST_BYTES
"""A file of up to twice what we take is refused on the page, in words; a larger one before anything reads it."""
FIRST_COLOUR: Final = "#0b7a62"
_FORM: Final = "branding"


@dataclass(frozen=True, slots=True)
class Input:
    """What the form says, besides the file."""

    shown_name: str
    colour: str
    own_colour: bool
    locale: str
    remove_logo: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a field, and what to do about it."""

    field: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Sight:
    """How the chosen colour will look on one kind of page. `theme`: "light" or "dark".

    Contrasts, never rounded up: of the colour as it was typed and as it is worn with the page, and of the words on it.
    """

    theme: str
    paper: str
    surface: str
    colour: str
    worn: Worn

    typed: float
    on_page: float
    words: float

    @property
    def changed(self) -> bool:
        """Whether the colour is worn in another shade than was chosen."""
        return self.worn.button != self.colour


@dataclass(frozen=True, slots=True)
class BrandingPage:
    """What the page shows: the form as it is filled in, what is wrong with it, how the company looks and will look."""

    given: Input
    look: Look
    problems: dict[str, Problem] = field(default_factory=dict)
    sights: tuple[Sight, ...] = ()
    unsaved: bool = False
    done: bool = False
    longest_name: int = LONGEST_NAME


def branding(login: Login) -> str:
    """Show the face, or the input that waited for a proof."""
    kept = form_draft.kept(_FORM)
    given = Input(**kept) if kept else _now(login.tenant)
    return _show(login, given, unsaved=kept is not None)


def save_branding(login: Login) -> ResponseReturnValue:
    """Give the company the face and the language that the form says, or say what is wrong with it; never the half."""
    permissions.act(login)
    given, file = _sent(), _file()
    logo = logos.read(file) if file else None
    problems = {problem.field: problem for problem in (*_problems(given), *_of_logo(logo))}
    if problems or isinstance(logo, LogoFault):
        return _show(login, given, problems)
    changes.dress(login.tenant, _wanted(given, logo), login.user.id)
    db.session.commit()
    return redirect(url_for("console.branding", done="saved"), 303)


def look_at_branding(login: Login) -> str:
    """Show how the form's colour will look, and what is wrong so far. Nothing is kept; a logo has to be chosen again."""
    given = _sent()
    return _show(login, given, {problem.field: problem for problem in _problems(given)}, unsaved=True)


def keep_input() -> str:
    """Keep what was sent until the proof is there, and return the page that will show it. The file is chosen again."""
    given = _sent()
    said = {name: getattr(given, name) for name in Input.__slots__}
    return url_for("console.branding", kept=form_draft.keep(_FORM, said))


def _show(login: Login, given: Input, problems: dict[str, Problem] | None = None, *, unsaved: bool = False) -> str:
    page = BrandingPage(
        given=given,
        look=looks.of(login.tenant),
        problems=problems or {},
        sights=_sights(given),
        unsaved=unsaved,
        done=request.args.get("done") == "saved",
    )
    return render("console/branding.html", login, page=page)


def _now(tenant: Tenant) -> Input:
    kept = tenant.branding or {}
    colour = kept.get("colour")
    return Input(kept.get("name", ""), colour or FIRST_COLOUR, colour is not None, tenant.locale)


def _sent() -> Input:
    return Input(
        shown_name=" ".join(typed("shown_name").split())[: 2 * LONGEST_NAME],
        colour=typed("colour").strip().lower()[:20],
        own_colour=bool(typed("own_colour")),
        locale=typed("locale")[:8],
        remove_logo=bool(typed("remove_logo")),
    )


def _file() -> bytes:
    """The file that was chosen; empty where there is none, or where it cannot be told which."""
    files = request.files.getlist("logo")
    return files[0].read() if len(files) == 1 else b""


def _wanted(given: Input, logo: Logo | None) -> Wanted:
    return Wanted(
        locale=given.locale,
        name=given.shown_name or None,
        colour=given.colour if given.own_colour else None,
        logo=logo,
        without_logo=given.remove_logo and logo is None,
    )


def _problems(given: Input) -> Iterator[Problem]:
    if len(given.shown_name) > LONGEST_NAME:
        yield Problem("shown_name", _("The name is too long: at most %(most)s characters.", most=LONGEST_NAME))
    if any(unicodedata.category(sign).startswith("C") for sign in given.shown_name):
        yield Problem("shown_name", _("The name has signs in it that cannot be seen. Type it again."))
    if given.locale not in SPOKEN:
        yield Problem("locale", _("Choose Dutch or English."))
    if given.own_colour and colours.read(given.colour) is None:
        yield Problem("colour", _("That is no colour. Choose one, or write it as #0b7a62."))


def _sights(given: Input) -> tuple[Sight, ...]:
    colour = colours.read(given.colour) if given.own_colour else None
    if colour is None:
        return ()
    return tuple(_sight(colour, *named) for named in (("light", colours.LIGHT), ("dark", colours.DARK)))


def _sight(colour: str, name: str, theme: Theme) -> Sight:
    worn, (paper, surface) = colours.worn(colour, theme), theme.grounds
    contrasts = (
        colours.on_page(colour, theme),
        colours.on_page(worn.button, theme),
        colours.contrast(worn.ink, worn.button),
    )
    return Sight(name, paper, surface, colour, worn, *(int(10 * contrast) / 10 for contrast in contrasts))


def _of_logo(logo: Logo | LogoFault | None) -> Iterator[Problem]:
    if not isinstance(logo, LogoFault):
        return
    sentences = {
        LogoFault.TOO_HEAVY: _("The file is too large: at most 512 kB. Save the logo smaller, and choose it again."),
        LogoFault.SVG: _(
            "An SVG is not taken, because such a file can carry a program. Save the logo as PNG, and choose that file."
        ),
        LogoFault.NO_PICTURE: _("This file is no picture that we can read. Choose a PNG, JPEG or WebP."),
        LogoFault.TOO_LARGE: _("The picture has too many pixels: at most 4 million, 2000 by 2000 for example."),
        LogoFault.TOO_SMALL: _("The picture is too small: each side needs 16 pixels at least."),
    }
    yield Problem("logo", sentences[logo])
