"""The tokens in per-message webhook URLs: which dispatch and step a webhook speaks of.

A token is self-contained and unguessable: `base64url(uuid 16 bytes, step 2 bytes, MAC 10 bytes)`.
The MAC key is drawn at the birth of the store and stays in it, so that tokens outlive restarts
and rotations of every other secret.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import uuid
from dataclasses import dataclass

_MAC_SIZE = 10  # 80 bits: forging one takes 2^80 requests, and the URL stays short
_SIZE = 16 + 2 + _MAC_SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAddress:
    """One step of one dispatch."""

    dispatch_uuid: str
    step: int


class TokenMint:
    """Makes and reads tokens under one key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def mint(self, address: StepAddress) -> str:
        """Return the token of a step, 38 URL-safe characters."""
        body = uuid.UUID(address.dispatch_uuid).bytes + address.step.to_bytes(2, "big")
        return base64.urlsafe_b64encode(body + self._mac(body)).rstrip(b"=").decode("ascii")

    def read(self, token: str) -> StepAddress | None:
        """Return what a token names, None when it was not minted here."""
        try:
            raw = base64.b64decode(token.encode("ascii") + b"==", altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            return None
        body, mac = raw[:-_MAC_SIZE], raw[-_MAC_SIZE:]
        if len(raw) != _SIZE or not hmac.compare_digest(mac, self._mac(body)):
            return None
        return StepAddress(
            dispatch_uuid=str(uuid.UUID(bytes=body[:16])), step=int.from_bytes(body[16:], "big")
        )

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, b"webhook-token" + body, hashlib.sha256)[:_MAC_SIZE]
