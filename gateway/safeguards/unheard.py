"""Sends that are accepted while no webhook comes: a wrong public URL, a certificate, a firewall."""

from __future__ import annotations

from typing import Final

from gateway.alarms import Alarm, AlarmKind, Alarms
from gateway.clock import Clock
from gateway.safeguards.holds import Holds
from gateway.stores.base import Hold, HoldReason, Store, account_scope

_SENDS: Final = 5
_SETTLED_MS: Final = 60_000
_NOTED_AFTER_MS: Final = 1_000


class Unheard:
    """Counts what was sent since an account was last heard of."""

    def __init__(
        self, *, store: Store, clock: Clock, holds: Holds, alarms: Alarms, hold_s: int
    ) -> None:
        """`hold_s` is how long timers wait; 0 switches the safeguard off."""
        self._store = store
        self._clock = clock
        self._holds = holds
        self._alarms = alarms
        self._hold_ms = 1000 * hold_s
        self._accepted: dict[str, list[int]] = {}
        """When the first sends since the last webhook were accepted."""
        self._noted: dict[str, list[int]] = {}
        """What of it the store remembers for the next process."""
        self._silent: set[str] = set()
        """The accounts whose silence was held already: once is enough for one silence."""

    async def begin(self) -> None:
        """Take over what an earlier process counted and held."""
        for account, accepted_ms in (await self._store.silences()).items():
            if not self._hold_ms:
                await self._store.note_silence(account, ())
                continue
            self._accepted[account] = list(accepted_ms)
            self._noted[account] = list(accepted_ms)
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
        if account in self._noted:
            await self._store.note_silence(account, ())
            self._noted.pop(account, None)  # webhooks come several at once
        if account in self._silent:
            self._silent.discard(account)
            self._alarms.clear(AlarmKind.UNHEARD, account)
            hold = self._holds.find(account_scope(account), HoldReason.UNHEARD)
            if hold is not None:
                await self._holds.end_with_grace(hold)

    async def turn(self) -> None:
        """Hold the accounts that nothing was heard of."""
        now_ms = self._clock.now_ms()
        await self._note(before_ms=now_ms - _NOTED_AFTER_MS)
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

    async def end(self) -> None:
        """Leave the count to the next process."""
        await self._note(before_ms=self._clock.now_ms())

    async def _note(self, *, before_ms: int) -> None:
        # Mostly a webhook comes within a second: then nothing is written.
        for account, first in list(self._accepted.items()):
            if first[0] <= before_ms and self._noted.get(account) != first:
                noted = list(first)
                await self._store.note_silence(account, noted)
                if account in self._accepted:
                    self._noted[account] = noted
                else:  # heard of meanwhile
                    await self._store.note_silence(account, ())

    def _tell(self, account: str, since_ms: int) -> None:
        self._silent.add(account)
        self._alarms.raise_alarm(
            Alarm(
                kind=AlarmKind.UNHEARD,
                subject=account,
                since_ms=since_ms,
                why="Sends of this account are accepted, and no webhook comes. Its timers wait for"
                f" {self._hold_ms // 1000} s, once; then next messages go out as if nothing had"
                " been read or delivered.",
                remedy="Check that GATEWAY_PUBLIC_URL reaches this gateway from outside: its name,"
                " its certificate, the firewall; `dispatch-gateway doctor` does.",
            )
        )
