"""What happened in a world, as its logs and histories tell: most of `points.SOMETIMES`."""

from __future__ import annotations

import itertools

from gateway.core.events import (
    ExpiryReached,
    HorizonReached,
    SendRefused,
    StatusReceived,
)
from gateway.core.state import DispatchStatus, StepStatus
from tests.laboratory.left import Left, LeftDispatch, Move
from tests.laboratory.world import World

_CLOSE_S = 1.0
_SHORT_S, _LONG_S = 5.0, 360.0


def note_line(world: World, line: dict[str, object]) -> None:
    """Count what a log line tells."""
    match line:
        case {"event": "alarm.raised", "alarm": "gap"}:
            world.happened("a gap was held")
        case {"event": "alarm.cleared", "alarm": "gap"}:
            world.happened("a gap was over")
        case {"event": "alarm.raised", "alarm": "deaf" | "unheard" | "mute" as kind}:
            world.happened(f"an account was {kind}")
        case {"event": "alarm.cleared", "alarm": "deaf" | "unheard" | "mute" as kind}:
            world.happened(f"an account was not {kind} any more")
        case {"event": "alarm.raised", "alarm": "clock"}:
            world.happened("a clock was disputed")
        case {"event": "alarm.cleared", "alarm": "clock"}:
            world.happened("a clock was not disputed any more")
        case {"event": "send.suspended"}:
            world.happened("sends were suspended")
        case _:
            pass


def note_sightings(world: World, left: Left) -> None:
    """Count what the dispatches went through."""
    for one in left.dispatches:
        for move in one.moves:
            _note_move(world, one, move)
        if one.state.status is DispatchStatus.COMPLETED:
            world.happened("a dispatch was completed")
        else:
            world.happened("a dispatch ended with an error")
    _note_lives(world)
    if left.letters:
        world.happened("a callback was buried")


def _note_move(world: World, one: LeftDispatch, move: Move) -> None:
    event, step = move.event, move.event.step
    is_last = one.state.is_last(step)
    was, after = move.before.steps[step], move.decision.state.steps[step]
    match event:
        case StatusReceived() if (
            was.status is StepStatus.UNKNOWN and after.status is not was.status
        ):
            world.happened("a step in doubt was proved by a webhook")
        case ExpiryReached() | HorizonReached() if (
            was.status is StepStatus.UNKNOWN and after.status is StepStatus.EXPIRED
        ):
            world.happened("a step in doubt was closed by its timer")
        case _:
            pass
    match event:
        case StatusReceived():
            if move.moves(step, StepStatus.MET):
                world.happened("a condition was met in time")
                if was.deadline_ms is not None and was.deadline_ms - move.entry.at_ms < 1000:
                    world.happened(
                        "an expiry and its webhook came within a second, and the webhook won"
                    )
            if move.moves(step, StepStatus.REJECTED) and not is_last:
                world.happened("a refusal failed over")
            if was.status is StepStatus.EXPIRED:
                world.happened("a webhook came after the expiry")
                expired = [each for each in one.moves if each.moves(step, StepStatus.EXPIRED)]
                if expired and move.at_s - expired[0].at_s < _CLOSE_S:
                    world.happened(
                        "an expiry and its webhook came within a second, and the expiry won"
                    )
            if move.before.status is not DispatchStatus.OPEN:
                world.happened("a late status was forwarded after the end")
                if move.decision.state.status is not move.before.status:
                    world.happened("a report was corrected")
        case SendRefused(is_outdated=True):
            world.happened("a dispatch was closed as outdated")
        case SendRefused() if move.moves(step, StepStatus.REJECTED) and not is_last:
            world.happened("a refusal failed over")
        case ExpiryReached(is_outdated=True) | HorizonReached(is_outdated=True):
            if move.moves(step, StepStatus.EXPIRED):
                world.happened("a dispatch was closed as outdated")
        case ExpiryReached() if move.moves(step, StepStatus.EXPIRED):
            world.happened("an expiry failed over")
        case HorizonReached():
            if move.moves(step, StepStatus.EXPIRED) and was.status is StepStatus.WAITING:
                world.happened("a last step was closed by its horizon")
            if after.sends > was.sends:
                world.happened("a last step in doubt was sent once more")
        case _:
            pass


def _note_lives(world: World) -> None:
    lives = world.seen.lives
    for before, after in itertools.pairwise(lives):
        if before.process == after.process and before.until_s is not None:
            gap_s = after.from_s - before.until_s
            if gap_s < _SHORT_S:
                world.happened("a process was started again within 5 s")
            if gap_s > _LONG_S:
                world.happened("a process was away for longer than 6 min")
    for one in lives:
        for other in lives:
            is_another = one.process < other.process
            until_s = one.until_s if one.until_s is not None else world.now_s
            if is_another and one.from_s <= other.from_s < until_s:
                world.happened("two processes ran at once")
