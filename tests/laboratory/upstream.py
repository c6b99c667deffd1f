"""The simulated upstream: it answers sends as planned, and keeps its own ledger of who got what."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

import orjson

from gateway.clients.messages import Answered, InDoubt, SendOutcome, Unsent
from tests.laboratory.credentials import ACCOUNTS
from tests.laboratory.plan import Answer, AnswerKind
from tests.laboratory.seen import Posted
from tests.laboratory.world import BEGIN_MS, World

_REJECTED: Final = orjson.dumps({"title": "Invalid sender", "detail": "The from is not yours."})
_RETRY_AFTER_S: Final = 3.0
MESSAGED: Final = frozenset({"accept", "lose-answer", "fail-after-sending", "garbage"})
"""The kinds of answer by which a person is messaged."""
_SOMETIMES: Final = {
    "accept": "a send was accepted",
    "lose-answer": "the answer of a send was lost",
    "lose-request": "a request of a send was lost",
    "unreachable": "a send could not leave",
    "throttle": "a send was throttled",
    "unauthorised": "a send was unauthorised",
    "reject": "a send was refused",
    "fail": "a send was answered by a server error",
    "fail-after-sending": "a send that was answered by a server error had been made",
    "garbage": "a send was answered by garbage",
}


Reach: TypeAlias = Callable[[str], asyncio.Future[None] | None]
"""Tells that a process reached a point; what it returns is waited for, and never comes."""


class Vendor(Protocol):
    """Who tells what becomes of messages."""

    def messaged(self, posted: Posted, webhook_url: str | None) -> None:
        """Take that a person got a message."""
        ...


def mark(dispatch: int, step: int) -> str:
    """Return the text of a step, by which everybody around knows it again."""
    return f"text of dispatch {dispatch} step {step}"


def read_mark(body: dict[str, object]) -> tuple[int, int]:
    """Return the dispatch and the step that a v1 body belongs to."""
    words = str(body["text"]).split()
    return int(words[3]), int(words[5])


class Upstream:
    """Messages v1."""

    def __init__(self, world: World, vendor: Vendor) -> None:
        self._world = world
        self._vendor = vendor
        self._attempts: dict[tuple[int, int], int] = {}

    def attempt(self, dispatch: int, step: int) -> Answer:
        """Return what becomes of the next POST of a step."""
        self._world.seen.tried.append((self._world.now_s, dispatch))
        if self._world.window("upstream-down"):
            return Answer(kind="unreachable", after_s=0.2)
        if self._world.window("upstream-throttles"):
            return Answer(kind="throttle")
        if self._world.window("upstream-unauthorised"):
            return Answer(kind="unauthorised")
        if self._world.faults_are_over:
            return Answer()
        count = self._attempts.get((dispatch, step), 0)
        self._attempts[dispatch, step] = count + 1
        answers = self._world.plan.dispatches[dispatch].steps[step].answers
        return answers[min(count, len(answers) - 1)]

    def count(self, kind: AnswerKind) -> None:
        """Count what became of a POST."""
        self._world.happened(_SOMETIMES[kind])

    def receive(
        self, body: dict[str, object], answer: Answer, *, authorization: str
    ) -> asyncio.Future[SendOutcome]:
        """Take in a POST that left; the future is its answer, which may never come."""
        world = self._world
        dispatch, step = read_mark(body)
        posted = Posted(
            at_s=world.now_s,
            dispatch=dispatch,
            step=step,
            kind=answer.kind,
            to=str(body["to"]),
            channel=str(body["channel"]),
            account=_account(authorization),
        )
        if answer.kind == "lose-request":
            world.tell(f"upstream: d{dispatch} s{step} never arrives")
        else:
            world.seen.posted.append(posted)
            world.tell(f"upstream: d{dispatch} s{step} arrives: {answer.kind}")
        if answer.kind in MESSAGED:
            posted.message_uuid = self._message_uuid(dispatch, step)
            url = body.get("webhook_url")
            self._vendor.messaged(posted, None if url is None else str(url))
        future: asyncio.Future[SendOutcome] = world.loop.create_future()
        outcome = _outcome(posted, answer)
        if outcome is not None:

            def say() -> None:
                if not future.done():
                    if answer.kind == "accept":
                        posted.answered_s = world.now_s
                    future.set_result(outcome)

            world.later(answer.after_s, say)
        return future

    async def refuse(self) -> SendOutcome:
        """Refuse a connection, after a while."""
        future: asyncio.Future[SendOutcome] = self._world.loop.create_future()

        def say() -> None:
            if not future.done():  # who asked may have gone
                future.set_result(Unsent(reason="connection-refused"))

        self._world.later(0.2, say)
        return await future

    def _message_uuid(self, dispatch: int, step: int) -> str:
        count = len(self._world.seen.posted)
        chance = self._world.random("message", dispatch, step, count)
        return str(uuid.UUID(int=chance.getrandbits(128), version=4))

    def date_s(self) -> int | None:
        """Return the time as the upstream tells it; None while it is away."""
        if self._world.window("upstream-down"):
            return None
        return BEGIN_MS // 1000 + int(self._world.now_s)


def _outcome(posted: Posted, answer: Answer) -> SendOutcome | None:
    match answer.kind:
        case "accept":
            return _answered(202, orjson.dumps({"message_uuid": posted.message_uuid}))
        case "lose-answer" | "lose-request":
            # Some connections break, and some are silent until the deadline.
            return InDoubt(reason="connection-lost") if posted.step % 2 else None
        case "throttle":
            return _answered(429, b"{}", _RETRY_AFTER_S)
        case "unauthorised":
            return _answered(401, b"{}")
        case "reject":
            return _answered(422, _REJECTED)
        case "fail" | "fail-after-sending":
            return _answered(500, b"")
        case _:
            return _answered(202, b"<html>accepted</html>")


def _account(authorization: str) -> int | None:
    return next((index for index, one in enumerate(ACCOUNTS) if one.basic == authorization), None)


def _answered(status: int, body: bytes, retry_after_s: float | None = None) -> Answered:
    return Answered(http_status=status, body=body, retry_after_s=retry_after_s)


class SimulatedMessages:
    """The port of one process to the upstream."""

    def __init__(self, upstream: Upstream, reach: Reach, *, limit_s: float) -> None:
        self._upstream = upstream
        self._reach = reach
        self._limit_s = limit_s

    async def send(
        self, body: bytes, *, authorization: str, began: Callable[[], None] | None = None
    ) -> SendOutcome:
        document = orjson.loads(body)
        dispatch, step = read_mark(document)
        answer = self._upstream.attempt(dispatch, step)
        self._upstream.count(answer.kind)
        if (stuck := self._reach("send-connected")) is not None:
            await stuck
        if answer.kind != "unreachable" and began is not None:
            began()
        if answer.kind == "unreachable":
            return await self._upstream.refuse()
        future = self._upstream.receive(document, answer, authorization=authorization)
        if (stuck := self._reach("send-written")) is not None:
            await stuck
        try:
            async with asyncio.timeout(self._limit_s):
                outcome = await future
        except TimeoutError:
            outcome = InDoubt(reason="deadline-passed")
        if (stuck := self._reach("send-answered")) is not None:
            await stuck
        return outcome

    async def close(self) -> None:
        pass


class SimulatedDate:
    """The port of one process to the upstream's clock."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    async def read_s(self) -> int | None:
        return self._upstream.date_s()
