"""Run many seeds on several processes, and keep what is done whenever it ends.

Workers are forked from a process that has imported everything: they all run the code as it was when
the run began, whatever happens to the files meanwhile. Each is handed one seed at a time.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Final

from tests.laboratory.attempt import attempt
from tests.laboratory.draws import draw
from tests.laboratory.ledger import Chunk, Ledger, Seeds, Tree, merged
from tests.laboratory.tally import Found, Tally, found, tally, total

CHUNK: Final = 500
"""Seeds of one line of a ledger."""
_DEATHS_OF_A_SEED: Final = 2
_LOOK_EVERY_S: Final = 1.0
_FORK: Final = multiprocessing.get_context("fork")


def run_seed(seed: int) -> Tally:
    """Return what one seed comes to."""
    began_s = time.process_time()
    verdict = attempt(draw(seed))
    return tally(seed, verdict, busy_s=time.process_time() - began_s)


@dataclass(slots=True)
class _Worker:
    process: ForkProcess
    link: Connection
    seed: int | None = None
    """What it runs just now."""


@dataclass(slots=True)
class _Open:
    """A chunk of which some seeds are not done."""

    seeds: Seeds
    done: dict[int, Tally] = field(default_factory=dict)


class Runner:
    """One run over ranges of seeds."""

    def __init__(
        self,
        ledger: Ledger,
        tree: Tree,
        *,
        jobs: int,
        work: Callable[[int], Tally] = run_seed,
        heard: Callable[[Tally], None] = lambda one: None,
        looked: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare.

        Args:
            ledger: takes down what is done.
            tree: what runs.
            jobs: how many worker processes.
            work: runs one seed, in a worker.
            heard: is told of every seed that is done.
            looked: is called at least once a second.
        """
        self._ledger = ledger
        self._tree = tree
        self._jobs = jobs
        self._work = work
        self._heard = heard
        self._looked = looked
        self._workers: list[_Worker] = []
        self._queue: deque[int] = deque()
        self._open: dict[int, _Open] = {}
        self._deaths = Counter[int]()

    def run(self, ranges: Sequence[Seeds]) -> None:
        """Run all seeds of these ranges; what is done by then is kept even when this is ended."""
        for one in ranges:
            for piece in one.split(CHUNK):
                chunk = _Open(piece)
                for seed in range(piece.first, piece.last + 1):
                    self._queue.append(seed)
                    self._open[seed] = chunk
        # What exists now is never garbage, and is not copied for being counted.
        gc.collect()
        gc.freeze()
        try:
            for _ in range(min(self._jobs, len(self._queue))):
                self._hire()
            while self._open:
                self._turn()
        finally:
            for worker in self._workers:
                worker.process.terminate()
            for worker in self._workers:
                worker.process.join()
                worker.link.close()
            self._workers.clear()
            self._keep_pieces()
            gc.unfreeze()

    def _turn(self) -> None:
        busy = {worker.link: worker for worker in self._workers}
        for link in wait(list(busy), timeout=_LOOK_EVERY_S):
            assert isinstance(link, Connection)
            worker = busy[link]
            try:
                done: Tally = link.recv()
            except (EOFError, OSError):
                self._bury(worker)
                continue
            assert worker.seed is not None
            self._take(worker.seed, done)
            self._give(worker)
        self._looked()

    def _take(self, seed: int, done: Tally) -> None:
        chunk = self._open.pop(seed)
        chunk.done[seed] = done
        if len(chunk.done) == len(chunk.seeds):
            self._keep(chunk.seeds, chunk.done)
        self._heard(done)

    def _keep(self, seeds: Seeds, done: dict[int, Tally]) -> None:
        mine = total(done[seed] for seed in range(seeds.first, seeds.last + 1))
        self._ledger.append(Chunk(seeds=seeds, tree=self._tree, tally=mine))

    def _keep_pieces(self) -> None:
        """Keep what is done of chunks that are not."""
        chunks = {id(chunk): chunk for chunk in self._open.values()}
        for chunk in chunks.values():
            for piece in merged(Seeds(first=seed, last=seed) for seed in chunk.done):
                self._keep(piece, chunk.done)
        self._open.clear()
        self._queue.clear()

    def _hire(self) -> None:
        ours, theirs = _FORK.Pipe()
        process = _FORK.Process(target=self._serve, args=(theirs, ours), daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        self._give(worker)

    def _give(self, worker: _Worker) -> None:
        worker.seed = self._queue.popleft() if self._queue else None
        if worker.seed is not None:
            worker.link.send(worker.seed)

    def _bury(self, worker: _Worker) -> None:
        """Take that a worker is gone: whatever it ran is run again, once."""
        worker.process.join()
        worker.link.close()
        self._workers.remove(worker)
        seed = worker.seed
        assert seed is not None
        self._deaths[seed] += 1
        if self._deaths[seed] < _DEATHS_OF_A_SEED:
            self._queue.appendleft(seed)
        else:
            told = f"the process that ran it died: exit code {worker.process.exitcode}"
            self._take(seed, Tally(seeds=1, found=[found(seed, [told])]))
        if self._open:
            self._hire()

    def _serve(self, link: Connection, other_end: Connection) -> None:
        """Run seeds until there are no more; the life of a worker."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when the run does
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        # Of the pipes that it inherited, those of the others would hide the end of the run.
        other_end.close()
        for worker in self._workers:
            worker.link.close()
        while True:
            try:
                seed = link.recv()
            except (EOFError, OSError):
                os._exit(0)
            link.send(self._work(seed))


def findings(seeds: Tally) -> dict[str, list[Found]]:
    """Return the findings by their kind, each once, in the order of the seeds."""
    grouped: dict[str, list[Found]] = {}
    for one in sorted(seeds.found, key=lambda each: each.seed):
        grouped.setdefault(one.kind, []).append(one)
    return grouped
