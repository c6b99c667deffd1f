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

_OF_A_MODE: Final = {
    "split": ("GATEWAY_SPLIT", SPLIT),
    "paired_allow": ("GATEWAY_PAIRED_ALLOW", PAIRED),
    "paired_acknowledge": ("GATEWAY_PAIRED_ACKNOWLEDGE", PAIRED),
    "paired_max": ("GATEWAY_PAIRED_MAX", PAIRED),
    "paired_until": (_UNTIL, PAIRED),
}


def stray_faults(given: AbstractSet[str], modes: AbstractSet[str | None]) -> list[Fault]:
    """Return which settings are of a mode that no application has.

    Who sets the dial and forgets the mode would cut over completely, and not be told.

    Args:
        given: the fields of `Settings` that have a usable value of their own.
        modes: those of the applications; `None` for one that cannot be read, which could be any.
    """
    if None in modes:
        return []
    return [
        Fault(
            name=name,
            problem=f"is set, and no application has GATEWAY_MODE={mode}",
            remedy=f"set GATEWAY_MODE={mode} (mode in a table of the file), or take {name} away",
        )
        for field, (name, mode) in _OF_A_MODE.items()
        if field in given and mode not in modes
    ]


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
