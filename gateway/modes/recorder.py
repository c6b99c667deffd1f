"""The recorder: takes facts off the hot path, and makes one trace of each workflow.

Whoever puts a fact never waits. What does not fit is counted, and the trace it belongs to is
marked as incomplete: a hole that is not told would read as a difference.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, assert_never

from gateway.clock import Clock
from gateway.core.decide import Decision
from gateway.core.events import DispatchAccepted
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.modes.facts import Answered, Committed, Fact, LegacyEnded, Told, dispatch_of
from gateway.modes.finisher import Finished, Finisher, Written
from gateway.modes.judging import Judgement
from gateway.modes.open_trace import OpenTrace
from gateway.modes.open_traces import OpenTraces
from gateway.modes.tally import Tally
from gateway.modes.waiting import FactQueue, Orphans
from gateway.settings import Application
from gateway.stores.base import Commit
from gateway.traces.model import Path

log = get_logger()

OPEN_LIMIT: Final = 10_000
"""Workflows that are recorded at once; some 50 MB when all have three steps."""
OPEN_BYTES: Final = 256 * 2**20
"""What they may hold together."""
_HOLE_LIMIT: Final = 10_000
_BATCH: Final = 100
_TICK_S: Final = 1.0


class Recorder:
    """Collects what is seen of workflows until each can be finished."""

    def __init__(
        self,
        *,
        finisher: Finisher,
        clock: Clock,
        metrics: Metrics,
        queue_limit: int,
        applications: frozenset[str],
        linger_s: int,
        open_limit: int = OPEN_LIMIT,
        open_bytes: int = OPEN_BYTES,
        heed: Callable[[Judgement], None] | None = None,
    ) -> None:
        """Prepare the recorder.

        Args:
            finisher: used by one thread at a time.
            queue_limit: facts that may wait; what comes beyond is dropped and counted.
            applications: names of those whose workflows are recorded where we serve them.
            linger_s: how long after its report a trace stays open for late statuses.
            open_limit: traces that may be open; beyond, the oldest is written as it is.
            open_bytes: what they may hold together; beyond, likewise.
            heed: is told every judgement.
        """
        self._finisher = finisher
        self._clock = clock
        self._metrics = metrics
        self._applications = applications
        self._linger_ms = 1000 * linger_s
        self._queue = FactQueue(most=queue_limit)
        self._news = asyncio.Event()
        self._open = OpenTraces(most=open_limit, most_bytes=open_bytes)
        self._orphans = Orphans()
        self._holes: set[str] = set()
        self._has_lost_count = False
        self._tally = Tally(metrics, heed)
        self._is_dropping = False
        self._is_closing = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="traces")

    def put(self, fact: Fact) -> None:
        """Take a fact, or drop it and remember whose it was."""
        if self._queue.put(fact):
            self._news.set()
            return
        self._drop("queue-full")
        whose = dispatch_of(fact)
        if whose is not None and len(self._holes) < _HOLE_LIMIT:
            self._holes.add(whose)
        else:
            self._has_lost_count = True
        if not self._is_dropping:
            self._is_dropping = True
            log.warning("trace.fact_dropped", reason="queue-full")

    def witness(self, commit: Commit, decision: Decision) -> None:
        """Take a commit of the engine; its port for it."""
        if commit.application in self._applications:
            self.put(Committed(commit=commit, decision=decision))

    def take_answer(
        self,
        application: Application,
        body: bytes,
        http_status: int,
        dispatch_uuid: str | None,
        pair: str | None = None,
    ) -> None:
        """Take how we answered a request; `dispatch_uuid` is `None` if we refused it."""
        if application.name in self._applications:
            self.put(
                Answered(
                    path=Path.GATEWAY,
                    # Who is observed and served here has lost the legacy service.
                    origin="gateway" if application.mode == "observe" else application.mode,
                    at_ms=self._clock.now_ms(),
                    body=body,
                    http_status=http_status,
                    dispatch_uuid=dispatch_uuid,
                    pair=pair,
                )
            )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Record until left; then take in what waits, and write what is open as incomplete."""
        task = asyncio.create_task(self._run(), name="recorder")
        try:
            yield
        finally:
            # Asked to end rather than cancelled: a cancelled one would lose the fact in its hands.
            self._is_closing = True
            self._news.set()
            await task
            await self.catch_up()
            for opened in self._open.all():
                await self._finish(opened, is_complete=False)
            await asyncio.get_running_loop().run_in_executor(self._thread, self._finisher.close)
            self._thread.shutdown()

    async def _run(self) -> None:
        while not self._is_closing:
            try:
                async with asyncio.timeout(_TICK_S):
                    await self._news.wait()
            except TimeoutError:
                pass
            await self.catch_up()

    async def catch_up(self) -> None:
        """Take in all that waits, and finish what is due."""
        while self._queue:
            for _ in range(min(_BATCH, len(self._queue))):
                fact = self._queue.pop()
                try:
                    await self._take(fact)
                except Exception as error:
                    self._report(error)
                    self._has_lost_count = True
            await asyncio.sleep(0)
        self._news.clear()
        self._is_dropping = False
        self._mark_holes()
        await self._finish_due()

    async def _take(self, fact: Fact) -> None:
        match fact:
            case Committed():
                self._take_commit(fact)
            case Answered():
                await self._take_answer(fact)
            case Told():
                self._take_told(fact)
            case LegacyEnded():
                for opened in [each for each in self._open.all() if each.path is Path.LEGACY]:
                    await self._finish(opened, is_complete=False)
            case _:  # pragma: no cover
                assert_never(fact)
        while (surplus := self._open.surplus()) is not None:
            await self._finish(surplus, is_complete=False)

    def _take_commit(self, fact: Committed) -> None:
        history, dispatch_uuid = fact.commit.history, fact.commit.state.dispatch_uuid
        opened = self._open.get(dispatch_uuid)
        if opened is None:
            if not isinstance(history.event, DispatchAccepted):
                # Accepted before this process began, or finished by now.
                self._drop("unknown-workflow")
                return
            opened = self._begin(OpenTrace(dispatch_uuid, Path.GATEWAY, "gateway", history.at_ms))
        self._note(opened, lambda: opened.take_commit(fact))

    async def _take_answer(self, fact: Answered) -> None:
        if fact.dispatch_uuid is None:
            refused = OpenTrace(fact.derived_id, fact.path, fact.origin, fact.at_ms)
            refused.take_answer(fact)
            await self._finish(refused, is_complete=True)
            return
        opened = self._open.get(fact.dispatch_uuid)
        if opened is None and fact.path is Path.GATEWAY:
            self._drop("unknown-workflow")  # an answer that was given again
            return
        if opened is None:
            opened = self._begin(OpenTrace(fact.dispatch_uuid, fact.path, fact.origin, fact.at_ms))
        opened.origin = fact.origin
        self._note(opened, lambda: opened.take_answer(fact))
        for told in self._orphans.claim(opened.dispatch_uuid):
            self._take_told(told)

    def _take_told(self, fact: Told) -> None:
        about = fact.about
        if about is None:
            self._drop("no-workflow")
            return
        opened = self._open.get(about[0])
        if opened is not None:
            self._note(opened, lambda: opened.take_told(fact, is_report=about[1]))
            return
        self._drop("unknown-workflow", self._orphans.put(about[0], fact))

    def _note(self, opened: OpenTrace, take: Callable[[], None]) -> None:
        lost = opened.lost
        self._open.change(opened, take)
        self._drop("trace-full", opened.lost - lost)

    def _begin(self, opened: OpenTrace) -> OpenTrace:
        opened.linger_ms = self._linger_ms
        self._open.add(opened)
        return opened

    def _mark_holes(self) -> None:
        if self._has_lost_count:
            holed = self._open.all()
        else:
            found = map(self._open.get, self._holes)
            holed = [opened for opened in found if opened is not None]
        for opened in holed:
            opened.has_hole = True
        self._holes.clear()
        self._has_lost_count = False

    async def _finish_due(self) -> None:
        now_ms = self._clock.now_ms()
        self._drop("unknown-workflow", self._orphans.expire(now_ms))
        while (opened := self._open.overdue(now_ms)) is not None:
            await self._finish(opened, is_complete=True)

    async def _finish(self, opened: OpenTrace, *, is_complete: bool) -> None:
        """Have one trace finished; between two the loop is free, so nobody waits for more."""
        self._open.discard(opened)
        try:
            finished = await asyncio.get_running_loop().run_in_executor(
                self._thread, lambda: self._finisher.finish(opened, is_complete=is_complete)
            )
        except Exception as error:
            finished = Finished(written=Written.LEFT_OUT, fault=error)
        if finished.fault is not None:
            self._report(finished.fault)
        self._tally.count(finished)

    def _report(self, error: Exception) -> None:
        # A fault of ours in a comparison must not end a gateway that sends.
        log.error(
            "worker.item_failed", worker="traces", error_type=type(error).__name__, exc_info=error
        )

    def _drop(self, reason: str, count: int = 1) -> None:
        if count:
            self._metrics.trace_dropped.labels(reason).inc(count)
