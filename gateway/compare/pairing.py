"""Both sides of many workflows, pair by pair: a trace with its replay, or with another one.

A paired request went both ways at once: its two traces share `pair`, and are held against each
other wherever they stand, Dispatch's as the reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from gateway.compare.comparison import DEFAULT_TOLERANCES, Comparison, Outcome, Tolerances
from gateway.compare.differ import compare
from gateway.compare.reading import Index, Recorded
from gateway.compare.replay import replay
from gateway.compare.shape import read_workflow
from gateway.core.state import Terms, TermsOf
from gateway.traces.model import Path, Trace
from translators.choices import DEFAULT_CALLBACKS, DEFAULT_REQUESTS, CallbackOptions, RequestOptions

CUT: Final = "cut"
"""Stands for the outcome of workflows that have none, because a record of them was cut."""
_WAITING: Final = 1_000
"""Traces that wait for their other half; pairing is capped at as many messages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Under what this gateway is replayed, and how far instants may differ."""

    requests: RequestOptions = DEFAULT_REQUESTS
    callbacks: CallbackOptions = DEFAULT_CALLBACKS
    terms: TermsOf | None = None
    """What a dispatch is accepted under whose trace names nothing; `None`: the defaults."""
    tolerances: Tolerances = DEFAULT_TOLERANCES


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One workflow on both sides."""

    place: str
    """Where the reference stands."""
    reference: Trace
    candidate: Trace
    comparison: Comparison

    @property
    def outcome(self) -> str:
        """The outcome in a word; `cut` if a record ended too soon for one."""
        found = self.comparison.outcome
        is_known = has_outcome(found, is_whole=is_whole(self.reference, self.candidate))
        return found.value if is_known else CUT


def is_whole(reference: Trace, candidate: Trace | None) -> bool:
    """Tell whether both sides were recorded until the workflow was over.

    A replay ends where it would send what the reference never sent: that is a finding, not a cut.
    """
    if candidate is None or candidate.path is Path.NONE:
        return reference.is_complete
    return reference.is_complete and candidate.is_complete


def has_outcome(outcome: Outcome, *, is_whole: bool) -> bool:
    """Tell whether an outcome holds: of a record that was cut, only what differs does."""
    return is_whole or outcome in (Outcome.SEMANTIC, Outcome.NOT_COMPARABLE)


def replayed(trace: Trace, rules: Rules) -> Trace:
    """Return the same facts under this gateway."""
    return replay(
        trace,
        terms=terms_for(trace, rules),
        requests=rules.requests,
        callbacks=rules.callbacks,
    )


def terms_for(trace: Trace, rules: Rules) -> Terms | None:
    """Return what a workflow is replayed under; `None`: what its trace names, else the defaults.

    A dispatch of this gateway keeps for life what it was accepted under.
    """
    if rules.terms is None or trace.terms is not None:
        return None
    steps = read_workflow(trace.request).steps
    return rules.terms(steps[-1].shape.channel if steps else "")


def with_replay(
    recorded: Iterable[Recorded], rules: Rules, alone: list[str] | None = None
) -> Iterator[Pair]:
    """Compare each trace with its replay, and the two halves of a pair with each other.

    Args:
        alone: gets the places of halves without the other; if `None`, halves are replayed, too.
    """
    if alone is None:
        for each in recorded:
            yield _pair(each, replayed(each.trace, rules), rules)
        return
    for each, other in _matched(recorded):
        if other is not None:
            yield _halves(each, other, rules)
            continue
        if each.trace.pair is not None:
            alone.append(each.place)
        yield _pair(each, replayed(each.trace, rules), rules)


def with_halves(recorded: Iterable[Recorded], alone: list[str], rules: Rules) -> Iterator[Pair]:
    """Compare the two halves of each pair.

    Args:
        alone: gets the places of traces without another half.
    """
    for each, other in _matched(recorded):
        if other is None:
            alone.append(each.place)
        else:
            yield _halves(each, other, rules)


def with_others(
    recorded: Iterable[Recorded], others: Index, alone: list[str], rules: Rules
) -> Iterator[Pair]:
    """Compare each trace with its other half, or else with that of the same dispatch.

    Args:
        others: loses what is paired; the rest is on the other side alone.
        alone: gets the places of those that are on this side alone.
    """
    for each in recorded:
        if others.is_done(each.trace):
            continue
        other = others.take(each.trace)
        if other is None:
            alone.append(each.place)
        elif _are_halves(each.trace, other.trace) or other.trace.path is Path.LEGACY:
            yield _halves(each, other, rules)
        else:
            yield _pair(each, other.trace, rules)


def _matched(recorded: Iterable[Recorded]) -> Iterator[tuple[Recorded, Recorded | None]]:
    """Yield traces, those that are two halves together; halves wait, but not for ever."""
    waiting: dict[str, Recorded] = {}
    for each in recorded:
        pair = each.trace.pair
        if pair is None:
            yield each, None
            continue
        other = waiting.pop(pair, None)
        if other is not None and _are_halves(each.trace, other.trace):
            yield other, each
            continue
        if other is not None:
            yield other, None
        waiting[pair] = each
        if len(waiting) > _WAITING:
            yield waiting.pop(next(iter(waiting))), None
    for each in waiting.values():
        yield each, None


def _are_halves(one: Trace, other: Trace) -> bool:
    return one.pair is not None and one.pair == other.pair and one.path is not other.path


def _halves(one: Recorded, other: Recorded, rules: Rules) -> Pair:
    """Pair two halves; what Dispatch did is the reference."""
    reference, candidate = sorted((one, other), key=lambda each: each.trace.path is not Path.LEGACY)
    return _pair(reference, candidate.trace, rules)


def _pair(recorded: Recorded, candidate: Trace, rules: Rules) -> Pair:
    return Pair(
        place=recorded.place,
        reference=recorded.trace,
        candidate=candidate,
        comparison=compare(recorded.trace, candidate, rules.tolerances),
    )
