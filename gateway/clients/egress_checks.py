"""What is wrong with the files of the way out, before the first connection needs them."""

from __future__ import annotations

import datetime
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from gateway.settings import Fault, Settings

FEW_DAYS: Final = 14
"""A client certificate that ends sooner is warned of."""
_CA: Final = "GATEWAY_CA_FILE"
_CERT: Final = "GATEWAY_CLIENT_CERT"
_KEY: Final = "GATEWAY_CLIENT_KEY"
_PROXY: Final = "GATEWAY_EGRESS_PROXY"
_SYSTEM: Final = "SSL_CERT_FILE"


def egress_faults(settings: Settings) -> list[Fault]:
    """Return what keeps the way out from being as it is set."""
    faults = []
    if settings.egress_proxy_resolves and settings.egress_proxy is None:
        faults.append(_fault(f"{_PROXY}_RESOLVES", f"is set without {_PROXY}", f"set {_PROXY}"))
    if settings.client_key is not None and settings.client_cert is None:
        faults.append(_fault(_KEY, f"is set without {_CERT}", f"set {_CERT}, too"))
    files = {_CA: settings.ca_file, _CERT: settings.client_cert, _KEY: settings.client_key}
    unread = [name for name, file in files.items() if file is not None and not _can_be_read(file)]
    faults += [
        _fault(name, "names a file that cannot be read", "name a file that this user can read")
        for name in unread
    ]
    if settings.ca_file is not None and _CA not in unread:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(settings.ca_file)
        except ssl.SSLError:
            faults.append(_fault(_CA, "holds no certificates", "name a file of PEM certificates"))
    if settings.client_cert is not None and not {_CERT, _KEY} & set(unread):
        faults += _pair_faults(settings.client_cert, settings.client_key)
    return faults


def egress_warnings(settings: Settings, environ: Mapping[str, str], now_s: int) -> list[Fault]:
    """Return what will keep the way out from being as it is set; the settings are without fault."""
    found = []
    if not _can_be_read(environ.get(_SYSTEM, os.devnull)):
        problem = "names a file that cannot be read, and OpenSSL passes over it without a word"
        found.append(_fault(_SYSTEM, problem, "name a file of PEM certificates, or unset it"))
    if settings.client_cert is None:
        return found
    days_left = client_certificate_days(settings.client_cert, now_s)
    if days_left < FEW_DAYS:
        problem = "has expired" if days_left < 0 else f"ends in {days_left} days"
        found.append(_fault(_CERT, problem, "renew it; it is read at the start"))
    return found


def client_certificate_days(file: str, now_s: int) -> int:
    """Return for how many more days a certificate holds; fewer than 0 when it has ended."""
    ends = x509.load_pem_x509_certificate(Path(file).read_bytes()).not_valid_after_utc
    return (ends - datetime.datetime.fromtimestamp(now_s, datetime.UTC)).days


def _pair_faults(cert_file: str, key_file: str | None) -> list[Fault]:
    try:
        certificate = x509.load_pem_x509_certificate(Path(cert_file).read_bytes())
    except ValueError:
        return [_fault(_CERT, "holds no certificate", "name a file of PEM certificates")]
    name = _CERT if key_file is None else _KEY
    try:
        key = _key_in(Path(key_file or cert_file).read_bytes())
    except TypeError:
        return [_fault(name, "holds a key with a passphrase", "store it without one")]
    except ValueError:
        remedy = f"name the PEM file of the key in {_KEY}"
        return [_fault(name, "holds no private key", remedy)]
    if _public(key.public_key()) != _public(certificate.public_key()):
        return [_fault(name, "is not the key of the certificate", "name the two of one pair")]
    return []


def _key_in(pem: bytes) -> PrivateKeyTypes:
    begins = pem.find(b"-----BEGIN")
    while begins >= 0 and b"PRIVATE KEY" not in pem[begins : begins + 40].partition(b"\n")[0]:
        begins = pem.find(b"-----BEGIN", begins + 1)
    return serialization.load_pem_private_key(pem[max(begins, 0) :], password=None)


def _public(key: object) -> bytes:
    shown: bytes = key.public_bytes(  # type: ignore[attr-defined]  # every kind of key has it
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return shown


def _can_be_read(file: str) -> bool:
    try:
        with Path(file).open("rb"):
            return True
    except OSError:
        return False


def _fault(name: str, problem: str, remedy: str) -> Fault:
    return Fault(name=name, problem=problem, remedy=remedy)
