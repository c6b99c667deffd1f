"""An event loop whose time is ours, and in which a process can be killed, stopped and slowed.

Time stands still while anything is ready to run, and then jumps to what is scheduled next. What
runs belongs to a simulated process or to the surroundings; that is told by its context, so that
everything a process ever started is found again. A killed process never gets another turn: nothing
of it is cleaned up, as if the machine had dropped it.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import math
from asyncio import base_events
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context, ContextVar
from typing import Any, Final, TypeAlias, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

RUNNING: Final[ContextVar[Domain | None]] = ContextVar("running", default=None)
"""Whose code runs; None for the surroundings."""

POLLS_S: Final = frozenset({0.005, 0.02, 0.05, 0.1, 0.2})
"""What sleeps for so long is a poll: nothing but the next look depends on when it ends.

These are the pauses of the workers' loops. A send that waits for its turn sleeps for other lengths,
and leaves when the turn has come.
"""
LONGEST_TICK_S: Final = 20.0
LONGEST_TICK_AT_THE_END_S: Final = 300.0
"""When nothing goes wrong any more, there is less to be awake for."""
_LAST_WORDS: Final = 20


_Timed: TypeAlias = tuple[float, int, asyncio.TimerHandle]


class Domain:
    """What the loop knows of one simulated process."""

    def __init__(self, loop: VirtualLoop, name: str, *, tick_s: float) -> None:
        """`tick_s` is how often its polls are woken while something happens around it."""
        self.loop = loop
        self.name = name
        self.tick_s = tick_s
        self.is_dead = False
        self.is_stopped = False
        self.stopped_ms = 0
        """For how long it was stopped in all."""
        self.turns = 0
        """How often it was given the processor."""
        self.dies_at_turn: int | None = None
        self.on_death: list[Callable[[], None]] = []
        self._backlog: list[asyncio.Handle] = []
        self._stopped_s = 0.0
        self.tasks: list[asyncio.Task[Any]] = []
        """All of them, so that none is collected, and thereby cleaned up, before the end."""
        self.context = contextvars.copy_context()
        self.context.run(RUNNING.set, self)

    def create_task(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start something that runs as this process."""
        return self.loop.create_task(work, context=self.context.copy())

    def kill(self) -> None:
        """Give it no turn any more, and tell those who wait for it."""
        if self.is_dead:
            return
        self.is_dead = True
        self._backlog.clear()
        for tell in self.on_death:
            tell()

    def stop(self) -> None:
        """Give it no turn until `go_on`; to itself it looks as if time had jumped."""
        self.is_stopped, self._stopped_s = True, self.loop.time()

    def go_on(self) -> None:
        """Let it run again."""
        if self.is_stopped:
            self.is_stopped = False
            self.stopped_ms += round(1000 * (self.loop.time() - self._stopped_s))
            self.loop.put_back(self._backlog)
            self._backlog.clear()

    def permits(self, handle: asyncio.Handle) -> bool:
        """Tell whether its code may run now; keep it for later when it is only stopped."""
        if self.is_dead:
            return False
        if self.is_stopped:
            self._backlog.append(handle)
            return False
        self.turns += 1
        if self.turns == self.dies_at_turn:
            self.kill()
            return False
        return True

    def bury(self) -> None:
        """Let go of what it left behind; what that cleans up reaches nobody any more."""
        for task in self.tasks:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            coroutine = task.get_coro()
            if not task.done():
                # What it starts on its way out is the dead one's, too, and gets no turn.
                self.context.run(_close, coroutine)
        self.tasks.clear()


