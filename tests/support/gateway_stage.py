"""The stage on which transcripts play the gateway itself.

Requests and webhooks go through the ASGI application, sends reach an upstream on loopback that
holds its answers, callbacks reach a receiver on loopback, and the store is SQLite on disk. Timers
fire when the transcript says so, because it also says who wins a tie. What is printed was seen on
the wire or read from the store; the binding of messages and the setting of timers are not seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, assert_never

import httpx2
from structlog.testing import capture_logs

from gateway.app import Gateway
from gateway.core.events import ExpiryReached, HorizonReached
from gateway.core.state import Dispatch, Step, Terms
from gateway.settings import load_settings
from gateway.stores.base import HistoryEntry
from gateway.stores.open import open_store
from gateway.tokens import StepAddress, TokenMint
from tests.support.clock import ManualClock
from tests.support.environment import environment
from tests.support.loopback import WAIT_S, Loopback, Reply, Seen
from tests.support.peers import answer, receiving
from tests.support.playbook import BIRTH_MS, seconds
from tests.support.transcripts import Accept, Advance, Begin, Command, Lose, Notify, Refuse
from tests.support.world import World, workflow
from translators.diagnostics import JsonObject

_REFUSALS: Final = {
    1120: answer(422, {"title": "Invalid sender"}),
    1070: answer(402, {"title": "Low balance"}),
}
_NUMBER: Final = {"to": {"number": "447700900000"}, "from": {"number": "447700900001"}}
_ADDRESSES: Final = {
    "messenger": {"to": {"id": "1234567890123456"}, "from": {"id": "9876543210987654"}},
    "viber_service_msg": {"to": {"number": "447700900000"}, "from": {"id": "16273"}},
}


class SteppedGateway(Gateway):
    """The gateway without its polling: it works what commits hand over, and timers on demand."""

    async def fire_due(self) -> int:
        """Fire what is due; return how many timers that were."""
        return await self._timers.fire_due()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do nothing by itself; on leaving, drain and let go of the connections."""
        yield
        await self._sends.drain(WAIT_S)
        await self._callbacks.drain(WAIT_S)
        await self._ports.messages.close()
        await self._ports.callbacks.close()


