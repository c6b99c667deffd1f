"""The safeguards as the rest of the gateway sees them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from gateway.alarms import Alarms
from gateway.applications import Applications
from gateway.clock import Clock
from gateway.core.events import SendAccepted
from gateway.logs import get_logger
from gateway.safeguards.clock_check import ClockCheck
from gateway.safeguards.deafness import Deafness
from gateway.safeguards.hearing import Hearing, report_fault
from gateway.safeguards.holds import Holds
from gateway.safeguards.unheard import Unheard
from gateway.stores.base import Commit, DueTimer, Hold, HoldReason, Store, StoreUnavailable, Timer
from gateway.tokens import StepAddress

log = get_logger()

_TURN_S: Final = 0.05
_FAULT_PAUSE_S: Final = 1.0


class Safeguards:
    """Knows when silence means nothing, and keeps timers from acting on it."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        alarms: Alarms,
        applications: Applications,
        rate_per_s: float,
        unheard_hold_s: int,
        upstream_s: Callable[[], Awaitable[int | None]] | None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Wire the safeguards.

        Args:
            rate_per_s: how many timers of an account come back a second; 0 means all at once.
            unheard_hold_s: how long an account that nothing is heard of is held.
            upstream_s: reads the upstream's clock; None trusts ours.
            pause: waits between two readings of the clocks.
        """
        self._store = store
        self._applications = applications
        self.holds = Holds(
            store=store,
            clock=clock,
            alarms=alarms,
            accounts={a.name: a.account for a in applications.by_name.values()},
            rate_per_s=rate_per_s,
        )
        self.hearing = Hearing(
            store=store, clock=clock, holds=self.holds, accounts=self._accounts_at_work
        )
        self._deafness = Deafness(clock=clock, holds=self.holds, fingerprint_of=self._fingerprint)
        self._unheard = Unheard(
            store=store, clock=clock, holds=self.holds, alarms=alarms, hold_s=unheard_hold_s
        )
        self._has_other_secrets = False
        self._clock_check: ClockCheck | None = None
        if upstream_s is not None:
            self._clock_check = ClockCheck(
                clock=clock,
                store=store,
                holds=self.holds,
                alarms=alarms,
                upstream_s=upstream_s,
                accounts=self._accounts_at_work,
                pause=pause,
            )

    async def begin(self) -> None:
        """Take over what is held, and hold what nobody knows yet; before any timer fires."""
        await self.holds.load()
        for hold in list(self.holds.all()):
            if hold.reason is HoldReason.CLOCK:
                await self.holds.lift(hold)  # of another start; this one has its own
        await self._unheard.begin()
        await self._deafness.compare_secrets()
        if self._clock_check is None:
            await self.hearing.begin()
        else:
            await self._clock_check.hold()

    async def run(self) -> None:
        """Turn the safeguards until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.hearing.run())
            tasks.create_task(self._turn_forever())
            if self._clock_check is not None:
                tasks.create_task(self._settle_clock(self._clock_check))

    async def end(self) -> None:
        """Leave the last sign of life. Call it when nothing is under way any more."""
        try:
            await self._unheard.end()
            await self.hearing.end()
        except StoreUnavailable:
            log.error("store.became_unavailable", worker="safeguards")

    def tell_set_back(self, *listeners: Callable[[], None]) -> None:
        """Have these called should the clock turn out to have been ahead."""
        if self._clock_check is not None:
            self._clock_check.on_set_back += listeners

    def may_act(self) -> bool:
        """Tell whether work may be done that has a date: not while the clock is in dispute.

        What is sent, put off or given up under a wrong clock keeps the wrong instant once the clock
        is set: an expiry that is over at once, an attempt that is due in two hours.
        """
        return self._clock_check is None or not self._clock_check.is_disputed

    def may_forget(self) -> bool:
        """Tell whether what is old may be wiped: the clock was found right."""
        return self._clock_check is None or self._clock_check.is_right

    def secrets_changed(self, accounts: frozenset[str]) -> None:
        """Take note that accounts have other secrets while running."""
        self._has_other_secrets = True

    async def sort_out(self, due: Sequence[DueTimer]) -> Sequence[Timer]:
        """Return the due timers that may fire; what is held is set aside."""
        return await self.holds.sort_out(due)

    def concerning(self, application: str, dispatch_uuid: str) -> Sequence[Hold]:
        """Return what holds the timers of one dispatch."""
        return self.holds.concerning(self._account_of(application), dispatch_uuid)

    def is_deaf(self, account: str) -> bool:
        """Tell whether webhooks of an account cannot be verified."""
        return self._deafness.is_deaf(account)

    async def webhook_verified(self, account: str) -> None:
        """Take note of a webhook that was found genuine."""
        await self._unheard.heard(account)
        await self._deafness.verified(account)

    async def webhook_unreadable(self, application: str, address: StepAddress) -> None:
        """Take note of a webhook with our token that could not be verified."""
        account = self._account_of(application)
        await self._unheard.heard(account)
        await self._deafness.unreadable(account, address)

    def witness(self, commit: Commit) -> None:
        """Take note of what was committed."""
        if isinstance(commit.history.event, SendAccepted):
            self._unheard.accepted(self._account_of(commit.application))

    async def _settle_clock(self, check: ClockCheck) -> None:
        await _until_done(check.settle)
        await _until_done(self.hearing.begin)
        await _until_done(check.release)

    async def _compare_secrets(self) -> None:
        try:
            await self._deafness.compare_secrets()
        except StoreUnavailable:
            self._has_other_secrets = True
            raise

    async def _turn_forever(self) -> None:
        while True:
            try:
                if self._has_other_secrets:
                    self._has_other_secrets = False  # before: they may be others again meanwhile
                    await self._compare_secrets()
                await self._unheard.turn()
                await self._deafness.turn()
                await self.holds.turn()
            except StoreUnavailable:
                self.hearing.lose_store()
            except Exception as error:
                report_fault(error)
            await asyncio.sleep(_TURN_S)

    async def _accounts_at_work(self) -> Sequence[str]:
        names = await self._store.applications_at_work()
        return sorted({self._account_of(name) for name in names})

    def _account_of(self, name: str) -> str:
        known = self._applications.by_name.get(name)
        return name if known is None else known.account

    def _fingerprint(self, account: str) -> str:
        """Tell an account's signature secrets from others, without telling them."""
        digest = hashlib.blake2b(key=self._store.secret(), digest_size=8)
        for secret in self._applications.secrets_of(account):
            digest.update(secret.encode() + b"\0")
        return digest.hexdigest()


async def _until_done(work: Callable[[], Awaitable[None]]) -> None:
    """Do it as soon as the store can; nothing of it may be left out, nor end the process."""
    while True:
        try:
            return await work()
        except StoreUnavailable:
            await asyncio.sleep(_TURN_S)
        except Exception as error:
            report_fault(error)
            await asyncio.sleep(_FAULT_PAUSE_S)
