"""Which findings count: what was selected, what is accepted, and from which severity on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from gateway.offline.baseline import Key
from gateway.offline.documents import Finding
from translators.diagnostics import Severity

_COUNTED: Final = frozenset({Severity.WARNING, Severity.ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which findings are told and counted. Results carry all of them, whatever this says."""

    selected: tuple[str, ...] = ()
    """Beginnings of rule codes; none means all."""
    ignored: tuple[str, ...] = ()
    """Likewise; stronger than `selected`."""
    accepted: frozenset[Key] = field(default_factory=frozenset)
    """What the baseline knows, however often."""
    is_strict: bool = False
    """Warnings count as errors do."""

    def tells(self, finding: Finding) -> bool:
        """Tell whether the finding is selected, in the baseline or not."""
        return self.tells_rule(finding.diagnostic.rule)

    def tells_rule(self, code: str) -> bool:
        """Tell whether findings of this rule are selected."""
        if self.ignored and code.startswith(self.ignored):
            return False
        return not self.selected or code.startswith(self.selected)

    def counts(self, severity: Severity) -> bool:
        """Tell whether a finding of this severity makes the command fail."""
        return severity is Severity.ERROR or (self.is_strict and severity is Severity.WARNING)


def key_of(finding: Finding) -> Key:
    """Return what a baseline knows the finding by."""
    diagnostic = finding.diagnostic
    return Key(finding.document.digest, diagnostic.rule, diagnostic.pointer)


def is_acceptable(finding: Finding) -> bool:
    """Tell whether a baseline holds findings like this one: notes never fail a command."""
    return finding.diagnostic.severity in _COUNTED
