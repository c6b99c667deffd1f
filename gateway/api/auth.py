"""Who is calling: Basic with an API key, or a JWT signed with an application's key.

Source: docs/wire.md section 1.2. What the vendor leaves open is decided on the safe side, but a
client that worked must keep working: one token may be used many times (`jti` may repeat), a
missing `exp` means fifteen minutes, clocks may differ a little. An `acl` claim that seems not to
cover Dispatch is only noted: which paths the vendor held against it was never published.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.clock import Clock
from gateway.settings import Application, Secret
from translators.acl import covers_dispatch

MAX_CREDENTIALS: Final = 16 * 1024
"""Bytes of an `Authorization` header that are looked at; no real token comes near."""

_DEFAULT_LIFE_S: Final = 15 * 60
_MAX_LIFE_S: Final = 24 * 3600
_MAX_VERIFIED: Final = 1024
_URL_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_KEY_ID_ALPHABET: Final = frozenset(_URL_ALPHABET.decode() + ".:=+")
_MAX_KEY_ID: Final = 128
_SIGNATURES: Final = jwt.PyJWS(algorithms=["RS256"])
# Each changes what the other parts mean; none was ever part of the vendor's tokens.
_MEANING_HEADERS: Final = ("crit", "b64", "zip", "enc")


class AuthReason(StrEnum):
    """Why credentials were refused: a label for logs and metrics, never told to the caller."""

    MISSING = "missing"
    REPEATED = "repeated"
    SCHEME = "scheme"
    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    WRONG_SECRET = "wrong_secret"  # noqa: S105 - a label
    ALGORITHM = "algorithm"
    HEADER = "header"
    CLAIMS = "claims"
    LIFETIME = "lifetime"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    SIGNATURE = "signature"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthFault:
    """A caller that is not let in."""

    reason: AuthReason
    http_status: int = 401
    """400 for a request with several `Authorization` headers, 401 for all else."""
    claimed: bytes | None = None
    """Whose API key or application id was named, if any; it may be nobody's."""


class _Refused(Exception):
    def __init__(self, reason: AuthReason, claimed: object = None) -> None:
        self.reason = reason
        self.claimed = claimed.encode() if isinstance(claimed, str) else None


