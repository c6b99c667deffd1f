"""What happened to one dispatch, from all who saw it, as lines of plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.core.effects import Effect, PostReport, PostStatus, SendStep, SetTimer
from gateway.core.events import (
    DispatchAccepted,
    Event,
    ExpiryReached,
    HorizonReached,
    SendAccepted,
    SendRefused,
    SendUnconfirmed,
    StatusReceived,
)
from tests.laboratory.left import Move
from tests.laboratory.plan import Fault, FaultKind
from tests.laboratory.run import Verdict
from tests.laboratory.seen import Asked, Posted, Received, Told
from tests.laboratory.world import BEGIN_MS

ACTORS: Final = ("caller", "gateway", "upstream", "vendor", "receiver")
_CAUSES: Final = {"caller": 0, "answer": 1, "vendor": 1, "gateway": 2, "upstream": 3, "receiver": 4}
"""What is told first of one instant: who asks before who answers."""
_WHOM: Final[dict[FaultKind, str]] = {
    "store-down": "gateway",
    "upstream-down": "upstream",
    "upstream-throttles": "upstream",
    "upstream-unauthorised": "upstream",
    "vendor-silent": "vendor",
    "webhooks-lost": "vendor",
    "receiver-down": "receiver",
    "receiver-fails": "receiver",
    "receiver-missing": "receiver",
    "receiver-refuses": "receiver",
    "receiver-gone": "receiver",
    "receiver-hangs": "receiver",
    "receiver-forgets": "receiver",
    "wrong-secret": "gateway",
    "clock-wrong": "gateway",
}
"""Whom a fault that lasts concerns; the others tell of themselves."""
_TOLD: Final = re.compile(r" *([0-9.]+)  (\S.*)")
_LOST: Final = re.compile(r"upstream: d(\d+) (s\d+) never arrives")
_DEATH: Final = re.compile(r": (killed|the power fails) ")
"""What a process was amid when it died is told before its death."""
_FIRST: Final = -1
_LAST: Final = 9
_MANY: Final = 3
_BEGIN_S: Final = BEGIN_MS / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One thing that an actor did or that befell it."""

    at_s: float
    actor: str
    told: str
    rank: int = 0
    """Of those of one instant, the lowest is told first."""


def dispatch_concerned(verdict: Verdict, violation: str) -> int:
    """Return which dispatch a violation speaks of: by number, or by an id in it; else the first."""
    named = re.search(r"\bd(\d+)\b", violation)
    if named is not None:
        return int(named[1])
    for asked in verdict.seen.asked:
        if asked.dispatch_uuid is not None and asked.dispatch_uuid in violation:
            return asked.dispatch
    for posted in verdict.seen.posted:
        if posted.message_uuid is not None and posted.message_uuid in violation:
            return posted.dispatch
    return 0


def happenings(verdict: Verdict, number: int) -> list[Happening]:
    """Return what happened to a dispatch, and around it, in order of time."""
    seen = verdict.seen
    moves = verdict.left.of_number(number)
    uuids = {one.dispatch_uuid for one in seen.asked if one.dispatch == number}
    uuids |= {one.uuid for one in moves}
    found = [*_faults(verdict, number)]
    found += [_asked(one) for one in seen.asked if one.dispatch == number]
    for one in moves:
        found += [_move(move) for move in one.moves]
    for posted in seen.posted:
        if posted.dispatch == number:
            found += _posted(posted)
    found += [_told(one) for one in seen.told if one.dispatch == number]
    for received in seen.received:
        if received.webhook_id.removeprefix("msg_").rpartition(".")[0] in uuids:
            found.append(_received(received))
    found.sort(key=lambda one: (round(one.at_s, 3), one.rank))
    return list(_without_repetitions(found))


def _asked(one: Asked) -> Happening:
    match one.status:
        case None:
            told = "asks; no answer comes"
        case 202:
            told = f"asks; is told 202, dispatch …{(one.dispatch_uuid or '')[-6:]}"
        case status:
            told = f"asks; is told {status}: {_sentence(one.told)}"
    return _of("caller", one.at_s, told)


def _sentence(document: str) -> str:
    said = re.search(r"'detail': '([^']*)'", document)
    return said[1] if said is not None else document[:80]


def _move(move: Move) -> Happening:
    event = move.event
    parts = [_event(event, move)]
    for index, after in enumerate(move.decision.state.steps):
        was = move.before.steps[index].status
        if after.status is not was:
            parts.append(f"s{index} {was.value} → {after.status.value}")
    if move.decision.ignored is not None:
        parts.append(f"changes nothing: {move.decision.ignored.value}")
    parts += [told for told in map(_effect, move.decision.effects) if told]
    if move.decision.state.status is not move.before.status:
        parts.append(f"the dispatch is {move.decision.state.status.value}")
    return _of("gateway", move.at_s - _BEGIN_S, "; ".join(parts))


