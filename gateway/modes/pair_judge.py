"""Judging paired requests: what one path did, held against what the other did."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from gateway.compare.differ import compare
from gateway.modes.judging import Judgement
from gateway.modes.predict import judgements_of
from gateway.traces.model import Path, Trace

_WAITING: Final = 1_000
"""Traces that wait for their other half; pairing is capped at as many messages."""
_CANDIDATE: Final = "paired"


class PairJudge:
    """Keeps the first trace of a pair until the second is finished, then compares the two."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, Trace] = OrderedDict()

    def __call__(self, trace: Trace) -> tuple[Judgement, ...]:
        """Return what sets the two paths apart; nothing for the first of a pair."""
        if trace.pair is None:
            return ()
        other = self._waiting.pop(trace.pair, None)
        if other is None or other.path is trace.path:
            self._waiting[trace.pair] = trace
            if len(self._waiting) > _WAITING:
                self._waiting.popitem(last=False)
            return ()
        legacy, ours = sorted((trace, other), key=lambda each: each.path is Path.GATEWAY)
        return judgements_of(compare(legacy, ours), _CANDIDATE)
