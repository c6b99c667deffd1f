"""The gateway's parts on a bench: wired as in `gateway/app.py`, but turned by hand.

The store is SQLite on disk, the upstream and the receiver are servers on loopback. There is no
loop that works by itself: what a commit hands over lies on the bench until a test works it, so
that every order of things can be told, and a crash is a bench that is left behind.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import orjson
from structlog.testing import capture_logs

from gateway.alarms import Alarms
from gateway.applications import Applications
from gateway.clients.callbacks import CallbackClient
from gateway.clients.credentials import UpstreamCredentials
from gateway.clients.guard import AddressPolicy
from gateway.clients.messages import MessagesClient
from gateway.core.backoff import LEGACY_CALLBACKS, STANDARD_CALLBACKS
from gateway.core.state import Step
from gateway.correlation import Correlator, Disposition
from gateway.engine import LEASE_MS, Engine, IdempotencyConflict
from gateway.metrics import Metrics
from gateway.render import Renderer, RenderOptions
from gateway.safeguards.safeguards import Safeguards
from gateway.settings import Settings, load_settings
from gateway.settings.terms import order_of, terms_of
from gateway.stores.base import OutboxItem, OutboxKind, Store
from gateway.stores.open import open_store
from gateway.tokens import StepAddress, TokenMint
from gateway.workers.breaker import Breakers
from gateway.workers.callbacks import Deliverer
from gateway.workers.housekeeping import Housekeeper
from gateway.workers.pace import Pace
from gateway.workers.sends import Sender
from gateway.workers.suspended import SuspendedSends
from gateway.workers.timers import TimerLoop
from tests.support.clock import ManualClock
from tests.support.environment import environment
from tests.support.loopback import Loopback
from tests.support.peers import accepting, receiving
from tests.support.world import API_KEY, WHATSAPP_THEN_SMS
from translators.diagnostics import JsonObject, JsonValue
from translators.dispatch import DispatchPlan, translate_dispatch

UNHEARD_OF = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"

_CLAIM = 100


def plan_of(document: JsonValue) -> DispatchPlan:
    """Return the plan of a good request."""
    plan = translate_dispatch(document).value
    assert plan is not None
    return plan


@dataclass(slots=True, kw_only=True)
class Bench:
    """The parts, and what lies on the bench."""

    settings: Settings
    clock: ManualClock
    store: Store
    metrics: Metrics
    upstream: Loopback
    receiver: Loopback
    offered: list[OutboxItem] = field(default_factory=list)
    """What commits handed over and nobody has worked yet."""
    applications: Applications = field(init=False)
    alarms: Alarms = field(init=False)
    safeguards: Safeguards = field(init=False)
    engine: Engine = field(init=False)
    correlator: Correlator = field(init=False)
    sender: Sender = field(init=False)
    suspended: SuspendedSends = field(init=False)
    deliverer: Deliverer = field(init=False)
    timers: TimerLoop = field(init=False)
    housekeeper: Housekeeper = field(init=False)
    messages: MessagesClient = field(init=False)
    callbacks: CallbackClient = field(init=False)

    def __post_init__(self) -> None:
        settings, clock, metrics = self.settings, self.clock, self.metrics
        policy = AddressPolicy(allow_private=True)
        self.applications = Applications(settings.applications)
        self.messages = MessagesClient(
            base_url=settings.upstream,
            policy=policy,
            clock=clock,
            deadline_s=settings.send_timeout_s,
        )
        self.callbacks = CallbackClient(
            policy=policy, clock=clock, deadline_s=settings.callback_timeout_s
        )
        self.alarms = Alarms(metrics)
        self.safeguards = Safeguards(
            store=self.store,
            clock=clock,
            alarms=self.alarms,
            applications=self.applications,
            rate_per_s=settings.send_rate,
            unheard_hold_s=settings.unheard_hold_s,
            upstream_s=None,
        )
        self.engine = Engine(
            store=self.store,
            renderer=Renderer(
                self.applications.by_name,
                TokenMint(self.store.secret()),
                RenderOptions(public_url=settings.public_url),
            ),
            clock=clock,
            metrics=metrics,
            terms=partial(terms_of, settings),
            offer=self.offered.extend,
        )
        self.correlator = Correlator(
            engine=self.engine,
            clock=clock,
            speaks_for=self.applications.speaks_for,
            pass_v1_codes=False,
        )
        breakers = Breakers(
            clock=clock, alarms=self.alarms, refuses_intake=settings.while_mute == "refuse"
        )
        pace = Pace(rate_per_s=settings.send_rate, clock=clock)
        self.suspended = SuspendedSends(
            store=self.store,
            breakers=breakers,
            pace=pace,
            clock=clock,
            offer=self.offered.extend,
        )
        self.sender = Sender(
            engine=self.engine,
            correlator=self.correlator,
            client=self.messages,
            credentials=UpstreamCredentials(clock),
            applications=self.applications,
            breakers=breakers,
            pace=pace,
            clock=clock,
            metrics=metrics,
            budget_s=settings.send_budget_s,
            stale_after_s=settings.stale_after_s,
            timeout_s=settings.send_timeout_s,
        )
        self.deliverer = Deliverer(
            store=self.store,
            client=self.callbacks,
            applications=self.applications,
            schedule=(
                LEGACY_CALLBACKS if settings.callback_schedule == "legacy" else STANDARD_CALLBACKS
            ),
            order=order_of(settings),
            clock=clock,
            metrics=metrics,
            per_origin=settings.callback_concurrency,
            adds_standard_headers=settings.standard_webhooks,
            offer=self.offered.extend,
        )
        self.timers = TimerLoop(
            engine=self.engine,
            clock=clock,
            metrics=metrics,
            safeguards=self.safeguards,
            stale_after_s=settings.stale_after_s,
        )
        self.housekeeper = Housekeeper(
            store=self.store,
            correlator=self.correlator,
            clock=clock,
            metrics=metrics,
            retention_s=settings.retention_days * 86_400,
        )

    async def dispatch(self, document: JsonValue = WHATSAPP_THEN_SMS, of: int = 0) -> str:
        """Have a workflow of application number `of` accepted; return its `dispatch_uuid`."""
        accepted = await self.engine.accept(self.settings.applications[of], plan_of(document))
        assert not isinstance(accepted, IdempotencyConflict)
        return accepted

    async def take(self, kind: OutboxKind) -> list[OutboxItem]:
        """Take what is ready to be worked: what was handed over, and what can be claimed."""
        await self.suspended.take_up()
        taken = [item for item in self.offered if item.kind is kind]
        self.offered[:] = [item for item in self.offered if item.kind is not kind]
        claimed = await self.store.claim(
            kind,
            now_ms=self.clock.now_ms(),
            lease_ms=LEASE_MS,
            room=dict.fromkeys(self.applications.by_name, _CLAIM),
        )
        return [*taken, *claimed]

    async def send(self) -> int:
        """Work the sends that are ready, one after the other; return how many there were."""
        items = await self.take(OutboxKind.SEND)
        for item in items:
            await self.sender.work(item)
        return len(items)

    async def deliver(self) -> int:
        """Work callbacks until none is ready; return how many attempts that took."""
        attempts = 0
        while items := await self.take(OutboxKind.CALLBACK):
            for item in items:
                await self.deliverer.work(item)
            attempts += len(items)
        return attempts

    async def deliver_after(self, seconds: float) -> int:
        """Let time pass, then deliver."""
        self.clock.advance(seconds)
        return await self.deliver()

    async def send_after(self, seconds: float) -> int:
        """Let time pass, then send."""
        self.clock.advance(seconds)
        return await self.send()

    async def fire_after(self, seconds: float) -> int:
        """Let time pass, then fire what is due; return how many timers that were."""
        self.clock.advance(seconds)
        return await self.timers.fire_due()

    async def hear(
        self,
        dispatch_uuid: str,
        word: str,
        *,
        step: int = 0,
        message_uuid: str | None = None,
        sender: str = f"account:{API_KEY}",
        **members: JsonValue,
    ) -> Disposition:
        """Receive a status webhook that names its step by its token.

        It speaks of the message the step is known to have, or of one that nobody knew.
        """
        known = (await self.steps(dispatch_uuid))[step].message_uuid
        body = status_body(word, message_uuid or known or UNHEARD_OF, **members)
        address = StepAddress(dispatch_uuid=dispatch_uuid, step=step)
        return await self.correlator.receive(body, sender=sender, address=address)

    async def hear_of(self, message_uuid: str, word: str, **members: JsonValue) -> Disposition:
        """Receive a status webhook that names nothing but its message."""
        body = status_body(word, message_uuid, **members)
        return await self.correlator.receive(body, sender=f"account:{API_KEY}", address=None)

    async def steps(self, dispatch_uuid: str) -> list[Step]:
        """Return the steps as they are known."""
        record = await self.store.load(dispatch_uuid)
        assert record is not None
        return list(record.state.steps)

    async def standing(self, dispatch_uuid: str) -> str:
        """Return where the dispatch stands, such as `open: expired sending`."""
        record = await self.store.load(dispatch_uuid)
        assert record is not None
        steps = " ".join(step.status for step in record.state.steps)
        return f"{record.state.status}: {steps}"

    async def told(self) -> list[JsonObject]:
        """Deliver what is ready, and return everything the application received so far."""
        await self.deliver()
        return [seen.json() for seen in self.receiver.seen]

    def counted(self, name: str, **labels: str) -> float:
        """Return the value of a metric."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


