"""The rule table: every diagnostic a translator can report, with a permanent code.

The rows live in one module per document kind; `docs/rules.md` is generated from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from translators.diagnostics import Diagnostic, Severity


class Tolerance(StrEnum):
    """What a switchable rule does when nobody has set its switch."""

    ACCEPT = "accept"
    """Published clients send this: carried over with the row's severity, refused on request."""
    REFUSE = "refuse"
    """Refused with severity `ERROR`; carried over with a `WARNING` on request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row: a permanent code, a name that states the fault, and what a user needs to know."""

    code: str
    name: str
    severity: Severity
    """The severity it is reported with by default."""
    why: str
    remedy: str
    example: str
    """A JSON Pointer at which it is typically found."""
    since: str
    source: str
    """A section of docs/wire.md, or an ADR."""
    tolerance: Tolerance | None = None
    """`None` for a rule without a switch; otherwise the switch is the rule's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """Which switchable rules differ from their default; both sets hold rule names."""

    accepted: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()

    def severity(self, rule: Rule) -> Severity:
        """Return the severity `rule` is reported with under these switches."""
        if rule.tolerance is Tolerance.ACCEPT and rule.name in self.refused:
            return Severity.ERROR
        if rule.tolerance is Tolerance.REFUSE and rule.name in self.accepted:
            return Severity.WARNING
        return rule.severity


DEFAULT_SWITCHES: Final = Switches()


def report(
    rule: Rule,
    pointer: str,
    detail: str,
    switches: Switches = DEFAULT_SWITCHES,
    *,
    offset: int | None = None,
) -> Diagnostic:
    """Make the diagnostic that `rule` applies at `pointer`, or at `offset` of the text."""
    return Diagnostic(
        rule=rule.code,
        severity=switches.severity(rule),
        pointer=pointer,
        detail=detail,
        offset=offset,
    )
