"""Sends that are accepted while no webhook comes: a wrong public URL, a certificate, a firewall."""

from __future__ import annotations

from typing import Final

from gateway.alarms import Alarm, AlarmKind, Alarms
from gateway.clock import Clock
from gateway.fences.holds import Holds
from gateway.stores.base import Hold, HoldReason, account_scope

_SENDS: Final = 5
_SETTLED_MS: Final = 60_000


class Unheard:
    """Counts what was sent since an account was last heard of."""

    def __init__(self, *, clock: Clock, holds: Holds, alarms: Alarms, hold_s: int) -> None:
        """`hold_s` is how long timers wait; 0 switches the fence off."""
        self._clock = clock
        self._holds = holds
        self._alarms = alarms
        self._hold_ms = 1000 * hold_s
        self._accepted: dict[str, list[int]] = {}
        """When the first sends since the last webhook were accepted."""
        self._silent: set[str] = set()
        """The accounts whose silence was held already: once is enough for one silence."""

    def begin(self) -> None:
        """Take over what an earlier process held."""
        for hold in self._holds.all():
            if hold.reason is HoldReason.UNHEARD:
                self._tell(hold.account, hold.since_ms)

    def accepted(self, account: str) -> None:
        """Take note of a send that the upstream accepted."""
        if not self._hold_ms:
            return
        first = self._accepted.setdefault(account, [])
        if len(first) < _SENDS:
            first.append(self._clock.now_ms())

    async def heard(self, account: str) -> None:
        """Take note of a webhook of the account: verified, or at least at this address."""
        self._accepted.pop(account, None)
        if account in self._silent:
            self._silent.discard(account)
            self._alarms.clear(AlarmKind.UNHEARD, account)
            hold = self._holds.find(account_scope(account), HoldReason.UNHEARD)
            if hold is not None:
                await self._holds.end_with_grace(hold)

    async def turn(self) -> None:
        """Hold the accounts that nothing was heard of."""
        now_ms = self._clock.now_ms()
        for account, first in list(self._accepted.items()):
            is_silent = len(first) == _SENDS and first[-1] <= now_ms - _SETTLED_MS
            if is_silent and account not in self._silent:
                self._tell(account, first[0])
                await self._holds.place(
                    Hold(
                        account=account,
                        reason=HoldReason.UNHEARD,
                        since_ms=first[0],
                        until_ms=now_ms + self._hold_ms,
                        latest_ms=now_ms,
                    )
                )

    def _tell(self, account: str, since_ms: int) -> None:
        self._silent.add(account)
        self._alarms.raise_alarm(
            Alarm(
                kind=AlarmKind.UNHEARD,
                subject=account,
                since_ms=since_ms,
                why="Sends of this account are accepted, and no webhook comes.",
                remedy="Check that GATEWAY_PUBLIC_URL reaches this gateway from outside: its name,"
                " its certificate, the firewall; `dispatch-gateway doctor` does.",
            )
        )
