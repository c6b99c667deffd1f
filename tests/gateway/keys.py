"""RSA keys for tests; drawing one takes a while, so each is drawn once a session."""

from __future__ import annotations

import functools

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)


def rsa_key(name: str = "ours", bits: int = 2048) -> RSAPrivateKey:
    """Return the key of that name."""
    return _draw(name, bits)


@functools.cache
def _draw(name: str, bits: int) -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=bits)


def private_pem(name: str = "ours", bits: int = 2048, passphrase: bytes = b"") -> str:
    """Return a key as PEM text."""
    encryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return rsa_key(name, bits).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def elliptic_pem() -> str:
    """Return a key of another kind as PEM text."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(name: str = "ours") -> str:
    """Return the public half of a key as PEM text."""
    public = rsa_key(name).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
