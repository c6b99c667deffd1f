"""Reading traces to their end and counting what they show; the report is drawn up of that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.compare.ignores import Ignores
from gateway.compare.pairing import Pair, Rules, replayed
from gateway.compare.reading import Troubles
from gateway.compare.report_make import make_report
from gateway.compare.report_model import Report
from gateway.compare.synthetic import make_trace
from gateway.compare.tally import Tally
from gateway.compare.timelines import title_of
from gateway.traces.model import Trace

_SIDES: Final = ("Dispatch", "this gateway, replayed")
"""What would have been compared, had there been anything."""


@dataclass(slots=True)
class Counted:
    """What was counted, and the other sides of the samples."""

    tally: Tally
    candidates: dict[str, Trace] = field(default_factory=dict)
    """By fingerprint; only those that a replay would not make again."""
    sides: dict[tuple[str, str], int] = field(default_factory=dict)
    """How often which two sides were compared."""

    def report(self, rules: Rules, *, files: int, troubles: Troubles) -> Report:
        """Draw up the report."""

        def candidate_of(fingerprint: str, reference: Trace) -> Trace:
            return self.candidates.get(fingerprint) or replayed(reference, rules)

        names = max(
            self.sides, key=lambda names: self.sides[names], default=("Dispatch", "gateway")
        )
        reference = "the recorded workflows" if len(self.sides) > 1 else names[0]
        return make_report(
            self.tally,
            candidate_of,
            sides=(reference, names[1]),
            files=files,
            troubles=troubles,
        )

    def missing_traces(self, rules: Rules) -> Iterator[Trace]:
        """Yield a synthetic trace for each branch that was never seen."""
        for covered in self.tally.coverage.shapes.values():
            for way in covered.missing:
                made = make_trace(
                    covered.request,
                    way,
                    switches=rules.switches,
                    default_locale=rules.default_locale,
                )
                if made is not None:
                    yield made


def count(pairs: Iterable[Pair], ignores: Ignores, *, keeps_candidates: bool) -> Counted:
    """Count every pair.

    Args:
        keeps_candidates: whether the other side of a sample cannot be made again by a replay.
    """
    counted = Counted(Tally(ignores))
    for pair in pairs:
        counted.tally.add(pair.comparison, pair.reference, place=pair.place)
        sides = title_of(pair.reference), title_of(pair.candidate)
        counted.sides[sides] = counted.sides.get(sides, 0) + 1
        if keeps_candidates:
            for difference in pair.comparison.differences:
                found = counted.tally.findings.get(difference.fingerprint)
                if found is not None and found.place == pair.place:
                    counted.candidates.setdefault(difference.fingerprint, pair.candidate)
    return counted
