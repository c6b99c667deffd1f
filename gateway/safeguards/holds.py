"""What is held, in the store and in memory: the one place where a timer asks whether it may fire.

Memory is written first, so that nothing fires while the store writes; what the store has is what
counts after a restart.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.alarms import Alarm, AlarmKind, Alarms
from gateway.clock import Clock
from gateway.safeguards.grace import grace_ms
from gateway.stores.base import DueTimer, Hold, HoldReason, Store, Timer, account_scope, step_scope

_BATCH: Final = 200
_ALARMS: Final = {HoldReason.GAP: AlarmKind.GAP, HoldReason.DEAF: AlarmKind.DEAF}
"""The holds of whole accounts that are alarms as such; the other reasons raise their own."""
_GAP: Final = (
    "Webhooks may have been missed; timers wait for the vendor to repeat them.",
    "Nothing: it ends by itself.",
)
_DEAF: Final = (
    "Webhooks of this account arrive and cannot be verified. They are answered 503, which the"
    " vendor repeats, and no step of it expires.",
    "Compare VONAGE_SIGNATURE_SECRET and VONAGE_API_KEY with the account's settings, and check the"
    " machine's clock; then restart, or send SIGHUP where the secret comes from a file.",
)
_DEAF_BEFORE: Final = (
    "Webhooks of this account could not be verified. Its secrets are others now, and timers wait"
    " for the vendor to repeat what was refused.",
    "Nothing, if the secrets are right now: the next webhook that is verified shows it.",
)


@dataclass(slots=True)
class _Credit:
    """How many timers may come back: what was earned since the last, a second's worth at most."""

    tokens: float = 1.0
    grown_ms: int | None = None

    def grow(self, now_ms: int, rate_per_ms: float) -> int:
        earned = 0.0 if self.grown_ms is None else (now_ms - self.grown_ms) * rate_per_ms
        self.tokens = min(self.tokens + earned, max(1.0, 1000 * rate_per_ms))
        self.grown_ms = now_ms
        return int(self.tokens)

    def spend(self, count: int) -> None:
        self.tokens -= count


