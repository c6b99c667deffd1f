"""The small world, whole: every combination of `small_parts`, run and judged as any seed.

    python -m tests.laboratory.small_world --jobs 2

Results go to stdout, progress to stderr. A part, or a range of a part's bases, can be run alone and
again. Exit status 1 when a promise was broken, or an order did not come about as it was asked for.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from gateway.core.decide import classify
from gateway.core.events import (
    ExpiryReached,
    HorizonReached,
    SendAccepted,
    SendRefused,
    SendUnconfirmed,
    StatusReceived,
)
from gateway.core.state import StepStatus, Trigger
from tests.laboratory.orders import Order
from tests.laboratory.points import KILL_POINTS
from tests.laboratory.run import Verdict, memory, run
from tests.laboratory.small_parts import PARTS, Combination, Part, ends_of, passages_of
from tests.laboratory.small_reach import missing, unexplained, unreached

_TOLD_AT_MOST: Final = 20
_EVERY_S: Final = 10.0


@dataclass(slots=True)
class Found:
    """A combination in which a promise was broken."""

    name: str
    told: list[str]
    plan: str
    """As JSON."""


@dataclass(slots=True)
class Sum:
    """What some combinations came to."""

    runs: Counter[str] = field(default_factory=Counter)
    """By part."""
    axes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(axis, value)."""
    orders: set[tuple[str, Order]] = field(default_factory=set)
    """(part, order)."""
    killed: Counter[str] = field(default_factory=Counter)
    """How often a process died at each point."""
    moves: Counter[tuple[StepStatus, Trigger]] = field(default_factory=Counter)
    found: list[Found] = field(default_factory=list)
    busy_s: float = 0.0

    def add(self, other: Sum) -> None:
        """Add others."""
        self.runs += other.runs
        self.axes += other.axes
        self.orders |= other.orders
        self.killed += other.killed
        self.moves += other.moves
        self.found += other.found
        self.busy_s += other.busy_s


def history_of(verdict: Verdict) -> Order:
    """Return in which order the events of the one dispatch were decided."""
    names: list[str] = []
    for one in verdict.left.dispatches:
        for move in one.moves:
            match move.event:
                case SendAccepted(step=step) | SendUnconfirmed(step=step) | SendRefused(step=step):
                    names.append(f"answer {step}")
                case StatusReceived(step=step, report=report) if report.message_uuid is not None:
                    names.append(f"{report.status} {step}")
                case ExpiryReached():
                    names.append("expiry")
                case HorizonReached():
                    names.append("horizon")
                case _:
                    pass
    return tuple(names)


class Runner:
    """Runs combinations, one after the other, in a folder of its own."""

    def __init__(self, folder: str | None = None) -> None:
        """`folder` is where its own is made."""
        place = folder or memory()
        self._folder = Path(tempfile.mkdtemp(prefix="small-world-", dir=place))
        self.sum = Sum()

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, combination: Combination) -> Verdict:
        """Run one, and count what it came to."""
        plan = combination.plan()
        verdict = run(plan, self._folder if plan.form == "dict" else None)
        told = list(verdict.violations)
        if combination.is_exact and history_of(verdict) != combination.order:
            told.append(f"the order came out as {' · '.join(history_of(verdict))}")
        if told:
            self.sum.found.append(Found(combination.name, told, plan.to_json()))
        self._count(combination, verdict)
        return verdict

    def whole(self, part: Part, base: Combination, *, every: int = 1, first: int = 0) -> Sum:
        """Run a base and what follows from it; of that every n-th only, from the `first` on."""
        self.sum = Sum()
        began_s = time.process_time()
        passed = self.run(base).seen.passed
        following: Iterable[Combination] = ()
        if part.gap_s is not None:
            following = part.kills(base, passages_of(passed))
        elif part.ends:
            following = ends_of(base)
        for number, one in enumerate(itertools.islice(following, first % every, None, every)):
            verdict = self.run(one)
            if part.kills_again:
                again = [each for each in passages_of(verdict.seen.passed) if each[0] > 1]
                pairs = part.kills(one, again)
                for pair in itertools.islice(pairs, (first + number) % every, None, every):
                    self.run(pair)
        self.sum.busy_s = time.process_time() - began_s
        return self.sum

    def _count(self, one: Combination, verdict: Verdict) -> None:
        total, kills = self.sum, [fault for fault in one.faults if fault.kind == "kill"]
        total.runs[one.part] += 1
        total.orders.add((one.part, one.order))
        total.axes["kills", str(len(kills))] += 1
        for fault in kills:
            total.axes["away for", f"{fault.for_s:g} s"] += 1
        total.axes["answers", f"{one.first.answer}, then {one.second.answer}"] += 1
        total.axes["replies lost", str(len(one.lost))] += 1
        total.axes["store", one.form] += 1
        for point in KILL_POINTS:
            total.killed[point] += verdict.counts[f"killed at {point}"]
        for left in verdict.left.dispatches:
            for move in left.moves:
                step = move.before.steps[move.event.step]
                total.moves[step.status, classify(move.before, move.event)] += 1


