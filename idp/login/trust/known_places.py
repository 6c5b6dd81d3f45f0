"""Networks and browsers that a user has logged in from before. They spare nothing; they tell own places from strangers'.

completed login, validated new address ──▶ remember()
throttle  ── failures at a familiar network are counted apart: a stranger cannot lock the office out
new_ip    ── where the policy blocks new addresses, a familiar one is not validated again
worker    ── one that nobody came back to for `KEPT` is removed: it is strange again
"""

import uuid
from datetime import datetime, timedelta

import sqlalchemy as sa

from idp.accounts.models import User
from idp.login.models import FamiliarBrowser, FamiliarNetwork
from idp.platform import clock
from idp.platform.extensions import changed, db, upsert

KEPT = timedelta(days=400)
"""How long a place stays familiar after it was last used: as long as a browser keeps the cookie that it is known by."""


def is_familiar(user_id: uuid.UUID, network: str | None) -> bool:
    """Whether the user has completed a login from this network, or validated it."""
    return network is not None and db.session.get(FamiliarNetwork, (user_id, network)) is not None


def to_somebody(username_key: str, network: str | None) -> bool:
    """The same, for whoever has this canonical username; nobody's networks are all strange."""
    known = sa.select(FamiliarNetwork.network).join(User, User.id == FamiliarNetwork.user_id)
    mine = known.where(User.username_key == username_key, FamiliarNetwork.network == network)
    return db.session.scalar(mine) is not None


def remember(user_id: uuid.UUID, network: str | None, *, validated_by_mail: bool = False) -> bool:
    """Note that the network was used just now. Whether it was new. The caller commits."""
    if network is None:
        return False
    new, now = not is_familiar(user_id, network), clock.now()
    row = upsert(FamiliarNetwork).values(
        user_id=user_id, network=network, since=now, used_at=now, validated_by_mail=validated_by_mail
    )
    kept = row.on_conflict_do_update(index_elements=["user_id", "network"], set_={"used_at": now})
    db.session.execute(kept)
    return new


def of(user_id: uuid.UUID) -> list[FamiliarNetwork]:
    """The user's familiar networks, the last used first."""
    mine = sa.select(FamiliarNetwork).where(FamiliarNetwork.user_id == user_id)
    return list(db.session.scalars(mine.order_by(FamiliarNetwork.used_at.desc())))


def forget(user_id: uuid.UUID, network: str) -> bool:
    """Make a network strange again; of several requests at once one hears True. The caller commits."""
    gone = sa.delete(FamiliarNetwork).where(FamiliarNetwork.user_id == user_id, FamiliarNetwork.network == network)
    return changed(gone)


def forget_since(user_id: uuid.UUID, moment: datetime) -> None:
    """Make every network strange again that became familiar since then, and every browser. The caller commits."""
    networks = sa.delete(FamiliarNetwork).where(FamiliarNetwork.user_id == user_id, FamiliarNetwork.since >= moment)
    db.session.execute(networks)
    db.session.execute(sa.delete(FamiliarBrowser).where(FamiliarBrowser.user_id == user_id))


def remember_browser(user_id: uuid.UUID, browser_hash: str) -> bool:
    """Note that the browser was used just now. Whether it was new. The caller commits."""
    new = db.session.get(FamiliarBrowser, (user_id, browser_hash)) is None
    row = upsert(FamiliarBrowser).values(user_id=user_id, browser_hash=browser_hash, used_at=clock.now())
    db.session.execute(
        row.on_conflict_do_update(index_elements=["user_id", "browser_hash"], set_={"used_at": clock.now()})
    )
    return new
