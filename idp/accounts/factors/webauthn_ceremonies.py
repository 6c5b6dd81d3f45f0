"""The two ceremonies of WebAuthn (Web Authentication Level 2, sections 7.1 and 7.2) between a page and a passkey.

    creation, request ──▶ options for the page's script, and a handle: the challenge waits under it for a quarter of an
                          hour, for this browser and for what it was made `of`
    created, used ──────▶ the answer spends its challenge, right or wrong ─▶ Created, Used, or the Fault there is

The library checks type, challenge, origin, RP ID, the person's presence and verification, and the signature. What it
leaves to us: whose passkey it is, the user handle, and that no other site's frame asked. How often the passkey has signed
is compared where that count is kept (`passkeys.py`). An attestation is not asked for, and none is believed.
"""

import enum
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog
import webauthn
from flask_babel import gettext as _
from webauthn.helpers import (
    base64url_to_bytes,
    parse_authentication_credential_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from idp import shortlived
from idp.accounts.models import Passkey, User
from idp.crypto import opaque
from idp.platform import foreign_json, settings
from idp.platform.extensions import db
from idp.platform.foreign_json import Unusable
from idp.web.browser import browser_hash

LIFETIME = timedelta(minutes=15)
LONGEST_ANSWER = 16 * 1024
ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
"""A passkey is made for one of these, which its public key names from then on (WebAuthn section 7.1, step 20)."""
_MILLISECONDS = 5 * 60 * 1000
_KIND = "passkey-challenge"
_LONGEST_ID = 1023

Outcome = TypeVar("Outcome")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ceremony:
    """What a page needs: the options as JSON, in the form that browsers parse, and the handle of the challenge."""

    options: str
    handle: str


class Fault(enum.Enum):
    """Why an answer was refused."""

    OVER = "over"
    INVALID = "invalid"
    UNKNOWN = "unknown"
    KNOWN = "known"
    COPIED = "copied"


@dataclass(frozen=True, slots=True)
class Created:
    """A new passkey, not kept yet."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    synced: bool
    transports: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Used:
    """A passkey that signed the challenge, its person verified, and how often it says that it has signed."""

    passkey: Passkey
    user: User
    sign_count: int


def sentence(fault: Fault) -> str:
    """What went wrong and what to do, for the person."""
    sentences = {
        Fault.OVER: _("This took too long, or the page was used before. Please try again."),
        Fault.INVALID: _("The passkey could not be checked. Please try again, and unlock your device when it asks."),
        Fault.UNKNOWN: _("We do not know this passkey for you. Use another one, or another way to log in."),
        Fault.KNOWN: _("This passkey is known already. Use another device, or remove it first."),
        Fault.COPIED: _("This passkey seems to have been copied, so we do not take it. Remove it, and make a new one."),
    }
    return str(sentences[fault])


def offered() -> bool:
    """Whether passkeys can be used here at all: they belong to a host name, never to an IP address (section 5.1.2)."""
    try:
        ipaddress.ip_address(settings.current().issuer_host)
    except ValueError:
        return True
    return False


def creation(user: User, of: str) -> Ceremony:
    """Options to make a passkey for this user, discoverable and verifying its person. Commits."""
    challenge, handle = _challenge(of)
    options = webauthn.generate_registration_options(
        rp_id=settings.current().issuer_host,
        rp_name="Informer",
        user_id=user.id.bytes,
        user_name=user.username,
        user_display_name=user.name,
        challenge=challenge,
        timeout=_MILLISECONDS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[_descriptor(passkey) for passkey in user.passkeys],
        supported_pub_key_algs=ALGORITHMS,
    )
    return Ceremony(webauthn.options_to_json(options), handle)


def request(of: str, passkeys: Sequence[Passkey] = ()) -> Ceremony:
    """Options to use one of these passkeys; with none named, whichever the person has for us. Commits."""
    challenge, handle = _challenge(of)
    options = webauthn.generate_authentication_options(
        rp_id=settings.current().issuer_host,
        challenge=challenge,
        timeout=_MILLISECONDS,
        allow_credentials=[_descriptor(passkey) for passkey in passkeys],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Ceremony(webauthn.options_to_json(options), handle)


def created(of: str, handle: str, answer: str) -> Created | Fault:
    """Judge what a page brings back from `creation`. Commits: the challenge is spent, right or wrong."""
    challenge = _spend(of, handle)
    if challenge is None:
        return Fault.OVER
    return _or_invalid(lambda: _created(challenge, answer))


def used(of: str, handle: str, answer: str, owner: User | None = None) -> Used | Fault:
    """Judge what a page brings back from `request`; with an `owner`, only a passkey of theirs will do. Commits as above."""
    challenge = _spend(of, handle)
    if challenge is None:
        return Fault.OVER
    credential = _or_invalid(lambda: parse_authentication_credential_json(_object(answer)))
    if isinstance(credential, Fault):
        return credential
    passkey = db.session.scalar(sa.select(Passkey).where(Passkey.credential_id == credential.raw_id))
    if passkey is None or not _belongs(passkey, owner, credential.response.user_handle):
        return Fault.UNKNOWN
    sign_count = _or_invalid(lambda: _signed(challenge, credential, passkey.public_key))
    if isinstance(sign_count, Fault):
        return sign_count
    return Used(passkey, db.session.get_one(User, passkey.user_id), sign_count)


def _created(challenge: bytes, answer: str) -> Created:
    credential = parse_registration_credential_json(_object(answer))
    _same_frame(credential.response.client_data_json)
    verified = webauthn.verify_registration_response(
        credential=credential,
        expected_challenge=challenge,
        expected_rp_id=settings.current().issuer_host,
        expected_origin=settings.current().issuer,
        require_user_verification=True,
        supported_pub_key_algs=ALGORITHMS,
    )
    if len(verified.credential_id) > _LONGEST_ID:
        raise ValueError("the credential id is too long (section 7.1, step 25)")
    return Created(
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        synced=verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        transports=tuple(transport.value for transport in credential.response.transports or ()),
    )


def _signed(challenge: bytes, credential: AuthenticationCredential, public_key: bytes) -> int:
    """How often the passkey has signed, after a look at this signature. Raises for one that is not right."""
    _same_frame(credential.response.client_data_json)
    verified = webauthn.verify_authentication_response(
        credential=credential,
        expected_challenge=challenge,
        expected_rp_id=settings.current().issuer_host,
        expected_origin=settings.current().issuer,
        credential_public_key=public_key,
        credential_current_sign_count=0,
        require_user_verification=True,
    )
    return verified.new_sign_count


def _belongs(passkey: Passkey, owner: User | None, user_handle: bytes | None) -> bool:
    """Section 7.2, step 6: the passkey is the known person's; where nobody is known, the answer must name its owner."""
    if user_handle is not None and user_handle != passkey.user_id.bytes:
        return False
    return user_handle is not None if owner is None else passkey.user_id == owner.id


def _same_frame(client_data: bytes) -> None:
    """Our pages are in nobody's frame; an answer that says it came from one is not for us."""
    if _object(client_data).get("crossOrigin"):
        raise ValueError("the answer comes from a frame of another site")


def _object(answer: str | bytes) -> dict[str, Any]:
    found = foreign_json.object_in(answer, LONGEST_ANSWER)
    if not isinstance(found, Unusable):
        return found
    raise ValueError(f"the answer {found.because}")


def _or_invalid(check: Callable[[], Outcome]) -> Outcome | Fault:
    try:
        return check()
    except Exception as fault:  # noqa: BLE001 - whatever the parsers of hostile input raise, it is refused
        log.info("passkey.refused", fault=type(fault).__name__, detail=str(fault)[:200])
        return Fault.INVALID


def _challenge(of: str) -> tuple[bytes, str]:
    """A challenge, and the handle under which it waits for this browser."""
    challenge = opaque.new()
    handle = shortlived.leave(_KIND, {"challenge": challenge, "of": of, "browser": browser_hash()}, LIFETIME)
    db.session.commit()
    return base64url_to_bytes(challenge), handle


def _spend(of: str, handle: str) -> bytes | None:
    kept = shortlived.take(_KIND, handle)
    db.session.commit()
    if kept is None or kept["of"] != of or not opaque.same(kept["browser"], browser_hash()):
        return None
    return base64url_to_bytes(kept["challenge"])


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(
        id=passkey.credential_id, transports=[AuthenticatorTransport(name) for name in passkey.transports]
    )
