"""The final report: what v0.1 sends once when a dispatch ends, and v1 never does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Final

from translators.diagnostics import Diagnostic, JsonObject, JsonValue, Translation
from translators.rules import report
from translators.rules_report import (
    CHARGE_UNKNOWN,
    CURRENCY_MIXED,
    FEE_INCLUDED,
    MESSAGE_STATUS_ASSUMED,
    PRICE_UNREADABLE,
)
from translators.usage import DEFAULT_CURRENCY, Usage, price_of

# Wide enough that no sum of readable prices is ever rounded: 15 digits before the point, 20 after
# it, and room for more addends than any dispatch has steps.
_EXACT: Final = Context(prec=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMessage:
    """One attempted step, as the report lists it."""

    message_uuid: str
    channel: str
    """The v0.1 name."""
    status: str | None
    """The last status known; `None` if none arrived."""
    usage: Usage | None
    """The latest charge seen; `None` if none is known."""


def total_usage(usages: Iterable[Usage | None], fee: Decimal = Decimal(0)) -> Usage:
    """Add charges up, exactly.

    The total has the currency of the first readable charge, EUR if there is none; charges in other
    currencies and unreadable prices are left out (`render_report` names them).

    Args:
        usages: one entry per attempted step, in order.
        fee: what the workflow itself cost, in the currency of the total; finite.

    Returns:
        a price without trailing zeros and without exponent, "0" if nothing was charged.

    Source: docs/wire.md section 6.6.
    """
    currency: str | None = None
    total = Decimal(0)
    for usage in usages:
        price = None if usage is None else price_of(usage)
        if usage is None or price is None:
            continue
        currency = usage.currency if currency is None else currency
        if usage.currency == currency:
            total = _EXACT.add(total, price)
    total = _EXACT.add(total, fee)
    return Usage(currency=currency or DEFAULT_CURRENCY, price=format(total.normalize(_EXACT), "f"))


def render_report(
    *,
    dispatch_uuid: str,
    template: str,
    status: str,
    timestamp: str,
    messages: Sequence[ReportMessage],
    fee: Decimal = Decimal(0),
    message_href_prefix: str = "",
) -> Translation[JsonObject]:
    """Write the body of a v0.1 final report; there is always a value.

    Pointers of the findings lead into the report itself.

    Args:
        status: `completed` or `error`.
        timestamp: in the v0.1 form.
        messages: the attempted steps in order; steps never sent are not listed.
        fee: what the workflow itself cost, in the currency of the charges.
        message_href_prefix: "" as documented, "v0.1/messages/" as captured from the service.

    Source: docs/wire.md section 5.4.
    """
    found: list[Diagnostic] = []
    total = total_usage((message.usage for message in messages), fee)
    if fee:
        found.append(report(FEE_INCLUDED, "/usage/price", "the total holds a fee of the workflow"))
    listed: list[JsonValue] = []
    for index, message in enumerate(messages):
        pointer = f"/_links/messages/{index}"
        _name_charge(message.usage, total.currency, pointer, found)
        listed.append(_listed(message, message_href_prefix, pointer, found))
    body: JsonObject = {
        "template": template,
        "status": status,
        "timestamp": timestamp,
        "usage": _charge(total),
        "dispatch_uuid": dispatch_uuid,
        "_links": {"messages": listed},
    }
    return Translation(value=body, diagnostics=tuple(found))


def _listed(
    message: ReportMessage, href_prefix: str, pointer: str, found: list[Diagnostic]
) -> JsonObject:
    entry: JsonObject = {
        "message_uuid": message.message_uuid,
        "href": href_prefix + message.message_uuid,
        "channel": message.channel,
    }
    if message.usage is not None:
        entry["usage"] = _charge(message.usage)
    if message.status is None:
        detail = "no status arrived for this message; shown as submitted"
        found.append(report(MESSAGE_STATUS_ASSUMED, f"{pointer}/status", detail))
    entry["status"] = message.status or "submitted"
    return entry


def _name_charge(usage: Usage | None, currency: str, pointer: str, found: list[Diagnostic]) -> None:
    if usage is None:
        detail = "no charge is known for this message"
        found.append(report(CHARGE_UNKNOWN, pointer, detail))
    elif price_of(usage) is None:
        detail = "the price is not a plain amount; left out of the sum"
        found.append(report(PRICE_UNREADABLE, f"{pointer}/usage/price", detail))
    elif usage.currency != currency:
        detail = "the currency differs from the first one; left out of the sum"
        found.append(report(CURRENCY_MIXED, f"{pointer}/usage/currency", detail))


def _charge(usage: Usage) -> JsonObject:
    return {"price": usage.price, "currency": usage.currency}
