"""Drawing up the report of what was counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from gateway.compare.comparison import Outcome
from gateway.compare.ignores import Ignore
from gateway.compare.kinds import Weight
from gateway.compare.pairing import CUT
from gateway.compare.reading import Troubles
from gateway.compare.report_model import (
    Apart,
    Evidence,
    FindingLine,
    Gravity,
    IgnoreLine,
    LeftOut,
    Report,
    Sample,
    ShapeLine,
)
from gateway.compare.shape import Shape
from gateway.compare.sifting import Sieve
from gateway.compare.tally import FindingCount, ShapeCount, Tally
from gateway.compare.verdict import judge
from gateway.offline.shapes import Shape as Drawing
from gateway.offline.shapes import StepShape as DrawnStep
from gateway.offline.words import counted

_REASONS: Final = 6
_RANKS: Final = {gravity: rank for rank, gravity in enumerate(Gravity)}


def make_report(
    tally: Tally,
    samples: Mapping[str, Sample],
    *,
    own: Tally,
    own_samples: Mapping[str, Sample],
    period: tuple[str, str] | None,
    sides: tuple[str, str],
    files: int,
    troubles: Troubles,
    sieve: Sieve,
) -> Report:
    """Draw up the report.

    Args:
        tally: of what Dispatch decided.
        samples: one for each finding, by fingerprint.
        own: of what this gateway decided itself, and below its samples.
        period: when the first and the last of the workflows were accepted.
        sides: names of the reference and the candidate.
        files: how many were read.
        sieve: what the traces came through.
    """
    verdict = judge(tally, own)
    shapes = sorted(tally.shapes.values(), key=lambda each: (-each.workflows, each.shape.title))
    lines = tuple(_shape_line(each, tally) for each in shapes)
    return Report(
        answer=verdict.answer,
        sides=sides,
        reasons=(
            *_shortened(verdict.reasons),
            *map(_sentence, (*verdict.notes, *sieve.told())),
        ),
        evidence=Evidence(
            workflows=tally.workflows,
            compared=tally.comparable,
            cut=tally.cut,
            shapes=len(tally.shapes),
            semantic=tally.semantic,
            critical=tally.critical,
            explained=tally.outcomes[Outcome.EXPLAINED],
            upper_bound=verdict.upper_bound_95,
            unseen=sum(len(line.unseen) for line in lines),
            period=period,
        ),
        outcomes=_outcomes(tally.outcomes, tally.cut),
        findings=_finding_lines(tally, samples),
        shapes=lines,
        others=tally.other_shapes,
        notes=dict(tally.notes.most_common()),
        ignores=tuple(_ignore_lines(tally)),
        files=files,
        troubles=tuple(troubles.told),
        losses=troubles.losses,
        left_out=LeftOut(
            made=sieve.made,
            repeated=sieve.repeated,
            mirrored=sieve.mirrored,
            unchecked=sieve.unchecked,
        ),
        apart=_apart(own, own_samples) if own.workflows else None,
    )


def _apart(own: Tally, samples: Mapping[str, Sample]) -> Apart:
    return Apart(
        workflows=own.workflows,
        compared=own.comparable,
        cut=own.cut,
        shapes=len(own.shapes),
        semantic=own.semantic,
        critical=own.critical,
        outcomes=_outcomes(own.outcomes, own.cut),
        findings=_finding_lines(own, samples),
    )


def _finding_lines(tally: Tally, samples: Mapping[str, Sample]) -> tuple[FindingLine, ...]:
    findings = [_finding_line(each, samples) for each in tally.findings.values()]
    findings.sort(key=lambda each: (_RANKS[each.gravity], -each.workflows, each.fingerprint))
    return tuple(findings)


def _outcomes(outcomes: Mapping[Outcome, int], cut: int) -> dict[str, int]:
    """Write the counts in the order of the outcomes; what was cut stands before the unknown."""
    counts = {outcome.value: outcomes[outcome] for outcome in Outcome}
    unknown = counts.pop(Outcome.NOT_COMPARABLE.value)
    return {**counts, CUT: cut, Outcome.NOT_COMPARABLE.value: unknown}


def _shortened(reasons: tuple[str, ...]) -> tuple[str, ...]:
    """Write reasons as sentences, and count those that are too many."""
    shown = [_sentence(reason) for reason in reasons[:_REASONS]]
    if rest := len(reasons) - len(shown):
        shown.append(f"And {counted(rest, 'more reason')} like these.")
    return tuple(shown)


def _sentence(reason: str) -> str:
    return f"{reason[:1].upper()}{reason[1:]}."


def _finding_line(found: FindingCount, samples: Mapping[str, Sample]) -> FindingLine:
    difference = found.difference
    kind, ignored = difference.kind, found.ignored
    return FindingLine(
        fingerprint=difference.fingerprint,
        code=kind.code,
        name=kind.name,
        gravity=_gravity(found),
        shape=found.shape.title,
        step=difference.step,
        reference=difference.reference,
        candidate=difference.candidate,
        detail=difference.detail,
        why=kind.why,
        remedy=kind.remedy,
        workflows=found.workflows,
        first=found.place,
        known=difference.known,
        ignored=_told(ignored) if ignored else None,
        sample=samples[difference.fingerprint],
    )


def _told(ignore: Ignore) -> str:
    return f"{ignore.reason} ({ignore.owner}, until {ignore.expires})"


def _gravity(found: FindingCount) -> Gravity:
    difference = found.difference
    if difference.is_critical:
        return Gravity.CRITICAL
    if difference.known:
        return Gravity.EXPLAINED
    if found.ignored:
        return Gravity.IGNORED
    is_cosmetic = difference.kind.weight is Weight.COSMETIC
    return Gravity.COSMETIC if is_cosmetic else Gravity.SEMANTIC


def _shape_line(counted_shape: ShapeCount, tally: Tally) -> ShapeLine:
    covered = tally.coverage.shapes.get(counted_shape.shape)
    ways = covered.ways if covered else ()
    missing = covered.missing if covered else ()
    return ShapeLine(
        title=counted_shape.shape.title,
        drawn=_drawing(counted_shape.shape),
        workflows=counted_shape.workflows,
        outcomes={
            outcome: count
            for outcome, count in _outcomes(counted_shape.outcomes, counted_shape.cut).items()
            if count
        },
        seen=len(ways) - len(missing),
        branches=len(ways),
        unseen=tuple(map(str, missing)),
    )


def _drawing(shape: Shape) -> Drawing:
    return Drawing(
        steps=tuple(
            DrawnStep(
                channel=step.channel,
                content=step.content,
                options=(),
                condition=step.condition,
                expiry_s=None,
            )
            for step in shape.steps
        )
    )


def _ignore_lines(tally: Tally) -> Iterator[IgnoreLine]:
    for ignore in tally.ignores.expired:
        yield _ignore_line(ignore, f"expired on {ignore.expires}")
    for ignore in tally.unused_ignores:
        yield _ignore_line(ignore, "met by nothing")


def _ignore_line(ignore: Ignore, problem: str) -> IgnoreLine:
    return IgnoreLine(
        fingerprint=ignore.fingerprint, problem=problem, owner=ignore.owner, reason=ignore.reason
    )