class GatewayStage:
    """Implements `tests.support.transcripts.Stage`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._runner = asyncio.Runner()
        self._open = contextlib.AsyncExitStack()
        self._clock = ManualClock(BIRTH_MS)
        self._held: list[Reply] = []
        self._answered = 0
        self._told = 0
        self._sent = 0
        self._revision = 0
        self._steps: dict[str, tuple[str, int]] = {}
        """The letter and the step of each message, by its id."""
        self._dispatch_uuid = ""
        self._world: World
        self._gateway: SteppedGateway
        self._mint: TokenMint

    def __enter__(self) -> GatewayStage:
        self._runner.__enter__()
        self._open.enter_context(capture_logs())
        return self

    def __exit__(self, *error: object) -> None:
        for reply in self._held:
            _say(reply, Reply(hangs_up=True))
        self._runner.run(self._open.aclose())
        self._runner.__exit__(None, None, None)

    def at(self, instant_ms: int) -> Iterator[str]:
        yield from self._runner.run(self._pass_until(instant_ms - 1))
        self._set_clock(instant_ms)

    def perform(self, command: Command) -> Iterator[str]:
        yield from self._runner.run(self._perform(command))

    async def _perform(self, command: Command) -> list[str]:
        match command:
            case Begin():
                await self._begin(command.steps, command.terms)
            case Accept():
                message_uuid = self._learn(command.letter, command.step)
                self._answer(command.step, answer(202, {"message_uuid": message_uuid}))
            case Refuse():
                self._answer(command.step, _REFUSALS[command.code])
            case Lose():
                self._answer(command.step, Reply(hangs_up=True))
            case Notify():
                await self._notify(command)
            case Advance():
                until_ms = self._clock.now_ms() + command.duration_ms
                happened = await self._pass_until(until_ms)
                self._set_clock(until_ms)
                return happened or ["nothing is due"]
            case _:
                assert_never(command)
        return await self._seen()

    async def _begin(self, steps: tuple[Step, ...], terms: Terms) -> None:
        enter = self._open.enter_async_context
        upstream = await enter(Loopback(self._hold).listening())
        receiver = await enter(Loopback(receiving).listening())
        environ = environment(self._folder, upstream.url, receiver.url) | {
            "GATEWAY_EXPIRY_STARTS": terms.expiry_start.value,
            "GATEWAY_RESEND_IN_DOUBT": "last-step-once" if terms.resends_in_doubt else "never",
            "GATEWAY_REPORT_CORRECTIONS": str(terms.corrects_reports).lower(),
            "GATEWAY_SEND_BUDGET": "0",
        }
        settings = load_settings(environ, None)
        store = await open_store(settings.store, clock=self._clock, writer="loop")
        self._open.push_async_callback(store.close)
        self._mint = TokenMint(store.secret())
        self._gateway = SteppedGateway(settings, store, self._clock)
        await enter(self._gateway.running())
        transport = httpx2.ASGITransport(app=self._gateway.app())
        operators = httpx2.ASGITransport(app=self._gateway.admin_app())
        self._world = World(
            gateway=self._gateway,
            settings=settings,
            clock=self._clock,
            upstream=upstream,
            receiver=receiver,
            http=await enter(httpx2.AsyncClient(transport=transport, base_url="http://gateway")),
            admin=await enter(httpx2.AsyncClient(transport=operators, base_url="http://localhost")),
        )
        document = workflow(*(_document_of(step) for step in steps))
        self._dispatch_uuid = await self._world.dispatch(document)

    def _hold(self, seen: Seen) -> Reply:
        reply = Reply(holds=asyncio.Event())
        self._held.append(reply)
        return reply

    def _answer(self, step: int, reply: Reply) -> None:
        """Answer the latest send of a step."""
        sends = [self._step_of(seen.json()) for seen in self._world.upstream.seen]
        _say(self._held[len(sends) - 1 - sends[::-1].index(step)], reply)
        self._answered += 1

    def _step_of(self, send: JsonObject) -> int:
        address = self._mint.read(str(send["webhook_url"]).rpartition("/")[2])
        assert address is not None
        return address.step

    def _learn(self, letter: str, step: int) -> str:
        seed = hashlib.sha256(letter.encode()).digest()
        message_uuid = str(uuid.UUID(bytes=seed[:16], version=4))
        self._steps.setdefault(message_uuid, (letter, step))
        return message_uuid

    async def _notify(self, command: Notify) -> None:
        message_uuid = self._learn(command.letter, command.step or 0)
        path = "/webhooks/status"
        if command.step is not None:
            address = StepAddress(dispatch_uuid=self._dispatch_uuid, step=command.step)
            path = f"{path}/{self._mint.mint(address)}"
        stamped_s = (self._clock.now_ms() - BIRTH_MS) / 1000
        if command.stamped is not None:
            stamped_s = float(command.stamped.removesuffix("s"))
        members: JsonObject = {"timestamp": _timestamp(BIRTH_MS / 1000 + stamped_s)}
        if command.usage is not None:
            members["usage"] = {"currency": command.usage.currency, "price": command.usage.price}
        if command.error_code is not None:
            members["error"] = {"title": str(command.error_code), "detail": command.error_reason}
        answered = await self._world.webhook(
            self._world.upstream.seen[0].json(),
            command.word,
            message_uuid=message_uuid,
            path=path,
            **members,
        )
        assert answered.status_code == 200

    async def _pass_until(self, until_ms: int) -> list[str]:
        printed: list[str] = []
        while True:
            due_ms = await self._gateway.store.next_timer_ms()
            if due_ms is None or due_ms > until_ms:
                return printed
            self._set_clock(max(due_ms, self._clock.now_ms()))
            await self._gateway.fire_due()
            printed += await self._seen()

    def _set_clock(self, instant_ms: int) -> None:
        self._clock.advance((instant_ms - self._clock.now_ms()) / 1000)

    async def _seen(self) -> list[str]:
        """Print what the last command led to, once nothing more can come of it."""
        state, history = await self._quiet()
        entries, self._revision = history[self._revision :], len(history)
        if not entries:
            return ["spent before: nothing happens"]
        (entry,) = entries
        printed: list[str] = []
        if isinstance(entry.event, ExpiryReached | HorizonReached):
            kind = "expiry" if isinstance(entry.event, ExpiryReached) else "horizon"
            instant = seconds(entry.event.due_ms)
            printed.append(f"at {instant} the {kind} of step {entry.event.step + 1} is reached")
        callbacks = self._world.receiver.seen[self._told :]
        sends = self._world.upstream.seen[self._sent :]
        self._told += len(callbacks)
        self._sent += len(sends)
        printed += [self._printed(seen, entry.event.step) for seen in callbacks]
        printed += [f"send {self._step_of(seen.json()) + 1}" for seen in sends]
        printed += [f"ignored: {entry.ignored}"] if entry.ignored else []
        return [*printed, _standing(state)]

    async def _quiet(self) -> tuple[Dispatch, Sequence[HistoryEntry]]:
        """Wait until every callback is delivered and every send is held by the upstream."""
        store, upstream = self._gateway.store, self._world.upstream
        async with asyncio.timeout(WAIT_S):
            while True:
                await asyncio.sleep(0.001)
                counts = await store.counts()
                record = await store.load(self._dispatch_uuid)
                history = await store.history(self._dispatch_uuid)
                is_quiet = (counts.pending_callbacks, counts.pending_sends) == (
                    0,
                    len(upstream.seen) - self._answered,
                )
                # Whoever committed may not have been told yet.
                if is_quiet and record is not None and record.state.revision == len(history):
                    return record.state, history

    def _printed(self, seen: Seen, step: int) -> str:
        callback: Any = seen.json()
        if "template" in callback:
            is_correction = seen.headers.get("gateway-report") == "correction"
            return f"{'correct' if is_correction else 'report'} {callback['status']}"
        letter, step = self._steps.get(callback["message_uuid"], ("", step))
        parts = [f"tell {step + 1} {callback['status']}"]
        parts += [f"of {letter}"] if letter else []
        if usage := callback.get("usage"):
            parts.append(f"usage {usage['price']} {usage['currency']}")
        if error := callback.get("error"):
            parts.append(f"error {error['code']}")
        return " ".join(parts)


def _say(held: Reply, reply: Reply) -> None:
    held.status, held.body, held.headers = reply.status, reply.body, reply.headers
    held.hangs_up = reply.hangs_up
    assert held.holds is not None
    held.holds.set()


def _document_of(step: Step) -> JsonObject:
    addresses = _ADDRESSES.get(step.channel, _NUMBER)
    document: JsonObject = {
        "to": {"type": step.channel, **addresses["to"]},
        "from": {"type": step.channel, **addresses["from"]},
        "message": {"content": {"type": "text", "text": "Hello"}},
    }
    if step.condition is not None:
        failover = {"expiry_time": step.expiry_s, "condition_status": step.condition}
        document["failover"] = dict(failover)
    return document


def _timestamp(unix_s: float) -> str:
    return datetime.fromtimestamp(unix_s, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _standing(state: Dispatch) -> str:
    return f"= {state.status}: {', '.join(map(_step_standing, state.steps))}"


def _step_standing(step: Step) -> str:
    known = [step.reported or ""] + (
        [f"{step.usage.price} {step.usage.currency}"] if step.usage else []
    )
    shown = ", ".join(filter(None, known))
    return f"{step.channel} {step.status}" + (f" ({shown})" if shown else "")
