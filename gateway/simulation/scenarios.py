"""The scripts of the sandbox as fates."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gateway.core.backoff import SEND_DELAYS_S
from gateway.sandbox.scripts import SCRIPTS, Body, Script
from gateway.simulation.fates import Answer, Fate, Happening

SEND_BUDGET_S: Final = 30
"""For how long a send that provably did not happen is tried again: the setting's default."""

# What the gateway makes of an answer: the code of v0.1, and whether it tries again first.
# Source: docs/wire.md sections 3.7 and 5.6.
_REFUSALS: Final = {
    401: (1030, True),
    402: (1070, False),
    403: (1140, True),
    422: (1170, False),
    429: (1000, True),
}


def fate_of(script: Script) -> Fate:
    """Return what a script of the sandbox means for a message.

    The script counts from the answer, a fate from the POST.
    """
    answer = script.answer
    answered_ms = int(1000 * answer.delay_s)
    code, tried_ms, how = None, 0, Answer.ACCEPTED
    if answer.http_status in _REFUSALS:
        code, is_tried_again = _REFUSALS[answer.http_status]
        if answer.is_for_first_only:
            tried_ms = 1000 * (answer.retry_after_s or 0)
        else:
            how, tried_ms = Answer.REFUSED, _tried_ms() if is_tried_again else 0
        answered_ms += tried_ms
    elif answer.http_status != 202 or answer.body is not Body.UUID:
        how = Answer.LOST
    happenings = tuple(
        Happening(
            after_ms=answered_ms + int(1000 * moment.after_s),
            status=moment.status,
            code=moment.code,
            stamped_ms=None
            if moment.stamped_s is None
            else answered_ms + int(1000 * moment.stamped_s),
        )
        for moment in script.moments
        for _ in range(script.copies)
    )
    if answer.follows_webhook:
        answered_ms = happenings[0].after_ms + 1
    return Fate(
        happenings=happenings,
        answer=how,
        answered_ms=answered_ms,
        tried_ms=tried_ms,
        code=code,
        is_sent=script.is_sent,
    )


def _tried_ms() -> int:
    """Return how long it takes until a send that is refused every time is given up."""
    tried_s, tries = 0.0, 0
    while True:
        delay_s = SEND_DELAYS_S[min(tries, len(SEND_DELAYS_S) - 1)]
        if tried_s + delay_s > SEND_BUDGET_S:
            return int(1000 * tried_s)
        tried_s, tries = tried_s + delay_s, tries + 1


SCENARIOS: Final[Mapping[str, Fate]] = MappingProxyType(
    {script.name: fate_of(script) for script in SCRIPTS}
)
"""Every scenario by its name, in the order of the sandbox."""

DEFAULT_SCENARIO: Final = "delivered"
"""What happens to a message that nothing is said about."""
