"""A certificate authority of the tests, and what it issues."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.clock import SystemClock

_DAY = datetime.timedelta(days=1)


@dataclass(slots=True)
class Authority:
    """Issues certificates for `localhost` and the loopback addresses."""

    folder: Path
    _key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    _issued: int = 0

    @property
    def root(self) -> Path:
        """The PEM file that clients trust."""
        path = self.folder / "root.pem"
        if not path.exists():
            path.write_bytes(_pem(self._certificate("tests", self._key.public_key(), is_root=True)))
        return path

    def client(self) -> ssl.SSLContext:
        """Return what a client has that trusts this authority alone."""
        return ssl.create_default_context(cafile=str(self.root))

    def issue(
        self, days: int = 90, *, name: str = "server", passphrase: str = ""
    ) -> tuple[Path, Path]:
        """Write a new pair; return the files of the certificate with its chain, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        cert_path, key_path = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        chain = _pem(self._certificate("localhost", key.public_key(), days=days))
        cert_path.write_bytes(chain + self.root.read_bytes())
        encryption = (
            serialization.BestAvailableEncryption(passphrase.encode())
            if passphrase
            else serialization.NoEncryption()
        )
        key_path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
            )
        )
        return cert_path, key_path

    def _certificate(
        self, name: str, key: ec.EllipticCurvePublicKey, *, days: int = 3650, is_root: bool = False
    ) -> x509.Certificate:
        self._issued += 1
        ends = datetime.datetime.fromtimestamp(SystemClock().wall_s(), datetime.UTC) + days * _DAY
        names: list[x509.GeneralName] = [x509.DNSName("localhost")]
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1")]
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")]))
            .public_key(key)
            .serial_number(self._issued)
            .not_valid_before(ends - 5000 * _DAY)
            .not_valid_after(ends + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