@dataclass(frozen=True, slots=True)
class _Task:
    part: str
    index: int
    base: Combination
    kills_every: int


def tasks(
    names: Iterable[str], *, every: int = 1, kills_every: int = 1, span: range | None = None
) -> Iterator[_Task]:
    """Yield the bases of these parts: every n-th, of those whose index is in `span`."""
    wanted = set(names)
    for part in PARTS:
        if part.name in wanted:
            for index, base in enumerate(part.bases()):
                if index % every == 0 and (span is None or index in span):
                    yield _Task(part.name, index, base, kills_every)


def _say(line: str, *, to: TextIO | None = None) -> None:
    print(line, file=to, flush=True)


_RUNNERS: Final[list[Runner]] = []


def _begin(folder: str) -> None:
    _RUNNERS.append(Runner(folder))
    # What a world leaves behind is large and goes at once: looking often costs a quarter.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 10, 10)


def _perform(task: _Task) -> Sum:
    part = next(one for one in PARTS if one.name == task.part)
    return _RUNNERS[0].whole(part, task.base, every=task.kills_every, first=task.index)


def perform(work: Iterable[_Task], *, jobs: int) -> Sum:
    """Run these in as many processes; tell on stderr how it goes."""
    total, waiting = Sum(), list(work)
    began_s = told_s = time.monotonic()
    spawn = multiprocessing.get_context("spawn")
    with (
        # Of the one who waits: who works is ended without a word.
        tempfile.TemporaryDirectory(prefix="small-world-", dir=memory()) as folder,
        spawn.Pool(jobs, initializer=_begin, initargs=(folder,)) as pool,
    ):
        for done, one in enumerate(pool.imap_unordered(_perform, waiting), start=1):
            total.add(one)
            for found in one.found:
                _say(f"BROKEN {found.name}: {found.told[0]}", to=sys.stderr)
            now_s = time.monotonic()
            if now_s - told_s > _EVERY_S:
                told_s = now_s
                _say(
                    f"{done} of {len(waiting)} bases, {total.runs.total()} runs,"
                    f" {len(total.found)} broken, {now_s - began_s:.0f} s",
                    to=sys.stderr,
                )
    return total


def lines_of(total: Sum) -> Iterator[str]:
    """Tell for people what it came to."""
    yield "combinations by part"
    for part, count in total.runs.items():
        orders = sum(one == part for one, _ in total.orders)
        yield f"  {count:8}  {part} ({orders} orders)"
    yield f"  {total.runs.total():8}  in all"
    for axis in dict.fromkeys(axis for axis, _ in total.axes):
        yield f"by {axis}"
        values = sorted((value, count) for (one, value), count in total.axes.items() if one == axis)
        for value, count in values:
            yield f"  {count:8}  {value}"
    yield "died at"
    for point in KILL_POINTS:
        yield f"  {total.killed[point]:8}  {point}"
    yield "what happened to a step of which status"
    for (status, trigger), count in sorted(total.moves.items()):
        yield f"  {count:8}  {status} × {trigger}"
    yield "what never happened, and why"
    for (status, trigger), why in unreached(total.moves):
        yield f"  {status} × {trigger}: {why}"
    yield f"{len(total.found)} violations in {total.runs.total()} runs"


def main(arguments: list[str] | None = None) -> int:
    """Run it all, or what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, prog="small_world")
    names = [part.name for part in PARTS]
    parser.add_argument("--part", action="append", choices=names, help="all by default")
    parser.add_argument("--from", dest="first", type=int, default=0, help="index of a part's base")
    parser.add_argument("--to", type=int, default=None, help="the one after the last")
    parser.add_argument("--every", type=int, default=1, help="run every n-th base only")
    parser.add_argument("--kills-every", type=int, default=1, help="and every n-th kill of it")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a folder for the plans of what was broken")
    options = parser.parse_args(arguments)
    began_s = time.monotonic()
    is_whole = options.part is None and options.every == options.kills_every == 1
    is_whole = is_whole and not options.first and options.to is None
    span = range(options.first, options.to if options.to is not None else sys.maxsize)
    work = tasks(
        options.part or names,
        every=options.every,
        kills_every=options.kills_every,
        span=span,
    )
    total = perform(work, jobs=options.jobs)
    for line in lines_of(total):
        _say(line)
    took_s = time.monotonic() - began_s
    _say(f"{took_s:.0f} s with {options.jobs} jobs, {total.busy_s:.0f} s of processor time")
    for number, found in enumerate(total.found[:_TOLD_AT_MOST]):
        _say(f"BROKEN {found.name}\n  " + "\n  ".join(found.told))
        if options.keep is not None:
            options.keep.mkdir(parents=True, exist_ok=True)
            (options.keep / f"{number}.json").write_text(found.plan)
    faults = [*missing(total.moves, total.killed), *unexplained(total.moves)] if is_whole else []
    for fault in faults:
        _say(f"MISSING {fault}")
    return 1 if total.found or faults else 0


if __name__ == "__main__":
    sys.exit(main())
