"""An authority that certifies clients and servers, as an operator's own does."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.certificates import ClientCertificate


class Authority:
    """Its certificates are good for a day."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name.from_rfc4514_string("CN=authority of the tests")
        self.certificate_of_its_own = self._signed(self._name, self._key.public_key(), ca=True)

    def certificate(self, subject: str) -> ClientCertificate:
        """One for a client."""
        made = ClientCertificate(self._now, subject)
        made.certificate = self._signed(x509.Name.from_rfc4514_string(subject), made.key.public_key())
        return made

    def server_files(self, place: Path, host: str) -> None:
        """Write `server.pem`, `server.key`, `server.pem+key` and this authority's `ca.pem` into `place`."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(host), x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
        certificate = self._signed(x509.Name.from_rfc4514_string(f"CN={host}"), key.public_key(), names)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        public = certificate.public_bytes(Encoding.PEM)
        for name, content in (
            ("server.pem", public),
            ("server.key", private),
            ("server.pem+key", public + private),
            ("ca.pem", self.certificate_of_its_own.public_bytes(Encoding.PEM)),
        ):
            (place / name).write_bytes(content)

    def _signed(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePublicKey,
        names: list[x509.GeneralName] | None = None,
        *,
        ca: bool = False,
    ) -> x509.Certificate:
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
        made = made.serial_number(x509.random_serial_number())
        made = made.not_valid_before(self._now).not_valid_after(self._now + timedelta(days=1))
        made = made.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if names:
            made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return made.sign(self._key, hashes.SHA256())
