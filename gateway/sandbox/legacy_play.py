"""The workflows of the stand-in of Dispatch, in virtual time: what the caller is told, and when.

Written from docs/wire.md section 6, and kept apart from the machine that it is compared with. That
one waits for events; this one knows everything that will happen to a message, so it looks up how
each step ends and goes on to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.sandbox.legacy_bodies import report_body, status_body
from gateway.sandbox.legacy_messages import Fact, Message, send, sent_at
from gateway.sandbox.legacy_quirks import AS_DOCUMENTED, Habits, with_quirks
from gateway.sandbox.legacy_requests import LegacyStep, read_workflow
from translators.diagnostics import JsonObject, JsonValue

_ARRIVED: Final = frozenset({"delivered", "read"})
# Who read a message has it; who has it may not have read it. Source: docs/wire.md section 6.4.
_MEETING: Final = MappingProxyType({"delivered": _ARRIVED, "read": frozenset({"read"})})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One callback."""

    at_ms: int
    """Since the request was accepted."""
    body: JsonObject
    step: int | None
    """An index into the workflow; `None` for a final report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One workflow from its acceptance to the last thing that is told of it."""

    told: list[Told]
    """In order of time."""
    messages: list[Message]
    """Those of the steps that were reached, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a step came to its end."""

    at_ms: int
    is_met: bool
    fact: Fact | None = None
    """The status that brought it about; `None` if time ran out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What is decided of one workflow, before anything is told of it."""

    messages: list[Message]
    """Those of the steps that were reached, in order, each sent when its turn came."""
    end: End | None
    """How the last of them ended; `None` if it never did, or nobody knows."""
    unknown_ms: int | None = None
    """When a message was sent of which nobody knows what becomes of it."""


def play(
    request: JsonValue,
    *,
    dispatch_uuid: str,
    draw: Callable[[], str],
    accepted_ms: int = 0,
    habits: Habits = AS_DOCUMENTED,
    quirks: Iterable[str] = (),
) -> list[Told]:
    """Return every callback of one workflow, in order of time.

    Args:
        draw: returns a new message's id.
        accepted_ms: when the request was accepted, Unix milliseconds; timestamps follow from it.
        quirks: names from the table.

    Raises:
        InvalidRequest: Dispatch would have answered 400.
        KeyError: there is no such quirk.
    """
    return play_steps(
        read_workflow(request),
        dispatch_uuid=dispatch_uuid,
        draw=draw,
        accepted_ms=accepted_ms,
        habits=with_quirks(habits, quirks),
    ).told


def play_steps(
    steps: Sequence[LegacyStep],
    *,
    dispatch_uuid: str,
    draw: Callable[[], str],
    accepted_ms: int,
    habits: Habits,
) -> Played:
    """Play a workflow that was read; the arguments are those of `play`."""
    walked = walk(
        (
            send(step, index=index, message_uuid=draw(), charges=habits.charges)
            for index, step in enumerate(steps)
        ),
        habits,
    )
    messages, end = walked.messages, walked.end
    # By value: with the deciding status go its copies.
    untold = None if habits.tells_deciding or end is None else end.fact
    told = [
        Told(
            at_ms=fact.at_ms,
            body=status_body(
                message, fact, dispatch_uuid=dispatch_uuid, accepted_ms=accepted_ms, habits=habits
            ),
            step=message.index,
        )
        for message in messages
        for fact in message.facts
        if not (message is messages[-1] and fact == untold)
    ]
    if end is not None:
        for number in range(habits.reports):
            at_ms = end.at_ms + habits.report_after_ms + 1000 * number
            body = report_body(
                messages,
                is_met=end.is_met,
                known_ms=end.at_ms,
                stamped_ms=accepted_ms + at_ms,
                dispatch_uuid=dispatch_uuid,
                habits=habits,
            )
            told.append(Told(at_ms=at_ms, body=body, step=None))
    # Stable: at one instant, an earlier step comes first and the report last.
    told.sort(key=lambda each: each.at_ms)
    return Played(told=told, messages=messages)


def walk(futures: Iterable[Message | None], habits: Habits) -> Walked:
    """Go through the steps of a workflow until it ends.

    Args:
        futures: the message of each step as if sent with the request, with all that happens to it;
            `None` if nobody knows, which ends the walk. One is taken when its step's turn comes.
    """
    messages: list[Message] = []
    start_ms, end = 0, None
    for future in futures:
        if future is None:
            return Walked(messages=messages, end=None, unknown_ms=start_ms)
        message = sent_at(future, start_ms)
        messages.append(message)
        end = _end_of(message, habits)
        if end is None or end.is_met:
            break
        start_ms = end.at_ms + habits.next_step_after_ms
    return Walked(messages=messages, end=end)


def _end_of(message: Message, habits: Habits) -> End | None:
    """Return how a step ends; `None` if it never does.

    Source: docs/wire.md sections 6.1, 6.3 and 6.4.
    """
    step = message.step
    wanted = _MEETING[step.condition or "delivered"]
    if habits.takes_delivered_for_read:
        wanted = _ARRIVED
    due_ms: int | None = None
    if step.expiry_s is not None:
        wait_ms = int(1000 * step.expiry_s * habits.patience) + habits.lag_ms
        due_ms = message.answered_ms + wait_ms
    elif habits.horizon_s is not None:
        due_ms = message.answered_ms + 1000 * habits.horizon_s
    has_arrived = False
    for fact in message.facts:
        if due_ms is not None and fact.at_ms > due_ms:
            break
        if fact.status in wanted:
            return End(at_ms=fact.at_ms, is_met=True, fact=fact)
        # A failure after a delivery contradicts it; to go on would reach a person twice.
        if fact.status in habits.failures and not has_arrived:
            return End(at_ms=fact.at_ms, is_met=False, fact=fact)
        has_arrived = has_arrived or fact.status in _ARRIVED
    return None if due_ms is None else End(at_ms=due_ms, is_met=False)
