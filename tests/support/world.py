"""Tenants, people and applications for a test, each knowing what a person would know.

zon = world.tenant("de-zon", two_factor_mandatory=True)       # security code on, as the product's default is
anna = world.user("anna", zon, totp=True)                     # password and authenticator known to `anna`
bert = world.user("bert", zon, type="administrator")
eva = world.user("eva", zon, type="accountant", works_for=[fietsen])
books = world.client("books", redirect_uris=["https://books.example/cb"])

anna.password   anna.totp()        the code that her telephone shows now; each call gives one that was never given
                                   before, moving the test's clock on by a step where that needs a new one
anna.mails()                       what is on its way to her mailbox, the newest last: idp.outbox.mail.messages
zon.code                           the tenant's security code
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cache, partial
from typing import Any

from flask import Flask

from idp.accounts.factors import second_factors
from idp.accounts.models import User, UserType
from idp.accounts.users import usernames
from idp.crypto import opaque, totp
from idp.crypto.passwords import Hasher, Parameters
from idp.oidc.models import Client
from idp.outbox.mail.messages import MAILS, Mail, read
from idp.outbox.models import Queued, seal_owner
from idp.platform.clock import now as product_now
from idp.platform.extensions import db
from idp.platform.secrets import hasher, sealer
from idp.tenancy import changes
from idp.tenancy.models import Membership, Tenant
from idp.tenancy.policy import Policy, decided
from tests.support.moving_clock import MovingClock

PERIOD = 30


@dataclass(slots=True)
class KnownTenant:
    """A tenant as the tests know it."""

    id: uuid.UUID
    slug: str
    name: str
    code: str


@dataclass(slots=True)
class KnownUser:
    """A person with what they carry in their head and on their telephone."""

    id: uuid.UUID
    username: str
    name: str
    password: str
    tenant: KnownTenant
    now: Callable[[], datetime]
    clock: MovingClock | None = None
    totp_secret: str | None = None
    last_step: int = 0
    recovery_codes: list[str] = field(default_factory=list)
    mails: Callable[[], list[Mail]] = list

    @property
    def email(self) -> str:
        """Where their mail comes in."""
        return f"{self.username}@{self.tenant.slug}.example"

    def totp(self, good_for: float = 3) -> str:
        """The next code that was never given before (RFC 6238: a step is good once).

        On a moving clock it is the present step's, after moving on where that one was given. On the real clock it is
        the earliest in the window of one step to each side that stays good for so many seconds, at most half a minute.
        """
        assert self.totp_secret, f"{self.username} has no authenticator"
        step = self._next_step(good_for)
        self.last_step = step
        return totp.code_at(self.totp_secret, datetime.fromtimestamp(step * PERIOD, tz=self.now().tzinfo))

    def _next_step(self, good_for: float) -> int:
        present = totp.step_at(self.now())
        if self.clock is None:
            step = max(totp.step_at(self.now() + timedelta(seconds=good_for)) - 1, self.last_step + 1)
            assert step <= present + 1, f"{self.username} used three codes within a minute"
            return step
        if present <= self.last_step:
            self.clock.advance(seconds=(self.last_step + 1) * PERIOD - self.now().timestamp())
        return totp.step_at(self.now())

    def wrong_totp(self) -> str:
        """A code that is not right now and not near now."""
        assert self.totp_secret
        moment = self.now().timestamp()
        near = {
            totp.code_at(self.totp_secret, datetime.fromtimestamp(moment + s * PERIOD, tz=self.now().tzinfo))
            for s in range(-3, 4)
        }
        return next(
            code
            for code in ("000000", "111111", "222222", "333333", "444444", "555555", "666666", "777777")
            if code not in near
        )


@dataclass(slots=True)
class KnownClient:
    """An application's registration, with its secret."""

    client_id: str
    client_secret: str | None
    registration: dict[str, Any]

    @property
    def redirect_uri(self) -> str:
        """The first registered address."""
        return str(self.registration["redirect_uris"][0])