class Holds:
    """The holds that stand, and the timers that are set aside under them."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        alarms: Alarms,
        accounts: Mapping[str, str],
        rate_per_s: float,
    ) -> None:
        """Prepare the holds.

        Args:
            accounts: the account of each application, by name.
            rate_per_s: how many timers of one scope come back a second; 0 means all at once.
        """
        self._store = store
        self._clock = clock
        self._alarms = alarms
        self._accounts = accounts
        self._rate_per_ms = rate_per_s / 1000
        self._writing = asyncio.Lock()
        """Holds reach the store in the order in which they were placed and lifted here."""
        self._standing: dict[str, dict[HoldReason, Hold]] = defaultdict(dict)
        self._aside: dict[str, _Credit] = {}
        """The scopes that timers are set aside under, and how many of each may come back."""

    async def load(self) -> None:
        """Take over what an earlier process held."""
        for hold in await self._store.holds():
            self._stand(hold)
        self._aside = {scope: _Credit() for scope in await self._store.scopes_aside()}

    def of_account(self, account: str) -> Sequence[Hold]:
        """Return the holds of an account and of its steps."""
        if not self._standing:
            return ()
        return [hold for hold in self.all() if hold.account == account]

    def find(self, scope: str, reason: HoldReason) -> Hold | None:
        """Return one hold, None when it does not stand."""
        return self._standing[scope].get(reason) if scope in self._standing else None

    def concerning(self, account: str, dispatch_uuid: str) -> Sequence[Hold]:
        """Return what holds the timers of one dispatch."""
        return [
            hold for hold in self.of_account(account) if hold.dispatch_uuid in (None, dispatch_uuid)
        ]

    async def place(self, hold: Hold) -> None:
        """Hold, in place of an earlier hold of this scope and reason."""
        self._stand(hold)
        async with self._writing:
            await self._store.place_hold(hold)

    async def hold_gap(
        self,
        account: str,
        *,
        since_ms: int,
        missed_ms: int | None = None,
        dispatch_uuid: str | None = None,
        step: int | None = None,
    ) -> None:
        """Hold for the time in which the vendor repeats what was missed since `since_ms`.

        A gap that comes while an earlier one is held is one with it: the vendor has not repeated
        everything yet, and waits the longer for its next attempt, the more of them failed.

        Args:
            missed_ms: for how long nothing was heard, from `since_ms` until now by default.
        """
        now_ms = self._clock.now_ms()
        if missed_ms is None:
            missed_ms = now_ms - since_ms
        gap = Hold(
            account=account,
            reason=HoldReason.GAP,
            since_ms=since_ms,
            dispatch_uuid=dispatch_uuid,
            step=step,
        )
        until_ms = 0
        known = self.find(gap.scope, HoldReason.GAP)
        if known is not None:
            ended_ms = max(known.latest_ms, since_ms + missed_ms)
            apart_ms = max(0, since_ms - known.latest_ms)
            since_ms = min(known.since_ms, since_ms)
            missed_ms, until_ms = ended_ms - since_ms - apart_ms, known.until_ms or 0
        await self.place(
            replace(
                gap,
                since_ms=since_ms,
                until_ms=max(until_ms, now_ms + grace_ms(missed_ms)),
                latest_ms=since_ms + missed_ms,
            )
        )

    async def end_with_grace(self, hold: Hold) -> None:
        """End a hold whose cause is over; what was missed meanwhile is given time to come."""
        await self.hold_gap(
            hold.account,
            since_ms=hold.since_ms,
            dispatch_uuid=hold.dispatch_uuid,
            step=hold.step,
        )
        await self.lift(hold)

    async def lift(self, hold: Hold) -> None:
        """End a hold now, unless another has taken its place."""
        self._fall(hold)
        async with self._writing:
            await self._store.lift_hold(hold)

    async def sort_out(self, due: Sequence[DueTimer]) -> Sequence[Timer]:
        """Set aside what is held; return the timers that may fire, in their order."""
        if not self._standing:
            return [one.timer for one in due]
        free: list[DueTimer] = []
        held: dict[str, list[Timer]] = defaultdict(list)
        for one in due:
            scope = self._scope_of(one)
            if scope is None:
                free.append(one)
            else:
                held[scope].append(one.timer)
        for scope, timers in held.items():
            # Known before it is done: what is done and not known would never come back.
            # Anew each time, because `_bring_back` may just be finding the earlier ones gone.
            self._aside[scope] = _Credit()
            await self._store.set_aside(timers, scope=scope)
            # And again: on its way it may have been overtaken by the search for what to bring back.
            self._aside.setdefault(scope, _Credit())
        # Another hold may have begun while the store wrote: those are due again the next time.
        return [one.timer for one in free if self._scope_of(one) is None]

    async def turn(self) -> None:
        """End the holds whose time is over, and bring back what nothing holds any more."""
        now_ms = self._clock.now_ms()
        for hold in [one for one in self.all() if one.until_ms is not None]:
            # Another one may have taken its place while the store wrote.
            is_the_same = self.find(hold.scope, hold.reason) is hold
            if is_the_same and (hold.until_ms or 0) <= now_ms:
                await self.lift(hold)
        for scope in [one for one in self._aside if one not in self._standing]:
            await self._bring_back(scope, now_ms)

    async def _bring_back(self, scope: str, now_ms: int) -> None:
        limit = 1 if self._clock.detours() else _BATCH
        credit = self._aside[scope]
        if self._rate_per_ms:
            # They come back no faster than they may be sent, so that a webhook that is late, too,
            # still stops the timer it is about.
            limit = min(limit, credit.grow(now_ms, self._rate_per_ms))
        if not limit:
            return
        count = await self._store.bring_back(scope, limit=limit)
        credit.spend(count)
        if count < limit and self._aside.get(scope) is credit:
            del self._aside[scope]

    def _scope_of(self, due: DueTimer) -> str | None:
        """Name what holds a timer, None when nothing does."""
        step = step_scope(due.timer.dispatch_uuid, due.timer.step)
        account = account_scope(self._accounts.get(due.application, due.application))
        return next((scope for scope in (step, account) if scope in self._standing), None)

    def _stand(self, hold: Hold) -> None:
        self._standing[hold.scope][hold.reason] = hold
        if hold.dispatch_uuid is None and hold.reason in _ALARMS:
            why, remedy = _GAP
            if hold.reason is HoldReason.DEAF:
                why, remedy = _DEAF if hold.until_ms is None else _DEAF_BEFORE
            self._alarms.raise_alarm(
                Alarm(
                    kind=_ALARMS[hold.reason],
                    subject=hold.account,
                    since_ms=hold.since_ms,
                    until_ms=hold.until_ms,
                    why=why,
                    remedy=remedy,
                )
            )

    def _fall(self, hold: Hold) -> None:
        if self.find(hold.scope, hold.reason) != hold:
            return
        del self._standing[hold.scope][hold.reason]
        if not self._standing[hold.scope]:
            del self._standing[hold.scope]
        if hold.dispatch_uuid is None and hold.reason in _ALARMS:
            self._alarms.clear(_ALARMS[hold.reason], hold.account)

    def all(self) -> Iterator[Hold]:
        """Yield every hold that stands, as they stand when asked."""
        for reasons in list(self._standing.values()):
            yield from list(reasons.values())
