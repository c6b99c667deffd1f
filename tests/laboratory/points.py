"""The points at which a process is killed, and what has to happen sometimes.

A run in which one of these never happened has proved less than it says, so it fails.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

KILL_POINTS: Final = (
    "request-before-commit",
    "request-after-commit",
    "request-before-answer",
    "request-after-answer",
    "send-before-intent",
    "send-after-intent",
    "send-connected",
    "send-written",
    "send-answered",
    "outcome-after-commit",
    "webhook-before-commit",
    "webhook-after-commit",
    "webhook-before-answer",
    "webhook-after-answer",
    "timer-before-commit",
    "timer-after-commit",
    "callback-before-post",
    "callback-answered",
    "callback-settled",
    "report-before-commit",
    "report-after-commit",
    "hold-before-commit",
    "hold-after-commit",
    "drain",
)
"""Places of a process's code, in the order in which a dispatch passes them.

Source: docs/evidence.md.
"""

SOMETIMES: Final = (
    *(f"killed at {point}" for point in KILL_POINTS),
    "killed between two turns",
    "power was cut",
    "power was cut amid a write",
    "a process was stopped and went on",
    "a process ended in order",
    "a process was started again within 5 s",
    "a process was away for longer than 6 min",
    "two processes ran at once",
    "the store was away",
    "a write of unknown outcome had happened",
    "a write of unknown outcome had not happened",
    "a commit met a conflict",
    "a cause was spent already",
    "a send was accepted",
    "the answer of a send was lost",
    "a request of a send was lost",
    "a send could not leave",
    "a send was throttled",
    "a send was unauthorised",
    "a send was refused",
    "a send was answered by a server error",
    "a send that was answered by a server error had been made",
    "a send was answered by garbage",
    "a webhook overtook the answer",
    "a webhook came after the expiry",
    "a webhook was answered 503",
    "a webhook came again after it was taken",
    "a webhook was lost on its way",
    "the answer to a webhook was lost",
    "a condition was met in time",
    "an expiry failed over",
    "a refusal failed over",
    "an expiry and its webhook came within a second, and the webhook won",
    "an expiry and its webhook came within a second, and the expiry won",
    "a step in doubt was proved by a webhook",
    "a step in doubt was closed by its timer",
    "a last step was closed by its horizon",
    "a last step in doubt was sent once more",
    "a dispatch was completed",
    "a dispatch ended with an error",
    "a dispatch was closed as outdated",
    "a report was corrected",
    "a late status was forwarded after the end",
    "a request was refused with 503",
    "the answer to a request was lost",
    "a key was repeated",
    "keys were repeated at once",
    "a callback failed and was delivered later",
    "a callback was buried",
    "a callback was delivered twice",
    "a lane went on without its oldest callback",
    "a gap was held",
    "a gap was over",
    "an account was deaf",
    "an account was not deaf any more",
    "a step was unreadable",
    "an account was unheard",
    "an account was not unheard any more",
    "an account was mute",
    "an account was not mute any more",
    "a secret was wrong after a later start",
    "a clock was disputed",
    "a clock was not disputed any more",
    "a timer was set aside",
    "sends were suspended",
    "suspended sends were resumed",
    "an unmatched webhook was parked",
    "a parked webhook was matched",
    "our own code took a detour",
)


class Sometimes:
    """Counts what happened."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def happened(self, what: str) -> None:
        """Count one of `SOMETIMES`."""
        assert what in _KNOWN, what
        self.counts[what] += 1


_KNOWN: Final = frozenset(SOMETIMES)


def never(counts: Counter[str]) -> list[str]:
    """Return what did not happen once."""
    return [what for what in SOMETIMES if not counts[what]]
