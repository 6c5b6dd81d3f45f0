"""Take a picture of every page, and say which templates were on none.

`python -m tests.screenshots [DIRECTORY]`, or `make screenshots`.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS, find_chromium
from tests.screenshots.templates import never_shown
from tests.screenshots.tour import STRETCHES, Tour
from tests.support.server import Server, serving_here
from tests.support.stores import Templates

PICTURES = Path(__file__).parents[2] / "test-results" / "screenshots"
WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")
LANGUAGES = ("en", "nl")


def main() -> int:
    """Walk once in each language, and keep four pictures of each page."""
    pictures = Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURES
    shutil.rmtree(pictures, ignore_errors=True)
    with tempfile.TemporaryDirectory() as made, sync_playwright() as playwright:
        directory = Path(made)
        executable = find_chromium(playwright)
        if executable is None:
            sys.exit("There is no Chromium, and it could not be installed.")
        browser = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        with serving_here(Templates(directory).sqlite(directory / "idp.sqlite"), directory) as live:
            for language in LANGUAGES:
                _walk(live, browser, language, directory, pictures)
            print(*("never shown:", *never_shown(live.app)), sep="\n  ")  # noqa: T201 - this is a command
        browser.close()
    return 0


def _walk(live: Server, browser: Browser, language: str, directory: Path, pictures: Path) -> None:
    def look(page: Page, name: str) -> None:
        for scheme in SCHEMES:
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            for width in WIDTHS:
                page.set_viewport_size({"width": width, "height": 844})
                page.screenshot(path=pictures / f"{language}-{width}-{scheme}" / f"{name}.png", full_page=True)

    seen = [
        name
        for stretch in STRETCHES
        for name in Tour(live, live.new_world(), browser, language, look, directory).walk(stretch)
    ]
    print(f"{language}: {len(seen)} pages, in {pictures}")  # noqa: T201 - this is a command


if __name__ == "__main__":
    sys.exit(main())
