"""`python -m tests.power`: cut the power at every change that stores make to their files."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator
from itertools import count, product
from pathlib import Path

from tests.power.disk import memory
from tests.power.replay import Replay, Tally
from tests.power.trace import Trace
from tests.power.vfs import CAN_HEAR
from tests.power.workload import Plan, run


def main() -> int:
    """Run with the arguments of the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.power", description=__doc__)
    parser.add_argument(
        "--changes", type=int, default=10_000, help="at least so many (default: %(default)s)"
    )
    parser.add_argument("--draws", type=int, default=1, help="how often is drawn what is left")
    parser.add_argument("--seed", type=int, default=1, help="of the first run of a store")
    parser.add_argument("--trace", type=Path, help="cut this run of a store again, at every change")
    options = parser.parse_args()
    if not CAN_HEAR:
        sys.stdout.write("the functions of this Python's SQLite cannot be reached from outside\n")
        return 2
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="power-test-", dir=memory()) as folder:
        replay = Replay(Path(folder) / "cut", tally)
        if options.trace is not None:
            _cut(replay, Trace.load(options.trace), options.seed, options.draws)
        else:
            for number, plan in enumerate(_plans(options.seed)):
                if tally.places >= options.changes:
                    break
                home = Path(folder) / f"run-{number}"
                home.mkdir()
                _run(replay, plan, home, options.draws)
    sys.stdout.write("\n".join([tally.summary(), *tally.violations, ""]))
    return 1 if tally.violations else 0


def _plans(seed: int) -> Iterator[Plan]:
    """Yield stores that write on the loop and in a thread, new ones and those of before."""
    for first in count(seed, 4):
        kinds = product((False, True), ("loop", "thread"))
        for number, (is_old, writer) in enumerate(kinds, start=first):
            yield Plan(seed=number, writer=writer, is_of_the_release_before=is_old)


def _run(replay: Replay, plan: Plan, home: Path, draws: int) -> None:
    trace = asyncio.run(run(plan, home))
    before = len(replay.tally.violations)
    _cut(replay, trace, plan.seed, draws)
    kind = "of the release before" if plan.is_of_the_release_before else "new"
    sys.stdout.write(
        f"seed {plan.seed}, {kind}, {plan.writer}: {replay.tally.places:,} changes so far\n"
    )
    if len(replay.tally.violations) > before:
        kept = Path(tempfile.gettempdir()) / f"power-{plan.seed}.trace"
        trace.save(kept)
        again = f"python -m tests.power --trace {kept} --seed {plan.seed} --draws {draws}"
        sys.stdout.write(f"violations; to see them again: {again}\n")
    sys.stdout.flush()


def _cut(replay: Replay, trace: Trace, seed: int, draws: int) -> None:
    places = {*trace.changes(), len(trace.events)}
    asyncio.run(replay.cut(trace, places, seed=seed, draws=draws))


if __name__ == "__main__":
    sys.exit(main())
