"""What a callback tells, as the members of an entry.

Read is the pseudonymised body, so nothing gets into an entry that is not in its body. A code, a
price or a currency that does not look like one is left to the body.
"""

from __future__ import annotations

import re
from typing import Final

from gateway.traces.instants import instant_ms
from gateway.traces.model import Kind, TraceEntry
from translators.diagnostics import JsonObject, JsonValue
from translators.usage import plain_decimal

# Neither a code nor a price is long enough to be somebody's number.
_CODE: Final = re.compile(r"[0-9]{1,5}")
_PRICE: Final = re.compile(r"-?[0-9]{1,6}(?:\.[0-9]{1,20})?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")


def callback_entry(
    kind: Kind, body: JsonObject, *, at_ms: int, zero_ms: int, step: int | None
) -> TraceEntry:
    """Return the entry of a status or a final report.

    Args:
        body: pseudonymised.
        at_ms: when it was told, as the entry has it.
        zero_ms: what the entry's instants are counted from, Unix milliseconds.
    """
    error, usage = _object(body.get("error")), _object(body.get("usage"))
    event_ms = instant_ms(body.get("timestamp"))
    return TraceEntry(
        at_ms=at_ms,
        kind=kind,
        step=step,
        message=text_of(body.get("message_uuid")),
        event_ms=None if event_ms is None else event_ms - zero_ms,
        status=text_of(body.get("status")),
        code=code_of(error.get("code")),
        price=price_of(usage.get("price")),
        currency=currency_of(usage.get("currency")),
        body=body,
    )


def code_of(value: JsonValue) -> int | None:
    """Return an error code, with quotes or without; `None` if it is none."""
    if isinstance(value, str | int) and _CODE.fullmatch(str(value)):
        return int(value)
    return None


def price_of(value: JsonValue) -> str | None:
    """Return an amount as decimal text; `None` if it is none."""
    price = plain_decimal(value)
    return price if price is not None and _PRICE.fullmatch(price) else None


def currency_of(value: JsonValue) -> str | None:
    """Return an ISO 4217 code; `None` if it is none."""
    return value if isinstance(value, str) and _CURRENCY.fullmatch(value) else None


def text_of(value: JsonValue) -> str | None:
    """Return a text; `None` if it is none."""
    return value if isinstance(value, str) else None


def _object(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}
