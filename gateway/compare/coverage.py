"""Which ways through a workflow the traffic took, and which it never did.

What was never seen was never compared. For each such branch a trace can be made by simulation, so
that it can be looked at, or played to the receiver, before a person meets it first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from gateway.compare.course import ARRIVED, Attempt, Course
from gateway.compare.shape import Shape, Workflow
from gateway.traces.model import Path
from translators.channels import CHANNELS
from translators.diagnostics import JsonObject

MAX_SHAPES: Final = 1000


class Branch(StrEnum):
    """What can become of a step, or of the whole."""

    MET = "condition met"
    EXPIRED = "expired"
    REJECTED = "rejected"
    UNDELIVERABLE = "undeliverable"
    REFUSED = "refused at submission"
    IN_DOUBT = "in doubt"
    LATE = "delivered after it was given up"
    UNRESOLVED = "never resolved"
    COMPLETED = "report completed"
    ERROR = "report error"


GIVEN_UP: Final = frozenset({Branch.EXPIRED, Branch.REJECTED, Branch.UNDELIVERABLE, Branch.REFUSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One branch of one step."""

    step: int | None
    """`None` for a branch of the whole."""
    branch: Branch

    def __str__(self) -> str:
        where = "" if self.step is None else f"step {self.step + 1} "
        return f"{where}{self.branch.value}"


@dataclass(slots=True, kw_only=True)
class ShapeCoverage:
    """What was seen of the workflows of one shape."""

    shape: Shape
    request: JsonObject
    """That of the first of them."""
    ways: tuple[Way, ...]
    """Everything that could be seen."""
    workflows: int = 0
    """Those whose record was cut included: they count as traffic, but show no way unless they
    differ."""
    seen: Counter[Way] = field(default_factory=Counter)

    @property
    def missing(self) -> tuple[Way, ...]:
        """What was never seen."""
        return tuple(way for way in self.ways if not self.seen[way])

    @property
    def uncovered(self) -> tuple[str, ...]:
        """The main branches that were never seen, in words."""
        return tuple(
            name for name, ways in _main_branches(self.ways) if not any(self.seen[w] for w in ways)
        )


class Coverage:
    """What was seen of all workflows, by shape."""

    def __init__(self, *, max_shapes: int = MAX_SHAPES) -> None:
        self.shapes: dict[Shape, ShapeCoverage] = {}
        self.others = 0
        """Workflows of shapes beyond the bound."""
        self._max_shapes = max_shapes

    def add(
        self, course: Course, request: JsonObject, path: Path, *, is_evidence: bool = True
    ) -> None:
        """Count the ways that one workflow took, unless it is no evidence."""
        shape = course.workflow.shape
        counted = self.shapes.get(shape)
        if counted is None:
            if len(self.shapes) >= self._max_shapes:
                self.others += 1
                return
            # Dispatch does not show that it is in doubt.
            ways = tuple(ways_of(course.workflow, has_doubt=path is not Path.LEGACY))
            counted = ShapeCoverage(shape=shape, request=request, ways=ways)
            self.shapes[shape] = counted
        counted.workflows += 1
        if is_evidence:
            counted.seen.update(ways_taken(course))


def ways_of(workflow: Workflow, *, has_doubt: bool) -> Iterator[Way]:
    """Yield everything that can become of a workflow."""
    for index, step in enumerate(workflow.steps):
        channel = CHANNELS.get(step.shape.channel)
        can_be_met = step.goal != "read" or (channel is not None and channel.reports_read)
        branches = [Branch.MET] if can_be_met else []
        is_last = workflow.is_last(index)
        branches += [] if is_last else [Branch.EXPIRED]
        branches += [Branch.REJECTED, Branch.UNDELIVERABLE, Branch.REFUSED]
        branches += [Branch.IN_DOUBT] if has_doubt else []
        branches.append(Branch.UNRESOLVED if is_last else Branch.LATE)
        yield from (Way(step=index, branch=branch) for branch in branches)
    yield from (Way(step=None, branch=branch) for branch in (Branch.COMPLETED, Branch.ERROR))


def ways_taken(course: Course) -> set[Way]:
    """Return what became of one workflow."""
    taken = set[Way]()
    for attempt in course.attempts:
        following = course.attempt(attempt.step + 1)
        branches = set(_own(attempt))
        if following is not None:
            branches.add(_failure(attempt) or Branch.EXPIRED)
            if any(t.status in ARRIVED and t.at_ms > following.sent_ms for t in attempt.told):
                branches.add(Branch.LATE)
        elif course.report is not None:
            is_error = course.report.status == "error"
            branches.add(_failure(attempt) or Branch.UNRESOLVED if is_error else Branch.MET)
        else:
            branches |= set(_untold(attempt, course))
        taken |= {Way(step=attempt.step, branch=branch) for branch in branches}
    if course.report is not None:
        is_error = course.report.status == "error"
        taken.add(Way(step=None, branch=Branch.ERROR if is_error else Branch.COMPLETED))
    return taken


def _own(attempt: Attempt) -> Iterator[Branch]:
    if attempt.doubt_ms is not None:
        yield Branch.IN_DOUBT


def _untold(attempt: Attempt, course: Course) -> Iterator[Branch]:
    """Yield what became of the last step that was sent, where no report says how it ended."""
    goal = course.workflow.steps[attempt.step].goal
    failure = _failure(attempt)
    if attempt.reaches(goal):
        yield Branch.MET
    elif failure is not None:
        yield failure
    elif course.is_complete and course.workflow.is_last(attempt.step):
        yield Branch.UNRESOLVED


def _failure(attempt: Attempt) -> Branch | None:
    if attempt.refused is not None:
        return Branch.REFUSED
    failure = attempt.failure
    return None if failure is None else Branch(failure.status)


def _main_branches(ways: tuple[Way, ...]) -> Iterator[tuple[str, list[Way]]]:
    """Yield what has to be seen of a shape before it counts as known, and the ways that show it."""
    last = max((way.step for way in ways if way.step is not None), default=0)
    for step in dict.fromkeys([0, last]):
        met = [way for way in ways if way == Way(step=step, branch=Branch.MET)]
        if met:
            yield str(met[0]), met
    if last:
        yield (
            "step 1 given up",
            [way for way in ways if way.step == 0 and way.branch in GIVEN_UP],
        )
