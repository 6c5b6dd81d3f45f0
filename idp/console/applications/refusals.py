"""Why an application could not prove who it is, in words for its owner, and with the protocol's for its builder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from idp.oidc.clients import metadata, refusals
from idp.oidc.clients.refusals import Reason
from idp.oidc.models import Client, ClientRefusal
from idp.platform import settings

METHODS: Final[Mapping[str, Any]] = {
    "client_secret_basic": _l("a secret in the header (client_secret_basic)"),
    "client_secret_post": _l("a secret in the form (client_secret_post)"),
    "private_key_jwt": _l("a signed assertion (private_key_jwt)"),
    "tls_client_auth": _l("a certificate with its name (tls_client_auth)"),
    "self_signed_tls_client_auth": _l("a certificate of its own (self_signed_tls_client_auth)"),
    "none": _l("only its client ID (none)"),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """The newest refusal, and how many there were."""

    why: str
    times: int
    at: datetime


def of(client: Client) -> Refusal | None:
    """What the page of the application says of it; None where nothing went wrong lately."""
    found = refusals.latest(client)
    return None if found is None else Refusal(_why(client, found), found.refusals, found.refused_at)


def _why(client: Client, found: ClientRefusal) -> str:
    sentence = _SENTENCES.get(found.reason)
    return found.reason if sentence is None else sentence(client, found)


def _other_method(client: Client, found: ClientRefusal) -> str:
    accepted = metadata.read(client.registration).accepted_auth_methods
    registered = _(" or ").join(str(METHODS[method]) for method in accepted)
    return str(_("Registered: %(registered)s. Sent: %(sent)s.", registered=registered, sent=METHODS[found.method]))


def _wrong_secret(client: Client, _found: ClientRefusal) -> str:
    if client.old_secret_hash is None:
        return str(_("The secret is wrong."))
    return str(_("The secret is wrong. Perhaps it is the old one, which works for 24 hours after a new one was made."))


def _always(sentence: Any) -> Callable[[Client, ClientRefusal], str]:
    return lambda *_about: str(sentence)


def _audience(*_about: object) -> str:
    return str(_("The assertion is not meant for us: its aud must be %(issuer)s.", issuer=settings.current().issuer))


_SENTENCES: Final[Mapping[str, Callable[[Client, ClientRefusal], str]]] = {
    Reason.METHOD: _other_method,
    Reason.SECRET: _wrong_secret,
    Reason.CERTIFICATE: _always(_l("There was no certificate, or another one than is registered.")),
    Reason.SIGNATURE: _always(_l("No key that is registered signed the assertion by an algorithm that is registered.")),
    Reason.NAMES: _always(_l("In the assertion iss and sub are not both the client ID.")),
    Reason.AUDIENCE: _audience,
    Reason.TIME: _always(
        _l(
            "The assertion is over, not good yet, or good for more than an hour: compare exp, iat and nbf with the clock."
        )
    ),
    Reason.REUSED: _always(_l("The assertion has no jti, or one that was used before.")),
    Reason.PUBLIC: _always(_l("It asked about a token, which only an application that proves who it is may do.")),
}
