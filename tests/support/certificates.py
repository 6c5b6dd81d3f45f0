"""Certificates of clients, and the headers in which a proxy hands them on."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey


class ClientCertificate:
    """A certificate that its owner made; good for a day."""

    def __init__(
        self, now: datetime, subject: str = "CN=robot,O=Books", names: Sequence[x509.GeneralName] = ()
    ) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name.from_rfc4514_string(subject)
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number())
        made = made.not_valid_before(now).not_valid_after(now + timedelta(days=1))
        if names:
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        self.certificate = made.sign(key, hashes.SHA256())
        self.key = key

    @property
    def der(self) -> bytes:
        """As bytes."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def header(self) -> str:
        """RFC 9440 section 2.2: a byte sequence of RFC 8941."""
        return f":{base64.b64encode(self.der).decode()}:"

    @property
    def escaped(self) -> str:
        """PEM, URL-encoded, as nginx does it."""
        return quote(self.certificate.public_bytes(Encoding.PEM).decode(), safe="")

    @property
    def thumbprint(self) -> str:
        """RFC 8705 section 3.1: `x5t#S256`."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.der).digest()).rstrip(b"=").decode()

    def jwk(self, **more: Any) -> dict[str, Any]:
        """The key with its certificate (RFC 7517 section 4.7)."""
        jwk = ECKey.import_key(self.key.public_key()).as_dict(private=False)
        return {**jwk, "x5c": [base64.b64encode(self.der).decode()], **more}
