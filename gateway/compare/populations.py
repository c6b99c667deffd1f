"""Two sides of a split, compared as populations. Pure.

No workflow was on both paths, so none can be held against another one. What can be compared is how
often and how soon things happen on each side. The measure of noise is the legacy side itself: two
random halves of it differ by chance alone, and a difference between the sides that is not larger
than that says nothing.

A figure is a share (of workflows), a length of time (its median), or an amount (its mean). Memory
is bounded: times are counted in classes that lie 2 % apart.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import exp, floor, log, sqrt
from typing import Final

from gateway.compare.shares import Share, allowance
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from translators.diagnostics import JsonObject

LEAST: Final = 30
"""Values that each side and each half has to have before a figure is judged."""
SHARE: Final = "share"
TIME: Final = "ms"
"""Units of figures; any other one is a currency."""
_STEP: Final = log(1.02)
_ARRIVED: Final = frozenset({"delivered", "read"})
# Times and amounts: a fifth is looked for, and what chance does on top.
_RELATIVE: Final = 0.2
_DEVIATIONS: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of both sides."""

    name: str
    unit: str
    """`SHARE` (0 to 1), `TIME` (its median, in milliseconds), or a currency (its mean)."""
    legacy: float | None
    """`None` where there is nothing to take it of."""
    gateway: float | None
    halves: tuple[float | None, float | None]
    """The legacy side once more, in its random halves: how much chance alone sets apart."""
    allowance: float | None
    """By how much the two may differ by chance; `None` where there are too few values to say."""

    @property
    def differs(self) -> bool:
        """Whether the sides differ by more than chance allows."""
        if self.legacy is None or self.gateway is None or self.allowance is None:
            return False
        return abs(self.gateway - self.legacy) > self.allowance


@dataclass(frozen=True, slots=True, kw_only=True)
class Populations:
    """The two sides, figure by figure."""

    legacy: int
    """Workflows on the legacy path."""
    gateway: int
    halves: tuple[int, int]
    """Those of the legacy path in its two halves."""
    left_out: int
    """Traces that were cut, or refused, or on no path: they would pass for something missing."""
    figures: tuple[Figure, ...]

    @property
    def judged(self) -> tuple[Figure, ...]:
        """The figures that have enough values on both sides."""
        return tuple(figure for figure in self.figures if figure.allowance is not None)

    @property
    def differing(self) -> tuple[Figure, ...]:
        """The figures in which the sides differ."""
        return tuple(figure for figure in self.figures if figure.differs)


def populations(traces: Iterable[Trace]) -> Populations:
    """Compare the complete traces of the two paths; reads each trace once."""
    gateway, halves, left_out = _Side(), (_Side(), _Side()), 0
    for trace in traces:
        is_accepted = trace.accepted_at is not None
        if not trace.is_complete or not is_accepted or trace.path is Path.NONE:
            left_out += 1
        elif trace.path is Path.GATEWAY:
            gateway.add(trace)
        else:
            halves[_half(trace)].add(trace)
    return Populations(
        legacy=sum(half.workflows for half in halves),
        gateway=gateway.workflows,
        halves=(halves[0].workflows, halves[1].workflows),
        left_out=left_out,
        figures=tuple(_figures(gateway, halves)),
    )


