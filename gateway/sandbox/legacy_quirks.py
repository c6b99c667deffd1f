"""How the stand-in of Dispatch behaves where it could behave otherwise: habits, and planted quirks.

A habit is a form or a figure on which documents and captured traffic differ. A quirk is a fault
that a comparison has to find. Data, and nothing heavy imported: the command's help lists it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Links(StrEnum):
    """Which links a status callback shows. Source: docs/wire.md section 5.3."""

    BOTH = "both"
    WORKFLOW = "workflow"
    """As documented."""
    DISPATCH = "dispatch"
    """As captured."""


class Charges(StrEnum):
    """Where the charge of a message is told."""

    DOCUMENTED = "documented"
    """With the status at which its channel is charged. Source: docs/wire.md section 5.2."""
    CAPTURED = "captured"
    """An SMS or MMS with `delivered`, the others in the final report alone.

    Source: docs/wire.md appendix C.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """Everything that may differ from one stand-in to another."""

    links: Links = Links.BOTH
    message_href: str = ""
    """What stands before the message's id in the `href` of a final report."""
    charges: Charges = Charges.DOCUMENTED
    fee: Decimal = Decimal(0)
    """What a total holds beyond its messages, in EUR."""
    lag_ms: int = 0
    """How long after its `expiry_time` a step is given up. A status that comes by then counts."""
    report_after_ms: int = 0
    """How long after the deciding status the final report follows."""
    horizon_s: int | None = 72 * 3600
    """When a last step that never resolves ends the workflow, counted from its acceptance; `None`
    for never. Source: docs/wire.md section 6.4."""

    # What follows is right as it is: only quirks change it.
    patience: float = 1
    """The part of `expiry_time` that is waited for."""
    failures: frozenset[str] = frozenset({"rejected", "undeliverable"})
    takes_delivered_for_read: bool = False
    next_step_after_ms: int = 0
    """How long after a failover the next step is sent."""
    reports: int = 1
    tells_deciding: bool = True
    """Whether the status that ends the workflow is told."""


AS_DOCUMENTED: Final = Habits()

AS_CAPTURED: Final = Habits(
    links=Links.DISPATCH,
    message_href="v0.1/messages/",
    charges=Charges.CAPTURED,
    fee=Decimal("0.002"),
    lag_ms=2950,
    report_after_ms=65,
)
"""What the captured traffic shows. Source: docs/wire.md section 6.2 and appendix C."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirk:
    """One fault that can be planted."""

    name: str
    summary: str
    change: Callable[[Habits], Habits]


# A comparison forgives a failover that is a second early or five seconds late.
_QUIRKS: Final = (
    Quirk(
        name="fails-over-early",
        summary="A step is given up after half of its expiry_time.",
        change=lambda habits: replace(habits, patience=habits.patience / 2),
    ),
    Quirk(
        name="delivered-counts-as-read",
        summary="A step that waits for read is content with delivered.",
        change=lambda habits: replace(habits, takes_delivered_for_read=True),
    ),
    Quirk(
        name="forgets-report",
        summary="No final report is sent.",
        change=lambda habits: replace(habits, reports=0),
    ),
    Quirk(
        name="doubles-report",
        summary="A second final report follows the first one, a second later.",
        change=lambda habits: replace(habits, reports=habits.reports * 2),
    ),
    Quirk(
        name="other-totals",
        summary="The total of a final report is 0.01 more than it should be.",
        change=lambda habits: replace(habits, fee=habits.fee + Decimal("0.01")),
    ),
    Quirk(
        name="ignores-undeliverable",
        summary="An undeliverable step is not given up before it expires.",
        change=lambda habits: replace(habits, failures=habits.failures - {"undeliverable"}),
    ),
    Quirk(
        name="late-step",
        summary="The next step is sent 10 s after the one before it was given up.",
        change=lambda habits: replace(habits, next_step_after_ms=10_000),
    ),
    Quirk(
        name="drops-status",
        summary="The status that ends a workflow is not told; the final report is.",
        change=lambda habits: replace(habits, tells_deciding=False),
    ),
)

QUIRKS: Final[Mapping[str, Quirk]] = MappingProxyType({quirk.name: quirk for quirk in _QUIRKS})
"""Every quirk by its name."""


def with_quirks(habits: Habits, names: Iterable[str]) -> Habits:
    """Return `habits` with quirks planted, each once.

    Raises:
        KeyError: a name is none of `QUIRKS`.
    """
    for name in dict.fromkeys(names):
        habits = QUIRKS[name].change(habits)
    return habits


def quirks_table_text() -> str:
    """Write the quirks for a terminal, one on a line."""
    width = max(map(len, QUIRKS))
    return "\n".join(f"{quirk.name:{width}}  {quirk.summary}" for quirk in QUIRKS.values())


def quirks_table_markdown() -> str:
    """Write the table of docs/sandbox.md, without a line break at its end."""
    rows = [f"| `{quirk.name}` | {quirk.summary} |" for quirk in QUIRKS.values()]
    return "\n".join(["| Quirk | What it plays |", "| --- | --- |", *rows])
