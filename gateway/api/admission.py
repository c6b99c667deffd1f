"""Whether a new workflow may be accepted now.

Asked before anything is committed, so that "nothing was accepted" is true. What was accepted before
under the same `Idempotency-Key` is not asked about: its answer is known.
"""

from __future__ import annotations

from typing import Final

from gateway.alarms import AlarmKind, Alarms
from gateway.api.crowd import Crowd
from gateway.api.requests import Refusal
from gateway.settings import Application
from translators.problems import Problem

_RETRY_AFTER_S: Final = 10
"""About how often what shuts the gate is looked at again."""


class Admission:
    """The gate of new workflows.

    It is shut for an account, or for everybody, while an alarm says that it blocks the intake, and
    for an application that has more waiting than can be sent in time.
    """

    def __init__(self, *, alarms: Alarms, crowd: Crowd) -> None:
        self._alarms = alarms
        self._crowd = crowd

    def closed(self, application: Application, *, may_wait: bool = False) -> Refusal | None:
        """Return why nothing new of the account is accepted now; None when it is.

        `may_wait` says that it is accepted even where it cannot be sent at the moment.
        """
        for alarm in self._alarms.standing(application.account):
            if alarm.blocks_intake and not (may_wait and alarm.kind is AlarmKind.MUTE):
                return Refusal(
                    problem=Problem.UNAVAILABLE,
                    detail="Messages cannot be taken on at the moment. Nothing was accepted. Send"
                    " it again later.",
                    retry_after_s=_RETRY_AFTER_S,
                )
        return None

    def passes(self, application: Application) -> bool:
        """Count a new workflow of who has room for sure; else `crowded` counts it, or says no."""
        return self._crowd.passes(application)

    async def crowded(self, application: Application, said: bytes) -> Refusal | None:
        """Count a new workflow; return why it is not accepted, None when it is.

        `said` is what it is known by when it comes again: its key, or its body.

        Raises:
            StoreUnavailable: nothing can be accepted anyway.
        """
        crowded = await self._crowd.admit(application, said)
        if crowded is None:
            return None
        return Refusal(
            problem=Problem.TOO_MANY_REQUESTS,
            detail="More messages wait than can be sent in time. Nothing was accepted. Send it"
            f" again in {crowded.retry_after_s} s.",
            retry_after_s=crowded.retry_after_s,
        )
