"""A bad file is refused whole, with `FILE:LINE: key.path: what is wrong` for everything that is wrong in it."""

import pytest
import sqlalchemy as sa
from flask import Flask

from idp.accounts.models import User
from idp.oidc.models import Client
from idp.platform.extensions import db
from idp.provisioning.import_file import import_file
from idp.provisioning.people.faults import Refused
from idp.tenancy.models import Tenant
from tests.importing.importing import File

USER = 'username = "anna"\n'
ARGON2I = "$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"
HUGE = "$argon2id$v=19$m=99999999,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"

JWK = 'kty = "EC", crv = "P-256", x = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", y = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"'
"""The first public key of RFC 7517 appendix A.1, as TOML."""

ONE_FAULT = [
    ("an unknown key", "locale = 'nl'", "lokale = 'nl'", "4: tenants[0].lokale: unknown key; did you mean locale?"),
    ("an unknown key of a policy", "two_factor_mandatory", "2fa", "7: tenants[0].policy.2fa: unknown key"),
    ("a quoted boolean", "mandatory = true", 'mandatory = "true"', "7: tenants[0].policy.two_factor_mandatory: must be true or false, without quotes"),
    ("a number for a boolean", "mandatory = true", "mandatory = 1", "7: tenants[0].policy.two_factor_mandatory: must be true or false, without quotes"),
    ("a quoted date", "two_factor_mandatory = true", 'two_factor_mandatory_from = "2026-12-01"', "7: tenants[0].policy.two_factor_mandatory_from: must be a date, without quotes, such as 2026-03-01"),
    ("a moment for a date", "two_factor_mandatory = true", "two_factor_mandatory_from = 2026-12-01T08:00:00Z", "7: tenants[0].policy.two_factor_mandatory_from: must be a date, without quotes, such as 2026-03-01"),
    ("a limit out of bounds", "two_factor_mandatory = true", "session_idle_minutes = 5", "7: tenants[0].policy.session_idle_minutes: must be 10 to 1440"),
    ("a limit without an end", "two_factor_mandatory = true", "session_hours = 9999999999", "7: tenants[0].policy.session_hours: must be 1 to 720"),
    ("a quoted limit", "two_factor_mandatory = true", 'session_hours = "12"', "7: tenants[0].policy.session_hours: must be a whole number, without quotes"),
    ("a boolean for a limit", "two_factor_mandatory = true", "session_hours = true", "7: tenants[0].policy.session_hours: must be a whole number, without quotes"),
    ("an empty name", '"Anna de Vries"', '""', "11: tenants[0].users[0].name: must not be empty"),
    ("a blank name", '"Anna de Vries"', '"  "', "11: tenants[0].users[0].name: must not be empty"),
    ("a NUL in a name", "Anna de Vries", "Anna\\u0000", "11: tenants[0].users[0].name: must not contain control characters"),
    ("a line break in a name", "Anna de Vries", "Anna\\nBcc: x", "11: tenants[0].users[0].name: must not contain control characters"),
    ("an overlong name", "Anna de Vries", "A" * 201, "11: tenants[0].users[0].name: must have at most 200 characters"),
    ("an overlong username", USER, f'username = "{"a" * 151}"\n', "10: tenants[0].users[0].username: must have at most 150 characters"),
    ("a username that grows", USER, f'username = "{"ﷺ" * 150}"\n', "10: tenants[0].users[0].username: is too long when its letters are written out"),
    ("a username with a NUL", USER, 'username = "a\\u0000"\n', "10: tenants[0].users[0].username: must not contain control characters"),
    ("a number for a name", '"Anna de Vries"', "5", "11: tenants[0].users[0].name: must be text in quotes"),
    ("a date for a name", '"Anna de Vries"', "2026-11-24", "11: tenants[0].users[0].name: must be text in quotes"),
    ("a bad mail address", "anna@de-zon.example", "anna", "12: tenants[0].users[0].email: is not a mail address"),
    ("an unknown type", '"employee"', '"boss"', "13: tenants[0].users[0].type: must be employee, administrator, accountant, support"),
    ("a phone number of nowhere", 'locale = "en"', 'phone = "020 1234567"', "17: tenants[0].users[0].phone: must be an international phone number, such as +31 20 123 4567"),
    ("an empty street", 'locale = "en"', 'address = { street_address = " " }', "17: tenants[0].users[0].address.street_address: must be text of at most 500 characters"),
    ("an unknown part of an address", 'locale = "en"', 'address = { city = "Zutphen" }', "17: tenants[0].users[0].address.city: unknown key"),
    ("an unknown language", 'locale = "en"', 'locale = "de"', "17: tenants[0].users[0].locale: must be nl or en"),
    ("a short password", "warme-krentenbol", "kort", "14: tenants[0].users[0].password: must have 8 to 128 characters"),
    ("an overlong password", "warme-krentenbol", "w" * 129, "14: tenants[0].users[0].password: must have 8 to 128 characters"),
    ("a password with a NUL", "warme-krentenbol", "warme\\u0000krentenbol", "14: tenants[0].users[0].password: must not contain NUL, which no page can send"),
    ("a hash of another kind", 'password = "warme-krentenbol"', f'password_hash = "{ARGON2I}"', "14: tenants[0].users[0].password_hash: must be a whole $argon2id$ hash of a reasonable cost"),
    ("a hash that costs 100 GB", 'password = "warme-krentenbol"', f'password_hash = "{HUGE}"', "14: tenants[0].users[0].password_hash: must be a whole $argon2id$ hash of a reasonable cost"),
    ("half a hash", 'password = "warme-krentenbol"', f'password_hash = "{HUGE[:60]}"', "14: tenants[0].users[0].password_hash: must be a whole $argon2id$ hash of a reasonable cost"),
    ("two passwords", 'password = "warme-krentenbol"', 'password = "warme-krentenbol"\npassword_hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"', "15: tenants[0].users[0].password_hash: cannot stand beside password"),
    ("a TOTP secret that is none", "JBSWY3DPEHPK3PXP", "not base32!", "15: tenants[0].users[0].totp_secret: must be base32 (A-Z and 2-7)"),
    ("an empty TOTP secret", "JBSWY3DPEHPK3PXP", "", "15: tenants[0].users[0].totp_secret: must be base32 (A-Z and 2-7)"),
    ("a security code of letters", "482915", "abcdef", "5: tenants[0].security_code: must have 4 to 12 digits"),
    ("a short security code", "482915", "123", "5: tenants[0].security_code: must have 4 to 12 digits"),
    ("digits of another script", "482915", "٤٨٢٩١٥", "5: tenants[0].security_code: must have 4 to 12 digits"),
    ("a security code that is a number", '"482915"', "482915", "5: tenants[0].security_code: must be text in quotes"),
    ("a username twice, in another case", 'username = "eva"', 'username = "ANNA"', "20: tenants[0].users[1].username: is already the name of tenants[0].users[0]"),
    ("a member of no tenant", 'tenant = "fietsen-bv"', 'tenant = "nowhere"', "25: tenants[0].users[1].memberships[0].tenant: no tenant of this slug exists or is in the file"),
    ("a member of the own tenant", 'tenant = "fietsen-bv"', 'tenant = "de-zon"', "25: tenants[0].users[1].memberships[0].tenant: is the user's own tenant"),
    ("a member twice", 'tenant = "fietsen-bv"', 'tenant = "fietsen-bv"\n[[tenants.users.memberships]]\ntenant = "fietsen-bv"', "27: tenants[0].users[1].memberships[1].tenant: is already the name of tenants[0].users[1].memberships[0]"),
    ("a member who is no accountant", 'type = "accountant"', 'type = "employee"', "24: tenants[0].users[1].memberships: only an accountant may work for other tenants"),
    ("a new user without a name", 'name = "Eva Visser"\n', "", "19: tenants[0].users[1].name: is missing: a new user needs it"),
    ("a new tenant without a name", 'name = "Fietsen BV"\n', "", "27: tenants[1].name: is missing: a new tenant needs it"),
    ("a user without a username", USER, "", "9: tenants[0].users[0].username: is missing"),
    ("a new client without a name", 'name = "Informer Books"\n', "", "31: clients[0].name: is missing: a new client needs it"),
    ("a client of no tenant", 'tenant = "de-zon"', 'tenant = "nowhere"', "35: clients[0].tenant: no tenant of this slug exists or is in the file"),
    ("a client without a secret", 'client_secret = "the secret of books, and a long one"\n', "", "31: clients[0].client_secret: is missing: token_endpoint_auth_method is client_secret_basic"),
    ("a secret of no use", "first_party = true", 'first_party = true\ntoken_endpoint_auth_method = "none"', "33: clients[0].client_secret: is of no use with token_endpoint_auth_method none"),
    ("a public client without PKCE", 'client_secret = "the secret of books, and a long one"\n', 'require_pkce = false\ntoken_endpoint_auth_method = "none"\n', "33: clients[0].require_pkce: must be true: only a confidential client may do without PKCE"),
    ("no nonce where PKCE is required anyway", "first_party = true", "first_party = true\nrequire_nonce = false", "37: clients[0].require_nonce: must be true: only a client with require_pkce = false may do without"),
    ("neither PKCE nor nonce for a public client", 'client_secret = "the secret of books, and a long one"\n', 'require_pkce = false\nrequire_nonce = false\ntoken_endpoint_auth_method = "none"\n', "33: clients[0].require_pkce: must be true: only a confidential client may do without PKCE"),
    ("an unknown key of a client", "redirect_uris", "redirect_urls", "37: clients[0].redirect_urls: unknown key"),
    ("an address without https", "https://books.example/cb", "http://books.example/cb", "37: clients[0].redirect_uris: http://books.example/cb must be https"),
    ("a date in a client's keys", "first_party = true", "first_party = true\ncontacts = [2026-11-24]", "37: clients[0].contacts: must be text"),
    ("a date in a client's key", "first_party = true", f'first_party = true\njwks = {{keys = [{{{JWK}, made = 2026-11-24}}]}}\ntoken_endpoint_auth_method = "private_key_jwt"', "31: clients[0]: holds a value that JSON does not have, such as a date"),
    ("no number in a client's key", "first_party = true", f'first_party = true\njwks = {{keys = [{{{JWK}, made = nan}}]}}\ntoken_endpoint_auth_method = "private_key_jwt"', "31: clients[0]: holds a value that JSON does not have, such as a date"),
    ("a client id with a blank", 'client_id = "books"', 'client_id = "our books"', "32: clients[0].client_id: must have 1 to 200 visible ASCII characters"),
    ("a client id with an accent", 'client_id = "books"', 'client_id = "bücher"', "32: clients[0].client_id: must have 1 to 200 visible ASCII characters"),
    ("an empty client id", 'client_id = "books"', 'client_id = ""', "32: clients[0].client_id: must have 1 to 200 visible ASCII characters"),
    ("an overlong client id", 'client_id = "books"', f'client_id = "{"b" * 201}"', "32: clients[0].client_id: must have 1 to 200 visible ASCII characters"),
    ("a client secret with an accent", "the secret of books, and a long one", "le secret caché", "33: clients[0].client_secret: must have 12 to 256 printable ASCII characters"),
    ("a client secret with a line break", "the secret of books, and a long one", "the secret\\nof books", "33: clients[0].client_secret: must have 12 to 256 printable ASCII characters"),
    ("an empty client secret", "the secret of books, and a long one", "", "33: clients[0].client_secret: must have 12 to 256 printable ASCII characters"),
    ("a client secret of one character", "the secret of books, and a long one", "s", "33: clients[0].client_secret: must have 12 to 256 printable ASCII characters"),
    ("a client secret that is too short", "the secret of books, and a long one", "s3cr3t-of-1", "33: clients[0].client_secret: must have 12 to 256 printable ASCII characters"),
    ("one character again and again", "the secret of books, and a long one", "s" * 40, "33: clients[0].client_secret: must have 5 different characters at least: write a random text"),
    ("the secret of an example", "the secret of books, and a long one", "REPLACE-ME-by-a-long-random-text", "33: clients[0].client_secret: is the placeholder of an example, which everybody knows: write a random text of your own"),
    ("a placeholder otherwise written", "the secret of books, and a long one", "replace_me replace_me replace_me replace_me", "33: clients[0].client_secret: is the placeholder of an example, which everybody knows: write a random text of your own"),
    ("an overlong client secret", "the secret of books, and a long one", "s" * 257, "33: clients[0].client_secret: must have 12 to 256 printable ASCII characters"),
    ("a client twice", "[[clients]]", '[[clients]]\nclient_id = "books"\nclient_secret = "another secret of books, a long one"\nname = "Books"\nredirect_uris = ["https://b.example/cb"]\n[[clients]]', "37: clients[1].client_id: is already the name of clients[0]"),
    ("an unknown table", "[[clients]]", "[[client]]", "31: client: unknown table; there are [[tenants]] and [[clients]]"),
    ("one bracket too few", "[[clients]]", "[clients]", "31: clients: must be written [[clients]], once for each of them"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "fault"), [pytest.param(*case, id=name) for name, *case in ONE_FAULT])
