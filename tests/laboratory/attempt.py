"""Run a plan whatever comes of it: a world that breaks down or never ends is a finding, too."""

from __future__ import annotations

import gc
import signal
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn

from tests.laboratory.left import Left
from tests.laboratory.plan import Plan
from tests.laboratory.run import Verdict, run
from tests.laboratory.seen import Seen

LONGEST_S: Final = 120.0
"""Processor time of one world, a thousand times what most take."""


class _Endless(SystemExit):
    """Raised amid a world that takes too long: the one kind of error that nothing in it catches."""


def attempt(plan: Plan, *, longest_s: float = LONGEST_S) -> Verdict:
    """Run a plan and return its verdict, also when there is no world to judge any more."""
    try:
        with _no_longer_than(longest_s):
            return run(plan)
    except _Endless:
        told = f"the world did not end: after {longest_s:.0f} s of processor time it still ran"
    except Exception as error:
        where = traceback.format_exc(limit=-4)
        told = f"the laboratory broke down: {error!r} {where}"
    _forget()
    return Verdict(
        plan=plan,
        violations=[told],
        counts=Counter(),
        seen=Seen(),
        dispatches=0,
        virtual_s=0.0,
        turns=0,
        left=Left.nothing(),
    )


def _forget() -> None:
    """Let go of a world that was left as it was; what that complains about is of no interest."""
    before, sys.unraisablehook = sys.unraisablehook, lambda what: None
    try:
        with warnings.catch_warnings(action="ignore"):
            gc.collect()
    finally:
        sys.unraisablehook = before


@contextmanager
def _no_longer_than(longest_s: float) -> Iterator[None]:
    def end(*what: Any) -> NoReturn:
        raise _Endless

    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, longest_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
