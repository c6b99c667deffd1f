"""What `split` and `paired` need before anything may be sent in these modes."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.settings.application import Application
from gateway.settings.rows import Fault
from gateway.settings.table import Settings

SPLIT: Final = "split"
PAIRED: Final = "paired"
LONGEST_PAIRING: Final = timedelta(days=7)
_UNTIL: Final = "GATEWAY_PAIRED_UNTIL"
_NEEDED: Final = {
    "GATEWAY_PAIRED_ALLOW": "list the numbers of your own test handsets",
    "GATEWAY_PAIRED_ACKNOWLEDGE": "say what is going to happen; docs/operations.md has the words",
    "GATEWAY_PAIRED_MAX": "set how many messages may be sent in all, 1000 at most",
    _UNTIL: "set when it ends, 7 days ahead at most",
}


def paired_faults(is_set: AbstractSet[str], applications: Sequence[Application]) -> list[Fault]:
    """Return what is missing for a mode in which people get everything twice.

    Args:
        is_set: the variables that have a value, be it a usable one or not.
        applications: those that are served.
    """
    if all(each.mode != PAIRED for each in applications):
        return []
    return [
        Fault(name=name, problem="is not set, and GATEWAY_MODE is paired", remedy=remedy)
        for name, remedy in _NEEDED.items()
        if name not in is_set
    ]


def paired_end_faults(settings: Settings, now_s: float) -> list[Fault]:
    """Return what is wrong with the end of pairing, seen from now: Unix seconds."""
    until = settings.paired_until
    if until is None or all(each.mode != PAIRED for each in settings.applications):
        return []
    now = datetime.fromtimestamp(now_s, UTC)
    if until <= now:
        remedy = "set another end, or serve the application in another mode"
        return [Fault(name=_UNTIL, problem="is past", remedy=remedy)]
    if until - now > LONGEST_PAIRING:
        remedy = "pair for some days, then look at the traces and set another end"
        return [Fault(name=_UNTIL, problem="is more than 7 days ahead", remedy=remedy)]
    return []
