"""Both sides of many workflows, pair by pair: a trace with its replay, or with another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.compare.comparison import DEFAULT_TOLERANCES, Comparison, Tolerances
from gateway.compare.differ import compare
from gateway.compare.reading import Index, Recorded
from gateway.compare.replay import replay
from gateway.traces.model import Trace
from translators.rules import DEFAULT_SWITCHES, Switches


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Under what this gateway is replayed, and how far instants may differ."""

    switches: Switches = DEFAULT_SWITCHES
    default_locale: str | None = None
    tolerances: Tolerances = DEFAULT_TOLERANCES


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One workflow on both sides."""

    place: str
    """Where the reference stands."""
    reference: Trace
    candidate: Trace
    comparison: Comparison


def replayed(trace: Trace, rules: Rules) -> Trace:
    """Return the same facts under this gateway."""
    return replay(trace, switches=rules.switches, default_locale=rules.default_locale)


def with_replay(recorded: Iterable[Recorded], rules: Rules) -> Iterator[Pair]:
    """Compare each trace with its replay."""
    for each in recorded:
        yield _pair(each, replayed(each.trace, rules), rules)


def with_others(
    recorded: Iterable[Recorded], others: Index, alone: list[str], rules: Rules
) -> Iterator[Pair]:
    """Compare each trace with the one of the same dispatch.

    Args:
        others: loses what is paired; the rest is on the other side alone.
        alone: gets the places of those that are on this side alone.
    """
    for each in recorded:
        other = others.take(each.trace.dispatch)
        if other is None:
            alone.append(each.place)
        else:
            yield _pair(each, other.trace, rules)


def _pair(recorded: Recorded, candidate: Trace, rules: Rules) -> Pair:
    return Pair(
        place=recorded.place,
        reference=recorded.trace,
        candidate=candidate,
        comparison=compare(recorded.trace, candidate, rules.tolerances),
    )
