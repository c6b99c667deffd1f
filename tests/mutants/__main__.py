"""`python -m tests.mutants`: draw mutants, try each, and tell which of them no test noticed.

Goes on where it was interrupted: what was found is kept beside the copy of the project.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from tests.mutants.drawing import drawn, every_mutant
from tests.mutants.listed import listed
from tests.mutants.mutant import Mutant
from tests.mutants.survey import Survey, SurveyFailed
from tests.mutants.telling import progress, summary
from tests.mutants.trial import CannotTry, Trial, Verdict, trial
from tests.mutants.workshop import ROOT, Workshop, digest_of

_FOLDER: Final = ROOT / ".mutants"
_ENOUGH: Final = 0.9
_NICE: Final = 10


def main() -> int:
    """Run with the arguments of the command line; return the exit code."""
    options = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    options.add_argument("--seed", type=int, default=1, help="of the draw (default: %(default)s)")
    options.add_argument(
        "--count", type=int, default=300, help="how many to draw (default: %(default)s)"
    )
    options.add_argument(
        "--jobs", type=int, choices=(1, 2), default=1, help="at once (default: %(default)s)"
    )
    options.add_argument(
        "--budget",
        type=float,
        default=60,
        help="seconds of tests for one mutant (default: %(default)s)",
    )
    options.add_argument(
        "--only", default="", help="try only those whose path and change contain this"
    )
    options.add_argument(
        "--again", action="store_true", help="try again those that survived before"
    )
    options.add_argument(
        "--folder", type=Path, default=_FOLDER, help="to work in (default: %(default)s)"
    )
    chosen = options.parse_args()
    os.nice(_NICE)
    chosen.folder.mkdir(parents=True, exist_ok=True)
    workshops = [Workshop(chosen.folder / f"tree-{number}") for number in range(chosen.jobs)]
    survey = Survey(chosen.folder, workshops[0])
    kept = _Kept(chosen.folder / "trials.jsonl")
    found = drawn(every_mutant(ROOT), seed=chosen.seed, count=chosen.count)
    found = [each for each in found if chosen.only in each.key]
    try:
        _survey(survey)
        for workshop in workshops:
            workshop.renew()
        _try(found, workshops, survey, kept, chosen.budget, is_again=chosen.again)
    except (SurveyFailed, CannotTry) as error:
        _say(str(error))
        return 2
    trials = [(each, kept.of(each)) for each in found]
    known = listed()
    lines, unlisted, share = summary(trials, known, chosen.seed)
    _say(*lines)
    return 0 if not unlisted and share >= _ENOUGH else 1


def _survey(survey: Survey) -> None:
    paths = survey.renew()
    if paths:
        _say(f"seeing what the tests run: {', '.join(paths)}")
        survey.see(paths)


def _try(
    found: list[Mutant],
    workshops: list[Workshop],
    survey: Survey,
    kept: _Kept,
    budget_s: float,
    *,
    is_again: bool,
) -> None:
    is_over = {Verdict.KILLED} if is_again else set(Verdict)
    waiting = [each for each in found if kept.verdict_of(each) not in is_over]
    survey.warm({each.path for each in waiting})
    free: SimpleQueue[Workshop] = SimpleQueue()
    for workshop in workshops:
        free.put(workshop)

    def attempt(mutant: Mutant) -> tuple[Mutant, Trial]:
        workshop = free.get()
        try:
            source = (ROOT / mutant.path).read_bytes()
            result = trial(mutant, source, workshop=workshop, survey=survey, budget_s=budget_s)
        finally:
            free.put(workshop)
        return mutant, result

    with ThreadPoolExecutor(len(workshops)) as pool:
        for number, (mutant, result) in enumerate(pool.map(attempt, waiting), start=1):
            kept.keep(mutant, result)
            _say(progress(number, len(waiting), mutant, result))


class _Kept:
    """What was found before: true for as long as the file of the mutant is the same."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._trials: dict[str, Trial] = {}
        for line in file.read_text().splitlines() if file.exists() else ():
            entry = json.loads(line)
            self._trials[entry["of"]] = Trial(
                verdict=Verdict(entry["verdict"]), by=entry["by"], tests=entry["tests"]
            )

    def of(self, mutant: Mutant) -> Trial:
        return self._trials[_name(mutant)]

    def verdict_of(self, mutant: Mutant) -> Verdict | None:
        found = self._trials.get(_name(mutant))
        return None if found is None else found.verdict

    def keep(self, mutant: Mutant, result: Trial) -> None:
        self._trials[_name(mutant)] = result
        entry = {
            "of": _name(mutant),
            "verdict": result.verdict,
            "by": result.by,
            "tests": result.tests,
        }
        with self._file.open("a") as file:
            file.write(json.dumps(entry) + "\n")


def _name(mutant: Mutant) -> str:
    return f"{digest_of([ROOT / mutant.path], ROOT)} {mutant.key}"


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
