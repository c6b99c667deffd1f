"""Group commit: the operations of one event-loop turn share one transaction and one fsync.

Nobody is answered before the commit is durable.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from gateway.stores.base import StoreUnavailable
from gateway.stores.transactions import (
    Done,
    Operation,
    StorePoisoned,
    poisoned,
    run_batch,
    run_job,
)

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
    is_last: bool = False


class GroupCommit:
    """The one writer of a database.

    `inline` runs the transactions on the event loop, which saves two thread switches a batch and
    is right when an fsync is short; otherwise they run in the writer's own thread. Long jobs such
    as checkpoints always run there, while batches wait.
    """

    def __init__(self, connection: sqlite3.Connection, *, inline: bool) -> None:
        self.sizes: Counter[str] = Counter()
        """What the operations changed since the beginning, as committed."""
        self.fatal = asyncio.Event()
        """Set when the state on disk became unknown: the process should end."""
        self.written = asyncio.Event()
        """Set by every batch; whoever checkpoints clears it."""
        self._connection = connection
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
            StoreUnavailable: nothing of it happened, or nothing is known any more.
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
        """Finish what was submitted, then run `last`, which closes the connection."""
        if self._is_closed:
            return
        barrier = None if self.fatal.is_set() else self._append(lambda transaction: None)
        self._is_closed = True
        if barrier is not None:
            await asyncio.wait([barrier])
            barrier.exception()
        closing = self._loop.create_future()
        self._jobs.append(_Job(last, closing, is_last=True))
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
        if self.fatal.is_set():
            raise poisoned()
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
        if self.fatal.is_set():
            self._refuse_all()
        if self._jobs:
            job = self._jobs.popleft()
            self._start(
                lambda: run_job(self._connection, job.work),
                lambda done: self._resolve(job.future, done),
            )
        elif self._operations:
            batch = self._take_batch()
            operations = [waiting.operation for waiting in batch]
            if self._inline:
                self._finish_batch(batch, *run_batch(self._connection, operations))
                return
            self._start(
                lambda: run_batch(self._connection, operations),
                lambda result: self._finish_batch(batch, *result),
            )

    def _refuse_all(self) -> None:
        """Run nothing on a failed store but its closing: a later commit could seem to succeed."""
        refused = [waiting.future for waiting in self._operations]
        refused += [job.future for job in self._jobs if not job.is_last]
        self._operations.clear()
        self._jobs = deque(job for job in self._jobs if job.is_last)
        for future in refused:
            self._resolve(future, Done(error=poisoned()))

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

    def _finish_batch(
        self, batch: Sequence[_Waiting], outcomes: Sequence[Done], sizes: Counter[str]
    ) -> None:
        self.sizes.update(sizes)
        self.written.set()
        for waiting, outcome in zip(batch, outcomes, strict=True):
            self._resolve(waiting.future, outcome)
        self._wake_again()

    def _resolve(self, future: asyncio.Future[Any], outcome: Done) -> None:
        if isinstance(outcome.error, StorePoisoned):
            self.fatal.set()
        if future.done():
            return
        if outcome.error is not None:
            future.set_exception(outcome.error)
        else:
            future.set_result(outcome.value)

    def _wake_again(self) -> None:
        if self._operations or self._jobs:
            self._wake()
