"""Counting who was turned away: a metric at once, and one line of the log a minute."""

from __future__ import annotations

from collections import Counter
from typing import Final

from prometheus_client import Counter as Metric

from gateway.front.refusals import Refusal
from gateway.logs import get_logger

log = get_logger()

LINE_EVERY_S: Final = 60


class Tally:
    """How often each refusal happened."""

    def __init__(self, metric: Metric | None = None) -> None:
        """Count on `metric`, whose label is the reason; without one, for the log alone."""
        self._metrics = {each: metric.labels(each.word) for each in Refusal} if metric else {}
        self._untold: Counter[Refusal] = Counter()
        self._quiet_s = 0.0
        self.count = 0
        """All of them, since the beginning."""

    def note(self, refusal: Refusal) -> None:
        """Count one."""
        self.count += 1
        if (metric := self._metrics.get(refusal)) is not None:
            metric.inc()
        self._untold[refusal] += 1

    def tell(self, passed_s: float) -> None:
        """Write what was not told yet, if the last line is a minute old.

        Args:
            passed_s: since the last call.
        """
        self._quiet_s -= passed_s
        if not self._untold or self._quiet_s > 0:
            return
        log.warning(
            "connections.refused",
            times=self._untold.total(),
            reasons=[f"{each.word}: {count}" for each, count in self._untold.most_common()],
        )
        self._untold.clear()
        self._quiet_s = LINE_EVERY_S
