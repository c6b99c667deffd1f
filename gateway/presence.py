"""Whether two addresses lead to one process: what `doctor` asks about the public URL.

A process draws a key at its start and answers any nonce with a proof made of both. Who gets the
same proof for one nonce at two addresses has reached one process twice: nobody else has the key,
and an answer that was kept somewhere on the way is to another nonce.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from gateway.clock import Clock

PATH: Final = "/webhooks/doctor/"
"""Under the paths that a proxy publishes for the vendor; a nonce follows."""

_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)


class Presence:
    """The proofs of one process."""

    def __init__(self, clock: Clock) -> None:
        self._key = clock.draw_token(32)

    def proof(self, nonce: str) -> str | None:
        """Return the proof for a nonce, 64 hex digits; `None` for what is no nonce."""
        if not _NONCE.fullmatch(nonce):
            return None
        return hmac.digest(self._key, nonce.encode("ascii"), hashlib.sha256).hex()