class _Spread:
    """How values of one kind are spread: their number, median, mean and variance."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0.0
        self._squares = 0.0
        self._classes: Counter[int] = Counter()

    def add(self, value: float) -> None:
        self.count += 1
        self._sum += value
        self._squares += value * value
        self._classes[floor(log(max(value, 1.0)) / _STEP)] += 1

    def __add__(self, other: _Spread) -> _Spread:
        both = _Spread()
        both.count = self.count + other.count
        both._sum = self._sum + other._sum
        both._squares = self._squares + other._squares
        both._classes = self._classes + other._classes
        return both

    @property
    def mean(self) -> float:
        return self._sum / self.count

    @property
    def variance(self) -> float:
        return max(0.0, self._squares / self.count - self.mean**2)

    @property
    def median(self) -> float:
        below = 0
        for each in sorted(self._classes):
            below += self._classes[each]
            if 2 * below >= self.count:
                return exp((each + 0.5) * _STEP)
        raise AssertionError("the median of nothing was asked for")


class _Side:
    """What was seen of one side, or of half of one."""

    def __init__(self) -> None:
        self.workflows = 0
        self.hits: Counter[str] = Counter()
        self.times = {name: _Spread() for name in _TIMES}
        self.costs: dict[str, _Spread] = {}

    def add(self, trace: Trace) -> None:
        self.workflows += 1
        statuses = trace.statuses
        kinds = {entry.kind for entry in trace.entries}
        self.hits["delivered"] += any(entry.status in _ARRIVED for entry in statuses)
        # What is told of a later step proves it, whatever made the record.
        self.hits["failed-over"] += Kind.FAILOVER in kinds or any(e.step for e in statuses)
        self.hits["reported"] += Kind.REPORT in kinds
        self.hits["ended-in-error"] += any(entry.status == "error" for entry in trace.reports)
        met_ms = _met_ms(trace)
        if met_ms is not None:
            self.times["time-to-condition"].add(met_ms)
        for entry in statuses:
            if entry.event_ms is not None:
                self.times["callback-latency"].add(max(0, entry.at_ms - entry.event_ms))
        for currency, amount in _cost(trace).items():
            self.costs.setdefault(currency, _Spread()).add(float(amount))

    def cost(self, currency: str) -> _Spread:
        """Return what workflows cost in a currency: nothing if no charge was told."""
        told = _Spread() + self.costs.get(currency, _Spread())
        told.count = self.workflows
        return told


_SHARES: Final = ("delivered", "failed-over", "reported", "ended-in-error")
_TIMES: Final = ("time-to-condition", "callback-latency")


def _figures(gateway: _Side, halves: tuple[_Side, _Side]) -> Iterator[Figure]:
    first, second = halves
    for name in _SHARES:
        here = Share(hits=gateway.hits[name], of=gateway.workflows)
        parts = tuple(Share(hits=half.hits[name], of=half.workflows) for half in halves)
        there = parts[0] + parts[1]
        is_enough = min(here.of, parts[0].of, parts[1].of) >= LEAST
        yield Figure(
            name=name,
            unit=SHARE,
            legacy=_value(there),
            gateway=_value(here),
            halves=(_value(parts[0]), _value(parts[1])),
            allowance=allowance(here, (parts[0], parts[1])) if is_enough else None,
        )
    for name in _TIMES:
        yield _time(name, gateway.times[name], first.times[name], second.times[name])
    for currency in sorted({*gateway.costs, *first.costs, *second.costs}):
        yield _amount(currency, *(side.cost(currency) for side in (gateway, first, second)))


def _value(share: Share) -> float | None:
    return share.value if share.of else None


def _time(name: str, here: _Spread, first: _Spread, second: _Spread) -> Figure:
    there = first + second
    is_enough = min(here.count, first.count, second.count) >= LEAST
    noise = abs(first.median - second.median) if is_enough else 0.0
    return Figure(
        name=name,
        unit=TIME,
        legacy=there.median if there.count else None,
        gateway=here.median if here.count else None,
        halves=(
            first.median if first.count else None,
            second.median if second.count else None,
        ),
        allowance=noise + _RELATIVE * there.median + 1 if is_enough else None,
    )


def _amount(currency: str, here: _Spread, first: _Spread, second: _Spread) -> Figure:
    there = first + second
    allowed = None
    if min(here.count, first.count, second.count) >= LEAST:
        error = sqrt(here.variance / here.count + there.variance / there.count)
        allowed = max(abs(first.mean - second.mean), _DEVIATIONS * error)
    return Figure(
        name="cost",
        unit=currency,
        legacy=there.mean if there.count else None,
        gateway=here.mean if here.count else None,
        halves=(first.mean if first.count else None, second.mean if second.count else None),
        # A rounding of the binary means is no difference; a thousandth of a cent is smaller
        # than any price.
        allowance=None if allowed is None else allowed + 1e-5,
    )


def _half(trace: Trace) -> int:
    """Draw the half of a trace: by its id, so that the same file is halved in the same way."""
    return hashlib.blake2b(trace.dispatch.encode(), digest_size=1).digest()[0] & 1


def _met_ms(trace: Trace) -> int | None:
    """Return when a step's condition was met first; `None` if none was."""
    for entry in trace.statuses:
        if entry.status == "read" or (
            entry.status == "delivered" and _condition(trace.request, entry.step) == "delivered"
        ):
            return max(0, entry.at_ms)
    return None


def _condition(request: JsonObject, step: int | None) -> str:
    """Return what a step waits for; the last one, and one that is not told, for `delivered`."""
    workflow = request.get("workflow")
    if not isinstance(workflow, list) or step is None or step >= len(workflow):
        return "delivered"
    planned = workflow[step]
    failover = planned.get("failover") if isinstance(planned, dict) else None
    condition = failover.get("condition_status") if isinstance(failover, dict) else None
    return condition if isinstance(condition, str) else "delivered"


def _cost(trace: Trace) -> dict[str, Decimal]:
    """Return what a workflow cost: its report's total, else the charges that statuses told."""
    if total := _charges(trace.reports[:1]):
        return total
    told: dict[str, TraceEntry] = {}
    for entry in trace.statuses:
        if entry.price is not None:
            told[entry.message or ""] = entry
    return _charges(told.values())


def _charges(entries: Iterable[TraceEntry]) -> dict[str, Decimal]:
    costs: dict[str, Decimal] = {}
    for entry in entries:
        if entry.price is None or entry.currency is None:
            continue
        try:
            costs[entry.currency] = costs.get(entry.currency, Decimal(0)) + Decimal(entry.price)
        except InvalidOperation:
            continue
    return costs
