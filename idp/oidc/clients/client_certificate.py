"""The certificate of the connection's TLS (RFC 8705), as the proxy that ended it tells us.

    peer is a trusted proxy? ──no──▶ there is none, whatever a header says
        │ yes
        ▼
    the one configured header ─┬─ :base64 of DER:              RFC 9440 section 2.2, "Client-Cert"
                               └─ URL-encoded PEM              nginx's $ssl_client_escaped_cert
        ▼
    tls_client_auth              the registered name is the certificate's: only where the proxy verifies chains
    self_signed_tls_client_auth  the certificate is one of the client's own key set (`x5c`)
    thumbprint                   what access tokens are bound to (section 3.1)

The proxy must take the header away from what it receives, and set it itself or leave it out; what only looks like its name
never gets here (idp/web/gateway.py). That it hands on only
certificates whose chain it has verified is said by the setting `client_certificates_verified`: without it a name proves
nothing, for anybody can make a certificate with any name.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from flask import request

from idp.login.trust import network
from idp.oidc.clients import client_keys
from idp.oidc.clients.metadata import AUTH_METHODS, CERTIFICATE_METHODS
from idp.oidc.clients.repository import RegisteredClient
from idp.platform import clock, settings
from idp.platform.settings import Settings


def offered(ours: Settings) -> tuple[str, ...]:
    """The client authentication methods that can succeed with these settings."""
    impossible = set[str]()
    if ours.client_certificate_header is None:
        impossible |= set(CERTIFICATE_METHODS)
    if not ours.client_certificates_verified:
        impossible.add("tls_client_auth")
    return tuple(method for method in AUTH_METHODS if method not in impossible)


def presented() -> x509.Certificate | None:
    """The certificate of this connection; None where there is none that can be believed and read."""
    name = settings.current().client_certificate_header
    text = request.headers.get(name) if name and network.from_trusted_proxy() else None
    try:
        return _read(text) if text else None
    except (ValueError, x509.InvalidVersion):
        return None


def thumbprint() -> str | None:
    """The `x5t#S256` of this connection's certificate (section 3.1)."""
    certificate = presented()
    return None if certificate is None else _hash(_der(certificate))


def has_registered_name(client: RegisteredClient) -> bool:
    """Section 2.1: the certificate is in time, and its subject or one of its alternative names is the registered one."""
    certificate = presented()
    if certificate is None or not settings.current().client_certificates_verified or not _in_time(certificate):
        return False
    try:
        return any(_NAMES[key](certificate, value) for key, value in client.registration.certificate_names)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False


def is_registered(client: RegisteredClient) -> bool:
    """Section 2.2: the certificate is in time, and in the key set that the client registered or publishes."""
    certificate = presented()
    if certificate is None or not _in_time(certificate):
        return False
    wanted = _hash(_der(certificate))
    if wanted in _certificates(client, None):
        return True
    return wanted in _certificates(client, wanted)  # a set that is published is looked at again


def _read(text: str) -> x509.Certificate:
    if text.startswith(":") and text.endswith(":"):
        return x509.load_der_x509_certificate(base64.b64decode(text[1:-1], validate=True))
    # Two headers of the name are joined by a comma, which neither form has: nobody's, not the first one's.
    (only,) = [] if "," in text else x509.load_pem_x509_certificates(unquote(text).encode("ascii"))
    return only


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _hash(der: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode("ascii")


def _in_time(certificate: x509.Certificate) -> bool:
    return certificate.not_valid_before_utc <= clock.now() <= certificate.not_valid_after_utc


def _certificates(client: RegisteredClient, missing: str | None) -> set[str]:
    """The thumbprints of the first certificate of each key (RFC 7517 section 4.7)."""
    chains = [key.get("x5c") for key in client_keys.of(client.registration, missing)]
    return {_hash(_decoded(chain[0])) for chain in chains if chain and isinstance(chain, list)}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except ValueError:
        return b""


# Section 2.1.2: names, each compared as what it is


def _subject_is(certificate: x509.Certificate, value: str) -> bool:
    return certificate.subject == x509.Name.from_rfc4514_string(value)


def _alternative(kind: Any) -> Callable[[x509.Certificate, str], bool]:
    def has(certificate: x509.Certificate, value: str) -> bool:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return value in map(str, names.get_values_for_type(kind))

    return has


_NAMES: Final[Mapping[str, Callable[[x509.Certificate, str], bool]]] = {
    "tls_client_auth_subject_dn": _subject_is,
    "tls_client_auth_san_dns": _alternative(x509.DNSName),
    "tls_client_auth_san_uri": _alternative(x509.UniformResourceIdentifier),
    "tls_client_auth_san_ip": _alternative(x509.IPAddress),
    "tls_client_auth_san_email": _alternative(x509.RFC822Name),
}
