"""Every mail, in both languages: what it says, and that nothing of a person's can break out of it."""

import re
import uuid
from datetime import UTC, datetime

import pytest
from flask import Flask

from idp.outbox.items import Recipient, write
from idp.outbox.mail import messages
from idp.outbox.mail.messages import (
    MAILS,
    AccountantConnected,
    AccountantLeft,
    EmailChanged,
    FactorAdded,
    FactorRemoved,
    HelpdeskLetIn,
    HelpdeskShutOut,
    Invitation,
    Mail,
    NewIpValidation,
    NewPlace,
    PasswordChanged,
    PasswordReset,
    RecoveryCodeUsed,
    SetUpTwoFactor,
    TwoFactorReset,
    TwoFactorSoon,
)
from idp.outbox.mail.render import letter_of
from idp.platform import paths
from tests.support.mail import Received, read

AT = datetime(2026, 11, 3, 9, tzinfo=UTC)
ISSUER = "https://login.informer.example"


def someone(language: str = "en", name: str = "Zoë") -> Recipient:
    return Recipient(name=name, email="zoe@de-zon.example", language=language)


def mails(to: Recipient) -> list[Mail]:
    return [
        PasswordReset(to=to, at=AT, link=f"{ISSUER}/forgot-password/x", minutes=30),
        PasswordChanged(to=to, at=AT),
        FactorAdded(to=to, at=AT, factor="totp"),
        FactorAdded(to=to, at=AT, factor="passkey"),
        FactorAdded(to=to, at=AT, factor="another_totp"),
        FactorRemoved(to=to, at=AT, factor="one_totp"),
        FactorRemoved(to=to, at=AT, factor="totp"),
        FactorRemoved(to=to, at=AT, factor="passkey"),
        RecoveryCodeUsed(to=to, at=AT, left=9),
        TwoFactorReset(to=to, at=AT, by="Bert"),
        NewIpValidation(to=to, at=AT, address="198.51.100.4", link=f"{ISSUER}/login/x", code="123456", minutes=10),
        Invitation(to=to, at=AT, by="Bert", tenant="De Zon", username="zoe", link=f"{ISSUER}/invitation/x", hours=24),
        NewPlace(to=to, at=AT, address="198.51.100.4", browser="Firefox"),
        NewPlace(to=to, at=AT, address="198.51.100.4", browser="Firefox", not_me=f"{ISSUER}/not-me/x"),
        AccountantConnected(to=to, at=AT, accountant="Eva", office="De Zon", company="Fietsen", by="Bert"),
        AccountantLeft(to=to, at=AT, accountant="Eva", office="De Zon", company="Fietsen", by="Bert"),
        SetUpTwoFactor(to=to, at=AT, by="Bert", company="De Zon"),
        TwoFactorSoon(to=to, at=AT, company="De Zon", day="2026-12-01"),
        HelpdeskLetIn(to=to, at=AT, company="De Zon", by="Bert", until="2026-12-24"),
        HelpdeskShutOut(to=to, at=AT, company="De Zon", by="Bert"),
        EmailChanged(to=to, at=AT, by="Bert", address="zoe@nieuw.example"),
    ]


def rendered(mail: Mail) -> Received:
    return read(letter_of(uuid.uuid4(), mail).as_bytes(eight_bit=False))


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("number", range(len(mails(someone()))))
def test_every_mail(in_app: Flask, language: str, number: int) -> None:
    """A subject, a greeting, text and HTML that say the same, in the person's language, links to the issuer only."""
    mail = rendered(mails(someone(language))[number])
    assert mail.subject
    assert ("Hello Zoë," if language == "en" else "Hallo Zoë,") in mail.text
    assert f'<html lang="{language}">' in mail.html
    links = set(re.findall(r"https?://[^\s\"<]+", mail.text + mail.html))
    assert links
    assert all(link.startswith(ISSUER) for link in links)
    said = re.sub(r"<style>.*?</style>|<title>.*?</title>|<[^>]+>", " ", mail.html, flags=re.DOTALL)
    words = re.sub(r"\s*-- \s*", " ", mail.text)
    assert " ".join(said.split()).replace("&#39;", "'") == " ".join(words.split())


def test_the_languages_differ(in_app: Flask) -> None:
    """No subject and no text is left in English."""
    for english, dutch in zip(mails(someone("en")), mails(someone("nl")), strict=True):
        assert rendered(english).subject != rendered(dutch).subject
        assert rendered(english).text != rendered(dutch).text


def test_every_mail_has_its_two_templates() -> None:
    """A mail cannot be registered without the words for it."""
    for kind in MAILS:
        assert (paths.TEMPLATES / "mail" / f"{kind}.txt").is_file()
        assert (paths.TEMPLATES / "mail" / f"{kind}.html").is_file()


def test_what_is_written_is_read(in_app: Flask) -> None:
    """A mail comes back from the table as it went in."""
    to = Recipient(name="Zoë", email="z@x.example", language="nl", user_id=uuid.uuid4(), tenant_id=uuid.uuid4())
    for mail in mails(to):
        assert messages.read(mail.kind, write(mail)) == mail


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("Zoë\r\nBcc: all@evil.example", id="a header"),
        pytest.param("Zoë\n\nA text of my own", id="a body"),
        pytest.param("<b>Zoë</b><script>x</script>", id="HTML"),
        pytest.param('Zoë" <all@evil.example>, "', id="an address"),
        pytest.param("{{ 7 * 7 }}{% raw %}", id="a template"),
        pytest.param("%(at)s %s", id="a placeholder"),
        pytest.param("Z" * 500, id="long"),
        pytest.param("ゾエ\u202e\u2028x", id="signs that turn and break"),
    ],
)
def test_a_name_is_a_name(in_app: Flask, name: str) -> None:
    """R56: whatever a person is called, the mail goes to one address and shows the name as text."""
    mail = rendered(PasswordChanged(to=someone(name=name), at=AT))
    assert [address.addr_spec for address in mail.message["To"].addresses] == ["zoe@de-zon.example"]
    assert mail.message["Bcc"] is None
    assert "<script>" not in mail.html
    assert "49" not in mail.text.splitlines()[0]
    assert len(mail.text.strip().splitlines()[0].split("\n")) == 1
    assert "A text of my own" not in mail.text.splitlines()


def test_a_link_is_never_broken(in_app: Flask) -> None:
    """A link stands on a line of its own in the bytes themselves, also where the text is not ASCII."""
    link = f"{ISSUER}/forgot-password/{'x' * 60}"
    letter = letter_of(uuid.uuid4(), PasswordReset(to=someone(), at=AT, link=link, minutes=30))
    assert link.encode() in letter.as_bytes(eight_bit=True).splitlines()


def test_seven_bits_where_a_server_takes_no_eight(in_app: Flask) -> None:
    """RFC 6152: without 8BITMIME every byte is ASCII, and the words are the same."""
    letter = letter_of(uuid.uuid4(), PasswordChanged(to=someone(), at=AT))
    seven, eight = letter.as_bytes(eight_bit=False), letter.as_bytes(eight_bit=True)
    assert seven.isascii()
    assert not eight.isascii()
    assert read(seven).text == read(eight).text


def test_a_domain_in_its_own_letters(in_app: Flask) -> None:
    """RFC 5891: mail servers know a domain by its ASCII name."""
    to = Recipient(name="Zoë", email="zoe@bäckerei.example", language="en")
    assert rendered(PasswordChanged(to=to, at=AT)).to == "zoe@xn--bckerei-5wa.example"
