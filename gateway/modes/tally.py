"""What is said of finished traces: counted each, and logged once for each new difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.modes.finisher import Finished, Written
from gateway.modes.judging import Judgement

log = get_logger()

_FINGERPRINT_LIMIT: Final = 1_000
"""Differences that are logged in the life of a process; all are counted."""


class Tally:
    """Counts traces and judgements."""

    def __init__(self, metrics: Metrics, heed: Callable[[Judgement], None] | None = None) -> None:
        self._metrics = metrics
        self._heed = heed
        self._fingerprints: set[str] = set()

    def count(self, finished: Finished) -> None:
        """Count one trace and what it was held against."""
        self._metrics.traces.labels(finished.written.value).inc()
        if finished.written is Written.UNWRITTEN:
            log.error("trace.unwritten")
        for judgement in finished.judgements:
            self._metrics.comparisons.labels(
                judgement.candidate, judgement.outcome, judgement.kind
            ).inc()
            self._tell(judgement)
            if self._heed is not None:
                self._heed(judgement)

    def _tell(self, judgement: Judgement) -> None:
        fingerprint = judgement.fingerprint
        if fingerprint is None or fingerprint in self._fingerprints:
            return
        if len(self._fingerprints) == _FINGERPRINT_LIMIT:
            return
        self._fingerprints.add(fingerprint)
        log.warning(
            "comparison.differed",
            candidate=judgement.candidate,
            outcome=judgement.outcome,
            kind=judgement.kind,
            fingerprint=fingerprint,
            step=judgement.step,
            known=list(judgement.known),
        )
