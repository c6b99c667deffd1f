"""Webhooks in the form of the SMS API: the sign of an account that has the wrong setting.

Nobody signs them, so they prove nothing and change nothing: anybody who reaches the route can send
one. They are kept, and they raise an alarm that shuts nothing and goes by itself.
"""

from __future__ import annotations

from typing import Final

from gateway.alarms import Alarm, AlarmKind, Alarms
from gateway.clock import Clock

_DAY_MS: Final = 24 * 3600 * 1000
"""A setting that is still wrong shows with the next message; a day without one is no news."""
_KEPT_BYTES: Final = 16 * 1024 * 1024
"""What is kept of strangers in a day: some 50,000 messages of 300 bytes."""


class SmsApiNotice:
    """Raises the alarm, takes it back a day after the last of them, and bounds what is kept."""

    def __init__(self, alarms: Alarms, clock: Clock) -> None:
        self._alarms = alarms
        self._clock = clock
        self._day_began_ms = 0
        self._kept = 0
        self._seen_ms: dict[str, tuple[int, int]] = {}  # account -> the first time, the last time

    def raise_alarm(self, account: str) -> None:
        """Note a webhook of `account`, an `Application.account`; "" where it names none of ours."""
        now_ms = self._clock.now_ms()
        since_ms, _ = self._seen_ms.get(account, (now_ms, now_ms))
        self._seen_ms[account] = (since_ms, now_ms)
        self._alarms.raise_alarm(
            Alarm(
                kind=AlarmKind.SMS_API,
                subject=account,
                since_ms=since_ms,
                why="Receipts or messages arrive in the form of the SMS API, which this gateway"
                " cannot use.",
                remedy="Set the Messaging API Type of the account to Messages API in the vendor's"
                " API settings, and read what was kept: GET /parked?reason=sms-api-format",
            )
        )

    def may_keep(self, size: int) -> bool:
        """Tell whether `size` bytes that nobody signed may be kept, and count them if so."""
        now_ms = self._clock.now_ms()
        if now_ms - self._day_began_ms >= _DAY_MS:
            self._day_began_ms, self._kept = now_ms, 0
        if self._kept + size > _KEPT_BYTES:
            return False
        self._kept += size
        return True

    async def expire(self) -> None:
        """Take back what no webhook has confirmed for a day; called now and then."""
        now_ms = self._clock.now_ms()
        over = [account for account, (_, last) in self._seen_ms.items() if now_ms - last >= _DAY_MS]
        for account in over:
            del self._seen_ms[account]
            self._alarms.clear(AlarmKind.SMS_API, account)
