"""Whether every sentence that a person may read has a Dutch one, and no other.

    python -m tests.frame.translations            says what is missing, stale or broken; exit 1 (part of `make check`)

A sentence is a msgid: `_("…")`, `_l("…")`, `ngettext`, `{{ _("…") }}`, the `person=` of an error, and `default_person`.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract, extract_from_dir
from babel.messages.pofile import read_po

from idp.platform import paths
from idp.web.languages import DEFAULT, SPOKEN, po_file

KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")


def sentences() -> set[str]:
    """Return the msgids of the code and of the templates."""
    return set(_in_templates()) | {found for file in paths.PACKAGE.rglob("*.py") for found in _in_code(file)}


def _in_templates() -> Iterator[str]:
    for _, _, message, _, _ in extract_from_dir(
        paths.TEMPLATES, method_map=[("**", "jinja2.ext:babel_extract")], keywords=KEYWORDS
    ):
        yield message if isinstance(message, str) else message[0]


def _in_code(file: Path) -> Iterator[str]:
    with file.open("rb") as source:
        for _, message, _, _ in extract("python", source, keywords=KEYWORDS):
            yield message if isinstance(message, str) else message[0]
    yield from _of_errors(ast.parse(file.read_text(encoding="utf-8")))


def _of_errors(tree: ast.AST) -> Iterator[str]:
    """Yield `Fault(person="…")` and `default_person = "…"`."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="person", value=ast.Constant(value=str(sentence))):
                yield sentence
            case ast.Assign(targets=[ast.Name(id="default_person")], value=ast.Constant(value=str(sentence))):
                yield sentence
            case ast.AnnAssign(target=ast.Name(id="default_person"), value=ast.Constant(value=str(sentence))):
                yield sentence


def faults(language: str) -> list[str]:
    """Return a line for each sentence that is missing, stale, or has other placeholders than its msgid."""
    with po_file(language).open("rb") as file:
        catalogue = read_po(file)
    translated = {_msgid(message.id): message.string for message in catalogue if message.id}
    wanted = sentences()
    found = [f"{language}: not translated: {sentence!r}" for sentence in sorted(wanted) if not translated.get(sentence)]
    found += [f"{language}: no longer in the code: {sentence!r}" for sentence in sorted(set(translated) - wanted)]
    return found + _broken(catalogue, language)


def _broken(catalogue: Catalog, language: str) -> list[str]:
    pairs = [
        (original, translation)
        for message in catalogue
        if message.id
        for original, translation in zip(_forms(message.id), _forms(message.string), strict=True)
    ]
    return [
        f"{language}: other placeholders: {original!r}"
        for original, translation in pairs
        if translation and set(PLACEHOLDER.findall(original)) != set(PLACEHOLDER.findall(translation))
    ]


def _msgid(identity: str | list[str] | tuple[str, ...]) -> str:
    return identity if isinstance(identity, str) else identity[0]


def _forms(text: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(text) if isinstance(text, list | tuple) else (text or "",)


def main() -> int:
    """Print every fault."""
    found = [fault for language in SPOKEN if language != DEFAULT for fault in faults(language)]
    for fault in found:
        print(fault, file=sys.stderr)  # noqa: T201 - this is a command
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
