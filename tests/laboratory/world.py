"""One world: its time, what goes wrong in it when, and everybody who lives in it."""

from __future__ import annotations

import asyncio
import contextvars
import math
from collections import Counter
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, Final, TypeVar

from tests.laboratory.loop import VirtualLoop
from tests.laboratory.plan import Fault, FaultKind, Plan
from tests.laboratory.points import Sometimes
from tests.laboratory.seen import Seen

T = TypeVar("T")

BEGIN_MS: Final = 1_738_584_865_000
"""2025-02-03T12:14:25Z; the first second of a world."""


class World:
    """What everybody shares."""

    def __init__(self, plan: Plan, loop: VirtualLoop) -> None:
        self.plan = plan
        self.loop = loop
        self.seen = Seen()
        self.sometimes = Sometimes()
        self.log = Counter[str]()
        """The gateways' log lines, by event."""
        self.faults_are_over = False
        """From then on nothing goes wrong any more."""
        self.calm_s = math.inf
        """When that was."""
        self.violations: list[str] = []
        """What was found broken while it happened."""
        self._lost_writes: list[list[Any]] = []
        self._windows: dict[FaultKind, list[Fault]] = {}
        for fault in plan.faults:
            if fault.for_s:
                self._windows.setdefault(fault.kind, []).append(fault)
        self.context = contextvars.copy_context()
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def now_s(self) -> float:
        """The seconds since the beginning."""
        return self.loop.time()

    @property
    def now_ms(self) -> int:
        """The true instant in Unix milliseconds."""
        return BEGIN_MS + round(1000 * self.loop.time())

    def random(self, *what: object) -> Random:
        """Return a source of chance for one purpose; others do not disturb it."""
        return Random(f"{self.plan.seed}/{what}")

    def window(self, kind: FaultKind) -> Fault | None:
        """Return the fault of this kind that lasts just now, None when there is none."""
        if self.faults_are_over:
            return None
        now_s = self.now_s
        for fault in self._windows.get(kind, ()):
            if fault.at_s <= now_s < fault.at_s + fault.for_s:
                return fault
        return None

    def later(self, delay_s: float, act: Callable[[], object]) -> None:
        """Have the surroundings do something after a while."""
        self.loop.call_later(delay_s, act, context=self.context)

    def turn(self, delay_s: float, act: Callable[[], object]) -> None:
        """Have something go wrong, or right, after a while, while every process is awake."""
        self.loop.call_awake(delay_s, act, self.context)

    def spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start something that runs as part of the surroundings."""
        task = self.loop.create_task(work, context=self.context.copy())
        self._tasks.add(task)
        task.add_done_callback(self._spent)
        return task

    def _spent(self, task: asyncio.Task[Any]) -> None:
        """Let go of what ended; an error of the surroundings must not look like their silence."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.violations.append(f"the surroundings broke down: {error!r}")

    def lose_write(self, fault: Fault) -> None:
        """Have one of the next writes end in a way that nobody learns."""
        self._lost_writes.append([fault.nth, fault])

    def next_write_is_unknown(self) -> Fault | None:
        """Return the fault of the write that is made now, None when it has none."""
        if self.faults_are_over:
            return None
        for pending in self._lost_writes:
            pending[0] -= 1
            if pending[0] <= 0:
                self._lost_writes.remove(pending)
                fault: Fault = pending[1]
                return fault
        return None

    def note_loose_error(self, loop: object, context: dict[str, Any]) -> None:
        """Take an error that nobody caught; what dead processes leave unread is none."""
        if "exception" in context and "never retrieved" not in context["message"]:
            self.violations.append(f"{context['message']}: {context['exception']!r}")

    def happened(self, what: str) -> None:
        """Count one of `points.SOMETIMES`."""
        self.sometimes.happened(what)

    def tell(self, what: str) -> None:
        """Write down for people what came about."""
        self.seen.faults.append(f"{self.now_s:10.3f}  {what}")
