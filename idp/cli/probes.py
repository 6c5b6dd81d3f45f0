"""Whether what the provider stands on can be used. `idp check` prints every answer; `idp serve` demands database and keys.

settings ─▶ who is believed ─▶ the database answers ─▶ its schema is new enough ─▶ the secret keys open what is sealed
                                        Redis answers · the mail server answers · the outbox is empty or moves
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import InstrumentedAttribute

from idp.accounts.models import TotpDevice
from idp.crypto.sealed import SealBroken
from idp.oidc.models import SigningKey
from idp.outbox import state as outbox_state
from idp.outbox.mail.transports import NotDelivered, sink_for
from idp.platform import cache, schema, secrets, settings
from idp.platform.database import first_line
from idp.platform.extensions import db
from idp.platform.schema import Schema
from idp.provisioning import placeholders
from idp.tenancy.models import Tenant

SAMPLE: Final = 100
NO_PROXIES: Final = "none: whoever ends TLS for us is taken for the client, the same one for everybody"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one probe found. `reason` names the setting to look at where it is not ok."""

    part: str
    ok: bool
    reason: str


def of_database() -> Finding:
    """Find whether the database answers and its schema is at least ours."""
    try:
        found = schema.look()
    except DBAPIError as error:
        return Finding(
            "database", ok=False, reason=f"IDP_DATABASE_URL: the database cannot be reached: {first_line(error)}"
        )
    except SQLAlchemyError as error:
        return Finding("database", ok=False, reason=f"IDP_DATABASE_URL: {error}")
    if found in {Schema.EMPTY, Schema.OLDER}:
        return Finding("schema", ok=False, reason=f"IDP_DATABASE_URL: the schema is {found.value}; run: idp migrate")
    return Finding("database", ok=True, reason=f"answers; its schema is {found.value}")


def of_keys() -> Finding:
    """Find whether the secret keys open what is sealed in the database: a wrong key must never read as "nothing set"."""
    try:
        locked = [what for what, column in _SEALED if not all(map(_opens, _some_of(column)))]
    except DBAPIError as error:
        return Finding("keys", ok=False, reason=f"IDP_DATABASE_URL: {first_line(error)}")
    if locked:
        return Finding(
            "keys", ok=False, reason=f"IDP_SECRET_KEYS: {locked[0]} is sealed with a key that is not among them"
        )
    return Finding("keys", ok=True, reason="open what is sealed")


_SEALED: Final = (
    ("a signing key", SigningKey.private_sealed),
    ("a TOTP secret", TotpDevice.secret_sealed),
    ("a security code", Tenant.security_code_sealed),
)


def _some_of(column: InstrumentedAttribute[str]) -> Iterable[str]:
    return db.session.scalars(sa.select(column).limit(SAMPLE))


def _opens(sealed: str) -> bool:
    try:
        return secrets.sealer().can_open(sealed)
    except SealBroken:
        return False


def of_client_secrets() -> Finding:
    """Find whether a client has the secret of an example of ours."""
    try:
        found = placeholders.clients_with_one()
    except DBAPIError as error:
        return Finding("clients", ok=False, reason=f"IDP_DATABASE_URL: {first_line(error)}")
    if found:
        known = f"everybody knows the secret of {', '.join(found)}, which is of our example: import another"
        return Finding("clients", ok=False, reason=f"{known} with --set-credentials")
    return Finding("clients", ok=True, reason="none has the secret of an example")


def of_redis() -> Finding:
    """Find whether Redis answers, where there should be one."""
    redis = cache.current()
    if not redis.configured:
        return Finding("redis", ok=True, reason="not configured: everything works, slower")
    if redis.healthy():
        return Finding("redis", ok=True, reason="answers")
    return Finding("redis", ok=False, reason="IDP_REDIS_URL: Redis does not answer")


def of_mail() -> Finding:
    """Find whether mails can be handed over."""
    ours = settings.current()
    if ours.mail_url is None:
        return Finding("mail", ok=True, reason="not configured: mails wait in the outbox")
    try:
        return Finding("mail", ok=True, reason=sink_for(ours.mail_url, ours.issuer_host).probe())
    except NotDelivered as error:
        return Finding("mail", ok=False, reason=f"IDP_MAIL_URL: {error}")


def of_outbox() -> Finding:
    """Find whether mails are delivered and applications told in time, and whether some never were."""
    try:
        found = outbox_state.look(mails_go=settings.current().mail_url is not None)
    except DBAPIError as error:
        return Finding("outbox", ok=False, reason=f"IDP_DATABASE_URL: {first_line(error)}")
    if found.dead:
        dead = f"{found.dead} deliveries were given up (`idp outbox list`); the last one: {found.last_error}"
        return Finding("outbox", ok=False, reason=dead)
    if found.late:
        return Finding("outbox", ok=False, reason=f"{found.late} deliveries are overdue: is `idp worker` running?")
    untold = f", {found.untold} messages to applications" if found.untold else ""
    return Finding("outbox", ok=True, reason=f"{found.waiting} mails wait{untold}")


def of_proxies() -> Finding:
    """Find whose headers are believed. Nobody's is a decision too, and a rare one where TLS ends before us."""
    ours = settings.current()
    if ours.trusted_proxies:
        believed = ", ".join(filter(None, (ours.forwarded_header.value, ours.client_certificate_header)))
        named = ", ".join(map(str, ours.trusted_proxies))
        return Finding("proxies", ok=True, reason=f"{named}: believed in {believed}, by exactly these names")
    if "forwarded_header" in ours.model_fields_set:
        unread = "IDP_FORWARDED_HEADER: is believed from IDP_TRUSTED_PROXIES only, and there are none"
        return Finding("proxies", ok=False, reason=unread)
    if ours.development:
        return Finding("proxies", ok=True, reason="none: no header is believed")
    return Finding("proxies", ok=True, reason=f"{NO_PROXIES} (IDP_TRUSTED_PROXIES)")


def to_serve() -> Iterator[Finding]:
    """Yield what a server cannot do without. The keys can only be tried where the database is usable."""
    database = of_database()
    yield database
    if database.ok:
        yield of_keys()


def everything() -> Iterator[Finding]:
    """Yield every part."""
    yield Finding("settings", ok=True, reason="complete and well-formed")
    yield of_proxies()
    usable = list(to_serve())
    yield from usable
    yield of_redis()
    yield of_mail()
    if all(finding.ok for finding in usable):
        yield of_client_secrets()
        yield of_outbox()
