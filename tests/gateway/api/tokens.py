"""Credentials for tests: right ones, and wrong ones that are well made."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import jwt

from tests.gateway.keys import public_pem, rsa_key
from tests.support.clock import START_MS

NOW = START_MS // 1000
APP_ID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
OTHER_ID = "bbbbbbbb-bbbb-4ccc-8ddd-0123456789ab"
ABSENT = object()


def b64(data: bytes) -> str:
    """Encode a part of a token."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bearer(token: str) -> str:
    """Return the header for a token."""
    return f"Bearer {token}"


def basic(text: str | bytes) -> str:
    """Return the header for a key and a secret."""
    raw = text if isinstance(text, bytes) else text.encode()
    return f"Basic {base64.b64encode(raw).decode()}"


def claims(**changes: object) -> dict[str, object]:
    """Return good claims with changes; `ABSENT` takes one away."""
    said: dict[str, object] = {
        "application_id": APP_ID,
        "iat": NOW,
        "jti": "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5",
        "exp": NOW + 900,
        **changes,
    }
    return {name: value for name, value in said.items() if value is not ABSENT}


def sign(
    payload: Mapping[str, object] | bytes | None = None,
    key: str = "ours",
    algorithm: str = "RS256",
    header: Mapping[str, object] | None = None,
) -> str:
    """Make a token whose signature is good, whatever it says."""
    if not isinstance(payload, bytes):
        payload = json.dumps(claims() if payload is None else payload).encode()
    parts = {"alg": algorithm, "typ": "JWT", **(header or {})}
    signed = f"{b64(json.dumps(parts).encode())}.{b64(payload)}"
    method: Any = jwt.PyJWS().get_algorithm_by_name(algorithm)
    return f"{signed}.{b64(method.sign(signed.encode(), rsa_key(key)))}"


def keyed_with_public_key() -> str:
    """HS256 with the text of our public key as the secret."""
    header = json.dumps({"alg": "HS256", "typ": "JWT"}).encode()
    signed = f"{b64(header)}.{b64(json.dumps(claims()).encode())}"
    mac = hmac.digest(public_pem().encode(), signed.encode(), hashlib.sha256)
    return f"{signed}.{b64(mac)}"


def unsigned(algorithm: str) -> str:
    """Make a token without a signature."""
    header = json.dumps({"alg": algorithm, "typ": "JWT"}).encode()
    return f"{b64(header)}.{b64(json.dumps(claims()).encode())}."
