"""Stores of simulated processes: the dict model as a server that outlives them, or SQLite.

Between a process and its store lie turns of the loop, so that a process can be killed with its
commit made and the answer on the way, and so that others come in between.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final, Protocol

from gateway.core.state import DispatchStatus
from gateway.render import REPORT_STEP
from gateway.stores.base import (
    CauseSpent,
    Commit,
    HoldReason,
    OutboxCause,
    OutboxKind,
    OutcomeUnknown,
    RequestCause,
    RevisionConflict,
    StoreFault,
    StoreUnavailable,
    TimerCause,
    WebhookCause,
)
from tests.laboratory.plan import Fault
from tests.laboratory.upstream import Reach
from tests.laboratory.world import World

_READS: Final = frozenset(
    {
        "load",
        "history",
        "find_message",
        "recall",
        "suspended",
        "waiting_sends",
        "dead_letters",
        "count_dead_letters",
        "due_timers",
        "next_timer_ms",
        "holds",
        "scopes_aside",
        "silences",
        "signed_ms",
        "held_for",
        "matchable",
        "held",
        "held_webhook",
        "applications_in_use",
        "applications_at_work",
        "accepted_since",
        "counts",
        "check",
    }
)
_LOOKS: Final = frozenset({"due_timers", "next_timer_ms", "counts", "suspended", "signed_ms"})
"""What polls ask, over and over: nothing comes in between that would not come at the next look."""
_CAUSES: Final = {
    RequestCause: ("request-before-commit", "request-after-commit"),
    WebhookCause: ("webhook-before-commit", "webhook-after-commit"),
    TimerCause: ("timer-before-commit", "timer-after-commit"),
    OutboxCause: (None, "outcome-after-commit"),
}


class Connection:
    """A process's way to a store: the store contract, with what lies between and goes wrong."""

    def __init__(
        self, world: World, store: Any, reach: Reach, *, has_link: bool, index: int
    ) -> None:
        """Connect.

        Args:
            store: what keeps it all.
            has_link: whether there is something between that can fail.
            index: of the process.
        """
        self._world = world
        self._store = store
        self._reach = reach
        self._has_link = has_link
        self._turns = world.random("store", index, len(world.seen.lives))
        self._fault: StoreFault | None = None
        self.is_closing = self.is_closed = False
        self.failed = asyncio.Event() if has_link else store.failed
        self.fatal = asyncio.Event() if has_link else store.fatal

    @property
    def description(self) -> str:
        return str(self._store.description)

    @property
    def fault(self) -> StoreFault | None:
        return self._fault or self._store.fault

    def secret(self) -> bytes:
        secret: bytes = self._store.secret()
        return secret

    async def close(self) -> None:
        self.is_closing = True
        if not self._has_link:
            await self._store.close()
        self.is_closed = True

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name in _READS:
            call = self._reading(method, is_far=self._has_link and name not in _LOOKS)
        else:
            call = self._writing(name, method)
        setattr(self, name, call)
        return call

    def _reading(self, method: Callable[..., Any], *, is_far: bool) -> Callable[..., Any]:
        async def call(*args: Any, **options: Any) -> Any:
            self._check()
            if is_far:
                await self._travel()
            return await method(*args, **options)

        return call

    def _writing(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        async def call(*args: Any, **options: Any) -> Any:
            before, after = _points(name, args)
            self._check()
            for point in before:
                if (stuck := self._reach(point)) is not None:
                    await stuck
            if self._has_link:
                await self._travel()
                self._check()
                unknown = self._world.next_write_is_unknown()
                if unknown is not None:
                    await self._lose(unknown, method, args, options)
            try:
                answer = await method(*args, **options)
            except RevisionConflict:
                self._world.happened("a commit met a conflict")
                raise
            except CauseSpent:
                self._world.happened("a cause was spent already")
                raise
            _note(self._world, name, args, options, answer)
            for point in after:
                if (stuck := self._reach(point)) is not None:
                    await stuck
            if self._has_link:
                await self._travel()
            return answer

        return call

    async def _travel(self) -> None:
        most = self._world.plan.store_turns
        for _ in range(self._turns.randrange(most + 1) if most else 0):
            await asyncio.sleep(0)

    def _check(self) -> None:
        if self._fault is not None:
            raise StoreUnavailable("the store failed and must be opened anew")
        if self._has_link and self._world.window("store-down"):
            self._world.happened("the store was away")
            raise StoreUnavailable("the store is away")

    async def _lose(self, fault: Fault, method: Any, args: Any, options: Any) -> None:
        """Do not tell what became of a write; as with SQLite, the process has to start anew."""
        word = "had happened" if fault.is_applied else "had not happened"
        self._world.happened(f"a write of unknown outcome {word}")
        self._world.tell(f"store: the outcome of a write is unknown; it {word}")
        if fault.is_applied:
            with contextlib.suppress(RevisionConflict, CauseSpent):
                await method(*args, **options)
        self._fault = StoreFault(why="A write was lost.", remedy="Start anew.")
        self.failed.set()
        self.fatal.set()
        raise OutcomeUnknown("nobody knows")


def _points(name: str, args: tuple[Any, ...]) -> tuple[list[str], list[str]]:
    """Return the points that lie before and after an operation."""
    match name, args:
        case "commit", (Commit() as commit, *_):
            before, after = _CAUSES[type(commit.cause)]
            points = [before] if before else [], [after]
            is_ended = commit.state.status is not DispatchStatus.OPEN
            if is_ended and any(item.step == REPORT_STEP for item in commit.outbox):
                points[0].append("report-before-commit")
                points[1].append("report-after-commit")
            return points
        case "begin", (item, *_) if item.kind is OutboxKind.SEND:
            return ["send-before-intent"], ["send-after-intent"]
        case "settle", (item, *_) if item.kind is OutboxKind.CALLBACK:
            return [], ["callback-settled"]
        case "place_hold", _:
            return ["hold-before-commit"], ["hold-after-commit"]
        case _:
            return [], []


def _note(
    world: World, name: str, args: tuple[Any, ...], options: dict[str, Any], answer: Any
) -> None:
    """Count what only an operation of the store tells."""
    match name:
        case "place_hold" if args[0].reason is HoldReason.UNREADABLE:
            world.happened("a step was unreadable")
        case "set_aside" if args[0]:
            world.happened("a timer was set aside")
        case "resume" if answer:
            world.happened("suspended sends were resumed")
        case "hold" if answer is None and options["reason"] == "unmatched":
            world.happened("an unmatched webhook was parked")
        case "drop_held":
            world.happened("a parked webhook was matched")
        case _:
            pass


class Storage(Protocol):
    """What outlives the processes."""

    async def connect(self, index: int, reach: Reach, clock: Any) -> Connection:
        """Open the store for a process that starts."""
        ...

    def crash(self, *, loses_power: bool) -> None:
        """Take that the process that had it open is gone without a word."""
        ...

    def fail_after(self, changes: int, then: Callable[[], None]) -> None:
        """Let the power go amid what is written, and call `then`; nothing on another machine."""
        ...

    async def read(self) -> Any:
        """Return the store as it is now, for the judge."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...
