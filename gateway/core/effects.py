"""What a decision asks for, in the imperative. An effect holds facts, not wire bodies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gateway.core.events import StatusReport
from gateway.core.state import DispatchStatus, TimerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class SendStep:
    """Send the step's message to the upstream, at most once beyond its first byte."""

    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimer:
    """Wake this step at `due_ms`."""

    step: int
    kind: TimerKind
    due_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTimer:
    """Forget a timer. A courtesy to the index: a stale firing is ignored by the table."""

    step: int
    kind: TimerKind
    due_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BindMessage:
    """Remember that webhooks about `message_uuid` concern this step."""

    step: int
    message_uuid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostStatus:
    """Tell the caller one status of one message."""

    step: int
    report: StatusReport


@dataclass(frozen=True, slots=True, kw_only=True)
class PostReport:
    """Tell the caller how the dispatch ended. Asked exactly once in a dispatch's life.

    But for `is_correction`: it puts right, at most once and only where that was agreed on, what
    the report said before.
    """

    status: DispatchStatus
    is_correction: bool = False


Effect: TypeAlias = SendStep | SetTimer | CancelTimer | BindMessage | PostStatus | PostReport
