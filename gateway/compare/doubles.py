"""Who got two messages because the first one arrived after it had been given up.

From the delays that were seen, the same is told for other expiries: how many steps would be given
up, how many people would get two messages, and how long those wait who need the next one. Counts
only: memory does not grow with the traffic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.compare.course import ARRIVED, Course

EXPIRIES_S: Final = (
    *(15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 900),
    *(1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400),
)
"""The expiries that the curve is told for, from the shortest to the longest that Dispatch takes."""
MAX_ROWS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Waited:
    """One step that was waited for. Delays are milliseconds since its message was sent."""

    channel: str
    condition: str
    expiry_s: int
    met_ms: int | None
    """When its condition was met, in time or later."""
    arrived_ms: int | None
    """When the person had it; `None` if never, as far as the record goes."""
    failed_ms: int | None
    """When it failed for good."""
    given_up_ms: int | None
    """When the next step was sent; `None` if it was not."""
    is_followed: bool
    """Whether a later message arrived."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RowKey:
    """What steps are counted by."""

    channel: str
    condition: str
    expiry_s: int
    """0 for all expiries beyond the bound."""


@dataclass(slots=True, kw_only=True)
class Row:
    """What became of the steps of one channel, condition and expiry."""

    key: RowKey
    steps: int = 0
    failovers: int = 0
    doubles: int = 0
    """People with two messages: the step's own came after it was given up."""
    unread: int = 0
    """People with two messages: the step's own was there before, but not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """What the same messages would come to under one expiry."""

    expiry_s: int
    steps: int
    failovers: int
    doubles: int
    """People who would get two messages, if the second one always arrives."""
    needy: int
    """People whose first message never arrives."""
    delay_s: float | None
    """How long they wait until the next one is sent, on average; `None` if there are none."""


@dataclass(slots=True, kw_only=True)
class _Totals:
    """What one channel and condition come to, for each expiry of the curve."""

    steps: int = 0
    needy: int = 0
    failovers: list[int] = field(default_factory=lambda: [0] * len(EXPIRIES_S))
    doubles: list[int] = field(default_factory=lambda: [0] * len(EXPIRIES_S))
    delay_ms: list[int] = field(default_factory=lambda: [0] * len(EXPIRIES_S))


class Doubles:
    """The counts of all workflows."""

    def __init__(self, *, max_rows: int = MAX_ROWS) -> None:
        self._rows: dict[RowKey, Row] = {}
        self._totals: dict[tuple[str, str], _Totals] = {}
        self._max_rows = max_rows
        self.workflows = 0
        """Those whose record is whole."""

    def add(self, course: Course) -> None:
        """Count the steps of a workflow whose record is whole."""
        if not course.is_complete:
            return
        self.workflows += 1
        for waited in waits_of(course):
            self._add_row(waited)
            totals = self._totals.setdefault((waited.channel, waited.condition), _Totals())
            _add_to(totals, waited)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The counts by channel, condition and expiry, in that order."""
        return tuple(self._rows[key] for key in sorted(self._rows))

    @property
    def channels(self) -> tuple[tuple[str, str], ...]:
        """The channels and conditions that there is a curve for."""
        return tuple(sorted(self._totals))

    def curve(self, channel: str, condition: str) -> tuple[CurvePoint, ...]:
        """Return the curve of one channel and condition, from the shortest expiry."""
        totals = self._totals.get((channel, condition), _Totals())
        return tuple(
            CurvePoint(
                expiry_s=expiry_s,
                steps=totals.steps,
                failovers=totals.failovers[index],
                doubles=totals.doubles[index],
                needy=totals.needy,
                delay_s=totals.delay_ms[index] / 1000 / totals.needy if totals.needy else None,
            )
            for index, expiry_s in enumerate(EXPIRIES_S)
        )

    def _add_row(self, waited: Waited) -> None:
        key = RowKey(channel=waited.channel, condition=waited.condition, expiry_s=waited.expiry_s)
        if key not in self._rows and len(self._rows) >= self._max_rows:
            key = RowKey(channel=waited.channel, condition=waited.condition, expiry_s=0)
        row = self._rows.setdefault(key, Row(key=key))
        row.steps += 1
        if waited.given_up_ms is None:
            return
        row.failovers += 1
        if waited.arrived_ms is not None and waited.is_followed:
            is_late = waited.arrived_ms > waited.given_up_ms
            row.doubles += is_late
            row.unread += not is_late


def waits_of(course: Course) -> Iterator[Waited]:
    """Yield the steps of a workflow that something followed, or could have."""
    arrivals = [_arrival(course, index) for index in range(len(course.attempts))]
    for attempt in course.attempts:
        step, following = course.workflow.steps[attempt.step], course.attempt(attempt.step + 1)
        if step.expiry_s is None or step.shape.condition is None or attempt.refused is not None:
            continue
        # As our clock counts it: from the answer, if there is one.
        start_ms = max(attempt.sent_ms, attempt.answered_ms or attempt.sent_ms)
        met, failure = attempt.reaches(step.goal), attempt.failure
        arrived_ms = arrivals[attempt.step]
        yield Waited(
            channel=step.shape.channel,
            condition=step.shape.condition,
            expiry_s=step.expiry_s,
            met_ms=met.at_ms - start_ms if met else None,
            arrived_ms=None if arrived_ms is None else arrived_ms - start_ms,
            failed_ms=failure.at_ms - start_ms if failure else None,
            given_up_ms=following.sent_ms - start_ms if following else None,
            is_followed=any(each is not None for each in arrivals[attempt.step + 1 :]),
        )


def _arrival(course: Course, index: int) -> int | None:
    told = course.attempts[index].told
    return next((each.at_ms for each in told if each.status in ARRIVED), None)


def _add_to(totals: _Totals, waited: Waited) -> None:
    totals.steps += 1
    totals.needy += waited.arrived_ms is None
    for index, expiry_s in enumerate(EXPIRIES_S):
        end_ms = 1000 * expiry_s
        if waited.met_ms is not None and waited.met_ms <= end_ms:
            continue
        totals.failovers[index] += 1
        is_failed = waited.failed_ms is not None and waited.failed_ms <= end_ms
        if waited.arrived_ms is None:
            failed_ms = waited.failed_ms or 0
            totals.delay_ms[index] += failed_ms if is_failed else end_ms
        else:
            totals.doubles[index] += 1