def test_one_fault(file: File, old: str, new: str, fault: str) -> None:
    """Each fault is named with its line and key, and nothing of the file is imported."""
    file.replace(old.replace("'", '"') if old not in file.text else old, new.replace("'nl'", '"nl"'))
    assert file.faults() == [fault]
    with file.app.app_context():
        assert [db.session.scalar(sa.select(sa.func.count()).select_from(kind)) for kind in (Tenant, User, Client)] == [
            0,
            0,
            0,
        ]


@pytest.mark.parametrize(
    ("slug", "fault"),
    [
        ("Fietsen BV", "must have 1 to 64 characters of a-z, 0-9 and -, and no - at either end"),
        ("-fietsen", "must have 1 to 64 characters of a-z, 0-9 and -, and no - at either end"),
        ("de-zon", "is already the name of tenants[0]"),
    ],
)
def test_a_slug_that_cannot_be(file: File, slug: str, fault: str) -> None:
    """A slug is of few characters and one tenant's; who works for the tenant of before works for nobody."""
    file.replace('slug = "fietsen-bv"', f'slug = "{slug}"')
    nowhere = "25: tenants[0].users[1].memberships[0].tenant: no tenant of this slug exists or is in the file"
    assert file.faults() == [nowhere, f"28: tenants[1].slug: {fault}"]


