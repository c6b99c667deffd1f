"""Reading traces to their end and counting what they show; the report is drawn up of that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gateway.compare.comparison import Difference
from gateway.compare.harm import Harm, harm_of
from gateway.compare.ignores import Ignores
from gateway.compare.pairing import Pair, Rules
from gateway.compare.reading import Troubles
from gateway.compare.report_make import make_report
from gateway.compare.report_model import Report, Sample
from gateway.compare.sifting import Sieve
from gateway.compare.synthetic import make_trace
from gateway.compare.tally import Tally
from gateway.compare.timelines import title_of
from gateway.traces.model import Path, Trace
from translators.timestamps import read_timestamp


@dataclass(slots=True, kw_only=True)
class Population:
    """Workflows that were decided by the same service, and the other sides of their samples."""

    tally: Tally
    samples: dict[str, Sample] = field(default_factory=dict)
    """By fingerprint, one for each finding: the first of those that did the worst harm."""

    period: tuple[str, str] | None = None
    """When the first and the last workflow were accepted, in the v0.1 form; `None` if none says."""

    def add(self, pair: Pair) -> None:
        """Count a pair."""
        # All are written in one form, so their order is that of their texts.
        accepted = read_timestamp(pair.reference.accepted_at or "")
        if accepted is not None:
            first, last = self.period or (accepted.text, accepted.text)
            self.period = min(first, accepted.text), max(last, accepted.text)
        self.tally.add(pair.comparison, pair.reference, candidate=pair.candidate, place=pair.place)
        for difference in pair.comparison.differences:
            if difference.fingerprint in self.tally.findings:
                self._sample(pair, difference)

    def _sample(self, pair: Pair, difference: Difference) -> None:
        """Keep a pair as the sample of a finding, if none that is kept did worse."""
        known = self.samples.get(difference.fingerprint)
        # Known differences are not drawn, and most workflows have some.
        if known is not None and (known.harm is Harm.WRONG or difference.known is not None):
            return
        harm = harm_of(difference, pair.reference, pair.candidate)
        if known is None or harm < known.harm:
            self.samples[difference.fingerprint] = Sample(
                reference=pair.reference, candidate=pair.candidate, harm=harm, place=pair.place
            )


@dataclass(slots=True, kw_only=True)
class Counted:
    """What was counted: the evidence, and apart from it what is none."""

    judged: Population
    """What Dispatch decided: the answer rests on it alone."""
    own: Population
    """What this gateway decided itself: held against itself, it proves nothing."""
    sieve: Sieve
    references: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    """What the sides are called that were compared."""

    def report(self, *, files: int, troubles: Troubles) -> Report:
        """Draw up the report."""
        return make_report(
            self.judged.tally,
            self.judged.samples,
            period=self.judged.period,
            own=self.own.tally,
            own_samples=self.own.samples,
            sides=(
                _name(self.references, "Dispatch", "the recorded workflows"),
                _name(self.others, "this gateway", "this gateway"),
            ),
            files=files,
            troubles=troubles,
            sieve=self.sieve,
        )

    def missing_traces(self, rules: Rules) -> Iterator[Trace]:
        """Yield a synthetic trace for each branch that was never seen."""
        for covered in self.judged.tally.coverage.shapes.values():
            for way in covered.missing:
                made = make_trace(
                    covered.request,
                    way,
                    requests=rules.requests,
                    callbacks=rules.callbacks,
                    terms=rules.terms,
                )
                if made is not None:
                    yield made


def count(pairs: Iterable[Pair], ignores: Ignores, sieve: Sieve) -> Counted:
    """Count every pair.

    Args:
        sieve: what the references came through; it counts those that are their own other side.
    """
    counted = Counted(
        judged=Population(tally=Tally(ignores)), own=Population(tally=Tally(ignores)), sieve=sieve
    )
    for pair in pairs:
        if _is_mirrored(pair):
            sieve.mirrored += 1
        elif pair.reference.path is Path.LEGACY:
            counted.judged.add(pair)
            counted.references.add(title_of(pair.reference))
            counted.others.add(title_of(pair.candidate))
        else:
            counted.own.add(pair)
    return counted


def _is_mirrored(pair: Pair) -> bool:
    """Tell whether both sides are one record, or two of what Dispatch decided."""
    sides = {pair.reference.path, pair.candidate.path}
    return pair.reference == pair.candidate or sides == {Path.LEGACY}


def _name(names: set[str], none: str, many: str) -> str:
    return many if len(names) > 1 else next(iter(names), none)
