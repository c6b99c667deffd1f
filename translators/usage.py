"""What a message cost, and numbers that must survive as decimal text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from translators.diagnostics import Diagnostic, JsonValue
from translators.envelope import name_unmapped
from translators.rules import report
from translators.rules_webhook import CURRENCY_ASSUMED, NUMBER_REWRITTEN, USAGE_UNREADABLE

DEFAULT_CURRENCY: Final = "EUR"
"""The only currency either API documents. Source: docs/wire.md section 6.6."""

# Fifteen digits hold any amount and any coordinate; the bound keeps 1e308 from becoming a line of
# zeros. Exponents are read because JSON writers use them for small amounts.
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,2})?")
_PLAIN: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,20})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A charge as both APIs write it."""

    currency: str
    """An ISO 4217 code."""
    price: str
    """A plain decimal number of at least zero: no exponent, no sign."""


def plain_decimal(value: JsonValue) -> str | None:
    """Write a number, or text that holds one, as plain decimal text; `None` if it is neither.

    Text in plain form comes back as it is, trailing zeros included.
    """
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return None
    elif isinstance(value, int) and abs(value) >= 10**15:
        return None  # before str(), which refuses very long integers
    else:
        text = str(value)
    if _PLAIN.fullmatch(text):
        return text
    if _NUMBER.fullmatch(text) is None:
        return None
    text = format(Decimal(text), "f")
    return text if _PLAIN.fullmatch(text) else None


def price_of(usage: Usage) -> Decimal | None:
    """Return the exact amount of `usage`, or `None` if its price is not in plain form."""
    if _PLAIN.fullmatch(usage.price) is None or usage.price.startswith("-"):
        return None
    return Decimal(usage.price)


def read_usage(value: JsonValue, found: list[Diagnostic]) -> Usage | None:
    """Read the `usage` of a v1 webhook; an absent or null one is `None` and no finding.

    Source: docs/wire.md section 5.5.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        found.append(report(USAGE_UNREADABLE, "/usage", "usage is not an object; left out"))
        return None
    price = plain_decimal(value.get("price"))
    if price is None or price.startswith("-"):
        detail = "the price is missing or not an amount; the charge is left out"
        found.append(report(USAGE_UNREADABLE, "/usage/price", detail))
        return None
    if price != value["price"]:
        detail = "the price was written as a JSON number or with an exponent"
        found.append(report(NUMBER_REWRITTEN, "/usage/price", detail))
    currency = value.get("currency")
    if not isinstance(currency, str) or not currency:
        detail = f"the charge names no currency; {DEFAULT_CURRENCY} assumed"
        found.append(report(CURRENCY_ASSUMED, "/usage/currency", detail))
        currency = DEFAULT_CURRENCY
    name_unmapped(value, "/usage", carried=frozenset({"price", "currency"}), found=found)
    return Usage(currency=currency, price=price)
