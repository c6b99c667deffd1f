"""Counting comparisons: whatever the traffic, what is kept has a bound.

Of workflows only counts are kept, and of each finding and each shape the first one as a sample.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from gateway.compare.comparison import Comparison, Difference, Outcome
from gateway.compare.coverage import MAX_SHAPES, Coverage
from gateway.compare.doubles import Doubles
from gateway.compare.ignores import NO_IGNORES, Ignore, Ignores
from gateway.compare.normal import read_course
from gateway.compare.pairing import has_outcome, is_whole
from gateway.compare.shape import Shape
from gateway.traces.model import Trace

MAX_FINDINGS: Final = 1000
_MAX_NOTES: Final = 100


@dataclass(slots=True, kw_only=True)
class FindingCount:
    """One difference, however often it was met."""

    difference: Difference
    """As it was met first."""
    shape: Shape
    place: str
    """Where it was met first, in the words of the caller."""
    sample: Trace
    """The reference that it was met in first."""
    ignored: Ignore | None = None
    workflows: int = 0
    """In how many it was met."""


@dataclass(slots=True, kw_only=True)
class ShapeCount:
    """The workflows of one shape."""

    shape: Shape
    workflows: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    cut: int = 0
    """Workflows that have no outcome because a record of them was cut."""
    findings: Counter[str] = field(default_factory=Counter)
    """Workflows by the fingerprint of what differs."""


class Tally:
    """The counts of many comparisons."""

    def __init__(
        self,
        ignores: Ignores = NO_IGNORES,
        *,
        max_findings: int = MAX_FINDINGS,
        max_shapes: int = MAX_SHAPES,
    ) -> None:
        self.ignores = ignores
        self.workflows = 0
        self.outcomes: Counter[Outcome] = Counter()
        """Workflows by outcome; what is ignored counts as explained."""
        self.cut = 0
        """Workflows of which a record was cut before they were over, and that did not differ in
        what was seen: they have no outcome. Those that did count as what they are."""
        self.critical = 0
        """Workflows with a wrong recipient or content."""
        self.ignored = 0
        """Workflows in which an ignore was made use of."""
        self.notes: Counter[str] = Counter()
        """Why workflows could not be compared."""
        self.findings: dict[str, FindingCount] = {}
        """By fingerprint."""
        self.other_findings = 0
        """Differences beyond the bound of findings."""
        self.shapes: dict[Shape, ShapeCount] = {}
        self.other_shapes = 0
        """Workflows of shapes beyond the bound."""
        self.coverage = Coverage(max_shapes=max_shapes)
        self.doubles = Doubles()
        self._max_findings = max_findings
        self._max_shapes = max_shapes

    @property
    def comparable(self) -> int:
        """How many workflows could be compared: as a whole, or until they differed."""
        return self.workflows - self.outcomes[Outcome.NOT_COMPARABLE] - self.cut

    @property
    def semantic(self) -> int:
        """How many workflows differ in what matters, and nobody answers for it."""
        return self.outcomes[Outcome.SEMANTIC]

    @property
    def unused_ignores(self) -> tuple[Ignore, ...]:
        """The ignores that no finding met."""
        met = {name for name, each in self.findings.items() if each.ignored is not None}
        return self.ignores.unused(met)

    def add(
        self,
        comparison: Comparison,
        trace: Trace,
        *,
        candidate: Trace | None = None,
        place: str = "",
    ) -> None:
        """Count one comparison.

        Args:
            trace: the reference.
            candidate: the other side; it need not be given if it is a replay.
            place: where the reference stands, such as a file and a line.
        """
        outcome = self._outcome(comparison)
        is_known = has_outcome(outcome, is_whole=is_whole(trace, candidate))
        self.workflows += 1
        if is_known:
            self.outcomes[outcome] += 1
        else:
            self.cut += 1
        self.critical += comparison.is_critical
        if comparison.note is not None:
            known = comparison.note in self.notes or len(self.notes) < _MAX_NOTES
            self.notes[comparison.note if known else "other reasons"] += 1
        prints = {each.fingerprint: each for each in comparison.differences}
        self.ignored += any(self._ignore(each) is not None for each in prints.values())
        for difference in prints.values():
            self._add_finding(difference, comparison, trace, place)
        self._add_shape(comparison.shape, outcome if is_known else None, prints)
        if outcome is not Outcome.NOT_COMPARABLE:
            course = read_course(trace)
            self.coverage.add(course, trace.request, trace.path, is_evidence=is_known)
            self.doubles.add(course)

    def _ignore(self, difference: Difference) -> Ignore | None:
        """Return who answers for a difference; nobody can for a wrong recipient or content."""
        if difference.is_critical or difference.known is not None:
            return None
        return self.ignores.active.get(difference.fingerprint)

    def _outcome(self, comparison: Comparison) -> Outcome:
        left = [
            each
            for each in comparison.differences
            if each.known is None and self._ignore(each) is None
        ]
        if not comparison.differences or any(each.is_semantic for each in left):
            return comparison.outcome
        return Outcome.COSMETIC if left else Outcome.EXPLAINED

    def _add_finding(
        self, difference: Difference, comparison: Comparison, trace: Trace, place: str
    ) -> None:
        counted = self.findings.get(difference.fingerprint)
        if counted is None:
            if len(self.findings) >= self._max_findings:
                self.other_findings += 1
                return
            counted = self.findings[difference.fingerprint] = FindingCount(
                difference=difference,
                shape=comparison.shape,
                place=place,
                sample=trace,
                ignored=self._ignore(difference),
            )
        counted.workflows += 1

    def _add_shape(
        self, shape: Shape, outcome: Outcome | None, prints: dict[str, Difference]
    ) -> None:
        counted = self.shapes.get(shape)
        if counted is None:
            if len(self.shapes) >= self._max_shapes:
                self.other_shapes += 1
                return
            counted = self.shapes[shape] = ShapeCount(shape=shape)
        counted.workflows += 1
        if outcome is None:
            counted.cut += 1
        else:
            counted.outcomes[outcome] += 1
        counted.findings.update(print_ for print_ in prints if print_ in self.findings)
