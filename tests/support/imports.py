"""Files of people: chosen in the console, and carried out as a worker does, one batch at a time.

upload(console, GOOD).submit("Invite them all")
carry(app, import_id)               # the next batch, and no mail
newcomers(world, zon)               # who was made by it
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from flask import Flask

from idp.accounts import bulk_invite as product
from idp.accounts.bulk_invite.models import PeopleImport
from idp.accounts.models import User
from idp.outbox.jobs import PeopleToInvite
from idp.platform.extensions import db
from tests.support.browser import Browser
from tests.support.world import KnownTenant, World

IMPORT = "/console/users/import"
GOOD = "name;email;username;type;locale\nNora Baas;nora@x.example;nora;administrator;en\nOtto;otto@x.example;;;\n"


def people(number: int, begin: str = "p") -> str:
    """A file with so many people."""
    return "name;email\n" + "".join(f"Person {n};{begin}{n}@x.example\n" for n in range(number))


def upload(console: Browser, content: str | bytes, *names: str) -> Browser:
    """Choose the file and look at the people."""
    console.get(IMPORT)
    token = str(console.page.one("input[name=csrf_token]")["value"])
    raw = content.encode() if isinstance(content, str) else content
    files = [("file", (name, raw, "text/csv")) for name in names or ("people.csv",)]
    answer = console.http.post(IMPORT, data={"csrf_token": token}, files=files, follow_redirects=False)
    return console._arrive(answer)


def confirmed(console: Browser, content: str) -> uuid.UUID:
    """Have these people invited; return the id of their import."""
    upload(console, content).submit("Invite them all")
    assert console.status == 200
    return uuid.UUID(console.path.rsplit("/", 1)[1])


def carry(app: Flask, import_id: uuid.UUID) -> None:
    """What a worker does with the next batch, without the mails that follow. Commits."""
    with app.app_context():
        row = db.session.get_one(PeopleImport, import_id)
        product.carry_out(PeopleToInvite(import_id=str(row.id), after=row.handled))
        db.session.commit()


def newcomers(world: World, tenant: KnownTenant) -> list[User]:
    """Who was invited and has not accepted, by username."""
    with world.unit_of_work() as session:
        invited = sa.select(User).where(User.tenant_id == tenant.id, User.invited_at.is_not(None))
        found = list(session.scalars(invited.order_by(User.username_key)))
        session.expunge_all()
        return found


def told(console: Browser, selector: str = "[role=alert] li") -> list[str]:
    """The lines of a list of faults."""
    return [" ".join(li.get_text(" ").split()) for li in console.page.soup.select(selector)]