def test_all_faults_in_one_run(file: File) -> None:
    """A file with many faults is answered with all of them, in the file's order."""
    file.replace('"Bakkerij De Zon"', "5").replace("482915", "x").replace('"employee"', '"boss"')
    file.replace('"eva"', '"Anna"').replace('tenant = "fietsen-bv"', 'tenant = "nowhere"')
    file.replace("https://books", "http://books").add("\n[extra]\n")
    assert [line.partition(": ")[0] for line in file.faults()] == ["3", "5", "13", "20", "25", "37", "39"]


def test_a_fault_shows_no_secret(file: File) -> None:
    """A password, hash, TOTP secret or client secret that is refused is not repeated."""
    file.replace("warme-krentenbol", "geheim\\u0000geheim").replace("JBSWY3DPEHPK3PXP", "geheim!")
    file.replace("the secret of books, and a long one", "gehéim")
    faults = file.faults()
    assert len(faults) == 3
    assert "geh" not in "".join(faults)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param(b'[[tenants]]\nslug = "\xff"\n', ":2: is not UTF-8, as TOML must be", id="not UTF-8"),
        pytest.param(b"[[tenants]]\nslug = \n", ":2: is not TOML: Invalid value (column 8)", id="half a line"),
        pytest.param(b'[[tenants]]\nslug = "a"\nslug = "b"\n', ":3: is not TOML: Cannot overwrite a value (column 11)", id="a key twice"),
        pytest.param(b"[[tenants", ":1: is not TOML: Expected ']]' at the end of an array declaration", id="ends early"),
        pytest.param(b"a = " + b"[" * 100_000, ": is not TOML", id="a deep nest"),
    ],
)  # fmt: skip
def test_what_is_not_toml(file: File, content: bytes, fault: str) -> None:
    """A file that cannot be read as TOML is one line, with the place."""
    file.path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        import_file(str(file.path))
    assert str(refused.value).startswith(f"{file.path}{fault}")


