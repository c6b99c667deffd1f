"""Whether a new workflow may be accepted now.

Asked before anything is committed, so that "nothing was accepted" is true. What was accepted before
under the same `Idempotency-Key` is not asked about: its answer is known.
"""

from __future__ import annotations

from typing import Final

from gateway.alarms import AlarmKind, Alarms
from gateway.api.requests import Refusal
from gateway.settings import Application
from translators.problems import Problem

_RETRY_AFTER_S: Final = 10
"""About how often what shuts the intake is looked at again."""


class Admission:
    """The gate of new workflows."""

    def __init__(self, alarms: Alarms) -> None:
        """`alarms` that block the intake of an account, or of everybody, shut the gate."""
        self._alarms = alarms

    async def refusal(self, application: Application, *, may_wait: bool = False) -> Refusal | None:
        """Return why a new workflow is not accepted now; None when it is.

        Args:
            application: whose workflow it is.
            may_wait: it is accepted even where it cannot be sent at the moment.
        """
        for alarm in self._alarms.standing(application.account):
            if alarm.blocks_intake and not (may_wait and alarm.kind is AlarmKind.MUTE):
                return _unavailable("Messages cannot be taken on at the moment.")
        return None


def _unavailable(why: str) -> Refusal:
    return Refusal(
        problem=Problem.UNAVAILABLE,
        detail=f"{why} Nothing was accepted. Send it again later.",
        retry_after_s=_RETRY_AFTER_S,
    )
