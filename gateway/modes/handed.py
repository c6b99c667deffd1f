"""Keys of requests that the legacy service may have accepted: these are never served here.

Kept in memory, as the mode `observe` stores nothing, and the oldest are forgotten. What must
outlive the process, or more keys than these, is for the ledger of the mode `split`.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import Final

from gateway.modes.forward import Headers, NotPassed, Passed, PassedInDoubt, Passing

MOST_KEYS: Final = 50_000
"""About 8 MB."""
_HEADER: Final = "idempotency-key"


class HandedKeys:
    """Which `Idempotency-Key`s were handed to the legacy service, and not surely in vain."""

    def __init__(self, most: int = MOST_KEYS) -> None:
        self._most = most
        # How many requests under a key are under way, were accepted, or are in doubt.
        self._requests: OrderedDict[bytes, int] = OrderedDict()

    def hand(self, headers: Headers) -> None:
        """Note the keys of a request that is about to leave."""
        for key in _keys(headers):
            self._requests[key] = self._requests.pop(key, 0) + 1
            if len(self._requests) > self._most:
                self._requests.popitem(last=False)

    def settle(self, headers: Headers, passing: Passing) -> None:
        """Let the keys of a request go again if nobody can be messaged for it."""
        if not came_to_nothing(passing):
            return
        for key in _keys(headers):
            left = self._requests.get(key, 0) - 1
            if left > 0:
                self._requests[key] = left
            else:
                self._requests.pop(key, None)

    def hold(self, headers: Headers) -> bool:
        """Tell whether a request repeats one that was handed over."""
        return any(key in self._requests for key in _keys(headers))


def came_to_nothing(passing: Passing) -> bool:
    """Tell whether a request was provably not accepted: not one byte left, or it was refused."""
    match passing:
        case NotPassed():
            return True
        case Passed(http_status=http_status):
            return is_refusal(http_status)
        case PassedInDoubt():
            return False


def is_refusal(http_status: int) -> bool:
    """Tell whether an answer proves that nothing was accepted.

    A 408 of something in between does not: it may have given up waiting for the service.
    """
    return 400 <= http_status <= 499 and http_status != 408


def _keys(headers: Headers) -> list[bytes]:
    return [
        hashlib.blake2b(value.encode("utf-8", "surrogateescape"), digest_size=16).digest()
        for name, value in headers
        if name.lower() == _HEADER
    ]
