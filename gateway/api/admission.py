"""Whether a new workflow may be accepted now.

Asked before anything is committed, so that "nothing was accepted" is true. What was accepted before
under the same `Idempotency-Key` is not asked about: its answer is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from gateway.alarms import AlarmKind, Alarms
from gateway.api.requests import Refusal
from gateway.clock import Clock
from gateway.settings import Application
from gateway.stores.base import Store
from translators.problems import Problem

_RETRY_AFTER_S: Final = 10
"""About how often what shuts the gate is looked at again."""
_LOOK_EVERY_MS: Final = 1_000


class Admission:
    """The gate of new workflows.

    It is shut for an account, or for everybody, while an alarm says that it blocks the intake, and
    for an account whose sends wait too long for their turn: what is accepted then would come late.
    """

    def __init__(
        self,
        *,
        alarms: Alarms,
        store: Store,
        applications: Sequence[Application],
        clock: Clock,
        max_age_s: int,
    ) -> None:
        """`max_age_s` is how long the oldest waiting send of an account may wait; 0 is for ever."""
        self._alarms = alarms
        self._store = store
        self._clock = clock
        self._max_age_ms = 1000 * max_age_s
        self._applications: dict[str, list[str]] = defaultdict(list)
        for application in applications:
            self._applications[application.account].append(application.name)
        self._looked_ms: dict[str, int] = {}
        self._oldest_ms: dict[str, int | None] = {}

    async def refusal(self, application: Application, *, may_wait: bool = False) -> Refusal | None:
        """Return why a new workflow is not accepted now; None when it is.

        Args:
            application: whose workflow it is.
            may_wait: it is accepted even where it cannot be sent at the moment.

        Raises:
            StoreUnavailable: nothing can be accepted anyway.
        """
        for alarm in self._alarms.standing(application.account):
            if alarm.blocks_intake and not (may_wait and alarm.kind is AlarmKind.MUTE):
                return _unavailable("Messages cannot be taken on at the moment.")
        if self._max_age_ms and await self._age_ms(application.account) > self._max_age_ms:
            return _unavailable("More messages wait than can be sent in time.")
        return None

    async def _age_ms(self, account: str) -> int:
        """Return for how long the oldest send of the account waits, looked at once a second."""
        now_ms = self._clock.now_ms()
        looked_ms = self._looked_ms.get(account)
        if looked_ms is None or not looked_ms <= now_ms < looked_ms + _LOOK_EVERY_MS:
            self._looked_ms[account] = now_ms
            names = self._applications[account]
            self._oldest_ms[account] = await self._store.oldest_send_ms(names)
        oldest_ms = self._oldest_ms.get(account)
        return 0 if oldest_ms is None else now_ms - oldest_ms


def _unavailable(why: str) -> Refusal:
    return Refusal(
        problem=Problem.UNAVAILABLE,
        detail=f"{why} Nothing was accepted. Send it again later.",
        retry_after_s=_RETRY_AFTER_S,
    )
