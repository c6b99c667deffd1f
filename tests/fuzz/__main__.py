"""`python -m tests.fuzz`: many mutated requests and webhooks, and what failed."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.cases import Kind, make
from tests.fuzz.runner import Failure, Fuzzer
from tests.gateway.api.surface import collecting_log
from tests.support.world import API_SECRET, a_world

_SHOWN = 20
_EACH = 2_500
"""Cases for each gateway: its store grows with them."""


def fuzz(kind: Kind, seed: int, numbers: Sequence[int]) -> tuple[list[Failure], str]:
    """Run cases of a kind; return those that failed, and how all were answered."""
    return asyncio.run(_fuzz(kind, seed, numbers))


async def _fuzz(kind: Kind, seed: int, numbers: Sequence[int]) -> tuple[list[Failure], str]:
    failures: list[Failure] = []
    told = []
    for begin in range(0, len(numbers), _EACH):
        with tempfile.TemporaryDirectory() as folder, collecting_log() as log:
            async with a_world(Path(folder)) as world:
                fuzzer = Fuzzer(world=world, log=log, seed=seed)
                await fuzzer.prepare()
                failures += await fuzzer.run(kind, numbers[begin : begin + _EACH])
                told.append(fuzzer.statuses)
                assert API_SECRET.encode() not in log.getvalue()
    total = sum(told[1:], start=told[0])
    return failures, ", ".join(f"{count} x {status}" for status, count in sorted(total.items()))


def main() -> int:
    """Run what the command line asks for; 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--webhooks", type=int, default=15_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--only", metavar="KIND:NUMBER", help="one case, shown whole, such as request:17"
    )
    options = parser.parse_args()
    if options.only:
        kind, _, number = options.only.partition(":")
        print(make(Kind(kind), options.seed, int(number)))
        wanted: dict[Kind, Sequence[int]] = {Kind(kind): [int(number)]}
    else:
        wanted = {
            Kind.REQUEST: range(options.requests),
            Kind.WEBHOOK: range(options.webhooks),
        }
    failed = 0
    for kind, numbers in wanted.items():
        failures, told = fuzz(kind, options.seed, numbers)
        failed += len(failures)
        print(f"{len(numbers)} mutated {kind}s of seed {options.seed}: {told or 'none'}")
        print(f"  {len(failures)} failed")
        for failure in failures[:_SHOWN]:
            print(failure)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
