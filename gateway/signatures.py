"""The signed webhooks of the vendor, both ways: HS256 over claims that carry the body's hash.

Written by hand because it runs once per webhook and once per callback, where a JWT library costs
five times as much; the tests hold it against PyJWT. Source: docs/wire.md section 7.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import orjson

ISSUER: Final = "Vonage"
_HEADER: Final = b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
"""`{"alg":"HS256","typ":"JWT"}`, the header the vendor sends, in base64url."""
_MAX_TOKEN: Final = 8192
"""Real tokens have about 400 characters; the cap bounds the work a stranger can ask for."""
_TO_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL_SAFE: Final = bytes.maketrans(b"-_+/=", b"+/   ")
"""What only plain base64 uses becomes invalid, and so does padding."""
_END_OF_TIME: Final = 2**53
"""Seconds; beyond them a JSON number skips whole ones."""
_OPTIONAL_TEXT: Final = (str, type(None))


class SignatureFault(StrEnum):
    """Why a webhook is not trusted. All but `MISSING` are forgeries, or look like one."""

    MISSING = "missing"
    """No token at all. The vendor may fault this way, and sends again after a 5xx."""
    MALFORMED = "malformed"
    """Not a bearer token of three parts, or a claim of the wrong type."""
    ALGORITHM = "algorithm"
    """Anything but HS256, whatever the token asks for."""
    CRITICAL = "critical"
    """A `crit` header: an extension that must be understood, and is not."""
    UNKNOWN_KEY = "unknown-key"
    """No secret is known for the `api_key` claim."""
    BAD_SIGNATURE = "bad-signature"
    ISSUER = "issuer"
    NO_HASH = "no-hash"
    """Signed, but without a `payload_hash` that would tie the token to this body."""
    HASH_MISMATCH = "hash-mismatch"
    STALE = "stale"
    FUTURE = "future"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedClaims:
    """What a trusted token says about its sender."""

    api_key: str
    application_id: str | None
    issued_at_s: int
    """Whole Unix seconds, whatever fraction the token has."""
    token_id: str | None


def sign_body(
    body: bytes,
    *,
    secret: str,
    api_key: str,
    application_id: str | None,
    issued_at_s: int,
    token_id: str,
) -> str:
    """Make the token that accompanies `body`, exactly as sent, in `Authorization: Bearer`.

    Args:
        body: the bytes on the wire; a receiver hashes these.
        secret: the account's signature secret, at least 32 bytes.
        application_id: left out of the claims when `None`.
        issued_at_s: Unix seconds, fresh for each attempt.
        token_id: unique for each attempt.

    Source: docs/wire.md section 7; the order of the claims is that of its test vector.
    """
    claims = {
        "iat": issued_at_s,
        "jti": token_id,
        "iss": ISSUER,
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": api_key,
    }
    if application_id is not None:
        claims["application_id"] = application_id
    signed = _HEADER + b"." + _to_base64url(orjson.dumps(claims))
    return (signed + b"." + _signature(signed, secret)).decode("ascii")


def verify_body(
    authorization: str | None,
    body: bytes,
    *,
    secrets_of: Callable[[str], Sequence[str]],
    now_s: int,
    max_age_s: int = 25 * 3600,
    max_ahead_s: int = 300,
) -> SignedClaims | SignatureFault:
    """Say who signed `body`, or why it is not trusted. Never raises, whatever arrives.

    Args:
        authorization: the header's value as received, `None` without one.
        body: the raw bytes; a body parsed and written again has another hash.
        secrets_of: the signature secrets of an `api_key`, several while one is being rotated,
            none when the key is unknown. Empty secrets count for nothing.
        now_s: Unix seconds by the wall clock.
        max_age_s: a retry may carry its first `iat`, and the vendor retries for 24 hours.

    `exp` and `nbf` are not part of the vendor's token and are ignored.
    """
    scheme, _, token = (authorization or "").strip().partition(" ")
    token = token.strip()
    if not scheme or (scheme.lower() == "bearer" and not token):
        return SignatureFault.MISSING
    if scheme.lower() != "bearer" or len(token) > _MAX_TOKEN or not token.isascii():
        return SignatureFault.MALFORMED
    signed, _, signature = token.encode("ascii").rpartition(b".")
    header, _, payload = signed.partition(b".")
    if (fault := _header_fault(header)) is not None:
        return fault
    claims = _json_object(payload)
    if claims is None or not isinstance(api_key := claims.get("api_key"), str):
        return SignatureFault.MALFORMED
    # The claim is not trusted yet: it only says which secrets to try.
    fault = SignatureFault.UNKNOWN_KEY
    for secret in filter(None, secrets_of(api_key)):
        if hmac.compare_digest(_signature(signed, secret), signature):
            break
        fault = SignatureFault.BAD_SIGNATURE
    else:
        return fault
    if (fault := _hash_fault(claims, body)) is not None:
        return fault
    return _dated(claims, api_key, now_s - max_age_s, now_s + max_ahead_s)


def claimed_key(authorization: str | None) -> str | None:
    """Return the `api_key` that a token names, not trusted: who may be meant by a bad signature."""
    token = (authorization or "").strip().rpartition(" ")[2]
    if len(token) > _MAX_TOKEN or not token.isascii() or token.count(".") != 2:
        return None
    claims = _json_object(token.encode("ascii").split(b".")[1])
    named = claims and claims.get("api_key")
    return named if isinstance(named, str) else None


def _header_fault(segment: bytes) -> SignatureFault | None:
    if segment == _HEADER:
        return None
    header = _json_object(segment)
    if header is None:
        return SignatureFault.MALFORMED
    if header.get("alg") != "HS256":
        return SignatureFault.ALGORITHM
    # RFC 7515 section 4.1.11: a token whose critical extensions are not understood is invalid.
    return SignatureFault.CRITICAL if "crit" in header else None


def _hash_fault(claims: dict[str, object], body: bytes) -> SignatureFault | None:
    if claims.get("iss") != ISSUER:
        return SignatureFault.ISSUER
    claimed = claims.get("payload_hash")
    if not isinstance(claimed, str) or not claimed:
        return SignatureFault.NO_HASH
    actual = hashlib.sha256(body).hexdigest().encode("ascii")
    matches = hmac.compare_digest(claimed.casefold().encode("utf-8"), actual)
    return None if matches else SignatureFault.HASH_MISMATCH


def _dated(
    claims: dict[str, object], api_key: str, earliest_s: int, latest_s: int
) -> SignedClaims | SignatureFault:
    issued_at_s = claims.get("iat")
    application_id = claims.get("application_id")
    token_id = claims.get("jti")
    # RFC 7519 section 2: an instant may have a fraction. Beyond the bound it is none.
    if not isinstance(issued_at_s, int | float) or isinstance(issued_at_s, bool):
        return SignatureFault.MALFORMED
    if not abs(issued_at_s) < _END_OF_TIME:
        return SignatureFault.MALFORMED
    if not isinstance(application_id, _OPTIONAL_TEXT) or not isinstance(token_id, _OPTIONAL_TEXT):
        return SignatureFault.MALFORMED
    if issued_at_s < earliest_s:
        return SignatureFault.STALE
    if issued_at_s > latest_s:
        return SignatureFault.FUTURE
    return SignedClaims(
        api_key=api_key,
        application_id=application_id,
        issued_at_s=int(issued_at_s),
        token_id=token_id,
    )


def _signature(signed: bytes, secret: str) -> bytes:
    return _to_base64url(hmac.digest(secret.encode("utf-8"), signed, "sha256"))


def _to_base64url(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_URL_SAFE)


def _json_object(segment: bytes) -> dict[str, object] | None:
    """Decode one part of a token; `None` unless it is strict base64url of a JSON object."""
    padded = segment.translate(_FROM_URL_SAFE) + b"==="[: -len(segment) % 4]
    try:
        value = orjson.loads(binascii.a2b_base64(padded, strict_mode=True))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
