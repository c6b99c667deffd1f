"""Group commit: the operations of one event-loop turn share one transaction and one fsync.

Nobody is answered before the commit is durable.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from gateway.stores.base import StoreFault, StoreUnavailable
from gateway.stores.sqlite_log import DatabaseFiles
from gateway.stores.sqlite_rescue import Rescued
from gateway.stores.transactions import Batch, Done, Operation, refused, run_batch, run_job

T = TypeVar("T")

BATCH_LIMIT: Final = 256


@dataclass(frozen=True, slots=True)
class _Waiting:
    operation: Operation[Any]
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[sqlite3.Connection], Any]
    future: asyncio.Future[Any]
    runs_on_a_failed_store: bool = False


class GroupCommit:
    """The one writer of a database.

    `inline` runs the transactions on the event loop, which saves two thread switches a batch and
    is right when an fsync is short; otherwise they run in the writer's own thread. Long jobs such
    as checkpoints always run there, while batches wait.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        *,
        inline: bool,
        files: DatabaseFiles,
        rescue: Callable[[sqlite3.Connection], Rescued],
    ) -> None:
        """Begin to write.

        Args:
            connection: to the database; nobody else writes by it.
            inline: as above.
            files: of the database, looked at before anybody is answered.
            rescue: saves what is open when a later start would not find it.
        """
        self.sizes: Counter[str] = Counter()
        """What the operations changed since the beginning, as committed."""
        self.fault: StoreFault | None = None
        """Why nothing is run any more."""
        self.failed = asyncio.Event()
        """Set after it, when its remedy is known."""
        self.fatal = asyncio.Event()
        """Set with it, unless what is open is not saved yet: the process should end."""
        self.written = asyncio.Event()
        """Set by every batch; whoever checkpoints clears it."""
        self._connection = connection
        self._files = files
        self._rescue = rescue
        self._inline = inline
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store-writer")
        self._loop = asyncio.get_running_loop()
        self._operations: deque[_Waiting] = deque()
        self._jobs: deque[_Job] = deque()
        self._is_busy = False
        self._is_scheduled = False
        self._is_closed = False

    async def submit(self, operation: Operation[T]) -> T:
        """Run an operation in the next transaction and return its result once it is durable.

        Raises:
            StoreUnavailable: nothing of it happened, and nothing of it can come back.
            OutcomeUnknown: it was committed, and may or may not be there after a restart.
        """
        result: T = await self._append(operation)
        return result

    async def run_alone(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run a long job in the writer's thread, outside of any transaction."""
        future = self._future()
        self._jobs.append(_Job(job, future))
        self._wake()
        result: T = await future
        return result

    async def close(self, last: Callable[[sqlite3.Connection], None]) -> None:
        """Finish what was submitted, then run `last`, which closes the connection.

        `last` finds `fault` set if the store failed, be it only now.
        """
        if self._is_closed:
            return
        barrier = None if self.fault else self._append(lambda transaction: None)
        self._is_closed = True
        if barrier is not None:
            await asyncio.wait([barrier])
            barrier.exception()
        closing = self._loop.create_future()
        self._jobs.append(_Job(last, closing, runs_on_a_failed_store=True))
        self._wake()
        try:
            await closing
        finally:
            self._thread.shutdown()

    def _append(self, operation: Operation[Any]) -> asyncio.Future[Any]:
        future = self._future()
        self._operations.append(_Waiting(operation, future))
        self._wake()
        return future

    def _future(self) -> asyncio.Future[Any]:
        if self.fault is not None:
            raise refused()
        if self._is_closed:
            raise StoreUnavailable("the store is closed")
        return self._loop.create_future()

    def _wake(self) -> None:
        if not self._is_scheduled and not self._is_busy:
            self._is_scheduled = True
            self._loop.call_soon(self._work)

    def _work(self) -> None:
        """Start what is next: a job before operations, which might never leave a gap for it."""
        self._is_scheduled = False
        if self.fault is not None:
            self._refuse_all()
        if self._jobs:
            job = self._jobs.popleft()
            self._start(
                lambda: run_job(self._connection, job.work),
                lambda batch: self._finish(batch, [job.future]),
            )
        elif self._operations:
            waiting = self._take_batch()
            operations = [each.operation for each in waiting]
            futures = [each.future for each in waiting]
            if self._inline:
                self._finish_batch(run_batch(self._connection, operations, self._files), futures)
                return
            self._start(
                lambda: run_batch(self._connection, operations, self._files),
                lambda batch: self._finish_batch(batch, futures),
            )

    def _refuse_all(self) -> None:
        """Run nothing on a failed store but its end: a later commit could seem to succeed."""
        waiting = [each.future for each in self._operations]
        waiting += [job.future for job in self._jobs if not job.runs_on_a_failed_store]
        self._operations.clear()
        self._jobs = deque(job for job in self._jobs if job.runs_on_a_failed_store)
        for future in waiting:
            _resolve(future, Done(error=refused()))

    def _take_batch(self) -> list[_Waiting]:
        # Who was cancelled while waiting has gone, and expects nothing to have happened.
        batch: list[_Waiting] = []
        while self._operations and len(batch) < BATCH_LIMIT:
            waiting = self._operations.popleft()
            if not waiting.future.done():
                batch.append(waiting)
        return batch

    def _start(self, work: Callable[[], T], finish: Callable[[T], None]) -> None:
        self._is_busy = True

        def done(future: asyncio.Future[T]) -> None:
            self._is_busy = False
            finish(future.result())
            self._wake_again()

        self._loop.run_in_executor(self._thread, work).add_done_callback(done)

    def _finish_batch(self, batch: Batch, futures: Sequence[asyncio.Future[Any]]) -> None:
        self.sizes.update(batch.sizes)
        self.written.set()
        self._finish(batch, futures)
        self._wake_again()

    def _finish(self, batch: Batch, futures: Sequence[asyncio.Future[Any]]) -> None:
        if batch.fault is not None and self.fault is None:
            self._fail(batch.fault)
        for future, outcome in zip(futures, batch.outcomes, strict=True):
            _resolve(future, outcome)

    def _fail(self, fault: StoreFault) -> None:
        self.fault = fault
        if not fault.needs_rescue:
            self.failed.set()
            self.fatal.set()
            return
        rescued = self._loop.create_future()
        rescued.add_done_callback(self._take_rescue)
        self._jobs.appendleft(_Job(self._rescue, rescued, runs_on_a_failed_store=True))

    def _take_rescue(self, rescued: asyncio.Future[Rescued]) -> None:
        assert self.fault is not None  # noqa: S101 - it is why there is a rescue
        result = rescued.result()
        self.fault = replace(self.fault, remedy=result.remedy)
        self.failed.set()
        # A process that ended now would take with it what could not be saved.
        if result.is_complete:
            self.fatal.set()

    def _wake_again(self) -> None:
        if self._operations or self._jobs:
            self._wake()


def _resolve(future: asyncio.Future[Any], outcome: Done) -> None:
    if future.done():
        return
    if outcome.error is not None:
        future.set_exception(outcome.error)
    else:
        future.set_result(outcome.value)
