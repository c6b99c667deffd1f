"""The rules of v0.1 final reports."""

from __future__ import annotations

from typing import Final

from translators.diagnostics import Severity
from translators.rules import Rule

CURRENCY_MIXED: Final = Rule(
    code="RPT301",
    name="currency-mixed",
    severity=Severity.WARNING,
    why="A total has one currency, the first one charged; charges in others stay out of the sum.",
    remedy="Add the charges up per message.",
    example="/_links/messages/1/usage",
    since="0.1.0",
    source="docs/wire.md section 6.6",
)
PRICE_UNREADABLE: Final = Rule(
    code="RPT302",
    name="price-unreadable",
    severity=Severity.WARNING,
    why="This price is not a plain amount and is left out of the sum.",
    remedy="Check the charge against the vendor's invoice.",
    example="/_links/messages/0/usage",
    since="0.1.0",
    source="docs/wire.md section 6.6",
)
MESSAGE_STATUS_ASSUMED: Final = Rule(
    code="RPT303",
    name="message-status-assumed",
    severity=Severity.WARNING,
    why="No status arrived for this message; v0.1 shows such a message as submitted.",
    remedy="Check that v1 webhooks reach the gateway.",
    example="/_links/messages/0/status",
    since="0.1.0",
    source="docs/wire.md section 5.4",
)
FEE_INCLUDED: Final = Rule(
    code="RPT304",
    name="fee-included",
    severity=Severity.NOTE,
    why="The total holds a fee for the workflow, as seen in practice; no message shows it.",
    remedy="Set the fee to zero if your account is not charged one.",
    example="/usage/price",
    since="0.1.0",
    source="docs/wire.md section 6.6",
)
CHARGE_UNKNOWN: Final = Rule(
    code="RPT305",
    name="charge-unknown",
    severity=Severity.NOTE,
    why="No charge was known for this message yet; a later one does not reopen the report.",
    remedy="Take late charges from the status callbacks.",
    example="/_links/messages/0",
    since="0.1.0",
    source="docs/wire.md section 6.6",
)

REPORT_RULES: Final = (
    CURRENCY_MIXED,
    PRICE_UNREADABLE,
    MESSAGE_STATUS_ASSUMED,
    FEE_INCLUDED,
    CHARGE_UNKNOWN,
)
