"""One step on both sides, and the words for what sets them apart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.compare.comparison import Finding, Tolerances
from gateway.compare.course import Attempt, Course
from gateway.compare.kinds import OTHER_END, OTHER_TRIGGER, DifferenceKind
from gateway.compare.runs import EXPIRED
from gateway.compare.shape import WorkflowStep

_CAUSES: Final = {EXPIRED: "its expiry", "refused": "a refusal at submission"}


class Side(StrEnum):
    """How a step ended on one side."""

    GAVE_UP = "went on to the next step"
    COMPLETED = "ended with completed"
    FAILED = "ended with error"
    OPEN = "did not end"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPair:
    """One step whose turn came on both sides."""

    reference: Course
    candidate: Course
    index: int
    tolerances: Tolerances

    @property
    def step(self) -> WorkflowStep:
        """What was asked for."""
        return self.reference.workflow.steps[self.index]

    @property
    def there(self) -> Attempt:
        """What became of it in the reference."""
        return self.reference.attempts[self.index]

    @property
    def here(self) -> Attempt:
        """What becomes of it in the candidate."""
        return self.candidate.attempts[self.index]

    @property
    def following(self) -> Attempt | None:
        """The reference's next step; `None` if its turn never came."""
        return self.reference.attempt(self.index + 1)

    @property
    def sides(self) -> tuple[Side, Side]:
        """How the step ended, reference first."""
        return _side(self.reference, self.index), _side(self.candidate, self.index)

    @property
    def is_placed(self) -> bool:
        """Whether it is known well enough when the reference sent it."""
        if self.there.is_seen or self.index == 0:
            return True
        latest_ms, late_ms = self.there.latest_ms, self.tolerances.failover_late_ms
        return latest_ms is not None and latest_ms - self.there.sent_ms <= late_ms

    @property
    def cause(self) -> str:
        """Why the candidate gave it up."""
        return self.here.cause or EXPIRED

    @property
    def deadline_ms(self) -> int | None:
        """When the reference's step expires by our reckoning; `None` on a last step."""
        if self.step.expiry_s is None:
            return None
        start_ms = self.there.sent_ms
        if self.there.answered_ms is not None and self.there.refused is None:
            start_ms = max(start_ms, self.there.answered_ms)
        return start_ms + 1000 * self.step.expiry_s

    def in_reference_time(self, at_ms: int) -> int:
        """Turn an instant of the candidate's step into one of the reference's."""
        return self.there.sent_ms + at_ms - self.here.sent_ms

    def is_in_time(self, lag_ms: int) -> bool:
        """Tell whether a failover that is `lag_ms` late, or early if negative, is as expected."""
        return -self.tolerances.failover_early_ms <= lag_ms <= self.tolerances.failover_late_ms

    def finding(
        self, kind: DifferenceKind, reference: str, candidate: str, detail: str, *, cause: str
    ) -> Finding:
        """Return a finding about this step."""
        return Finding(
            kind=kind,
            step=self.index,
            reference=reference,
            candidate=candidate,
            detail=detail,
            cause=cause,
        )

    def other_trigger(self, there: str, here: str) -> Finding:
        """Return that the step ended by another event."""
        return self.finding(
            OTHER_TRIGGER,
            f"ended the step on {named(there)}",
            f"ends it on {named(here)}",
            "The same statuses led to another decision.",
            cause=f"{there}, not {here}",
        )

    def other_end(self, there: Side, here: Side) -> Finding:
        """Return that the workflow came to another end."""
        detail = "The workflow came to another end."
        return self.finding(
            OTHER_END, there.value, here.value, detail, cause=f"{there.name} {here.name}"
        )


def named(cause: str) -> str:
    """Name what ended a step, for a sentence."""
    return _CAUSES.get(cause, cause)


def _side(course: Course, index: int) -> Side:
    if index + 1 < len(course.attempts):
        return Side.GAVE_UP
    if course.report is None:
        return Side.OPEN
    return Side.FAILED if course.report.status == "error" else Side.COMPLETED