class Authenticator:
    """Tells which application a request speaks for."""

    _by_key: dict[str, list[tuple[bytes, Application | None]]]
    """By API key the digest of each secret and whose it is; all lists have the same length."""
    _by_id: dict[str, tuple[RSAPublicKey, Application]]

    def __init__(
        self, applications: Sequence[Application], clock: Clock, leeway_s: int = 60
    ) -> None:
        """Prepare the registry.

        Args:
            applications: who may call.
            clock: its wall clock judges tokens.
            leeway_s: seconds a caller's clock may differ from ours.
        """
        self._clock = clock
        self._leeway_s = leeway_s
        # digest of a token -> whose it is, and the end of its life
        self._verified: OrderedDict[bytes, tuple[Application, float]] = OrderedDict()
        self._elsewhere: set[bytes] = set()
        """Of these, the tokens whose `acl` seems not to cover Dispatch."""
        # Strangers are compared with something, too, so that they cannot be told by the time.
        self._nobodys_secret = clock.draw_token(32)
        self.replace(applications)

    def replace(self, applications: Sequence[Application]) -> None:
        """Let these call from now on, and nobody else; tokens of before are verified anew.

        Of several applications with one API key and one secret, the first answers Basic.
        """
        by_id = {
            application.application_id: (_public_key(application.private_key_pem), application)
            for application in applications
            if application.application_id is not None and application.private_key_pem is not None
        }
        self._by_key, self._by_id = self._secrets_of(applications), by_id
        self._verified.clear()
        self._elsewhere.clear()

    def _secrets_of(
        self, applications: Sequence[Application]
    ) -> dict[str, list[tuple[bytes, Application | None]]]:
        known: dict[str, list[tuple[bytes, Application | None]]] = {"": []}
        for application in applications:
            if application.api_key is not None:
                known.setdefault(application.api_key, []).extend(
                    (_digest(secret.reveal().encode()), application)
                    for secret in application.api_secrets
                )
        longest = max(1, *map(len, known.values()))
        nobody = (self._nobodys_secret, None)
        return {key: each + [nobody] * (longest - len(each)) for key, each in known.items()}

    def authenticate(self, headers: Sequence[tuple[bytes, bytes]]) -> Application | AuthFault:
        """Return the application that the raw ASGI `headers` prove, or why there is none."""
        values = [value for name, value in headers if name == b"authorization"]
        if not values:
            return AuthFault(reason=AuthReason.MISSING)
        if len(values) > 1:
            return AuthFault(reason=AuthReason.REPEATED, http_status=400)
        try:
            return self._authenticate(values[0])
        except _Refused as refused:
            return AuthFault(reason=refused.reason, claimed=refused.claimed)

    def is_meant_elsewhere(self, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Tell whether the token of a caller who was let in has an `acl` without Dispatch."""
        if not self._elsewhere:
            return False
        value = next((value for name, value in headers if name == b"authorization"), b"")
        return _digest(value.strip().partition(b" ")[2].strip()) in self._elsewhere

    def _authenticate(self, value: bytes) -> Application:
        if len(value) > MAX_CREDENTIALS:
            raise _Refused(AuthReason.TOO_LONG)
        scheme, _, credentials = value.strip().partition(b" ")
        match scheme.lower():
            case b"basic":
                return self._basic(credentials.strip())
            case b"bearer":
                return self._bearer(credentials.strip())
            case _:
                raise _Refused(AuthReason.SCHEME)

    def _basic(self, credentials: bytes) -> Application:
        try:
            text = base64.b64decode(credentials, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise _Refused(AuthReason.MALFORMED) from None
        api_key, colon, secret = text.partition(":")
        if not colon:
            raise _Refused(AuthReason.MALFORMED)
        given = _digest(secret.encode())
        # All are compared, whoever calls: neither which one is right nor how many there are shows.
        owners = [
            owner
            for digest, owner in self._by_key.get(api_key, self._by_key[""])
            if hmac.compare_digest(digest, given)
        ]
        if not owners or owners[0] is None:
            raise _Refused(AuthReason.WRONG_SECRET, api_key)
        return owners[0]

    def _bearer(self, token: bytes) -> Application:
        digest, now_s = _digest(token), self._clock.wall_s()
        remembered = self._verified.get(digest)
        if remembered is not None and now_s < remembered[1]:
            return remembered[0]
        application, claims, expires_s = self._verify(token, now_s)
        self._verified[digest] = (application, expires_s)
        if "acl" in claims and not covers_dispatch(claims["acl"]):
            self._elsewhere.add(digest)
        if len(self._verified) > _MAX_VERIFIED:
            self._elsewhere.discard(self._verified.popitem(last=False)[0])
        return application

    def _verify(self, token: bytes, now_s: int) -> tuple[Application, dict[str, Any], float]:
        """Return whose the token is, its claims, and when it ends."""
        header, claims = _open(token)
        application_id = claims.get("application_id")
        try:
            application, expires_s = self._verify_claims(token, header, claims, now_s)
        except _Refused as refused:
            raise _Refused(refused.reason, application_id) from None
        return application, claims, expires_s

    def _verify_claims(
        self, token: bytes, header: dict[str, Any], claims: dict[str, Any], now_s: int
    ) -> tuple[Application, float]:
        _check_header(header)
        expires_s = self._check_lifetime(claims, now_s)
        application_id = claims.get("application_id")
        if not isinstance(application_id, str):
            raise _Refused(AuthReason.CLAIMS)
        known = self._by_id.get(application_id.lower())
        # As with Basic: whether an application exists must not show in the time.
        key = known[0] if known is not None else self._any_key()
        try:
            _SIGNATURES.decode(token, key, algorithms=["RS256"])
        except jwt.PyJWTError:
            raise _Refused(AuthReason.SIGNATURE) from None
        if known is None:
            raise _Refused(AuthReason.SIGNATURE)
        return known[1], expires_s

    def _any_key(self) -> RSAPublicKey:
        for key, _ in self._by_id.values():
            return key
        raise _Refused(AuthReason.SIGNATURE)

    def _check_lifetime(self, claims: dict[str, Any], now_s: int) -> float:
        """Judge `iat`, `nbf` and `exp`; return the end of the token's life."""
        # RFC 7519 section 2 lets an instant have a fraction, and some libraries write one.
        issued_s = _instant(claims.get("iat"))
        not_before_s = _instant(claims.get("nbf", issued_s))
        expires_s = _number(claims.get("exp", issued_s + _DEFAULT_LIFE_S))
        if expires_s > issued_s + _MAX_LIFE_S:
            raise _Refused(AuthReason.LIFETIME)
        if max(issued_s, not_before_s) > now_s + self._leeway_s:
            raise _Refused(AuthReason.NOT_YET_VALID)
        if expires_s + self._leeway_s < now_s:
            raise _Refused(AuthReason.EXPIRED)
        return expires_s


def _open(token: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a compact token, unverified."""
    # Nothing but two dots may be left: no padding, no white space, no fourth part.
    if token.translate(None, _URL_ALPHABET) != b"..":
        raise _Refused(AuthReason.MALFORMED)
    header, claims, _ = token.split(b".")
    return _object(header), _object(claims)


def _object(part: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    except ValueError:  # what both raise, by subclasses
        raise _Refused(AuthReason.MALFORMED) from None
    if not isinstance(value, dict):
        raise _Refused(AuthReason.MALFORMED)
    return value


def _check_header(header: dict[str, Any]) -> None:
    """Pin the algorithm. Headers that offer keys are ignored: the key is ours to choose."""
    if header.get("alg") != "RS256":
        raise _Refused(AuthReason.ALGORITHM)
    if any(name in header for name in _MEANING_HEADERS):
        raise _Refused(AuthReason.HEADER)
    key_id = header.get("kid", "")
    # It selects nothing here, but one that aims at a file or a query comes from no client.
    if not isinstance(key_id, str) or len(key_id) > _MAX_KEY_ID or set(key_id) - _KEY_ID_ALPHABET:
        raise _Refused(AuthReason.HEADER)


def _instant(value: object) -> float:
    instant = _number(value)
    if instant < 0:
        raise _Refused(AuthReason.CLAIMS)
    return instant


def _number(value: object) -> float:
    # The bound is where floats begin to skip whole seconds; what is not a number is within none.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 2**53:
        raise _Refused(AuthReason.CLAIMS)
    return value


def _public_key(pem: Secret) -> RSAPublicKey:
    # The settings checked the key; to check it again takes 40 ms.
    key = load_pem_private_key(
        pem.reveal().encode(), password=None, unsafe_skip_rsa_key_validation=True
    )
    assert isinstance(key, RSAPrivateKey)  # noqa: S101 - the settings saw to it
    return key.public_key()


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()
