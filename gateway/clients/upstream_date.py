"""What time the upstream says it is: the `Date` of an answer that sends nothing."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Final

from gateway.clients.egress import Egress
from gateway.clients.guard import AddressPolicy, Blocked, SystemResolver, dial_target
from gateway.clients.transport import USER_AGENT, Transport

_CONNECT_S: Final = 3.0
_DEADLINE_S: Final = 5.0
_LONGEST_AGE: Final = 10
"""Digits: as many as the largest delta-seconds that RFC 9111 asks for."""


class UpstreamDate:
    """Asks `HEAD /` of the upstream, without credentials; whatever the status, it has a date."""

    def __init__(
        self,
        *,
        base_url: str,
        policy: AddressPolicy,
        egress: Egress | None = None,
    ) -> None:
        """Prepare the question; `egress` as with `MessagesClient`."""
        self._target = dial_target(base_url.rstrip("/") + "/", policy)
        self._policy = policy
        self._egress = egress or Egress()

    async def read_s(self) -> int | None:
        """Return the upstream's clock in Unix seconds; None when it does not say, or not now."""
        if isinstance(self._target, Blocked):
            return None
        transport = Transport(
            self._policy,
            egress=self._egress,
            connect_s=_CONNECT_S,
            resolver=SystemResolver(threads=1),
        )
        try:
            seen = await transport.exchange(
                self._target, b"", (USER_AGENT,), deadline_s=_DEADLINE_S, method="HEAD"
            )
        finally:
            await transport.close()
        date_s = _seconds(seen.header(b"date") or "")
        return None if date_s is None else date_s + _age_s(seen.header(b"age") or "")


def _seconds(date: str) -> int | None:
    try:
        moment = parsedate_to_datetime(date)
        return int(moment.timestamp()) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _age_s(age: str) -> int:
    """Return how long a cache has kept the answer: its date is older by that (RFC 9111)."""
    is_sound = age.isascii() and age.isdigit() and len(age) <= _LONGEST_AGE
    return int(age) if is_sound else 0