def test_no_file(file: File) -> None:
    """A file that does not exist, and a directory, are one line without a traceback."""
    for path, why in ((file.path, "No such file or directory"), (file.path.parent, "Is a directory")):
        with pytest.raises(Refused, match=why):
            import_file(str(path))


def test_a_username_of_another_tenant(imported: File) -> None:
    """A user stays with their tenant: the name of somebody elsewhere cannot be given again."""
    imported.replace('slug = "de-zon"', 'slug = "de-maan"').replace('tenant = "de-zon"', 'tenant = "de-maan"')
    assert imported.faults() == [
        "10: tenants[0].users[0].username: is already the name of a user of de-zon",
        "20: tenants[0].users[1].username: is already the name of a user of de-zon",
    ]


def test_an_accountant_with_memberships_stays_one(imported: File) -> None:
    """Who works for other tenants cannot become an employee, also where the file is silent about memberships."""
    imported.replace(
        'type = "accountant"\n[[tenants.users.memberships]]\ntenant = "fietsen-bv"\n', 'type = "employee"\n'
    )
    assert imported.faults() == ["23: tenants[0].users[1].type: must stay accountant: the user works for fietsen-bv"]


def test_a_first_secret_of_a_client_that_exists(file: File) -> None:
    """A public client that becomes confidential gets its first secret only with --set-credentials."""
    file.replace(
        'client_secret = "the secret of books, and a long one"', 'token_endpoint_auth_method = "none"'
    ).imported()
    method = (
        'client_secret = "a new secret of books, and a long one"\ntoken_endpoint_auth_method = "client_secret_post"'
    )
    file.replace('token_endpoint_auth_method = "none"', method)
    assert file.faults() == [
        "33: clients[0].client_secret: the client exists and has none yet: import with --set-credentials"
    ]
    changed = file.imported(set_credentials=True)
    assert changed == ["client books: changed: token_endpoint_auth_method, client_secret"]


def test_an_empty_file(file: File, app: Flask) -> None:
    """A file without tables is a file that changes nothing."""
    file.text = "# nobody\n"
    assert file.imported() == []
