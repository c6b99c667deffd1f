"""Blocks through a converter, in this process or in several; results come in input order."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from gateway.offline.inputs import Block, Trouble
from gateway.offline.run import Converter, Done, Work

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

_ENDING: Final = frozenset(
    signal.Signals[name]
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if name in signal.Signals.__members__
)

_CONVERTERS: list[Converter] = []
"""The one converter of a worker process."""


class WorkerLost(Exception):
    """A worker process ended before its work: it was killed, or memory ran out."""


def convert_blocks(
    blocks: Iterable[Block | Trouble], work: Work, *, jobs: int = 1
) -> Iterator[Done | Trouble]:
    """Convert blocks, and yield what became of each in the order of `blocks`.

    Args:
        jobs: how many processes work; 1 is this one alone.

    Raises:
        WorkerLost: what a process was working on has no result.
    """
    if jobs > 1:
        yield from _in_parallel(blocks, work, jobs)
        return
    converter = Converter(work)
    # Converting leaves no cycles behind, and looking for some takes a tenth of the time.
    gc.disable()
    try:
        for block in blocks:
            yield block if isinstance(block, Trouble) else converter(block)
        last = converter.finish()
        if last is not None:
            yield last
    finally:
        gc.enable()


def _in_parallel(
    blocks: Iterable[Block | Trouble], work: Work, jobs: int
) -> Iterator[Done | Trouble]:
    # Imported here: one process has no use for them.
    import multiprocessing  # noqa: PLC0415
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415

    # A forked worker begins with everything imported. No thread runs yet that forking could harm.
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else None
    pending: deque[Trouble | Future[Done]] = deque()
    pool = ProcessPoolExecutor(
        jobs, mp_context=multiprocessing.get_context(method), initializer=_begin, initargs=(work,)
    )
    try:
        for block in blocks:
            pending.append(block if isinstance(block, Trouble) else _submit(pool, block))
            # A window, so that a slow reader of the output holds up the reading, too.
            while len(pending) > 2 * jobs:
                yield _settled(pending.popleft())
        while pending:
            yield _settled(pending.popleft())
    except BrokenProcessPool as error:
        raise WorkerLost from error
    finally:
        pool.shutdown(cancel_futures=True)


def _submit(pool: ProcessPoolExecutor, block: Block) -> Future[Done]:
    if sys.platform == "win32":  # has no way to do what follows
        return pool.submit(_convert, block)
    # The first block begins the pool, and one that is half begun cannot be ended: whatever ends
    # this process has to wait.
    held = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        return pool.submit(_convert, block)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _begin(work: Work) -> None:
    from threading import Thread  # noqa: PLC0415 - workers alone have one

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told as well, and ends the pool
    if sys.platform != "win32":
        # What the parent does when it is terminated is not for its workers, which end with it.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    Thread(target=_end_with_parent, daemon=True).start()
    gc.disable()
    _CONVERTERS.append(Converter(work))


def _end_with_parent() -> None:
    """End this process when its parent was killed: it would wait for work for ever."""
    from multiprocessing import parent_process  # noqa: PLC0415

    parent = parent_process()
    assert parent is not None  # noqa: S101 - this is a worker
    parent.join()
    os._exit(1)


def _convert(block: Block) -> Done:
    return _CONVERTERS[0](block)


def _settled(item: Trouble | Future[Done]) -> Done | Trouble:
    return item if isinstance(item, Trouble) else item.result()
