"""What an import does: creates what is new, changes what differs, leaves the rest; the same file again changes nothing."""

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.accounts.factors.second_factors import secret_of
from idp.accounts.models import User, UserType
from idp.accounts.users.queries import by_username, tenants_of
from idp.audit.models import AuditEvent
from idp.crypto import opaque
from idp.oidc.models import Client
from idp.platform.errors import Conflict
from idp.platform.extensions import db
from idp.platform.secrets import hasher
from idp.tenancy.models import Tenant
from idp.tenancy.policy import Plan, Policy
from idp.tenancy.queries import by_slug, security_code_of
from tests.importing.importing import File

pytestmark = pytest.mark.both_stores
CERTIFICATION = Path(__file__).parents[2] / "config" / "certification.toml"


def person(username: str) -> User:
    user = by_username(username)
    assert user
    return user


def company(slug: str) -> Tenant:
    tenant = by_slug(slug)
    assert tenant
    return tenant


def client() -> Client:
    return db.session.scalars(sa.select(Client)).one()


def epochs() -> tuple[int, int, int]:
    """Of Anna, of her grants, of her tenant."""
    db.session.expire_all()
    return person("anna").epoch, person("anna").grants_epoch, company("de-zon").epoch


def test_everything_in_the_file_comes_to_be(imported: File, rows: None) -> None:
    """Tenants, policies, users, factors, memberships and clients are as the file says, and else as by default."""
    zon, anna, eva = company("de-zon"), person("anna"), person("eva")
    assert (zon.name, zon.locale, zon.policy) == ("Bakkerij De Zon", "nl", Policy(two_factor_mandatory=True))
    assert security_code_of(zon) == "482915"
    assert (company("fietsen-bv").locale, company("fietsen-bv").policy) == ("nl", Policy())
    assert (anna.name, anna.email, anna.type, anna.locale) == (
        "Anna de Vries",
        "anna@de-zon.example",
        UserType.EMPLOYEE,
        "en",
    )
    assert anna.two_factor_every_30_days
    assert hasher().verify(anna.password_hash, "warme-krentenbol")
    assert [secret_of(device) for device in anna.totp_devices] == ["JBSWY3DPEHPK3PXP"]
    assert [tenant.slug for tenant in tenants_of(eva)] == ["de-zon", "fietsen-bv"]
    assert not eva.two_factor_every_30_days
    assert client().secret_hash == opaque.digest("the secret of books, and a long one")
    assert (client().tenant_id, client().first_party, client().require_pkce) == (zon.id, True, True)
    assert client().registration == {"redirect_uris": ["https://books.example/cb"]}


def test_what_was_done_is_said(file: File) -> None:
    """The report names each thing, and a made-up security code once."""
    zon, fietsen, *rest = file.imported()
    assert zon == "tenant de-zon: created"
    assert fietsen.startswith("tenant fietsen-bv: created (security code ")
    assert rest == ["user anna: created", "user eva: created", "client books: created"]
    with file.app.app_context():
        assert security_code_of(company("fietsen-bv")) in fietsen


@pytest.mark.parametrize("set_credentials", [False, True], ids=["plain", "set-credentials"])
def test_the_same_file_again_changes_nothing(imported: File, rows: None, set_credentials: bool) -> None:
    """No row changes, no epoch moves, nothing is written to the audit log."""
    before = epochs(), db.session.scalar(sa.select(sa.func.max(AuditEvent.id))), person("anna").updated_at
    db.session.rollback()
    assert imported.imported(set_credentials=set_credentials) == []
    assert (epochs(), db.session.scalar(sa.select(sa.func.max(AuditEvent.id))), person("anna").updated_at) == before


def test_what_differs_is_changed_and_named(imported: File) -> None:
    """Particulars, policy, memberships and registration follow the file; the report names the fields."""
    imported.replace("Bakkerij De Zon", "Bakkerij De Maan")
    imported.replace("two_factor_mandatory = true", "passkeys = false\nblock_new_ip = true\nsession_hours = 12")
    imported.replace("Anna de Vries", "Anna Visser").replace('username = "anna"', 'username = "Anna"')
    imported.replace("https://books.example/cb", "https://books.example/callback")
    assert imported.imported() == [
        "tenant de-zon: changed: name, policy.block_new_ip, policy.passkeys, policy.session_hours",
        "user Anna: changed: username, name",
        "client books: changed: redirect_uris",
    ]
    with imported.app.app_context():
        policy = Policy(two_factor_mandatory=True, block_new_ip=True, passkeys=False, session_hours=12)
        assert company("de-zon").policy == policy


