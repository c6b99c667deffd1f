"""What a world leaves in the store, read once at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway.bodies import new_dispatch
from gateway.core.decide import Decision, decide
from gateway.core.effects import PostReport, PostStatus
from gateway.core.events import Event
from gateway.core.state import Dispatch, StepStatus
from gateway.stores.base import DeadLetter, DispatchRecord, HistoryEntry, StoreCounts
from tests.laboratory.credentials import ACCOUNTS
from tests.laboratory.upstream import read_mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One revision of a dispatch, decided again from its history."""

    entry: HistoryEntry
    before: Dispatch
    decision: Decision

    @property
    def event(self) -> Event:
        return self.entry.event

    @property
    def at_s(self) -> float:
        """Unix seconds."""
        return self.entry.at_ms / 1000

    def moves(self, step: int, to: StepStatus) -> bool:
        """Tell whether the step came to this status by it."""
        after = self.decision.state.steps[step].status
        return after is to and self.before.steps[step].status is not to


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftDispatch:
    """One dispatch as it was left."""

    number: int
    """Of the plan's dispatches."""
    uuid: str
    record: DispatchRecord
    moves: list[Move]

    @property
    def state(self) -> Dispatch:
        return self.record.state

    @property
    def callbacks(self) -> int:
        """How many callbacks its decisions asked for."""
        asked = (PostStatus, PostReport)
        return sum(isinstance(one, asked) for move in self.moves for one in move.decision.effects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """All of it."""

    dispatches: list[LeftDispatch]
    letters: list[DeadLetter]
    parked: list[tuple[str, str]]
    """(message_uuid, reason) of webhooks that were kept."""
    counts: StoreCounts
    bound: dict[str, tuple[str, int]] = field(default_factory=dict)

    @classmethod
    def nothing(cls) -> Left:
        """Return what there is of a world that nobody could look at."""
        counts = StoreCounts(
            open_dispatches=0,
            pending_timers=0,
            pending_sends=0,
            pending_callbacks=0,
            dead_letters=0,
            held_webhooks=0,
        )
        return cls(dispatches=[], letters=[], parked=[], counts=counts)

    def of_number(self, number: int) -> list[LeftDispatch]:
        """Return what became of one of the plan's dispatches; more than one is a double."""
        return [one for one in self.dispatches if one.number == number]


async def read(store: Any, uuids: list[str], message_uuids: set[str]) -> Left:
    """Read what is left of these dispatches."""
    dispatches = [one for uuid in uuids if (one := await _dispatch(store, uuid)) is not None]
    names = [account.api_key for account in ACCOUNTS]
    letters: list[DeadLetter] = []
    for name in names:
        letters += await store.dead_letters(name, limit=10_000)
    senders = [*names, *(f"account:{name}" for name in names)]
    held = await store.held(senders, reason=None, after=0, limit=10_000)
    bound = {one: await store.find_message(one) for one in sorted(message_uuids)}
    return Left(
        dispatches=dispatches,
        letters=letters,
        parked=[(one.message_uuid or "", one.reason) for one in held],
        counts=await store.counts(),
        bound={key: place for key, place in bound.items() if place is not None},
    )


async def _dispatch(store: Any, uuid: str) -> LeftDispatch | None:
    record = await store.load(uuid)
    if record is None:
        return None
    assert record.plan is not None
    number, _ = read_mark(record.plan.steps[0].request)
    moves: list[Move] = []
    state = new_dispatch(uuid, record.plan, record.state.terms)
    for entry in await store.history(uuid):
        decision = decide(state, entry.event, entry.at_ms)
        moves.append(Move(entry=entry, before=state, decision=decision))
        state = decision.state
    return LeftDispatch(number=number, uuid=uuid, record=record, moves=moves)