def status_body(word: str, message_uuid: str, **members: JsonValue) -> bytes:
    """Return the body of a v1 status webhook."""
    return orjson.dumps(
        {
            "message_uuid": message_uuid,
            "to": "447700900000",
            "from": "447700900001",
            "timestamp": "2025-02-03T12:14:25Z",
            "status": word,
            "channel": "whatsapp",
            **members,
        }
    )


@contextlib.asynccontextmanager
async def a_bench(
    folder: Path,
    environ: Mapping[str, str] | None = None,
    *,
    clock: ManualClock | None = None,
    upstream: Loopback | None = None,
    receiver: Loopback | None = None,
    config: str = "",
) -> AsyncIterator[Bench]:
    """Lay out the parts on a store in `folder`; servers that are not given are made.

    Args:
        config: a settings file, in which `{receiver}` stands for the receiver's URL.
    """
    clock = clock or ManualClock()
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(capture_logs())  # drawing lines for a terminal takes most of the time
        if upstream is None:
            upstream = await stack.enter_async_context(Loopback(accepting).listening())
        if receiver is None:
            receiver = await stack.enter_async_context(Loopback(receiving).listening())
        config_path = folder / "gateway.toml"
        config_path.write_text(config.replace("{receiver}", receiver.url))
        settings = load_settings(
            {**environment(folder, upstream.url, receiver.url), **(environ or {})}, config_path
        )
        store = await open_store(settings.store, clock=clock, writer="loop")
        stack.push_async_callback(store.close)
        bench = Bench(
            settings=settings,
            clock=clock,
            store=store,
            metrics=Metrics(),
            upstream=upstream,
            receiver=receiver,
        )
        stack.push_async_callback(bench.callbacks.close)
        stack.push_async_callback(bench.messages.close)
        yield bench
