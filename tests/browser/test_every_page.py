"""Every page in both languages: nothing that axe-core calls serious, and nothing wider than a phone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.screenshots.templates import forget_the_shown, never_shown
from tests.screenshots.tour import STRETCHES, Tour
from tests.screenshots.walk import Look
from tests.support.npm import installed
from tests.support.server import Server

pytestmark = pytest.mark.slow

Walked = Callable[[Callable[[Tour], None], str, Look], None]
NUMBERED = re.compile(r"/[0-9a-f]{8}-[0-9a-f-]{27}")
"""A page about another person, in another stretch, is the same page."""

AXE = Path(__file__).parent / "axe"
GRAVE = {"serious", "critical"}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS: tuple[tuple[Literal["light", "dark"], dict[str, Any]], ...] = (
    ("light", {"type": "tag", "values": WCAG}),
    ("dark", {"type": "rule", "values": ["color-contrast"]}),
)
AT_THE_FORM = {"application-registered", "recovery-codes"}
"""What is shown only once, in answer to a form and at its address, is like a page that has an address of its own."""
RUN = "options => axe.run(document, options).then(found => found.violations)"

SEEN = "[...document.querySelectorAll('main button:enabled, main a.button')].filter(one => one.checkVisibility())"
OUT_OF_REACH = f"""() => {SEEN}.filter(one => (one.focus(), document.activeElement !== one || one.tabIndex < 0))
    .map(one => one.innerText)"""
ALIKE = f"""() => {SEEN}.filter(one => !one.hasAttribute('aria-labelledby')).map(one => one.innerText)
    .filter((words, at, all) => all.indexOf(words) !== at)"""

HEARD = """() => {
    const seen = [...document.querySelectorAll('main a[href]')].filter(one => one.checkVisibility());
    const name = one => one.ariaLabel ?? one.ariaLabelledByElements?.map(by => by.innerText).join(' ') ?? one.innerText;
    const goes = Map.groupBy(seen, one => name(one).trim());
    const heads = [...document.querySelectorAll('h1, h2, h3, h4')].filter(one => one.checkVisibility());
    const level = one => Number(one.tagName[1]);
    return [
        ...[...goes].filter(([, links]) => new Set(links.map(link => link.href)).size > 1)
            .map(([words]) => `“${words}” leads to several places`),
        ...[...document.querySelectorAll('table:not(:has(> caption))')].map(() => 'a table has no caption'),
        ...heads.filter((one, at) => level(one) > (at ? level(heads[at - 1]) + 1 : 1))
            .map(one => `the heading “${one.innerText}” skips a level`),
        ...[...document.querySelectorAll('[aria-describedby]')]
            .filter(one => !one.getAttribute('aria-describedby').trim().split(/\\s+/).every(id => document.getElementById(id)))
            .map(one => `the field “${one.name}” is described by what is not there`),
        ...(document.querySelector('[aria-invalid=true]') && !/^(Error|Fout): /.test(document.title)
            ? ['a field is wrong, and the title does not begin with it'] : []),
        ...(heads.filter(one => level(one) === 1).length === 1 ? [] : ['not one heading of level 1']),
    ];
}"""
"""What somebody stumbles over who hears the page: links by their names, tables by theirs, the headings as its contents."""


@pytest.fixture(scope="module")
def axe() -> str:
    """The program of axe-core."""
    return (installed(AXE) / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def walked(here: Server, chromium: Browser, tmp_path: Path) -> Walked:
    """Walk one stretch, in one language, looking at each page."""

    def walk(stretch: Callable[[Tour], None], language: str, look: Look) -> None:
        Tour(here, here.new_world(), chromium, language, look, tmp_path).walk(stretch)

    return walk


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("stretch", STRETCHES, ids=lambda stretch: stretch.__name__)
def test_nothing_serious(
    walked: Walked, axe: str, subtests: pytest.Subtests, stretch: Callable[[Tour], None], language: str
) -> None:
    """WCAG 2.2 AA as far as a machine sees it, light and dark; and what it does not see, at 320, 390 and 1280 px."""

    def look(page: Page, name: str) -> None:
        page.evaluate(axe)
        heard: list[str] = [] if name.startswith("mail-") else page.evaluate(HEARD)
        faults = [*heard, *broken_rules(page), *discomforts(page)]
        with subtests.test(name):
            assert faults == []

    walked(stretch, language, look)


def test_every_template_is_on_a_page_and_every_page_has_a_title_of_its_own(here: Server, walked: Walked) -> None:
    """Whatever can be shown is looked at above; titles tell the pages of account and console apart."""
    titles: dict[str, set[str]] = {}

    def look(page: Page, name: str) -> None:
        path = NUMBERED.sub("/…", urlsplit(page.url).path)
        if path.startswith(("/account/", "/console/")) and name not in AT_THE_FORM:
            titles.setdefault(page.title(), set()).add(path)

    forget_the_shown(here.app)
    for stretch in STRETCHES:
        walked(stretch, "en", look)
    assert never_shown(here.app) == [], "no page of the walk has these: show them in tests/screenshots/tour.py"
    assert {title: paths for title, paths in titles.items() if len(paths) > 1} == {}


def discomforts(page: Page) -> Iterator[str]:
    """Yield what sticks out to the side, buttons that no keyboard reaches, and several that a screen reader says alike."""
    for width in (1280, 320, 390):
        page.set_viewport_size({"width": width, "height": 844})
        if not page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"):
            yield f"wider than a window of {width} px"
        if not page.evaluate("[...document.querySelectorAll('nav')].every(menu => menu.offsetHeight < 70)"):
            yield f"a menu of several lines in a window of {width} px"
    out_of_reach: list[str] = page.evaluate(OUT_OF_REACH)
    yield from (f"no keyboard reaches “{words}”" for words in out_of_reach)
    alike: list[str] = page.evaluate(ALIKE)
    yield from (f"several buttons are “{words}” and nothing else" for words in alike)


def broken_rules(page: Page) -> Iterator[str]:
    """Yield what axe-core finds: every rule in the light, the contrast in the dark too."""
    for scheme, only in LOOKS:
        page.emulate_media(color_scheme=scheme)
        found: list[dict[str, Any]] = page.evaluate(RUN, {"runOnly": only, "resultTypes": ["violations"]})
        for violation in found:
            if violation["impact"] in GRAVE:
                yield f"{scheme}: {violation['id']} ({violation['impact']}) at {violation['nodes'][0]['html'][:120]}"
    page.emulate_media(color_scheme="light")
