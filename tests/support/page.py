"""A page as a person sees it: its step, its words, its forms and links."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag

Pairs = list[tuple[str, str]]


@dataclass(slots=True)
class Form:
    """A form with what is filled in so far."""

    action: str
    method: str
    values: Pairs
    controls: dict[str, tuple[str, str] | None]
    names: set[str] = field(default_factory=set)

    def fill(self, name: str, value: str) -> None:
        """Type into a field, or choose it."""
        self.values = [pair for pair in self.values if pair[0] != name] + [(name, value)]

    def clear(self, name: str) -> None:
        """Leave a field, or untick a box."""
        self.values = [pair for pair in self.values if pair[0] != name]


class Page:
    """One answer, parsed."""

    def __init__(self, html: str, address: str) -> None:
        self.html = html
        self.address = address
        self.soup = BeautifulSoup(html, "html.parser")

    @property
    def step(self) -> str | None:
        """What `<main data-step>` says."""
        main = self.soup.select_one("main[data-step]")
        return str(main["data-step"]) if main else None

    @property
    def text(self) -> str:
        """The words of the page in their order, spaces folded."""
        return " ".join(self.soup.get_text(" ").split())

    @property
    def title(self) -> str:
        """The words of the window's title."""
        return " ".join(self.soup.title.get_text().split()) if self.soup.title else ""

    @property
    def alert(self) -> str | None:
        """The message of a failed form."""
        element = self.soup.find(attrs={"role": "alert"})
        return " ".join(element.get_text(" ").split()) if element else None

    @property
    def forms(self) -> list[Form]:
        """Every form of the page: those of `<main>` first, then those around it."""
        inner = self.soup.select("main form")
        outer = [form for form in self.soup.select("form") if form not in inner]
        return [self._form(form) for form in inner + outer]

    @property
    def links(self) -> dict[str, str]:
        """Every link by its words."""
        return {
            " ".join(a.get_text(" ").split()): urljoin(self.address, str(a["href"]))
            for a in self.soup.find_all("a", href=True)
        }

    @property
    def controls(self) -> list[str]:
        """The words of every button."""
        return [name for form in self.forms for name in form.controls]

    def has_field(self, name: str) -> bool:
        """Whether a form of this page has a field of that name."""
        return any(name in form.names for form in self.forms)

    def checked(self, name: str) -> bool:
        """Whether the box of that name is ticked."""
        return any(pair[0] == name for form in self.forms for pair in form.values)

    def one(self, selector: str) -> Tag:
        """The first element for a CSS selector."""
        found = self.soup.select_one(selector)
        assert found, f"nothing on {self.address} for {selector}:\n{self.text[:2000]}"
        return found

    def _form(self, form: Tag) -> Form:
        made = Form(
            action=urljoin(self.address, str(form.get("action") or self.address)),
            method=str(form.get("method") or "get").lower(),
            values=[],
            controls={},
        )
        inside = form.find_all(["input", "select", "textarea", "button"])
        own = [element for element in inside if not element.has_attr("form")]
        if form.get("id"):
            own += self.soup.find_all(attrs={"form": form["id"]})
        for element in own:
            _add(made, element)
        return made


def _add(form: Form, element: Tag) -> None:
    name = str(element.get("name") or "")
    kind = str(element.get("type") or ("submit" if element.name == "button" else "text")).lower()
    if element.has_attr("disabled"):
        return
    if element.name == "button" or kind in {"submit", "image"}:
        words = " ".join((element.get_text(" ") or str(element.get("value") or "")).split())
        form.controls[words] = (name, str(element.get("value") or "")) if name else None
        if name:
            form.names.add(name)
        return
    if not name:
        return
    form.names.add(name)
    if kind in {"checkbox", "radio"}:
        if element.has_attr("checked"):
            form.values.append((name, str(element.get("value", "on"))))
    elif element.name == "select":
        chosen = element.find("option", selected=True) or element.find("option")
        if isinstance(chosen, Tag):
            form.values.append((name, str(chosen.get("value") or chosen.get_text())))
    elif element.name == "textarea":
        form.values.append((name, element.get_text()))
    else:
        form.values.append((name, str(element.get("value") or "")))
