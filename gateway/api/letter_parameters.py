"""The parameters of `/dead-letters`: which letters are meant, and which page of them.

What cannot be read is refused and never left out: without a condition that was meant, more would
be posted again than was asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from gateway.api.parameters import Unusable
from gateway.clients import callbacks
from gateway.clients.faults import Fault
from gateway.stores.base import LetterChoice, LetterPlace, OutboxItemId

CHOICE: Final = frozenset({"since", "until", "dispatch_uuid", "reason"})
PAGE: Final = frozenset({"after", "limit"})
COUNT: Final = frozenset({"count"})

_REASONS: Final = frozenset({*Fault, *callbacks.Refusal})
_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_PLACE: Final = re.compile(rf"([0-9]{{1,15}})\.({_UUID})\.([0-9]{{1,10}})", re.ASCII)
# RFC 3339. In a query a plus sign that is not escaped arrives as a space.
_INSTANT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d(?:\.\d+)?)(?:([Zz])|([-+ ])(\d\d:\d\d))", re.ASCII
)


def read_choice(parameters: Mapping[str, str]) -> LetterChoice:
    """Return which dead letters are meant: all of them without a condition.

    Raises:
        Unusable: a condition cannot be read.
    """
    dispatch_uuid, reason = parameters.get("dispatch_uuid"), parameters.get("reason")
    if dispatch_uuid is not None and not re.fullmatch(_UUID, dispatch_uuid.lower(), re.ASCII):
        raise Unusable.because("dispatch_uuid", "is not a UUID")
    if reason is not None and reason not in _REASONS:
        raise Unusable.because("reason", f"is none of {', '.join(sorted(_REASONS))}")
    since, until = _instant_ms(parameters, "since"), _instant_ms(parameters, "until")
    if since is not None and until is not None and since > until:
        raise Unusable.because("until", "is before since")
    return LetterChoice(
        since_ms=None if since is None else math.ceil(since),
        until_ms=None if until is None else math.floor(until),
        owner=None if dispatch_uuid is None else dispatch_uuid.lower(),
        reason=reason,
    )


def _instant_ms(parameters: Mapping[str, str], name: str) -> float | None:
    text = parameters.get(name)
    if text is None:
        return None
    parts = _INSTANT.fullmatch(text)
    try:
        if parts is None:
            raise ValueError
        day, time, _, sign, offset = parts.groups()
        zone = "+00:00" if offset is None else f"{'-' if sign == '-' else '+'}{offset}"
        return datetime.fromisoformat(f"{day}T{time}{zone}").timestamp() * 1000
    except (ValueError, OverflowError):
        raise Unusable.because(
            name, "is not an instant of RFC 3339, as in 2025-02-03T12:00:00Z"
        ) from None


def read_after(parameters: Mapping[str, str]) -> LetterPlace | None:
    """Return where a page begins, None for the first one.

    Raises:
        Unusable: it is nothing that `write_place` wrote.
    """
    text = parameters.get("after")
    if text is None:
        return None
    parts = _PLACE.fullmatch(text)
    if parts is None:
        raise Unusable.because("after", "is not the next of an answer of this route")
    created_ms, owner, position = parts.groups()
    item_id = OutboxItemId(owner=owner, position=int(position))
    return LetterPlace(created_ms=int(created_ms), item_id=item_id)


def write_place(place: LetterPlace) -> str:
    """Write a place as `read_after` reads it; what it is made of is nobody's business."""
    return f"{place.created_ms}.{place.item_id}"
