"""Whether figures are dearer than they may be, and what is to be done then."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from benchmarks.gate.figures import FIGURES, Figures, shown
from benchmarks.gate.record import Recorded

LIMIT: Final = 0.02
"""The share by which a figure may differ."""
REPEATABLE: Final = 0.004
"""Two runs of the same code differ by less, whatever else the machine does."""

REMEDY: Final = (
    "Find what costs it, and make it cheaper. If it is worth its price, admit it with\n"
    '    make gate-record WHY="what is bought with it"\n'
    "which adds a line with the reason to benchmarks/gate/recorded.toml."
)


class Change(Enum):
    """What became of a figure."""

    DEARER = "dearer"
    ALIKE = "alike"
    CHEAPER = "cheaper"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One figure, and what it is held against."""

    figure: str
    measured: float
    allowed: float

    @property
    def ratio(self) -> float:
        """By which share it is higher; negative where it is lower."""
        if self.measured == self.allowed:
            return 0.0  # both may be 0: a SQLite that is part of Python hides its statements
        return self.measured / self.allowed - 1 if self.allowed else math.inf

    @property
    def change(self) -> Change:
        """Whether that is more than the limit."""
        if abs(self.ratio) <= LIMIT:
            return Change.ALIKE
        return Change.DEARER if self.ratio > 0 else Change.CHEAPER

    def line(self) -> str:
        """Return the finding as a line of a table."""
        told = {Change.DEARER: "  DEARER", Change.ALIKE: "", Change.CHEAPER: "  cheaper"}
        measured, allowed = (shown(self.figure, it) for it in (self.measured, self.allowed))
        return (
            f"{self.figure:<17}{measured:>11} recorded{allowed:>11}"
            f" {100 * self.ratio:+6.2f} %{told[self.change]}"
        )


def judge(measured: Figures, recorded: Recorded) -> list[Finding]:
    """Hold each figure against what is allowed."""
    allowed = recorded.allowed()
    return [
        Finding(figure=name, measured=measured[name], allowed=allowed[name]) for name in FIGURES
    ]


def passes(findings: Sequence[Finding]) -> bool:
    """Tell whether nothing became dearer."""
    return all(each.change is not Change.DEARER for each in findings)


def verdict(findings: Sequence[Finding]) -> str:
    """Say what the findings come to, and what is to be done."""
    dearer, cheaper = (
        [each for each in findings if each.change is change]
        for change in (Change.DEARER, Change.CHEAPER)
    )
    lines = []
    if dearer:
        lines.append(f"The gate is closed: {_listed(dearer)}, and {LIMIT:.0%} may be.\n{REMEDY}")
    if cheaper:
        lines.append(
            f"Cheaper: {_listed(cheaper)}. Record it with `make gate-record`, so that it stays so."
        )
    return "\n".join(lines) or f"Nothing differs by more than {LIMIT:.0%}."


def renewed(measured: Figures, recorded: Recorded, reason: str | None) -> Recorded:
    """Return the record after a measurement: what fell is lowered, what rose needs a reason.

    Without a reason nothing is raised, not within the limit either: many small losses would add
    up to a large one that nobody saw.
    """
    findings = judge(measured, recorded)
    lower = {each.figure: each.measured for each in findings if each.ratio < -REPEATABLE}
    higher = {each.figure: each.measured for each in findings if each.ratio > REPEATABLE}
    lowered = recorded.lowered(lower)
    return lowered.with_admitted(higher, reason) if reason else lowered


def _listed(findings: Sequence[Finding]) -> str:
    return ", ".join(f"{each.figure} by {100 * each.ratio:+.1f} %" for each in findings)
