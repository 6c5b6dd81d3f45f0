"""Who most of these stories are about. A file with others says so itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.support.mail import Post
from tests.support.units import Units
from tests.support.world import KnownTenant, KnownUser, World


@pytest.fixture
def zon(world: World) -> KnownTenant:
    """A tenant with the policy of a new one."""
    return world.tenant()


@pytest.fixture
def bert(world: World, zon: KnownTenant) -> KnownUser:
    """The administrator."""
    return world.user("bert", zon, type="administrator", totp=True)


@pytest.fixture
def post(app: Flask, tmp_path: Path) -> Post:
    """The mailboxes."""
    return Post(app, tmp_path)


@pytest.fixture(autouse=True)
def units() -> Iterator[Units]:
    """R71: in every story an event is committed in one transaction with what it describes."""
    with Units().listening() as heard:
        yield heard
    assert heard.alone == []
