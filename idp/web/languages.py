"""Dutch or English, decided anew for each request; the first that we speak wins.

    ui_locales of the application's request ─▶ the user's choice ─▶ the tenant's default ─▶ Accept-Language ─▶ English

The English sentences in the code are the message ids (`_("…")`). Translations are read from `messages.po` into memory at
start; nothing is compiled. `make check` fails where a sentence has no translation.
"""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, Domain, get_locale, refresh

from idp.platform import paths
from idp.platform.extensions import babel

DEFAULT: Final = "en"
SPOKEN: Final = {"nl": "Nederlands", "en": "English"}
"""Each language in its own words."""
DATES: Final = {"date.medium": "d MMM yyyy", "datetime.medium": "d MMM yyyy HH:mm"}
"""The day before the month, also in English: our people are in the Netherlands."""


class PoDomain(Domain):
    """The sentences of messages.po, in memory."""

    def get_translations(self) -> NullTranslations:
        """Return the sentences of this request's language; English needs none."""
        locale = get_locale()
        return _CATALOGUES.get(locale.language, _NONE) if locale else _NONE


def _read(path: Path) -> Translations:
    """Compile one .po in memory."""
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file))
    compiled.seek(0)
    return Translations(compiled)


def po_file(language: str) -> Path:
    """Return where the translations of a language are kept."""
    return paths.TRANSLATIONS / language / "LC_MESSAGES" / "messages.po"


_NONE = NullTranslations()
_CATALOGUES = {language: _read(po_file(language)) for language in SPOKEN if po_file(language).is_file()}
_DOMAIN = PoDomain()


def set_up(app: Flask) -> None:
    """Speak the person's language."""
    babel.date_formats = {**Babel.default_date_formats, **DATES}
    babel.init_app(app, default_locale=DEFAULT, locale_selector=choose)
    babel.domain_instance = _DOMAIN
    app.jinja_env.globals.update(language=language, languages=tuple(SPOKEN.items()))


def choose() -> str:
    """Decide the language of this request."""
    if not has_request_context():
        return DEFAULT
    wanted = (tag.partition("-")[0].lower() for tag in _wishes())
    return next((language for language in wanted if language in SPOKEN), DEFAULT)


def _wishes() -> Iterable[str]:
    """Yield language tags (RFC 5646), the strongest wish first. Of nl-BE the nl counts."""
    yield from (g.get("ui_locales") or "").split()
    yield from filter(None, (g.get("user_locale"), g.get("tenant_locale")))
    yield from request.accept_languages.values()


def prefer(*, ui_locales: str | None = None, user: str | None = None, tenant: str | None = None) -> None:
    """Remember what is now known of the person's language; what is not given stays as it was."""
    for name, value in (("ui_locales", ui_locales), ("user_locale", user), ("tenant_locale", tenant)):
        if value:
            setattr(g, name, value)
    refresh()


def language() -> str:
    """Return the language of this page, for its `lang` attribute."""
    locale = get_locale()
    return locale.language if locale else DEFAULT
