"""`python -m tests.faults`: go through every fault, print what was seen, and end with 1 if a
promise broke."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from itertools import cycle, islice
from pathlib import Path

from tests.faults.plan import every_fault
from tests.faults.rounds import REQUESTS, Rounds, Tally
from tests.faults.shim import compiler


def main() -> int:
    """Run with the arguments of the command line; return the exit code."""
    options = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    options.add_argument(
        "--requests", type=int, default=1000, help="at least so many (default: %(default)s)"
    )
    if compiler() is None:
        sys.stdout.write("there is no C compiler, so no write can be made to fail\n")
        return 2
    with tempfile.TemporaryDirectory(prefix="fault-test-") as folder:
        tally = asyncio.run(_run(Path(folder), options.parse_args().requests))
    sys.stdout.write("\n".join([tally.summary(), *tally.violations, ""]))
    return 1 if tally.violations else 0


async def _run(folder: Path, requests: int) -> Tally:
    faults = list(every_fault())
    rounds = max(len(faults), -(-requests // REQUESTS))
    async with Rounds(folder).prepared() as played:
        for number, fault in enumerate(islice(cycle(faults), rounds)):
            await played.play(fault, is_killed=bool(number % 3))
    return played.tally


if __name__ == "__main__":
    sys.exit(main())
