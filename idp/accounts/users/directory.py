"""The people of a company, page by page, and found by how their name, username or e-mail address begins.

    page ─▶ those after the last username of the page before (a key, not a number of rows to skip), by an index
    find ─▶ the same, where one of three indexed texts begins with the words; whole words inside are not looked for

Usernames are compared by their code points, so that an index serves order and beginning alike: PostgreSQL's own
order of words knows no beginnings.
"""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import selectinload

from idp.accounts.models import User, UserType
from idp.accounts.users import usernames
from idp.platform.extensions import db, there_is
from idp.tenancy.models import Membership

PAGE = 50
LONGEST_SEARCH = 200
_LAST = "\U0010ffff"
"""What sorts after whatever follows a beginning."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the people, and the username to go on after; None: these are the last."""

    people: Sequence[User]
    after: str | None


def page_of(tenant_id: uuid.UUID, *, after: str = "", search: str = "") -> Page:
    """The people of the tenant after that username whose name, username or address begins so."""
    key = by_code_points(User.username_key)
    which = sa.select(User).options(selectinload(User.passkeys))
    which = which.where(User.tenant_id == tenant_id, key > usernames.key(after[: usernames.LONGEST]))
    if words := search[:LONGEST_SEARCH].strip():
        which = which.where(found_by(words))
    found = list(db.session.scalars(which.order_by(key).limit(PAGE + 1)))
    return Page(found[:PAGE], found[PAGE - 1].username if len(found) > PAGE else None)


def of_tenant(tenant_id: uuid.UUID, user_id: uuid.UUID) -> User | None:
    """The user of that id as they are now, if the tenant is their home; somebody else's is as unknown as none."""
    found = sa.select(User).where(User.id == user_id, User.tenant_id == tenant_id)
    return db.session.scalar(found, execution_options={"populate_existing": True})


def works_for(user_id: uuid.UUID, tenant_id: uuid.UUID) -> bool:
    """Whether a user of another tenant is a member of this one."""
    by_membership = sa.select(Membership.id).where(Membership.user_id == user_id, Membership.tenant_id == tenant_id)
    return db.session.scalar(by_membership) is not None


def names_in(tenant_id: uuid.UUID, user_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The names of those whom the tenant may know: its own people, its accountants, and the helpdesk."""
    memberships = sa.select(Membership.id).where(Membership.user_id == User.id, Membership.tenant_id == tenant_id)
    known = sa.or_(User.tenant_id == tenant_id, User.type == UserType.SUPPORT, there_is(memberships))
    found = db.session.execute(sa.select(User.id, User.name).where(User.id.in_(user_ids), known)).all()
    return {row[0]: row[1] for row in found}


def found_by(words: str) -> sa.ColumnElement[bool]:
    """Whether name, username or address of a user begins so, whatever the case."""
    return sa.or_(
        _begins(User.username_key, sa.literal(usernames.key(words))),
        _begins(sa.func.lower(User.name), sa.func.lower(words)),
        _begins(sa.func.lower(User.email), sa.func.lower(words)),
    )


def by_name() -> sa.ColumnElement[str]:
    """The order of names, whatever their case, that an index has."""
    return by_code_points(sa.func.lower(User.name))


def _begins(text: sa.SQLColumnExpression[str], beginning: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    compared = by_code_points(text)
    return sa.and_(compared >= beginning, compared < beginning.concat(_LAST))


def by_code_points(text: sa.SQLColumnExpression[str]) -> sa.ColumnElement[str]:
    """The text as it is ordered and compared here."""
    return sa.collate(text, "C" if db.engine.dialect.name == "postgresql" else "BINARY")