def test_two_factor_from_a_day_on(imported: File, rows: None) -> None:
    """The switch and the day are one decision: whoever names either of them decides; whoever names none, nothing."""

    def after(named: str) -> tuple[list[str], Plan]:
        before = imported.text
        changes = imported.replace("two_factor_mandatory = true", named).imported()
        assert imported.imported() == []
        imported.text = before
        db.session.rollback()
        return changes, company("de-zon").plan

    day, switch = "two_factor_mandatory_from = 2026-12-01", "two_factor_mandatory = false"
    planned = Plan(Policy(), date(2026, 12, 1))
    said = "tenant de-zon: changed: policy.two_factor_mandatory"
    assert after(day) == ([f"{said}, policy.two_factor_mandatory_from"], planned)
    assert after("block_new_ip = false") == ([], planned)
    assert after(f"{switch}\n{day}") == ([], planned)
    assert after(f"two_factor_mandatory = true\n{day}") == ([], planned)
    assert after(switch) == (["tenant de-zon: changed: policy.two_factor_mandatory_from"], Plan())
    assert after("two_factor_mandatory = true") == ([said], Plan(Policy(two_factor_mandatory=True)))


def test_a_new_company_with_a_day(file: File, rows: None) -> None:
    """It is there from the start, and the audit log says so."""
    file.replace("two_factor_mandatory = true", "two_factor_mandatory_from = 2026-12-01").imported()
    assert company("de-zon").plan == Plan(Policy(), date(2026, 12, 1))
    assert db.session.query(AuditEvent).filter_by(kind="tenant.two_factor_day_set").one().detail == {
        "day": "2026-12-01"
    }


PHONE_AND_ADDRESS = """phone = "+31 20 123 4567"
[tenants.users.address]
formatted = "Dorpsstraat 1\\n1234 AB Zutphen"
locality = "Zutphen"
"""


def test_a_phone_number_and_an_address(imported: File, rows: None) -> None:
    """They may be added later; the same again changes nothing."""
    imported.replace('locale = "en"\n', f'locale = "en"\n{PHONE_AND_ADDRESS}')
    assert imported.imported() == ["user anna: changed: phone, address"]
    assert imported.imported() == []
    assert (person("eva").phone, person("eva").address) == (None, None)
    assert (person("anna").phone, person("anna").address) == (
        "+31 20 123 4567",
        {"formatted": "Dorpsstraat 1\n1234 AB Zutphen", "locality": "Zutphen"},
    )


def test_what_is_changed_is_written_down(imported: File, rows: None) -> None:
    """In the audit log: particulars by their names, each credential as an event of its own, and never what they are."""
    newest = db.session.scalar(sa.select(sa.func.max(AuditEvent.id)))
    other_credentials(imported).replace("Anna de Vries", "Anna").imported(set_credentials=True)
    events = list(db.session.scalars(sa.select(AuditEvent).where(AuditEvent.id > newest).order_by(AuditEvent.id)))
    assert [event.kind for event in events] == [
        "tenant.security_code_rotated",
        "user.changed",
        "user.password_changed",
        "two_factor.set_up",
        "client.changed",
    ]
    assert events[1].detail == {"fields": ["name"]}
    assert "koude" not in str([event.detail for event in events])


def test_companies_and_applications_are_written_down(imported: File, rows: None) -> None:
    """What comes to be, and what of it changes, are events of the company that they belong to."""
    made = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.kind.in_(["tenant.created", "client.registered"])))
    assert [(event.kind, event.detail, event.tenant_id) for event in made] == [
        ("tenant.created", {"slug": "de-zon"}, company("de-zon").id),
        ("tenant.created", {"slug": "fietsen-bv"}, company("fietsen-bv").id),
        ("client.registered", {"client_id": "books", "without": []}, company("de-zon").id),
    ]
    db.session.rollback()
    imported.replace("Bakkerij De Zon", "De Maan").replace("Informer Books", "Books").imported()
    changed = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.kind.in_(["tenant.changed", "client.changed"])))
    assert [(event.kind, event.detail, event.tenant_id) for event in changed] == [
        ("tenant.changed", {"fields": ["name"]}, company("de-zon").id),
        ("client.changed", {"client_id": "books", "fields": ["name"]}, company("de-zon").id),
    ]


