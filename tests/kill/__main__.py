"""`python -m tests.kill`: play a run, print its numbers, and end with 1 if a promise broke."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.kill.checks import Violation, violations
from tests.kill.evidence import Evidence
from tests.kill.harness import Plan, run
from tests.kill.processes import CannotStart
from tests.kill.telling import summary, timeline

_TIMELINES: Final = 10


def main() -> int:
    """Run with the arguments of the command line; return the exit code."""
    options = argparse.ArgumentParser(prog="python -m tests.kill", description=__doc__)
    options.add_argument("--rounds", type=int, default=20, help="how many (default: %(default)s)")
    options.add_argument(
        "--dispatches", type=int, default=200, help="of each round (default: %(default)s)"
    )
    options.add_argument("--seed", type=int, default=1, help="of the plan (default: %(default)s)")
    chosen = options.parse_args()
    plan = Plan(rounds=chosen.rounds, dispatches=chosen.dispatches, seed=chosen.seed)
    folder = Path(tempfile.mkdtemp(prefix="kill-test-"))
    _say(f"seed {plan.seed}, in {folder}")
    try:
        evidence = asyncio.run(run(plan, folder, _say))
    except CannotStart as error:
        _say(f"{error}; store and logs are kept in {folder}")
        return 1
    _say("", *summary(evidence))
    broken = violations(evidence)
    if broken:
        _tell(broken, evidence, folder)
        return 1
    _say("no promise was broken")
    shutil.rmtree(folder)
    return 0


def _tell(broken: list[Violation], evidence: Evidence, folder: Path) -> None:
    _say("", f"{len(broken)} promises were broken; store and logs are kept in {folder}")
    for violation in broken:
        _say(f"{violation.dispatch_uuid or '-':36}  {violation.told}")
    named = dict.fromkeys(one.dispatch_uuid for one in broken if one.dispatch_uuid is not None)
    for dispatch_uuid in list(named)[:_TIMELINES]:
        lines = timeline(evidence, dispatch_uuid, folder / "gateway.log")
        _say("", f"timeline of {dispatch_uuid}", *lines)


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
