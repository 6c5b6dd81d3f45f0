"""Each page's main story: somebody does there what the page is for, in a real browser.

    @tells("console.helpdesk", "console.let_in", "console.shut_out")
    def the_helpdesk_for_a_month(scene: Scene) -> None: ...

A story declares the pages that it tells, by their endpoints; a step of the login is `login.step` with its name. What it declares
must have happened when it ends, in every window: `tests/browser/test_every_story.py` runs them, and says which pages have none.

    the table of routes ── every page and form for people ──┐
                                                            ├─ equal, or red
    STORIES ── what each of them declares ──────────────────┘
      └─ run at 390 px, at 1280 px, and without script ── what the browser was answered ⊇ what the story declares
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask
from playwright.sync_api import Response
from werkzeug.routing import Rule

from idp.login.steps import STEPS
from tests.browser.conftest import NewPerson, Person
from tests.support.mail import Post
from tests.support.server import Server
from tests.support.world import KnownUser, World

PASSWORD = "zeven gele fietsen zingen"

FOR_NOBODY = {"oidc_programs", "health", "metrics", "branding", "static"}
"""The blueprints that answer programs, or are a picture or a stylesheet; every other one is for people."""

NO_PAGES = {
    "oidc.authorize_by_form": "an application sends it",
    "login.step set_up_totp": "leads to account.two_factor",
}
"""What is among the pages for people and is none."""


@dataclass
class Scene:
    """A company's provider, and the windows before which a story is told. `seen`: what was answered well in them."""

    live: Server
    world: World
    post: Post
    new_person: NewPerson
    width: int
    script: bool
    directory: Path
    seen: set[str] = field(default_factory=set)

    def window(self) -> Person:
        """A browser of its own."""
        person = self.new_person(self.width, script=self.script)
        person.context.on("response", self._answered)
        return person

    def at(self, path: str, user: KnownUser | None = None, person: Person | None = None) -> Person:
        """Go to one of our pages; log in there in a fresh window, where no person is named."""
        person = person or self.window()
        person.page.goto(path if path.startswith("http") else f"{self.live.issuer}{path}")
        if user:
            person.log_in(user)
        return person

    def mailed(self, to: KnownUser | str, part: str = "") -> str:
        """The link of the newest mail to somebody that has this part; what waits is delivered first."""
        address = to if isinstance(to, str) else to.email
        return next(m.link for m in reversed(self.post.deliver()) if m.to == address and part in m.link)

    def _answered(self, response: Response) -> None:
        request = response.request
        if response.status < 400 and request.url.startswith(self.live.issuer):
            rules = self.live.app.url_map.bind("localhost")
            path = request.url.removeprefix(self.live.issuer).split("?")[0]
            rule, arguments = rules.match(path, request.method, return_rule=True)
            if "POST" not in (rule.methods or ()) or request.method == "POST":
                self.seen.add(named(rule, arguments.get("name")))


def act(person: Person, words: str, card: str = "") -> None:
    """Press what has these words, on the card of that heading where several have; nothing may be wrong then."""
    page = person.page
    where = page.get_by_role("region", name=card, exact=True) if card else page.locator("main")
    control = where.get_by_role("button", name=words).or_(where.get_by_role("link", name=words)).first
    with page.expect_navigation():
        control.click()
    assert not page.get_by_role("alert").count(), page.inner_text("main")


def fill(person: Person, **values: str) -> None:
    """Type into fields by name."""
    for name, value in values.items():
        person.page.locator(f"main [name={name}]").first.fill(value)


def said(person: Person, words: str) -> None:
    """The page says it."""
    shown = " ".join(person.page.inner_text("main").split())
    assert words in shown, shown


Tell = Callable[[Scene], None]


@dataclass(frozen=True, slots=True)
class Story:
    """One story. `by_script`: the pages that need script, and are told in windows that have it."""

    name: str
    tell: Tell
    pages: frozenset[str]
    by_script: frozenset[str]

    def told(self, *, script: bool) -> frozenset[str]:
        """The pages that are told in such a window."""
        return self.pages | self.by_script if script else self.pages


STORIES: list[Story] = []


def tells(*pages: str, by_script: tuple[str, ...] = ()) -> Callable[[Tell], Tell]:
    """Declare the pages of a story."""

    def keep(tell: Tell) -> Tell:
        STORIES.append(Story(tell.__name__, tell, frozenset(pages), frozenset(by_script)))
        return tell

    return keep


def named(rule: Rule, step: str | None) -> str:
    """What a page is called in a story."""
    return f"{rule.endpoint} {step}" if rule.endpoint == "login.step" else str(rule.endpoint)


def pages_of(app: Flask) -> Iterator[str]:
    """Yield every page and form for people."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.split(".")[0] not in FOR_NOBODY:
            steps = STEPS if rule.endpoint == "login.step" else ("",)
            yield from (name for step in steps if (name := named(rule, step)) not in NO_PAGES)
