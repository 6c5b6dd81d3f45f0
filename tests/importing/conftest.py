"""The fixtures of the import's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from idp.platform.extensions import db
from tests.importing.importing import File


@pytest.fixture
def file(app: Flask, tmp_path: Path) -> File:
    """A whole import file, not imported yet."""
    return File(app, tmp_path / "import.toml")


@pytest.fixture
def imported(file: File) -> File:
    """The same, imported once."""
    file.imported()
    return file


@pytest.fixture
def rows(app: Flask) -> Iterator[None]:
    """An application context to look at rows with; begin it after the imports."""
    with app.app_context():
        yield
        db.session.remove()
