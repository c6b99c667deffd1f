"""When a line of a log was written, as the line says it before anything else.

Source: the forms are those of the PHP, Apache, nginx, syslog and journal manuals, and RFC 9110.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_HEAD: Final = re.compile(r"[^{]{0,200}")
"""Where the time of a line stands: before any document, which has times of its own."""
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1
    )
}
_CLOCK: Final = r"(?P<h>[0-9]{2}):(?P<min>[0-9]{2}):(?P<s>[0-9]{2})(?:[.,](?P<part>[0-9]{1,9}))?"
_ZONE: Final = r"(?: ?(?P<zone>Z|UTC|GMT|[+-][0-9]{2}:?[0-9]{2}(?![0-9])|[A-Z][a-z]+/[A-Za-z_/]+))?"
_WORD: Final = r"(?P<month>[A-Z][a-z]{2})"
_FORMS: Final = tuple(
    re.compile(rf"(?<![0-9A-Za-z]){form}")
    for form in (
        # ISO 8601, as most write; with slashes nginx.
        r"(?P<y>[0-9]{4})(?P<gap>[-/])(?P<m>[0-9]{2})(?P=gap)(?P<d>[0-9]{2})[T ]"
        rf"{_CLOCK}{_ZONE}",
        # PHP's error_log and the access logs of web servers.
        rf"(?P<d>[0-9]{{2}})[-/]{_WORD}[-/](?P<y>[0-9]{{4}})[ :]{_CLOCK}{_ZONE}",
        # Apache's error log.
        rf"[A-Z][a-z]{{2}} {_WORD} +(?P<d>[0-9]{{1,2}}) {_CLOCK} (?P<y>[0-9]{{4}})",
        # The header Date.
        rf"[A-Z][a-z]{{2}}, (?P<d>[0-9]{{2}}) {_WORD} (?P<y>[0-9]{{4}}) {_CLOCK}{_ZONE}",
    )
)


def time_in(text: str) -> str | None:
    """Return the first time in the beginning of a line, as ISO 8601 with an offset.

    It is in UTC unless it says otherwise. `None` if there is none, or none of a known form. One
    without a year, as in the short form of the journal, is none: nothing says which year it was.
    """
    head = _HEAD.match(text)
    end = head.end() if head else 0
    found = [each for form in _FORMS if (each := form.search(text, 0, end))]
    first = min(found, key=lambda each: each.start(), default=None)
    return _written(first.groupdict()) if first else None


def _written(parts: dict[str, str | None]) -> str | None:
    month = _MONTHS.get(parts["month"] or "") if "month" in parts else int(parts["m"] or 0)
    year, day, hour, minute, second = (
        int(parts[name] or 0) for name in ("y", "d", "h", "min", "s")
    )
    micros = int((parts["part"] or "").ljust(6, "0")[:6])
    try:
        zone = _zone(parts.get("zone"))
        return datetime(year, month or 0, day, hour, minute, second, micros, zone).isoformat()
    except (ValueError, OverflowError, ZoneInfoNotFoundError):
        return None


def _zone(written: str | None) -> tzinfo:
    if written is None or written in ("Z", "UTC", "GMT"):
        return UTC
    if written[0] not in "+-":
        return ZoneInfo(written)
    digits = written[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(offset if written[0] == "+" else -offset)
