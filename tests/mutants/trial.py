"""One mutant on trial: the tests that run it, the nearest first, until one notices."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tests.mutants.mutant import Mutant
from tests.mutants.plugin import ORDER
from tests.mutants.survey import Survey
from tests.mutants.workshop import Workshop

_NEAR_S: Final = 10.0
"""What the first tests may take together: most mutants die of them, and few files are collected."""
_PATIENCE: Final = 6
"""How much longer than usual anything may take."""
_START_S: Final = 60.0
"""What it takes to begin, on a busy machine."""
_LEAST_S: Final = 10.0
_NOTICED: Final = re.compile(r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", re.MULTILINE)
_NO_TESTS: Final = 5
"""The exit code of pytest that ran nothing."""


class Verdict(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"
    SURVIVED = "survived"
    UNREACHED = "unreached"
    """No test runs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How one ended."""

    verdict: Verdict
    by: str = ""
    """The test that noticed."""
    tests: int = 0
    """How many were asked, at most."""


class CannotTry(Exception):
    """The tests could not be run at all."""


def trial(
    mutant: Mutant, source: bytes, *, workshop: Workshop, survey: Survey, budget_s: float
) -> Trial:
    """Try a mutant.

    Args:
        mutant: what to put into the copy.
        source: of its file.
        workshop: the copy.
        survey: what the tests run.
        budget_s: what the tests may take together; beyond it, the dearest are left out, and it
            counts as if they had not noticed.

    Raises:
        CannotTry: the tests could not be run.
    """
    tests = survey.tests_of(mutant)
    if not tests:
        return Trial(verdict=Verdict.UNREACHED)
    near = _within(tests, _NEAR_S, survey)
    chosen = _within(tests, budget_s, survey)
    rounds = [near, [each for each in chosen if each not in set(near)]]
    with workshop.spoiled(mutant.path, mutant.applied(source)):
        for each in filter(None, rounds):
            by = _noticed_by(each, workshop, survey)
            if by is not None:
                return Trial(verdict=Verdict.KILLED, by=by, tests=len(chosen))
    return Trial(verdict=Verdict.SURVIVED, tests=len(chosen))


def _within(tests: list[str], budget_s: float, survey: Survey) -> list[str]:
    """Return as many as fit, in their order."""
    chosen, spent = list[str](), 0.0
    for each in tests:
        if spent + survey.seconds[each] <= budget_s or not chosen:
            chosen.append(each)
            spent += survey.seconds[each]
    return chosen


def _noticed_by(tests: list[str], workshop: Workshop, survey: Survey) -> str | None:
    """Run tests; return which of them failed first, if one did."""
    order = workshop.tree / "order.txt"
    order.write_text("\n".join(tests))
    slowest_s = max(survey.seconds[each] for each in tests)
    files = dict.fromkeys(each.partition("::")[0] for each in tests)
    code, said = workshop.pytest(
        *("-x", "--tb=no", f"--timeout={max(_LEAST_S, _PATIENCE * slowest_s):.0f}"),
        *files,
        timeout_s=_START_S + _PATIENCE * survey.cost_s(tests),
        environ={ORDER: str(order)},
    )
    if code == 0:
        return None
    if code is None:
        return "the time it took"
    if code == _NO_TESTS:
        raise CannotTry(said[-2000:])
    noticed = _NOTICED.search(said)
    return noticed[1] if noticed else "what could not begin"
