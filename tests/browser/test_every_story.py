"""Every page's main story, at 390 and 1280 px and without script (`tests/browser/stories/` has them)."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from tests.browser import stories
from tests.browser.conftest import NewPerson
from tests.browser.stories import STORIES, Scene, Story, console, logging_in, own_page, people
from tests.support.mail import Post
from tests.support.server import Server

TOLD_IN = (console, logging_in, own_page, people)
WINDOWS = [
    pytest.param(390, True, id="phone"),
    pytest.param(1280, True, id="desk"),
    pytest.param(390, False, id="without script"),
]


def test_every_page_has_a_story(app: Flask) -> None:
    """A page or a form that is added without a story is named here, and a story of a page that is gone."""
    told = set().union(*(story.told(script=True) for story in STORIES))
    assert told ^ set(stories.pages_of(app)) == set()


@pytest.mark.slow
@pytest.mark.parametrize(("width", "script"), WINDOWS)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_it_is_told(
    here: Server, new_person: NewPerson, tmp_path: Path, story: Story, width: int, script: bool
) -> None:
    """The story comes to its end, and passed by all that it declares."""
    scene = Scene(here, here.new_world(), Post(here.app, tmp_path), new_person, width, script, tmp_path)
    story.tell(scene)
    assert story.told(script=script) - scene.seen == set()
