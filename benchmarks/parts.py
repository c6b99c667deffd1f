"""The gateway's parts without its sockets, and dispatches brought to where most of them wait."""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

from benchmarks.cycles import payload, reference
from benchmarks.processes import ACCOUNT
from gateway.alarms import Alarms
from gateway.applications import Applications
from gateway.clock import Clock
from gateway.core.decide import decide
from gateway.core.events import DispatchAccepted, SendAccepted
from gateway.core.state import Dispatch, Step, Terms
from gateway.correlation import Correlator, Disposition
from gateway.engine import LEASE_MS, Engine
from gateway.logs import configure_logging
from gateway.metrics import Metrics
from gateway.render import Renderer, RenderOptions
from gateway.safeguards.safeguards import Safeguards
from gateway.server import calm_the_collector
from gateway.settings import Application
from gateway.stores.base import Commit, OutboxCause, OutboxItem, OutboxKind, RequestCause, Store
from gateway.tokens import StepAddress, TokenMint
from gateway.workers.timers import TimerLoop
from translators.dispatch import DispatchPlan, translate_dispatch

APPLICATION = Application(
    api_key=ACCOUNT, status_url="http://127.0.0.1/status", final_report_url="http://127.0.0.1/end"
)
PUBLIC_URL = "https://gateway.example.com"
PAYLOAD_BYTES = len(payload(reference(0)))


def be_a_server() -> None:
    """Set this process up as the gateway does: it makes log lines, of which nothing is kept.

    Call it when what the benchmark has prepared is there: no gateway holds it, so the garbage
    collector shall not walk it either.
    """
    nowhere = open(os.devnull, "wb")  # noqa: SIM115, PTH123
    configure_logging("info", "json", stream=nowhere, is_final=True)
    calm_the_collector()


def plan(number: int) -> DispatchPlan:
    """Return the plan of request `number`."""
    translated = translate_dispatch(orjson.loads(payload(reference(number)))).value
    assert translated is not None
    return translated


def renderer(secret: bytes) -> Renderer:
    """Return a renderer of one application, whose webhooks find their step by a token."""
    return Renderer(
        {APPLICATION.name: APPLICATION}, TokenMint(secret), RenderOptions(public_url=PUBLIC_URL)
    )


def accept_commits(count: int, clock: Clock) -> list[Commit]:
    """Return the commits of `count` accepted dispatches, as the engine hands them to a store."""
    rendering = renderer(bytes(32))
    return [_accept_commit(plan(number), rendering, clock) for number in range(count)]


def _accept_commit(made: DispatchPlan, rendering: Renderer, clock: Clock) -> Commit:
    steps = tuple(
        Step(channel=step.channel, condition=step.condition, expiry_s=step.expiry_s)
        for step in made.steps
    )
    event, now_ms = DispatchAccepted(), clock.now_ms()
    return rendering.render(
        application=APPLICATION.name,
        decision=decide(Dispatch(dispatch_uuid=str(clock.draw_uuid()), steps=steps), event, now_ms),
        event=event,
        cause=RequestCause(application=APPLICATION.name),
        plan=made,
        now_ms=now_ms,
    )


@dataclass(slots=True, kw_only=True)
class Parts:
    """An engine on a store. What commits hand over lies in `offered`; nothing is ever sent.

    `watch` takes it instead, where one is given.
    """

    store: Store
    clock: Clock
    watch: Callable[[Sequence[OutboxItem]], None] | None = None
    offered: list[OutboxItem] = field(default_factory=list)
    metrics: Metrics = field(default_factory=Metrics)
    engine: Engine = field(init=False)
    _correlator: Correlator = field(init=False)

    def __post_init__(self) -> None:
        self.engine = Engine(
            store=self.store,
            renderer=renderer(self.store.secret()),
            clock=self.clock,
            metrics=self.metrics,
            terms=lambda channel: Terms(),
            offer=self.watch or self._offer,
        )
        self._correlator = Correlator(
            engine=self.engine,
            clock=self.clock,
            speaks_for=lambda sender, application: True,
            pass_v1_codes=False,
        )

    def timers(self) -> TimerLoop:
        """Return a loop that fires what is due; nothing is held."""
        safeguards = Safeguards(
            store=self.store,
            clock=self.clock,
            alarms=Alarms(self.metrics),
            applications=Applications([APPLICATION]),
            rate_per_s=0,
            unheard_hold_s=0,
            upstream_s=None,
        )
        return TimerLoop(
            engine=self.engine,
            clock=self.clock,
            metrics=self.metrics,
            safeguards=safeguards,
            stale_after_s=86_400,
        )

    def _offer(self, items: Sequence[OutboxItem]) -> None:
        self.offered += items

    async def make_pending(self, first: int, count: int) -> list[str]:
        """Bring `count` dispatches to where they wait for their first step's `read`.

        Each was accepted, sent, reported `submitted`, and its callback was delivered: four
        commits and the two around the send and the callback.

        Returns:
            Their message ids, in the order of acceptance.
        """
        for number in range(first, first + count):
            await self.engine.accept(APPLICATION, plan(number))
        sends, self.offered = self.offered, []
        message_uuids = [str(uuid.uuid4()) for _ in sends]
        await asyncio.gather(*map(self._report_submitted, sends, message_uuids))
        callbacks, self.offered = self.offered, []
        assert all(item.kind is OutboxKind.CALLBACK for item in callbacks)
        assert len(sends) == len(callbacks) == count
        now_ms = self.clock.now_ms()
        settling = (self.store.settle(i, now_ms=now_ms, lease_ms=LEASE_MS) for i in callbacks)
        await asyncio.gather(*settling)
        return message_uuids

    async def _report_submitted(self, send: OutboxItem, message_uuid: str) -> None:
        intent_ms = self.clock.now_ms()
        assert await self.store.begin(send, now_ms=intent_ms)
        accepted = SendAccepted(
            step=send.step,
            message_uuid=message_uuid,
            intent_ms=intent_ms,
            accepted_ms=self.clock.now_ms(),
        )
        cause = OutboxCause(item_id=send.item_id, fence=send.fence)
        await self.engine.apply(send.item_id.owner, accepted, cause)
        disposition = await self._correlator.receive(
            _submitted(send.body, message_uuid, self.clock.now_ms()),
            sender=f"account:{ACCOUNT}",
            address=StepAddress(dispatch_uuid=send.item_id.owner, step=send.step),
        )
        assert disposition is Disposition.APPLIED


def _submitted(send: bytes, message_uuid: str, now_ms: int) -> bytes:
    sent = orjson.loads(send)
    moment = datetime.fromtimestamp(now_ms // 1000, UTC)
    return orjson.dumps(
        {
            "message_uuid": message_uuid,
            **{name: sent[name] for name in ("to", "from", "channel", "client_ref")},
            "timestamp": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
            "status": "submitted",
        }
    )