class VirtualLoop(base_events.BaseEventLoop):
    """The loop. It knows no sockets, no threads and no signals."""

    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0
        self._queue: deque[asyncio.Handle] = deque()
        self._timers: list[_Timed] = []
        self._polls: list[_Timed] = []
        self._turns: list[_Timed] = []
        """When the world takes another turn, and everybody should be awake before it does."""
        self._drawn = 0
        self._polled_s = 0.0
        self.longest_tick_s = LONGEST_TICK_S
        self.next_due_s: Callable[[float], float] = lambda since_s: math.inf
        """Tells when the next thing is due in a store, not before an instant."""
        self.turns = 0
        self.set_task_factory(_note_task)  # type: ignore[arg-type]

    def time(self) -> float:
        """Return the seconds since the beginning of this world."""
        return self._now_s

    def call_soon(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Have something run after what is ready already."""
        handle = asyncio.Handle(callback, args, self, context)
        self._queue.append(handle)
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Have something run after a while."""
        return self.call_at(self._now_s + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Have something run at an instant; a process is woken from a poll by its next tick."""
        running = RUNNING.get() if context is None else context.get(RUNNING)
        if running is not None and round(when - self._now_s, 6) in POLLS_S:
            tick_s = running.tick_s
            earliest_s = max(when, tick_s * (1 + math.floor(self._now_s / tick_s)))
            return self._push(self._polls, earliest_s, callback, args, context)
        return self._push(self._timers, when, callback, args, context)

    def _push(
        self,
        heap: list[_Timed],
        when: float,
        callback: Callable[..., object],
        args: Any,
        context: Context | None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._drawn += 1
        heapq.heappush(heap, (when, self._drawn, handle))
        return handle

    def call_awake(self, delay: float, callback: Callable[[], object], context: Context) -> None:
        """Have something run after a while, with every poll having looked right before it."""
        self._push(self._turns, self._now_s + delay, callback, (), context)

    def put_back(self, handles: list[asyncio.Handle]) -> None:
        """Run these next, in order."""
        self._queue.extendleft(reversed(handles))

    def _run_once(self) -> None:
        queue = self._queue
        if not queue:
            self._jump()
        for _ in range(len(queue)):
            handle = queue.popleft()
            if handle._cancelled:
                continue
            context: Context = handle._context  # type: ignore[attr-defined]
            running = context.get(RUNNING)
            if running is not None and not running.permits(handle):
                continue
            self.turns += 1
            handle._run()

    def _jump(self) -> None:
        """Let time pass until something happens, or is due in a store.

        Polls end then, and not before: in between they would have found nothing.
        """
        timer_s, poll_s, turn_s = math.inf, math.inf, math.inf
        if self._timers:
            timer_s = self._timers[0][0]
        if self._turns:
            turn_s = self._turns[0][0]
        if self._polls:
            due_s = min(self.next_due_s(self._polled_s), self._polled_s + self.longest_tick_s)
            poll_s = max(self._polls[0][0], min(due_s, turn_s))
        now_s = min(timer_s, poll_s, turn_s)
        assert now_s < math.inf, "nothing will ever happen again"
        self._now_s = now_s = max(now_s, self._now_s)
        if min(poll_s, turn_s) <= now_s and self._polls:
            self._polled_s = now_s
            _pop(self._polls, now_s, self._queue)
            # Who went to sleep a moment ago has missed it, and looks when its own time has come.
            while self._polls:
                heapq.heappush(self._timers, heapq.heappop(self._polls))
            if turn_s <= now_s and self._queue:
                return  # whoever looks does so before the turn
        _pop(self._timers, now_s, self._queue)
        _pop(self._turns, now_s, self._queue)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run it at once: no thread, so that each run is the same."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        pass

    def _process_events(self, event_list: object) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


def _close(coroutine: Any) -> None:
    for _ in range(_LAST_WORDS):
        try:
            coroutine.close()
        except BaseException:  # noqa: S112 - it waits for something else, for ever
            continue
        return


def _pop(heap: list[_Timed], until_s: float, into: deque[asyncio.Handle]) -> None:
    while heap and heap[0][0] <= until_s:
        into.append(heapq.heappop(heap)[2])


def _note_task(
    loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, T], **options: Any
) -> asyncio.Task[T]:
    task: asyncio.Task[T] = asyncio.Task(coro, loop=loop, **options)
    context: Context | None = options.get("context")
    running = RUNNING.get() if context is None else context.get(RUNNING)
    if running is not None:
        running.tasks.append(task)
    return task