def test_doing_without_pkce_and_nonce_is_written_down(file: File, rows: None) -> None:
    """RFC 9700 section 2.1.1: each by its own word, in the log; and there is no PKCE again without its nonce rule."""
    file.replace("first_party = true", "first_party = true\nrequire_pkce = false\nrequire_nonce = false").imported()
    registered = db.session.query(AuditEvent).filter_by(kind="client.registered").one()
    assert registered.detail == {"client_id": "books", "without": ["require_pkce", "require_nonce"]}
    db.session.rollback()
    file.replace("require_pkce = false", "require_pkce = true")
    assert [line.partition(": ")[2] for line in file.faults()] == [
        "clients[0].require_nonce: must be true: only a client with require_pkce = false may do without"
    ]
    file.replace("require_nonce = false", "require_nonce = true").imported()
    changed = db.session.query(AuditEvent).filter_by(kind="client.changed").one()
    assert changed.detail == {"client_id": "books", "fields": ["require_pkce", "require_nonce"]}


def test_the_clients_of_the_conformance_suite(file: File, rows: None) -> None:
    """The file that comes with us is whole, but for the secrets: it is refused until they are written into it."""
    file.text = CERTIFICATION.read_text("utf-8")
    left_out = [fault.partition(": ")[2].partition(": ")[0] for fault in file.faults()]
    assert left_out == ["tenants[0].users[0].password", *(f"clients[{n}].client_secret" for n in range(5))]
    file.replace('password = ""', 'password = "eleven tall trees"').replace(
        'client_secret = ""', 'client_secret = "a secret of our own, and a long one"'
    )
    assert len(file.imported()) == 7
    without = ["require_pkce", "require_nonce"]
    events = db.session.query(AuditEvent).filter_by(kind="client.registered")
    assert [event.detail["without"] for event in events] == [without] * 5


def test_what_the_file_does_not_name_stays(imported: File, rows: None) -> None:
    """A file with names only changes nothing; a file without them neither."""
    imported.text = """
[[tenants]]
slug = "de-zon"
[[tenants.users]]
username = "ANNA"
name = "Anna"
[[tenants.users]]
username = "eva"
[[clients]]
client_id = "books"
scope = "openid"
"""
    assert imported.imported() == ["user ANNA: changed: username, name", "client books: changed: scope"]
    assert person("anna").email == "anna@de-zon.example"
    assert len(tenants_of(person("eva"))) == 2
    assert client().registration == {"redirect_uris": ["https://books.example/cb"], "scope": "openid"}


def test_credentials_of_those_who_exist_are_left_alone(imported: File, rows: None) -> None:
    """Without --set-credentials another password, TOTP secret, security code or client secret changes nothing."""
    before = epochs()
    assert other_credentials(imported).imported() == []
    assert epochs() == before
    assert hasher().verify(person("anna").password_hash, "warme-krentenbol")
    assert client().secret_hash == opaque.digest("the secret of books, and a long one")


def test_credentials_are_set_when_asked(imported: File, rows: None) -> None:
    """With --set-credentials each that differs is set, and counts as a change: grants, sessions and tokens end."""
    user, grants, tenant = epochs()
    assert other_credentials(imported).imported(set_credentials=True) == [
        "tenant de-zon: changed: security_code",
        "user anna: changed: password, totp_secret",
        "client books: changed: client_secret",
    ]
    after = epochs()
    assert after[0] > user
    assert after[1] > grants
    assert after[2] > tenant
    assert hasher().verify(person("anna").password_hash, "koude-krentenbol")
    assert [secret_of(device) for device in person("anna").totp_devices] == ["JBSWY3DPEHPK3PXA"]
    assert security_code_of(company("de-zon")) == "111111"
    assert client().secret_hash == opaque.digest("another secret of books, and a long one")


def other_credentials(file: File) -> File:
    file.replace("482915", "111111").replace("warme-krentenbol", "koude-krentenbol")
    return file.replace("JBSWY3DPEHPK3PXP", "jbsw y3dp ehpk 3pxa").replace("the secret", "another secret")


