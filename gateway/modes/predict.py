"""Observing: what our engine would have decided, held against what Dispatch did.

The engine here is the one that serves, in virtual time, fed with the statuses that Dispatch told.
It has no sender: what it would send is an entry in a trace.
"""

from __future__ import annotations

from typing import Final

from gateway.compare.comparison import Comparison
from gateway.compare.differ import compare
from gateway.compare.pairing import Rules, replayed
from gateway.modes.judging import Judgement
from gateway.traces.model import Path, Trace

_CANDIDATE: Final = "gateway"
_OWN: Final = "replay"
"""Ours held against ourselves: it shows a fault of this gateway, and nothing about Dispatch."""


class Predictor:
    """Compares a trace of Dispatch with the run of our engine on the same facts."""

    def __init__(self, rules: Rules) -> None:
        """Prepare to predict.

        Args:
            rules: those under which the application would be served here.
        """
        self._rules = rules

    def __call__(self, trace: Trace) -> tuple[Judgement, ...]:
        """Return what sets the two apart; the first difference is the one that decides."""
        comparison = compare(trace, replayed(trace, self._rules), self._rules.tolerances)
        return judgements_of(comparison, _CANDIDATE if trace.path is Path.LEGACY else _OWN)


def judgements_of(comparison: Comparison, candidate: str) -> tuple[Judgement, ...]:
    """Return what came of one comparison with `candidate`."""
    known = tuple(dict.fromkeys(each.known for each in comparison.differences if each.known))
    if not comparison.differences:
        return (Judgement(candidate=candidate, outcome=comparison.outcome.value),)
    unexplained = [each for each in comparison.differences if each.known is None]
    first = (unexplained or list(comparison.differences))[0]
    return (
        Judgement(
            candidate=candidate,
            outcome=comparison.outcome.value,
            kind=first.kind.name,
            fingerprint=first.fingerprint,
            step=first.step,
            known=known,
        ),
    )
