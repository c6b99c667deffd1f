"""When a split steps back to nothing by itself. Pure.

Each rule looks at the latest workflows only, so that a good past hides nothing. A step-back costs
little (Dispatch goes on as before), a missed one costs messages: in doubt, it is taken.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from gateway.compare.shares import Share, allowance
from gateway.traces.model import Path


class Cause(StrEnum):
    """Why the dial was turned back."""

    DOUBLE = "double"
    """A step was sent twice: the upstream tells of a second message for it."""
    ERRORS = "errors"
    """More workflows end with `error` here than on the legacy path, beyond its own noise."""
    UPSTREAM = "upstream-faults"
    """Sends to the upstream are in doubt, do not leave, or are refused for our credentials.

    Of the latter two, so many in a row that none can be made are enough by themselves.
    """
    DIVERGENCE = "divergence"
    """What is done here, or was predicted, is not what Dispatch does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The numbers of the rules."""

    endings: int = 500
    """Workflows of each side that are looked at: the latest."""
    least_endings: int = 30
    """Below so many on a side, shares say nothing."""
    most_errors: float = 0.5
    """Share of errors that is too much where the legacy path has too few endings to compare."""
    sends: int = 50
    """Sends that are looked at: the latest."""
    most_faulty_sends: int = 10
    """Faulty ones among them that are too many: a fifth."""
    comparisons: int = 100
    """Comparisons of each path that are looked at: the latest."""
    most_divergences: int = 3
    """Semantic differences among the latest comparisons that are too many; a critical one is."""


class Watch:
    """Looks at what happened lately, and says when it is enough."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self.forget()

    def forget(self) -> None:
        """Begin anew: the dial was turned."""
        limits = self._limits
        self._gateway: deque[bool] = deque(maxlen=limits.endings)
        self._legacy: tuple[deque[bool], deque[bool]] = (
            deque(maxlen=limits.endings // 2),
            deque(maxlen=limits.endings // 2),
        )
        self._sends: deque[bool] = deque(maxlen=limits.sends)
        self._compared: dict[Path, deque[bool]] = {
            path: deque(maxlen=limits.comparisons) for path in Path
        }

    def ended(self, path: Path, half: int, *, is_error: bool) -> Cause | None:
        """Take the end of a workflow.

        Args:
            path: which it was on.
            half: 0 or 1, at random: which half of the legacy side it counts for.
            is_error: whether its final report said so.
        """
        if path is not Path.GATEWAY:
            self._legacy[half].append(is_error)
            return None
        self._gateway.append(is_error)
        return Cause.ERRORS if self._has_too_many_errors() else None

    def sent(self, *, is_fault: bool) -> Cause | None:
        """Take the outcome of a send to the upstream."""
        self._sends.append(is_fault)
        return Cause.UPSTREAM if sum(self._sends) >= self._limits.most_faulty_sends else None

    def compared(
        self, *, is_semantic: bool, is_critical: bool = False, path: Path = Path.LEGACY
    ) -> Cause | None:
        """Take a comparison of a finished workflow.

        Args:
            path: which it was on. Each path is looked at by itself: ours, held against ourselves,
                is always the same, and would hide what Dispatch's workflows show.
        """
        compared = self._compared[path]
        compared.append(is_semantic)
        is_enough = sum(compared) >= self._limits.most_divergences
        return Cause.DIVERGENCE if is_critical or is_enough else None

    def doubled(self) -> Cause:
        """Take the proof that a step was sent twice: once is enough."""
        return Cause.DOUBLE

    def _has_too_many_errors(self) -> bool:
        here = _share(self._gateway)
        first, second = (_share(half) for half in self._legacy)
        least = self._limits.least_endings
        if here.of < least:
            return False
        if min(first.of, second.of) < least:
            return here.value > self._limits.most_errors
        excess = here.value - (first + second).value
        return excess > allowance(here, (first, second))


def _share(errors: deque[bool]) -> Share:
    return Share(hits=sum(errors), of=len(errors))