class World:
    """Makes what a test needs in the database of `app`. Each call is a unit of work of its own."""

    def __init__(self, app: Flask, clock: MovingClock | None = None, suffix: str = "") -> None:
        self.app = app
        self.clock = clock
        self.suffix = suffix
        self._now = clock.now if clock else product_now

    def tenant(
        self, slug: str = "de-zon", *, name: str = "", code: str = "482915", locale: str = "en", **policy: Any
    ) -> KnownTenant:
        """A tenant; `policy` by the names of the import file. Its pages are English unless `locale` says otherwise."""
        with self._unit_of_work():
            row = Tenant(
                id=uuid.uuid4(), slug=slug + self.suffix, name=name or slug.replace("-", " ").title(), locale=locale
            )
            row.security_code_sealed = changes.seal_security_code(row.id, code)
            for switch, on in policy.items():
                assert hasattr(Policy(), switch), f"no such switch: {switch}"
                setattr(row, switch, on)
            db.session.add(row)
            return KnownTenant(row.id, row.slug, row.name, code)

    def user(
        self,
        username: str,
        tenant: KnownTenant,
        *,
        type: str = "employee",  # noqa: A002 - its name in the import file
        password: str = "correct horse battery staple",
        totp: bool | str = False,
        every_30_days: bool = False,
        recovery_codes: bool = False,
        works_for: Sequence[KnownTenant] = (),
        locale: str | None = None,
        disabled: bool = False,
    ) -> KnownUser:
        """A person of `tenant`. `totp=True` gives them an authenticator; `every_30_days` is their own choice (C1)."""
        username += self.suffix
        with self._unit_of_work():
            codes = second_factors.new_recovery_codes() if recovery_codes else {}
            row = User(
                id=uuid.uuid4(),
                tenant_id=tenant.id,
                username=username,
                username_key=usernames.key(username),
                name=username.split("-")[0].title(),
                email=f"{username}@{tenant.slug}.example",
                type=UserType(type),
                locale=locale,
                password_hash=_hash(password, hasher().parameters),
                two_factor_every_30_days=every_30_days,
                disabled_at=self._now() if disabled else None,
            )
            db.session.add(row)
            db.session.add_all(Membership(user_id=row.id, tenant_id=other.id) for other in works_for)
            db.session.flush()
            known = KnownUser(row.id, username, row.name, password, tenant, self._now, self.clock)
            known.mails = partial(self.mails, known)
            if totp:
                known.totp_secret = totp if isinstance(totp, str) else _new_secret()
                second_factors.add_totp(row, known.totp_secret)
            second_factors.keep_recovery_codes(row, codes)
            known.recovery_codes = list(codes)
            return known

    def client(
        self,
        client_id: str = "books",
        *,
        name: str = "",
        tenant: KnownTenant | None = None,
        first_party: bool = True,
        public: bool = False,
        require_pkce: bool = True,
        **registration: Any,
    ) -> KnownClient:
        """A confidential application (`public=True`: one without a secret); `registration` by the names of RFC 7591."""
        client_id += self.suffix
        secret = None if public else opaque.new()
        method = "none" if public else "client_secret_basic"
        metadata = {
            "redirect_uris": ["https://books.example/cb"],
            "post_logout_redirect_uris": ["https://books.example/bye"],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": method,
            "scope": "openid profile email offline_access",
            **registration,
        }
        with self._unit_of_work():
            db.session.add(
                Client(
                    client_id=client_id,
                    tenant_id=tenant.id if tenant else None,
                    name=name or client_id.title(),
                    secret_hash=opaque.digest(secret) if secret else None,
                    first_party=first_party,
                    require_pkce=require_pkce,
                    registration=metadata,
                )
            )
            return KnownClient(client_id, secret, metadata)

    def change(self, model: type[Any], row_id: uuid.UUID, **columns: Any) -> None:
        """Set columns of a row directly, past every rule: for what a test cannot reach through the product."""
        with self._unit_of_work():
            row = db.session.get(model, row_id)
            for name, value in columns.items():
                setattr(row, name, value)

    def policy(self, tenant: KnownTenant, **switches: Any) -> None:
        """Change a tenant's policy as the console does."""
        with self._unit_of_work():
            row = db.session.get(Tenant, tenant.id)
            assert row
            changes.change_policy(row, replace(row.plan, policy=replace(row.plan.policy, **switches)))

    def plan(self, tenant: KnownTenant, day: date | None) -> None:
        """Let two-factor become mandatory from that day on, as the console does."""
        with self._unit_of_work():
            row = db.session.get_one(Tenant, tenant.id)
            changes.change_policy(row, decided(row.plan.policy, mandatory=True, since=day))

    def mails(self, user: KnownUser) -> list[Mail]:
        """The mails to this person that no worker has delivered yet, the newest last."""
        with self._unit_of_work():
            rows = db.session.query(Queued).filter(Queued.user_id == user.id, Queued.payload_sealed.is_not(None))
            return [_opened(row) for row in rows.order_by(Queued.created_at) if row.kind in MAILS]

    @contextmanager
    def unit_of_work(self) -> Iterator[Any]:
        """The product's database session in an application context; committed at the end of the block."""
        with self._unit_of_work():
            yield db.session

    @contextmanager
    def _unit_of_work(self) -> Iterator[None]:
        with self.app.app_context():
            yield
            db.session.commit()


def _opened(row: Queued) -> Mail:
    payload = sealer().open(str(row.payload_sealed), seal_owner(row.id))
    return read(row.kind, json.loads(payload))


@cache
def _hash(password: str, parameters: Parameters) -> str:
    """The hash that the product would make, made once for all who have this password."""
    return Hasher(parameters, at_most=1).hash(password)


def _new_secret() -> str:
    return totp.new_secret()
