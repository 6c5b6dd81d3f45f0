"""An administrator whose employment ends between the gate and the writing changes nothing any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from idp.accounts.models import User, UserType
from idp.tenancy.audit_retention import years_of
from idp.tenancy.models import Tenant
from tests.support.browser import Browser, NewBrowser
from tests.support.pages import open_page
from tests.support.world import KnownTenant, KnownUser, World

PAGES = {
    "/console/settings": {"two_factor_mandatory": True},
    "/console/audit/retention": {"years": "7"},
}


@contextmanager
def ended_before_the_first_write(user: KnownUser) -> Iterator[list[str]]:
    """Make the user an employee just before the request writes to its company for the first time; tell at which statement."""
    ended: list[str] = []

    def before(
        connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool
    ) -> None:
        if statement.startswith("UPDATE tenants") and not ended:
            ended.append(statement)
            connection.execute(sa.update(User).where(User.id == user.id).values(type=UserType.EMPLOYEE))

    event.listen(Engine, "before_cursor_execute", before)
    try:
        yield ended
    finally:
        event.remove(Engine, "before_cursor_execute", before)


def company(world: World, tenant: KnownTenant) -> tuple[bool, int]:
    """Whether two-factor is mandatory, and how long the audit log is kept."""
    with world.unit_of_work() as session:
        row = session.get_one(Tenant, tenant.id)
        return row.policy.two_factor_mandatory, years_of(row)


@pytest.mark.both_stores
@pytest.mark.parametrize(("page", "wanted"), PAGES.items(), ids=PAGES)
def test_nothing_is_saved(
    world: World, zon: KnownTenant, bert: KnownUser, new_browser: NewBrowser, page: str, wanted: dict[str, Any]
) -> None:
    """The gate let him through; behind the lock on the company he is no administrator."""
    before = company(world, zon)
    browser: Browser = open_page(new_browser(), page, bert).fill(**wanted)
    with ended_before_the_first_write(bert) as ended:
        browser.submit("Save")
    assert ended
    assert browser.status == 403
    assert company(world, zon) == before