@pytest.mark.parametrize(
    ("old", "new", "moves"),
    [
        pytest.param("warme-krentenbol", "koude-krentenbol", (True, True, False), id="a password"),
        pytest.param("JBSWY3DPEHPK3PXP", "JBSWY3DPEHPK3PXA", (True, True, False), id="a TOTP secret"),
        pytest.param("482915", "111111", (False, False, True), id="a security code"),
        pytest.param("Anna de Vries", "Anna", (False, False, False), id="a name"),
        pytest.param("every_30_days = true", "every_30_days = false", (True, True, False), id="the choice off"),
        pytest.param("two_factor_mandatory = true", "limit_two_factor_validity = true", (False, False, True), id="validity limited"),
    ],
)  # fmt: skip
def test_each_change_moves_its_own_epoch(
    imported: File, rows: None, old: str, new: str, moves: tuple[bool, bool, bool]
) -> None:
    """What a change makes worthless is said by the epoch that it moves on: the user's, their grants', the tenant's."""
    before = epochs()
    assert len(imported.replace(old, new).imported(set_credentials=True)) == 1
    assert tuple(new > old for new, old in zip(epochs(), before, strict=True)) == moves


def test_a_hash_is_taken_as_it_is(file: File, rows: None) -> None:
    """password_hash stands for the password; the same hash again is no change."""
    made = hasher().hash("warme-krentenbol")
    file.replace('password = "warme-krentenbol"', f'password_hash = "{made}"').imported()
    assert person("anna").password_hash == made
    db.session.rollback()
    assert file.imported(set_credentials=True) == []


def test_the_first_totp_secret_of_one_who_exists(file: File, rows: None) -> None:
    """A user who has no TOTP gets one only with --set-credentials."""
    file.replace('totp_secret = "JBSWY3DPEHPK3PXP"\n', "").imported()
    file.replace("two_factor_every_30_days", 'totp_secret = "JBSWY3DPEHPK3PXP"\ntwo_factor_every_30_days')
    assert file.imported() == []
    assert file.imported(set_credentials=True) == ["user anna: changed: totp_secret"]


def test_a_new_user_of_a_tenant_that_exists(imported: File, rows: None) -> None:
    """Users are added to existing tenants; a user without a password cannot log in yet."""
    imported.text = """
[[tenants]]
slug = "fietsen-bv"
[[tenants.users]]
username = "Joost"
name = "Joost Mulder"
email = "joost@fietsen-bv.example"
"""
    assert imported.imported() == ["user Joost: created"]
    assert (person("joost").tenant.slug, person("joost").type, person("joost").password_hash) == (
        "fietsen-bv",
        UserType.EMPLOYEE,
        None,
    )


def test_a_fault_at_the_end_undoes_the_beginning(imported: File, rows: None) -> None:
    """All or nothing: what the database refuses while writing leaves nothing of the file behind."""
    imported.replace("Bakkerij De Zon", "Bakkerij De Maan")
    with imported.app.app_context():
        _refuse_new_users()
        db.session.commit()
    imported.add(
        '[[tenants]]\nslug = "x"\nname = "X"\n[[tenants.users]]\nusername = "y"\nname = "Y"\nemail = "y@x.example"\n'
    )
    with pytest.raises(Conflict):
        imported.imported()
    assert company("de-zon").name == "Bakkerij De Zon"
    assert by_slug("x") is None


def _refuse_new_users() -> None:
    """Let the database refuse every new user, as it would a name that somebody else took a moment ago."""
    if db.engine.dialect.name == "sqlite":
        db.session.execute(
            sa.text("CREATE TRIGGER refuse BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, 'UNIQUE'); END")
        )
    else:
        db.session.execute(sa.text("ALTER TABLE users ADD CONSTRAINT refuse CHECK (username <> 'y') NOT VALID"))


def test_many_users(file: File, app: Flask, rows: None) -> None:
    """Twelve hundred users with hashes are imported, and again, without a query for each."""
    made = hasher().hash("warme-krentenbol")
    users = "".join(
        f'[[tenants.users]]\nusername = "user{n}"\nname = "User {n}"\nemail = "u{n}@x.example"\npassword_hash = "{made}"\n'
        for n in range(1200)
    )
    file.text = f'[[tenants]]\nslug = "many"\nname = "Many"\n{users}'
    assert len(file.imported()) == 1201
    statements: list[str] = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    assert file.imported() == []
    assert len(statements) < 30
