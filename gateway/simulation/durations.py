"""Virtual time in words, and back."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

_UNITS: Final = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000, "ms": 1}
_PART: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|[smhd])")
_WHOLE: Final = re.compile(rf"(?:{_PART.pattern})+")

LONGEST_MS: Final = 366 * _UNITS["d"]
"""Nothing that is played takes longer; the store keeps closed dispatches for less."""


def duration(ms: int) -> str:
    """Write a stretch of time for a person: `0 s`, `0.2 s`, `10 min`, `3 d 1 h`."""
    minutes, rest = divmod(ms, _UNITS["m"])
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    wholes = ((days, "d"), (hours, "h"), (minutes, "min"))
    parts = [f"{number} {unit}" for number, unit in wholes if number]
    if rest or not parts:
        parts.append(f"{Decimal(rest) / 1000:f} s")
    return " ".join(parts)


def read_duration(text: str) -> int | None:
    """Read `20m`, `0.5s`, `1h30m`; `None` if it is none, or longer than can be played.

    Returns:
        milliseconds; what lies below one is cut off.
    """
    if _WHOLE.fullmatch(text) is None:
        return None
    ms = int(sum(Decimal(number) * _UNITS[unit] for number, unit in _PART.findall(text)))
    return ms if ms <= LONGEST_MS else None
