"""Who may send: Basic with a key and a secret, or any well-formed JWT.

The sandbox has no public key to check a token with; it takes what could be one. Source:
docs/wire.md section 1.2 and 3.1.
"""

from __future__ import annotations

import base64
import functools
import hmac

import jwt

from gateway.sandbox.config import SandboxConfig


def is_authorized(authorization: str | None, config: SandboxConfig) -> bool:
    """Return whether the value of an `Authorization` header lets a message be sent."""
    scheme, _, credentials = (authorization or "").partition(" ")
    match scheme.lower():
        case "basic":
            return _is_known(credentials.strip(), config)
        case "bearer":
            return _is_token(credentials.strip())
        case _:
            return False


def _is_known(credentials: str, config: SandboxConfig) -> bool:
    try:
        decoded = base64.b64decode(credentials, validate=True).decode("utf-8")
    except ValueError:
        return False
    api_key, _, api_secret = decoded.partition(":")
    if not api_key or not api_secret:
        return False
    key_fits = config.api_key is None or _equals(api_key, config.api_key)
    return key_fits and (config.api_secret is None or _equals(api_secret, config.api_secret))


def _equals(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8"), known.encode("utf-8"))


@functools.lru_cache(maxsize=256)
def _is_token(token: str) -> bool:
    # Cached because a caller uses one token for many messages.
    try:
        jwt.decode_complete(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return False
    return True
