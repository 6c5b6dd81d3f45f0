"""How one walks past pages in a real browser: open a window, go to an address, press, look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.conftest import PATIENCE_MS, Person
from tests.support.server import Server
from tests.support.world import World

Look = Callable[[Page, str], None]


@dataclass
class Walk:
    """One walk, in one language. `names`: what was looked at so far."""

    live: Server
    world: World
    browser: Browser
    language: str
    look: Look
    directory: Path
    names: list[str] = field(default_factory=list)

    @contextmanager
    def _window(self) -> Iterator[Person]:
        locale = {"en": "en-GB", "nl": "nl-NL"}[self.language]
        context = self.browser.new_context(viewport={"width": 390, "height": 844}, locale=locale)
        context.set_default_timeout(PATIENCE_MS)
        yield Person(context.new_page(), context, True, self.directory)
        context.close()

    def _go(self, person: Person, path: str, name: str) -> None:
        person.page.goto(path if path.startswith("http") else f"{self.live.issuer}{path}")
        self._see(person, name)

    def _press(self, person: Person, selector: str, name: str = "") -> None:
        with person.page.expect_navigation():
            person.page.locator(selector).first.click()
        if name:
            self._see(person, name)

    def _choose(self, person: Person, content: str, name: str) -> None:
        file = self.directory / "people.csv"
        file.write_text(content)
        person.page.locator("[name=file]").set_input_files(file)
        self._press(person, "form[enctype] button[type=submit]", name)

    def _see(self, person: Person, name: str) -> None:
        self.names.append(name)
        self.look(person.page, name)
