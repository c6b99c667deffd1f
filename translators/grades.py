"""How close native v1 failover comes to a dispatch, in one grade. See docs/native.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from translators.diagnostics import Diagnostic, Severity
from translators.rules_native import (
    EXPIRY_AS_TTL,
    EXPIRY_DROPPED,
    READ_INEXPRESSIBLE,
    TTL_OF_CALLER,
    TTL_RAISED,
    TTL_UNAVAILABLE,
    UNDELIVERABLE_ENDS_WORKFLOW,
)


class Grade(StrEnum):
    """How close native v1 can come at best, in what the recipient gets and what is charged.

    The caller's own code changes in every case: other ids, other webhooks, no final report. That
    is said once for each workflow and is no part of the grade.
    """

    N0 = "N0"
    """Identical: nothing depends on an expiry."""
    N1 = "N1"
    """Identical with a ttl in place of each expiry."""
    N2 = "N2"
    """Different, but in a way that was accepted or can be."""
    N3 = "N3"
    """To stay on the gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one workflow would fare without the gateway, whether or not a ttl was asked for."""

    grade: Grade
    reasons: tuple[Diagnostic, ...]
    """The findings that made the grade, worst first; none for N0."""
    summary: str
    """One sentence for a person."""


# What keeps a workflow from N0, worst first, and the clause that says so in a summary. An error
# that was accepted counts as N2.
_WEIGHTS: Final[Mapping[str, tuple[Grade, str]]] = {
    READ_INEXPRESSIBLE.code: (Grade.N3, "a step waits for read, which v1 cannot"),
    TTL_UNAVAILABLE.code: (
        Grade.N3,
        "a message that is never delivered on a channel without ttl never fails over",
    ),
    UNDELIVERABLE_ENDS_WORKFLOW.code: (
        Grade.N2,
        "a message reported undeliverable ends the workflow",
    ),
    TTL_RAISED.code: (Grade.N2, "the next message comes later than asked for"),
    EXPIRY_DROPPED.code: (Grade.N1, ""),
    EXPIRY_AS_TTL.code: (Grade.N1, ""),
    TTL_OF_CALLER.code: (Grade.N1, ""),
}


def _weigh(finding: Diagnostic) -> Grade:
    grade, _ = _WEIGHTS.get(finding.rule, (Grade.N0, ""))
    if grade is Grade.N3 and finding.severity is not Severity.ERROR:
        return Grade.N2
    return grade


def judge(diagnostics: Iterable[Diagnostic]) -> Verdict:
    """Weigh all that was found about a workflow. The worst of it decides."""
    weighed = [(_weigh(found), found) for found in diagnostics if found.rule in _WEIGHTS]
    grade = max((weight for weight, _ in weighed), default=Grade.N0)
    ranks = list(_WEIGHTS)
    reasons = [found for weight, found in weighed if weight is grade]
    reasons.sort(key=lambda found: ranks.index(found.rule))
    return Verdict(grade=grade, reasons=tuple(reasons), summary=_summary(grade, reasons))


def _summary(grade: Grade, reasons: Iterable[Diagnostic]) -> str:
    clauses = "; ".join(dict.fromkeys(_WEIGHTS[found.rule][1] for found in reasons))
    match grade:
        case Grade.N0:
            return "Native v1 sends the same: a single message depends on no expiry."
        case Grade.N1:
            return (
                "Native v1 sends the same with a ttl in place of each expiry, provided that a"
                " lapsed ttl and undeliverable fail over, and that your code acts on a refused"
                " request, of which nothing is sent."
            )
        case Grade.N2:
            return f"Native v1 differs even with a ttl: {clauses}."
        case Grade.N3:
            return f"This workflow stays on the gateway: {clauses}."
        case _:
            assert_never(grade)
