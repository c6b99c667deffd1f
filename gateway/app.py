"""The composition root: the only place that knows every part."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial

from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp

from gateway.alarms import Alarm, AlarmKind, Alarms
from gateway.api.admin import admin_app, admin_hosts
from gateway.api.admission import Admission
from gateway.api.auth import Authenticator
from gateway.api.authenticated import Authenticated
from gateway.api.caller_limits import CallerLimits
from gateway.api.crowd import Crowd
from gateway.api.dead_letters import DeadLetterApi
from gateway.api.dispatch import DispatchApi
from gateway.api.health import HealthApi
from gateway.api.legacy import LegacyApi
from gateway.api.paired import PairedApi
from gateway.api.parked import ParkedApi
from gateway.api.presence import PresenceApi
from gateway.api.problems import Problems
from gateway.api.public import PublicSide
from gateway.api.repeated_lines import RepeatedLines
from gateway.api.sources import Sources
from gateway.api.split import SplitApi
from gateway.api.strangers import Strangers
from gateway.api.unrouted import UnroutedWebhooks
from gateway.api.webhooks import WebhookApi
from gateway.api.workflows import WorkflowApi
from gateway.applications import Applications
from gateway.clients.credentials import UpstreamCredentials
from gateway.clients.egress import egress_of
from gateway.clients.guard import AddressPolicy
from gateway.clients.own_places import own_places
from gateway.clients.ports import Ports
from gateway.clock import Clock
from gateway.core.backoff import LEGACY_CALLBACKS, STANDARD_CALLBACKS
from gateway.core.decide import Decision
from gateway.correlation import Correlator
from gateway.engine import Engine
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.modes.build import build_modes
from gateway.presence import Presence
from gateway.reception import Reception
from gateway.render import Renderer, RenderOptions
from gateway.safeguards.safeguards import Safeguards
from gateway.settings import Settings
from gateway.settings.choices import callback_options, request_options
from gateway.settings.renewal import Renewal, renew
from gateway.settings.terms import order_of, terms_of
from gateway.sms_api import SmsApiNotice
from gateway.stores.base import Commit, NewOutboxItem, OutboxItem, OutboxKind, Store
from gateway.tokens import TokenMint
from gateway.workers.breaker import Breakers
from gateway.workers.callbacks import Deliverer
from gateway.workers.housekeeping import Housekeeper
from gateway.workers.loop import OutboxLoop
from gateway.workers.pace import Pace
from gateway.workers.sends import Sender
from gateway.workers.suspended import SuspendedSends
from gateway.workers.timers import TimerLoop
from translators.choices import CallbackOptions

log = get_logger()


class Gateway:
    """One running gateway: its parts, wired once, and the tasks that turn them."""

    def __init__(
        self, settings: Settings, store: Store, clock: Clock, *, ports: Ports | None = None
    ) -> None:
        """Wire the parts; without `ports` they speak through real sockets."""
        self.store = store
        self._settings = settings
        self._clock = clock
        self._broken = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._drain: asyncio.Task[None] | None = None
        self.on_secrets_changed: list[Callable[[frozenset[str]], None]] = []
        """Called after a reload with the accounts whose secrets are others now."""
        self.metrics = metrics = Metrics()
        self.alarms = alarms = Alarms(metrics)
        self._applications = applications = Applications(settings.applications)
        policy, egress = address_policy(settings), egress_of(settings)
        mint = TokenMint(store.secret())
        self._ports = ports = ports or Ports.on_the_network(settings, policy, egress, clock)
        self.modes = modes = build_modes(
            settings,
            policy=policy,
            egress=egress,
            secret=store.secret(),
            clock=clock,
            metrics=metrics,
        )
        self.safeguards = safeguards = Safeguards(
            store=store,
            clock=clock,
            alarms=alarms,
            applications=applications,
            rate_per_s=settings.send_rate,
            unheard_hold_s=settings.unheard_hold_s,
            upstream_s=ports.upstream_date.read_s if settings.clock == "checked" else None,
        )
        shape = callback_options(settings)
        engine = Engine(
            store=store,
            renderer=Renderer(
                applications.by_name, mint, _render_options(settings.public_url, shape)
            ),
            clock=clock,
            metrics=metrics,
            terms=partial(terms_of, settings),
            offer=self._offer,
            wants=self._wants,
            witness=self._witness,
        )
        correlator = Correlator(
            engine=engine,
            clock=clock,
            speaks_for=applications.speaks_for,
            pass_v1_codes=shape.pass_v1_codes,
            as_invalid_template=shape.as_invalid_template,
        )
        self._credentials = UpstreamCredentials(clock)
        self.sms_api = sms_api = SmsApiNotice(alarms, clock)
        reception = Reception(
            engine=engine,
            correlator=correlator,
            applications=applications,
            sms_api=sms_api,
            clock=clock,
            metrics=metrics,
            reply_as_text=settings.reply_as_text,
            user_ids=shape.user_ids,
        )
        breakers = Breakers(
            clock=clock,
            alarms=alarms,
            refuses_intake=settings.while_mute == "refuse",
            became_mute=modes.became_mute,
        )
        self.on_secrets_changed += [safeguards.secrets_changed, breakers.secrets_changed]
        pace = Pace(rate_per_s=settings.send_rate, clock=clock)
        # While the clock is not known yet, sends are tried, and put off.
        safeguards.tell_set_back(pace.clock_set_back, breakers.clock_set_back)
        sender = Sender(
            engine=engine,
            correlator=correlator,
            client=ports.messages,
            credentials=self._credentials,
            applications=applications,
            breakers=breakers,
            pace=pace,
            clock=clock,
            metrics=metrics,
            budget_s=settings.send_budget_s,
            stale_after_s=settings.stale_after_s,
            timeout_s=settings.send_timeout_s,
        )
        deliverer = Deliverer(
            store=store,
            client=ports.callbacks,
            applications=applications,
            schedule=(
                LEGACY_CALLBACKS if settings.callback_schedule == "legacy" else STANDARD_CALLBACKS
            ),
            order=order_of(settings),
            clock=clock,
            metrics=metrics,
            per_origin=settings.callback_concurrency,
            adds_standard_headers=settings.standard_webhooks,
            offer=self._offer,
            timeout_s=settings.callback_timeout_s,
        )
        self._sends = OutboxLoop(
            kind=OutboxKind.SEND,
            store=store,
            clock=clock,
            desk=sender,
            applications=applications,
            concurrency=settings.send_concurrency,
            may_act=safeguards.may_act,
        )
        self._callbacks = OutboxLoop(
            kind=OutboxKind.CALLBACK,
            store=store,
            clock=clock,
            desk=deliverer,
            applications=applications,
            concurrency=16 * settings.callback_concurrency,
            may_act=safeguards.may_act,
        )
        self._timers = TimerLoop(
            engine=engine,
            clock=clock,
            metrics=metrics,
            safeguards=safeguards,
            stale_after_s=settings.stale_after_s,
        )
        self._suspended = SuspendedSends(
            store=store,
            breakers=breakers,
            pace=pace,
            clock=clock,
            offer=self._offer,
            may_act=safeguards.may_act,
        )
        lines = RepeatedLines(clock)
        self._crowd = crowd = Crowd(
            store=store,
            applications=settings.applications,
            rate_per_s=settings.send_rate,
            silence_ms=pace.silence_ms,
            clock=clock,
            alarms=alarms,
            metrics=metrics,
            max_age_s=settings.max_send_age_s,
            is_stopped=lambda account: breakers.of(account).is_open,
        )
        self._housekeeper = Housekeeper(
            store=store,
            correlator=correlator,
            clock=clock,
            metrics=metrics,
            retention_s=settings.retention_days * 86_400,
            chores=[sms_api.expire, lines.flush, crowd.tell],
            may_forget=safeguards.may_forget,
        )
        self._health = health = HealthApi(
            store=store,
            clock=clock,
            metrics=metrics,
            alarms=alarms,
            refresh_gauges=self._refresh_gauges,
            describe_legacy=modes.describe_legacy,
        )
        problems = Problems(
            clock=clock, invalid_as_array=settings.invalid_parameters == "array", lines=lines
        )
        strangers = Strangers(
            source_of=Sources(settings.trusted_proxies).of,
            clock=clock,
            metrics=metrics,
            lines=lines,
        )
        self._authenticator = authenticator = Authenticator(
            settings.applications, clock, leeway_s=settings.jwt_leeway_s
        )
        limits = CallerLimits(
            settings.applications, store=store, clock=clock, metrics=metrics, lines=lines
        )
        unrouted = UnroutedWebhooks(
            fallback=problems.handlers()[HTTPException],
            applications=applications,
            clock=clock,
            metrics=metrics,
            max_body=settings.max_body,
            max_age_s=settings.webhook_max_age_s,
        )
        legacy_api = LegacyApi.of(
            settings,
            modes.observer,
            problems,
            modes.splitter,
            missed=unrouted.notice,
        )
        dispatch_api = DispatchApi(
            engine=engine,
            authenticator=authenticator,
            strangers=strangers,
            problems=problems,
            admission=Admission(alarms=alarms, crowd=crowd),
            limits=limits,
            requests=request_options(settings),
            max_body=settings.max_body,
            public_url=settings.public_url,
            legacy=legacy_api,
            recorder=modes.recorder,
            split=SplitApi.of(settings, modes.splitter, legacy_api),
            paired=PairedApi.of(settings, modes.pairing, legacy_api, clock),
        )
        authenticated = Authenticated(authenticator, strangers, limits, problems)
        workflow_api = WorkflowApi(
            engine=engine,
            authenticated=authenticated,
            alarms=alarms,
            safeguards=safeguards,
            workflow_fee=settings.workflow_fee,
        )
        dead_letter_api = DeadLetterApi(engine=engine, clock=clock, authenticated=authenticated)
        parked_api = ParkedApi(
            store=store,
            reception=reception,
            applications=applications,
            authenticated=authenticated,
            metrics=metrics,
        )
        webhook_api = WebhookApi(
            engine=engine,
            reception=reception,
            applications=applications,
            mint=mint,
            safeguards=safeguards,
            strangers=strangers,
            problems=problems,
            clock=clock,
            metrics=metrics,
            max_body=settings.max_body,
            max_age_s=settings.webhook_max_age_s,
        )
        self._public = PublicSide(
            dispatch=dispatch_api,
            workflow=workflow_api,
            webhook=webhook_api,
            dead_letters=dead_letter_api,
            parked=parked_api,
            presence=PresenceApi(Presence(clock), problems),
            health=health,
            legacy=legacy_api,
            problems=problems,
            unrouted=unrouted,
            lines=lines,
            metrics=metrics,
        )

    def routes(self) -> list[Route]:
        """Return every route of the public side."""
        return self._public.routes()

    def app(self) -> ASGIApp:
        """Return the ASGI application of the public side; its lifespan runs the workers."""
        return self._public.app(self._settings, self.running)

    def admin_app(self) -> ASGIApp:
        """Return the ASGI application of the operator's side; it has no lifespan."""
        return admin_app(
            self._health,
            hosts=admin_hosts(self._settings),
            problems=self._public.problems,
            lines=self._public.lines,
            metrics=self.metrics,
            routes=[self._public.presence.route()],
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the workers; on leaving, drain: nothing new begins, what is under way ends."""
        # What records ends after what works: it is told of the last commit, too.
        async with self.modes.running(), self._working():
            yield

    @contextlib.asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        await self.safeguards.begin()
        self._tasks = [
            asyncio.create_task(self.safeguards.run(), name="safeguards"),
            asyncio.create_task(self._sends.run(), name="sends"),
            asyncio.create_task(self._suspended.run(), name="suspended-sends"),
            asyncio.create_task(self._callbacks.run(), name="callbacks"),
            asyncio.create_task(self._timers.run(), name="timers"),
            asyncio.create_task(self._housekeeper.run(), name="housekeeping"),
            asyncio.create_task(self._tell_when_the_store_fails(), name="store"),
        ]
        for task in self._tasks:
            task.add_done_callback(self._notice_death)
        try:
            yield
        finally:
            await self.begin_drain()
            await self.safeguards.end()
            await self._ports.messages.close()
            await self._ports.callbacks.close()

    def begin_drain(self) -> asyncio.Task[None]:
        """Begin nothing more; return a task that ends when what is under way has, or must.

        It is called when the server begins to close, so that requests and work under way end within
        one and the same time. What a request commits meanwhile waits for the next process.
        """
        if self._drain is None:
            self._health.is_draining = True
            self.safeguards.hearing.stop()
            for task in self._tasks:
                task.cancel()
            self._drain = asyncio.create_task(self._drained(), name="drain")
        return self._drain

    async def _drained(self) -> None:
        drain_s = self._settings.drain_s
        await asyncio.gather(
            *self._tasks,
            self._sends.drain(drain_s),
            self._callbacks.drain(drain_s),
            return_exceptions=True,
        )

    def reload(self, settings: Settings) -> Renewal:
        """Take the secrets of newly read settings over, for callers, webhooks, sends and callbacks.

        It happens between two turns of the loop, and wholly: with a fault nothing changes. What is
        under way ends with the secret that it began with.

        Args:
            settings: read without a fault. What else changed in them is named in the answer and
                has no effect.
        """
        renewal = renew(self._settings, settings)
        if renewal.faults:
            return renewal
        applications = renewal.settings.applications
        self._authenticator.replace(applications)
        self._applications.replace(applications)
        self._credentials.forget_all()
        self._settings = renewal.settings
        if renewal.accounts:
            for tell in self.on_secrets_changed:
                tell(renewal.accounts)
        return renewal

    async def wait_until_broken(self) -> None:
        """Return when the gateway cannot go on and its process must be started anew."""
        await self._broken.wait()

    async def _tell_when_the_store_fails(self) -> None:
        await self.store.failed.wait()
        fault = self.store.fault
        assert fault is not None  # noqa: S101 - it is set with the event
        self.alarms.raise_alarm(
            Alarm(
                kind=AlarmKind.STORE,
                subject="",
                since_ms=self._clock.now_ms(),
                why=fault.why,
                remedy=fault.remedy,
                blocks_intake=True,
            )
        )

    def _notice_death(self, task: asyncio.Task[None]) -> None:
        # A worker never ends by itself: without one the gateway would be silently half alive.
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("worker.died", worker=task.get_name(), error_type=type(error).__name__)
            self._broken.set()

    def _witness(self, commit: Commit, decision: Decision) -> None:
        self.safeguards.witness(commit)
        if self.modes.witness is not None:
            self.modes.witness(commit, decision)

    def _offer(self, items: Sequence[OutboxItem]) -> None:
        kinds = {item.kind for item in items} if items else (OutboxKind.SEND, OutboxKind.CALLBACK)
        if OutboxKind.SEND in kinds:
            self._sends.offer(items)
        if OutboxKind.CALLBACK in kinds:
            self._callbacks.offer(items)

    async def _refresh_gauges(self) -> None:
        await self._housekeeper.refresh_gauges()
        await self._crowd.tell()

    def _wants(self, item: NewOutboxItem) -> bool:
        loop = self._sends if item.kind is OutboxKind.SEND else self._callbacks
        return loop.wants(item)


def address_policy(settings: Settings) -> AddressPolicy:
    """Return where the gateway may connect to."""
    return AddressPolicy(
        allow_private=settings.allow_private_callbacks,
        https_only=settings.https_callbacks_only,
        allowed_ports=AddressPolicy().allowed_ports | settings.callback_ports,
        own_places=own_places(settings),
    )


def _render_options(public_url: str | None, shape: CallbackOptions) -> RenderOptions:
    return RenderOptions(
        public_url=public_url,
        links=shape.links,
        user_ids=shape.user_ids,
        workflow_fee=shape.workflow_fee,
        message_href_prefix=shape.message_href_prefix,
    )
