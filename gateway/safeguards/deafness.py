"""Webhooks that are genuine and cannot be verified: a wrong secret, key or clock of ours.

The token in the URL was minted here, so whoever knows it is the vendor; but the signature does not
fit. Acting on the silence that follows would message everybody on every channel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from gateway.clock import Clock
from gateway.logs import get_logger
from gateway.safeguards.grace import grace_ms
from gateway.safeguards.holds import Holds
from gateway.stores.base import Hold, HoldReason, account_scope, step_scope
from gateway.tokens import StepAddress

log = get_logger()

_MESSAGES: Final = 3
_WITHIN_MS: Final = 10 * 60_000
_OTHER_SECRETS_MS: Final = 15 * 60_000
_FORGOTTEN_MS: Final = 25 * 3_600_000
"""The vendor repeats for 24 hours, so nothing that was unreadable can come any more."""
_TOUCH_MS: Final = 1_000
_REASONS: Final = frozenset({HoldReason.UNREADABLE, HoldReason.DEAF})


class Deafness:
    """Holds the timers of steps, and of accounts, whose webhooks cannot be verified."""

    def __init__(self, *, clock: Clock, holds: Holds, fingerprint_of: Callable[[str], str]) -> None:
        """`fingerprint_of` tells of an account's signature secrets whether they are others now."""
        self._clock = clock
        self._holds = holds
        self._fingerprint_of = fingerprint_of

    def is_deaf(self, account: str) -> bool:
        """Tell whether an account as a whole is deaf."""
        return self._holds.find(account_scope(account), HoldReason.DEAF) is not None

    async def unreadable(self, account: str, address: StepAddress) -> None:
        """Hold a step that a webhook came for that could not be verified.

        Raises:
            StoreUnavailable: the hold is not durable; the webhook is answered 503 all the same.
        """
        now_ms = self._clock.now_ms()
        deaf = self._holds.find(account_scope(account), HoldReason.DEAF)
        if deaf is not None:
            if now_ms - deaf.latest_ms >= _TOUCH_MS or deaf.until_ms is not None:
                await self._holds.place(self._renewed(deaf, now_ms))
            return
        scope = step_scope(address.dispatch_uuid, address.step)
        known = self._holds.find(scope, HoldReason.UNREADABLE) or Hold(
            account=account,
            reason=HoldReason.UNREADABLE,
            since_ms=now_ms,
            dispatch_uuid=address.dispatch_uuid,
            step=address.step,
        )
        await self._holds.place(self._renewed(known, now_ms))
        recent = [
            hold
            for hold in self._holds.of_account(account)
            if hold.reason is HoldReason.UNREADABLE and hold.latest_ms >= now_ms - _WITHIN_MS
        ]
        if len(recent) >= _MESSAGES:
            since_ms = min(hold.since_ms for hold in recent)
            whole = Hold(account=account, reason=HoldReason.DEAF, since_ms=since_ms)
            await self._holds.place(self._renewed(whole, now_ms))

    async def verified(self, account: str) -> None:
        """Take note that a webhook of the account was verified: whatever was missed is coming."""
        for hold in self._holds.of_account(account):
            if hold.reason in _REASONS:
                await self._holds.end_with_grace(hold)

    async def compare_secrets(self) -> None:
        """Let what is held under other secrets end, if nothing is heard: at a start, a reload."""
        now_ms = self._clock.now_ms()
        for hold in self._unreadable():
            if hold.until_ms is None and hold.secrets != self._fingerprint_of(hold.account):
                wait_ms = max(_OTHER_SECRETS_MS, grace_ms(now_ms - hold.since_ms))
                await self._holds.place(replace(hold, until_ms=now_ms + wait_ms))

    async def turn(self) -> None:
        """Give up what has been unreadable for longer than the vendor repeats."""
        now_ms = self._clock.now_ms()
        for hold in self._unreadable():
            if hold.until_ms is None and now_ms - hold.latest_ms >= _FORGOTTEN_MS:
                await self._holds.end_with_grace(hold)

    def _unreadable(self) -> list[Hold]:
        return [hold for hold in self._holds.all() if hold.reason in _REASONS]

    def _renewed(self, hold: Hold, now_ms: int) -> Hold:
        return replace(
            hold,
            until_ms=None,
            latest_ms=now_ms,
            secrets=self._fingerprint_of(hold.account),
        )
