"""For whom a person works besides their home tenant: asked by slug, or looked through page by page.

slugs_of ─▶ what a decision needs: every slug, and nothing else of the tenants
page_of ──▶ what a person sees: some of them with their names, after the slug of the page before, by the words typed
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from idp.platform.extensions import db
from idp.tenancy.models import Membership, Tenant

PAGE = 50
LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the tenants, and the slug to go on after; None: these are the last."""

    tenants: Sequence[Tenant]
    after: str | None


def slugs_of(user_id: uuid.UUID) -> Mapping[str, uuid.UUID]:
    """The enabled tenants that the user works for besides the home tenant, by slug: the id of each."""
    found = sa.select(Tenant.slug, Tenant.id).where(_enabled(others_of(user_id))).order_by(Tenant.slug)
    return {row.slug: row.id for row in db.session.execute(found)}


def id_of(user_id: uuid.UUID, tenant_id: uuid.UUID) -> uuid.UUID | None:
    """The user's membership of that tenant. One that begins again is another one."""
    mine = sa.select(Membership.id).where(Membership.user_id == user_id, Membership.tenant_id == tenant_id)
    return db.session.scalar(mine)


def page_of(others: sa.Select[uuid.UUID], home: Tenant, *, after: str = "", search: str = "") -> Page:
    """The home tenant and the others with these words in their name or slug, after that slug; home is the first of all."""
    words = search[:LONGEST_SEARCH].strip()
    which = sa.select(Tenant).where(_enabled(others), Tenant.slug > after)
    if words:
        found_in = (text.icontains(words, autoescape=True) for text in (Tenant.name, Tenant.slug))
        which = which.where(sa.or_(*found_in))
    found = list(db.session.scalars(which.order_by(Tenant.slug).limit(PAGE + 1)))
    first = [home] if not after and _reads(home, words) else []
    return Page([*first, *found[:PAGE]], found[PAGE - 1].slug if len(found) > PAGE else None)


def others_of(user_id: uuid.UUID) -> sa.Select[uuid.UUID]:
    """The ids of the tenants that the user is a member of."""
    return sa.select(Membership.tenant_id).where(Membership.user_id == user_id)


def _enabled(others: sa.Select[uuid.UUID]) -> sa.ColumnElement[bool]:
    return sa.and_(Tenant.id.in_(others), Tenant.disabled_at.is_(None))


def _reads(tenant: Tenant, words: str) -> bool:
    return any(words.casefold() in text.casefold() for text in (tenant.name, tenant.slug))
