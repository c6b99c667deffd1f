"""Timestamps: every form v1 writes, and the one form v0.1 shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final

from translators.diagnostics import JsonValue

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CENTURY_MS: Final = (946_684_800_000, 4_102_444_800_000)  # the years 2000 to 2099
_DECIMAL: Final = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
_MANY: Final = 10**15

# `2025-02-03T12:14:25Z`, `2020-01-01T14:00:00.000Z` and `2020-01-01 14:00:00 UTC` are documented
# (docs/wire.md section 5.5); the vendor has changed its form before, so offsets are read as well.
_FORM: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"(?:\.([0-9]{1,9}))? ?(?:[Zz]|UTC|GMT|([+-])([0-9]{2}):?([0-5][0-9]))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """A point in time as v0.1 writes it."""

    text: str
    """`YYYY-MM-DDTHH:MM:SS.mmmZ`."""
    truncated: bool
    """Digits below the millisecond were cut off."""


def read_timestamp(text: str) -> Timestamp | None:
    """Read a v1 timestamp; `None` if it is in none of the known forms or not a point in time.

    A leap second is not a point in time here: neither API documents one, and shifting it would
    make a time up.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        return None
    year, month, day, hour, minute, second = (int(digits) for digits in form.group(*range(1, 7)))
    fraction, sign, offset_h, offset_min = form.group(7, 8, 9, 10)
    fraction = fraction or ""
    microsecond = int(fraction[:3].ljust(3, "0")) * 1000
    try:
        zone = _zone(sign, offset_h, offset_min) if sign else UTC
        moment = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=zone)
        utc = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return Timestamp(text=_write(utc), truncated=fraction[3:].strip("0") != "")


def read_unix_time(value: JsonValue) -> str | None:
    """Write a number of seconds or milliseconds since 1970, or text that holds one, as v0.1 does.

    The unit follows from the size, for instants of this century; `None` for any other number, such
    as a date without separators, and for whatever else is none. Digits below the millisecond are
    cut off.
    """
    if isinstance(value, int | float) and abs(value) < _MANY:
        value = str(value)
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value.strip()):
        return None
    number = Decimal(value.strip())
    for unit_ms in (1000, 1):
        ms = int(number * unit_ms)
        if _CENTURY_MS[0] <= ms < _CENTURY_MS[1]:
            return format_timestamp(ms)
    return None


def format_timestamp(ms: int) -> str:
    """Write Unix milliseconds the way v0.1 does: `2025-02-03T12:14:25.061Z`.

    Raises:
        OverflowError: if `ms` lies outside the years 1 to 9999.
    """
    return _write(_EPOCH + timedelta(milliseconds=ms))


def arrival(arrived_ms: int | None) -> str:
    """Write when a webhook arrived that does not say when; "" if nobody knows."""
    return "" if arrived_ms is None else format_timestamp(arrived_ms)


def _zone(sign: str, hours: str, minutes: str) -> timezone:
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return timezone(-offset if sign == "-" else offset)


def _write(moment: datetime) -> str:
    # isoformat rather than strftime: the latter does not pad years below 1000 everywhere.
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
