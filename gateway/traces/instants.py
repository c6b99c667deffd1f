"""Instants as logs and callbacks write them."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Final

from translators.diagnostics import JsonValue
from translators.timestamps import read_timestamp

_NUMBER: Final = re.compile(r"[0-9]{9,19}(?:\.[0-9]{1,9})?")
# Seconds until the year 5138, milliseconds since 1973: no number can be taken for both, and so on
# up to the nanoseconds of some loggers.
_UNITS: Final = ((10**11, 1000.0), (10**14, 1.0), (10**17, 0.001), (10**20, 0.000001))
_MOST_MS: Final = 253402300800000  # the year 10000


def instant_ms(value: JsonValue) -> int | None:
    """Return the Unix milliseconds of an instant, cut off; `None` if it is none.

    Read are ISO 8601, in UTC where no offset is given, and Unix time in seconds, milliseconds or
    smaller units, as a number or as text.
    """
    match value:
        case bool():
            return None
        case int() | float():
            return _from_number(float(value)) if abs(value) < 10**20 else None
        case str():
            return _from_text(value.strip())
        case _:
            return None


def _from_text(text: str) -> int | None:
    if _NUMBER.fullmatch(text):
        return _from_number(float(text))
    known = read_timestamp(text)
    try:
        moment = datetime.fromisoformat(known.text if known else text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return _bounded(math.floor(moment.timestamp() * 1000 + 0.0005))
    except (ValueError, OverflowError):
        return None


def _from_number(number: float) -> int | None:
    factor = next((factor for bound, factor in _UNITS if number < bound), None)
    return None if factor is None else _bounded(math.floor(number * factor + 0.0005))


def _bounded(ms: int) -> int | None:
    return ms if 0 < ms < _MOST_MS else None
