"""Message tags of Messenger: which are left, which were withdrawn when, and what followed them.

A tag is never rewritten: another one would claim another reason for the message.
Source: docs/wire.md section 2.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from translators.findings import Findings
from translators.rules_options import TAG_UNKNOWN, TAG_WITHDRAWN_2020, TAG_WITHDRAWN_2026

LEFT: Final = "HUMAN_AGENT"
"""The one tag that is left."""

WITHDRAWN_2026: Final = frozenset(
    {"ACCOUNT_UPDATE", "CONFIRMED_EVENT_UPDATE", "POST_PURCHASE_UPDATE"}
)

SUCCESSORS: Final[Mapping[str, str | None]] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "APPOINTMENT_UPDATE",
                "CONFIRMED_EVENT_REMINDER",
                "TICKET_UPDATE",
                "TRANSPORTATION_UPDATE",
            ),
            "CONFIRMED_EVENT_UPDATE",
        ),
        **dict.fromkeys(
            ("PAYMENT_UPDATE", "RESERVATION_UPDATE", "SHIPPING_UPDATE"), "POST_PURCHASE_UPDATE"
        ),
        **dict.fromkeys(
            ("APPLICATION_UPDATE", "ISSUE_RESOLUTION", "PERSONAL_FINANCE_UPDATE"), "ACCOUNT_UPDATE"
        ),
        **dict.fromkeys(
            (
                "COMMUNITY_ALERT",
                "PAIRING_UPDATE",
                "GAME_EVENT",
                "FEATURE_FUNCTIONALITY_UPDATE",
                "NON_PROMOTIONAL_SUBSCRIPTION",
            ),
            None,
        ),
    }
)
"""The tags withdrawn in 2020, and what stood for each until 2026."""

TAGS: Final = frozenset({LEFT}) | WITHDRAWN_2026 | SUCCESSORS.keys()
"""Every tag that Messenger ever had."""

_INSTEAD: Final = f"{LEFT} is left (7 days), and the category response within 24 hours"


def check_tag(found: Findings, pointer: str, tag: str) -> None:
    """Say of a tag, in whatever case, that Messenger does not take it any more, or never did."""
    name = tag.strip().upper()
    if name == LEFT:
        return
    if name in WITHDRAWN_2026:
        found.add(TAG_WITHDRAWN_2026, pointer, f"is {name}, withdrawn in 2026; {_INSTEAD}")
    elif name in SUCCESSORS:
        after = SUCCESSORS[name]
        followed = f"its successor {after} went in 2026" if after else "it has no successor"
        detail = f"is {name}, withdrawn in 2020, and {followed}; {_INSTEAD}"
        found.add(TAG_WITHDRAWN_2020, pointer, detail)
    else:
        found.add(TAG_UNKNOWN, pointer, f"is no tag of Messenger; {_INSTEAD}")