def _event(event: Event, move: Move) -> str:
    where = f"s{event.step}"
    match event:
        case DispatchAccepted():
            return f"accepts a workflow of {len(move.before.steps)} steps"
        case SendAccepted(message_uuid=message_uuid):
            return f"{where}: 202, message …{message_uuid[-6:]}"
        case SendRefused(code=code):
            outdated = ", outdated" if event.is_outdated else ""
            return f"{where}: was not sent ({code}{outdated})"
        case SendUnconfirmed(cause=cause):
            return f"{where}: may have been sent ({cause})"
        case StatusReceived(report=report):
            return f"{where}: takes {report.status} of …{(report.message_uuid or '')[-6:]}"
        case ExpiryReached(due_ms=due_ms) | HorizonReached(due_ms=due_ms):
            name = "expiry" if isinstance(event, ExpiryReached) else "patience"
            outdated = ", outdated" if event.is_outdated else ""
            return f"{where}: its {name} is over (due {due_ms / 1000 - _BEGIN_S:.3f}{outdated})"


def _effect(effect: Effect) -> str | None:
    match effect:
        case SendStep(step=step):
            return f"will send s{step}"
        case SetTimer(step=step, due_ms=due_ms):
            return f"waits for s{step} until {due_ms / 1000 - _BEGIN_S:.3f}"
        case PostStatus(report=report):
            return f"will tell {report.status}"
        case PostReport(status=status):
            word = "correct its report to" if effect.is_correction else "report"
            return f"will {word} {status.value}"
        case _:
            return None


def _posted(one: Posted) -> Iterator[Happening]:
    got = "" if one.message_uuid is None else f"; a person gets …{one.message_uuid[-6:]}"
    yield _of("upstream", one.at_s, f"gets the POST of s{one.step}: {one.kind}{got}")
    if one.answered_s is not None:
        told = f"its 202 for s{one.step} arrives"
        yield Happening(at_s=one.answered_s, actor="upstream", told=told, rank=_CAUSES["answer"])


def _told(one: Told) -> Happening:
    message = f"{one.status} of …{one.message_uuid[-6:]} (s{one.step})"
    if one.was_lost:
        answer = "is lost on its way"
    elif one.http_status is None:
        answer = "no answer"
    else:
        answer = str(one.http_status)
    return _of("vendor", one.at_s, f"tells {message}: {answer}")


def _received(one: Received) -> Happening:
    status = str(one.document.get("status"))
    is_report = "dispatch_uuid" in one.document
    word = "the correction" if one.is_correction else "the report" if is_report else "the status"
    answer = "taken" if one.was_taken else f"answered {one.http_status or 'nothing'}"
    position = one.webhook_id.rpartition(".")[2]
    return _of("receiver", one.at_s, f"gets {word} {status} (.{position}): {answer}")


def _faults(verdict: Verdict, number: int) -> Iterator[Happening]:
    for line in verdict.seen.faults:
        told = _TOLD.fullmatch(line)
        if told is None:
            continue
        at_s, what = float(told[1]), told[2]
        lost = _LOST.fullmatch(what)
        if lost is not None and int(lost[1]) == number:
            yield _fault(at_s, "upstream", f"never gets the POST of {lost[2]}")
        elif not what.startswith("upstream:"):
            yield _fault(at_s, "gateway", what)
    for fault in verdict.plan.faults:
        yield from _lasting(fault)


def _lasting(fault: Fault) -> Iterator[Happening]:
    whom = _WHOM.get(fault.kind)
    if whom is None:
        return
    detail = f" by {fault.offset_s} s" if fault.offset_s else ""
    begins_s = 0.0 if fault.kind == "clock-wrong" else fault.at_s
    yield _fault(begins_s, whom, f"{fault.kind}{detail}")
    if fault.for_s:
        until_s = begins_s + fault.for_s
        yield _fault(until_s, whom, f"no {fault.kind} any more")


def _fault(at_s: float, actor: str, told: str) -> Happening:
    rank = _LAST if _DEATH.search(told) else _FIRST
    return Happening(at_s=at_s, actor=actor, told=f"! {told}", rank=rank)


def _of(actor: str, at_s: float, told: str) -> Happening:
    return Happening(at_s=at_s, actor=actor, told=told, rank=_CAUSES[actor])


def _without_repetitions(found: list[Happening]) -> Iterator[Happening]:
    """Say once what came again and again with nothing between."""
    index = 0
    while index < len(found):
        one = found[index]
        last = index
        while last + 1 < len(found) and found[last + 1].told == one.told:
            last += 1
        yield one
        if last - index >= _MANY:
            told = f"… and {last - index - 1} times more, and"
            yield Happening(at_s=found[index + 1].at_s, actor=one.actor, told=told)
            yield found[last]
        else:
            yield from found[index + 1 : last + 1]
        index = last + 1
