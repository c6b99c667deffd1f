"""The scripts of the sandbox as fates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from gateway.core.backoff import SEND_DELAYS_S
from gateway.sandbox.scripts import SCRIPTS, Body, Script
from gateway.simulation.fates import Answer, Fate, Happening

SEND_BUDGET_S: Final = 3600
"""For how long the send of a last step that provably did not happen is tried again: the setting's
default."""
_THROTTLED: Final = 1000

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
            how = Answer.REFUSED
            tried_ms = _tried_ms(code, SEND_BUDGET_S) if is_tried_again else 0
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


def within_patience(fate: Fate, expiry_s: int | None) -> Fate:
    """Return the fate of a message whose step is given up after its own `expiry_s`, if it has one.

    Only a message that is refused again and again for as long as it is tried has another fate.
    """
    if expiry_s is None or fate.answer is not Answer.REFUSED or not fate.tried_ms:
        return fate
    assert fate.code is not None, "a refusal has a code"  # noqa: S101
    tried_ms = _tried_ms(fate.code, expiry_s)
    answered_ms = fate.answered_ms - fate.tried_ms + tried_ms
    return replace(fate, answered_ms=answered_ms, tried_ms=tried_ms)


def _tried_ms(code: int, patience_s: int) -> int:
    """Return how long it takes until a send that is refused every time is given up.

    Where no send of the account can be made it waits to the end; one that came too fast is given
    up when its next turn would be too late.
    """
    if code != _THROTTLED:
        return 1000 * patience_s
    tried_s, tries = 0.0, 0
    while True:
        delay_s = SEND_DELAYS_S[min(tries, len(SEND_DELAYS_S) - 1)]
        if tried_s + delay_s > patience_s:
            return int(1000 * tried_s)
        tried_s, tries = tried_s + delay_s, tries + 1


SCENARIOS: Final[Mapping[str, Fate]] = MappingProxyType(
    {script.name: fate_of(script) for script in SCRIPTS}
)
"""Every scenario by its name, in the order of the sandbox."""

DEFAULT_SCENARIO: Final = "delivered"
"""What happens to a message that nothing is said about."""
