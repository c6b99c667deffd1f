"""Say of a seed in which a promise was broken what a person needs, and keep it as a test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.laboratory.attempt import attempt
from tests.laboratory.describe import describe, describe_faults
from tests.laboratory.draws import draw
from tests.laboratory.happenings import dispatch_concerned, happenings
from tests.laboratory.plan import Plan
from tests.laboratory.run import Verdict
from tests.laboratory.shrink import breaks, shrink
from tests.laboratory.tally import kind_of
from tests.laboratory.timeline import draw_timeline

FOUND: Final = Path(__file__).parent / "found"
"""Plans that broke a promise once; tests/test_laboratory.py runs each for ever."""
_TOLD_AT_MOST: Final = 10


def report(seed: int, commit: str, *, shrink_s: float, width: int, folder: Path) -> Iterator[str]:
    """Shrink what a seed breaks, keep it in `folder`, and return all of it as lines."""
    plan = draw(seed)
    verdict = attempt(plan)
    if not verdict.violations:
        yield f"seed {seed} of commit {commit}: broke a promise, and does not any more"
        return
    yield f"seed {seed} of commit {commit}: {len(verdict.violations)} violations"
    yield from (f"  {one}" for one in verdict.violations[:_TOLD_AT_MOST])
    kind = kind_of(verdict.violations[0])
    small = shrink(plan, breaks(kind), for_s=shrink_s)
    verdict = attempt(small)
    yield ""
    yield f"what it needs ({len(plan.faults)} faults before, {len(small.faults)} now):"
    yield from (f"  {line}" for line in describe(small))
    yield ""
    yield from tell_timeline(verdict, kind=kind, width=width)
    yield f"kept as {keep(small, kind, folder)}"
    yield f"again: python -m tests.laboratory replay {seed}"


def tell_verdict(verdict: Verdict, name: str, *, width: int, number: int | None) -> Iterator[str]:
    """Return what a replayed plan came to, with the timeline of a dispatch.

    `number` is the dispatch; None for the one that the first violation is about.
    """
    yield f"{name}: {len(verdict.violations) or 'no'} violations"
    yield from (f"  {one}" for one in verdict.violations)
    yield (
        f"  {verdict.dispatches} dispatches, {len(verdict.seen.lives)} lives,"
        f" {verdict.virtual_s / 3600:.1f} hours, {verdict.turns:,} callbacks of the loop"
    )
    if verdict.plan.faults:
        yield "faults:"
        yield from (f"  {line}" for line in describe_faults(verdict.plan))
    yield ""
    yield from tell_timeline(verdict, kind=None, width=width, number=number)


def tell_timeline(
    verdict: Verdict, *, kind: str | None, width: int, number: int | None = None
) -> Iterator[str]:
    """Return the timeline of the dispatch that a violation (of this kind, if given) is about."""
    mine = [one for one in verdict.violations if kind is None or kind_of(one) == kind]
    if number is None:
        number = dispatch_concerned(verdict, mine[0]) if mine else 0
    yield f"dispatch d{number}:"
    yield draw_timeline(happenings(verdict, number), width=width)


def keep(plan: Plan, kind: str, folder: Path) -> Path:
    """Write a plan to a file that `kept` reads; return its path."""
    name = re.sub(r"[^a-z0-9]+", "-", kind.lower()).strip("-")[:40]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{plan.seed}.json"
    path.write_text(plan.to_json() + "\n", encoding="utf-8")
    return path


def kept(path: Path) -> Plan:
    """Read a plan that was kept."""
    return Plan.from_json(path.read_text(encoding="utf-8"))
