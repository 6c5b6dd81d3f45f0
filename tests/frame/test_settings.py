"""Settings: the environment wins over the file, and each fault is one line that names its setting."""

import secrets
from ipaddress import ip_network
from pathlib import Path

import pytest

from idp.platform.errors import Misconfigured
from idp.platform.settings import ForwardedHeader, Settings

KEY = secrets.token_hex(32)
GOOD = {
    "IDP_ISSUER": "https://login.informer.example",
    "IDP_DATABASE_URL": "postgresql://idp:secret@db.example/idp",
    "IDP_SECRET_KEYS": KEY,
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with the three settings that must be there, and nothing else of ours."""
    for name in ("ISSUER", "DATABASE_URL", "SECRET_KEYS", "REDIS_URL", "CONFIG", "MAIL_URL", "TRUSTED_PROXIES"):
        monkeypatch.delenv(f"IDP_{name}", raising=False)
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_every_setting_is_in_the_readme() -> None:
    """By its whole name, in a row of the table."""
    rows = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    rows = "".join(line.partition("|")[2].partition("|")[0] for line in rows.splitlines() if line.startswith("| `IDP_"))
    assert [name for name in Settings.model_fields if f"`IDP_{name.upper()}`" not in rows] == []


def faults() -> tuple[str, ...]:
    with pytest.raises(Misconfigured) as raised:
        Settings.load()
    return raised.value.faults


def test_three_settings_are_enough() -> None:
    """Issuer, database and secret keys; everything else has a default or may be absent."""
    settings = Settings.load()
    assert settings.redis_url is None
    assert settings.trusted_proxies == ()
    assert settings.forwarded_header is ForwardedHeader.X_FORWARDED_FOR
    assert settings.sender == "no-reply@login.informer.example"


def test_plain_postgresql_means_psycopg() -> None:
    """A plain `postgresql://` URL works, with its password."""
    assert Settings.load().database_url == "postgresql+psycopg://idp:secret@db.example/idp"


def test_every_missing_setting_is_named(environment: pytest.MonkeyPatch) -> None:
    """Nothing set: three lines."""
    for name in GOOD:
        environment.delenv(name)
    assert faults() == tuple(f"{name}: is not set" for name in GOOD)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("CLIENT_CERTIFICATE_HEADER", "Client Cert", "must be the name of a header"),
        ("CLIENT_CERTIFICATE_HEADER", "Client-Cert", "believed from IDP_TRUSTED_PROXIES only"),
        ("CLIENT_CERTIFICATES_VERIFIED", "true", "IDP_CLIENT_CERTIFICATE_HEADER, which is not set"),
        ("TRUSTED_PROXIES", "0.0.0.0/0", "every address there is"),
        ("TRUSTED_PROXIES", "10.0.0.0/8,::/0", "every address there is"),
        ("BREACHED_PASSWORDS_URL", "http://api.pwnedpasswords.com/range", "must be https"),
        ("BREACHED_PASSWORDS_URL", "https://api.pwnedpasswords.com/range?x=1", "no query"),
        ("BREACHED_PASSWORDS_URL", "api.pwnedpasswords.com", "must be a URL"),
        ("ARGON2_MEMORY_KIB", "1024", "greater than or equal to 19456"),
        ("ARGON2_PASSES", "1", "greater than or equal to 2"),
        ("ARGON2_AT_ONCE", "0", "greater than or equal to 1"),
        ("KEY_ROTATION_DAYS", "0", "greater than or equal to 1"),
        ("KEY_ROTATION_DAYS", "4000", "less than or equal to 3650"),
        ("KEY_ROTATION_DAYS", "monthly", "valid integer"),
        ("ISSUER", "http://login.informer.example", "must be https"),
        ("ISSUER", "https://login.informer.example/", "no path"),
        ("ISSUER", "https://login.informer.example/idp", "no path"),
        ("ISSUER", "https://login.informer.example?x=1", "no query"),
        ("ISSUER", "https://anna@login.informer.example", "no user"),
        ("ISSUER", "https://Login.informer.example", "lower case"),
        ("ISSUER", "https://login.informer.example:99999", "Port out of range"),
        ("ISSUER", "login.informer.example", "must be a URL"),
        ("ISSUER", "ftp://127.0.0.1", "must be a URL"),
        ("DATABASE_URL", "mysql://db/idp", "not mysql"),
        ("DATABASE_URL", "nonsense", "must be a URL"),
        ("DATABASE_URL", "postgresql+psycopg2://db/idp", "psycopg"),
        ("SECRET_KEYS", "abc", "64 hexadecimal digits"),
        ("SECRET_KEYS", "z" * 64, "hexadecimal"),
        ("SECRET_KEYS", ",", "at least one"),
        ("SECRET_KEYS", f"{KEY},{KEY.upper()}", "twice"),
        ("SECRET_KEYS", "0" * 64, "not random"),
        ("REDIS_URL", "http://cache", "must begin with redis://"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "not a network"),
        ("TRUSTED_PROXIES", "proxy.internal", "not a network"),
        ("FORWARDED_HEADER", "x-real-ip", "'x-forwarded-for' or 'forwarded'"),
        ("MAIL_URL", "mail.internal", "must be smtp://"),
        ("MAIL_URL", "file://relative/dir", "file:///directory"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_it(
    environment: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    """The line begins with the setting and says what it must be."""
    environment.setenv(f"IDP_{name}", value)
    (line,) = faults()
    assert line.startswith(f"IDP_{name}: ")
    assert says in line
    assert "\n" not in line


def test_faults_never_repeat_a_secret(environment: pytest.MonkeyPatch) -> None:
    """Neither a broken key nor a password in a URL is printed."""
    environment.setenv("IDP_SECRET_KEYS", "not-hexadecimal-at-all")
    environment.setenv("IDP_DATABASE_URL", "mysql://idp:hunter2@db/idp")
    said = "\n".join(faults())
    assert "not-hexadecimal-at-all" not in said
    assert "hunter2" not in said


def test_no_secret_in_the_representation() -> None:
    """Settings may be logged whole."""
    assert KEY not in repr(Settings.load())
    assert "secret" not in repr(Settings.load())


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"])
def test_http_is_for_loopback(environment: pytest.MonkeyPatch, issuer: str) -> None:
    """Development: http, plain cookie names, and a key that need not be random."""
    environment.setenv("IDP_ISSUER", issuer)
    environment.setenv("IDP_SECRET_KEYS", "0" * 64)
    settings = Settings.load()
    assert settings.development
    assert settings.cookie_name("idp_session") == "idp_session"


def test_cookies_are_host_bound_on_https() -> None:
    """`__Host-` on https (RFC 6265bis section 4.1.3.2)."""
    assert Settings.load().cookie_name("idp_session") == "__Host-idp_session"


def test_the_environment_wins_over_the_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the file says counts only where the environment says nothing; lists are lists there."""
    file = tmp_path / "idp.toml"
    file.write_text(
        f'issuer = "https://other.example"\nsecret_keys = ["{secrets.token_hex(32)}", "{KEY}"]\n'
        'trusted_proxies = ["10.0.0.0/8", "2001:db8::/32"]\nforwarded_header = "Forwarded"\n'
    )
    environment.setenv("IDP_CONFIG", str(file))
    environment.delenv("IDP_SECRET_KEYS")
    settings = Settings.load()
    assert settings.issuer == GOOD["IDP_ISSUER"]
    assert settings.secret_keys[1] == KEY
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
    assert settings.forwarded_header is ForwardedHeader.FORWARDED


@pytest.mark.parametrize(
    ("text", "says"),
    [("isuer = 1", "IDP_ISUER: is not a setting"), ("issuer = ", "IDP_CONFIG: "), (None, "IDP_CONFIG: ")],
    ids=["unknown key", "no TOML", "no file"],
)
def test_a_wrong_file_is_one_line(environment: pytest.MonkeyPatch, tmp_path: Path, text: str | None, says: str) -> None:
    """Unknown keys are faults, and so is a file that cannot be read."""
    file = tmp_path / "idp.toml"
    if text is not None:
        file.write_text(text)
    environment.setenv("IDP_CONFIG", str(file))
    (line,) = faults()
    assert line.startswith(says)


def test_settings_are_frozen() -> None:
    """Parsed once; nobody changes them afterwards."""
    with pytest.raises(ValueError, match="frozen"):
        setattr(Settings.load(), "issuer", "https://evil.example")  # noqa: B010 - the type checker knows


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("127.0.0.1", True),
        ("::ffff:127.0.0.1", True),
        ("2001:db8::1", True),
        ("127.0.0.2", False),
        ("2001:db9::1", False),
        ("", False),
        (None, False),
        ("unix:", False),
    ],
)
def test_whom_they_trust(peer: str | None, expected: bool) -> None:
    """R36, R42: the address of a proxy as the socket says it, an IPv4-mapped one as IPv4."""
    settings = Settings(
        issuer="https://login.informer.example",
        database_url="sqlite://",
        secret_keys=(KEY,),
        trusted_proxies=(ip_network("127.0.0.1/32"), ip_network("2001:db8::/32")),
    )
    assert settings.trusts(peer) is expected
