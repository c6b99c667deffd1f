"""The public side: what callers and the upstream ask for, put together from the APIs."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp

from gateway.api.dead_letters import DeadLetterApi
from gateway.api.dispatch import DispatchApi
from gateway.api.health import HealthApi
from gateway.api.hot import HotRoutes
from gateway.api.legacy import LegacyApi
from gateway.api.metering import Metering
from gateway.api.misdirected import OwnHostsOnly
from gateway.api.parked import ParkedApi
from gateway.api.presence import PresenceApi
from gateway.api.problems import Problems
from gateway.api.repeated_lines import RepeatedLines
from gateway.api.unrouted import UnroutedWebhooks
from gateway.api.webhooks import WebhookApi
from gateway.api.workflows import WorkflowApi
from gateway.hosts import Hosts
from gateway.metrics import Metrics
from gateway.settings import Settings

_REMEDY = "Add the name to GATEWAY_HOSTS, or let the proxy in front pass on the one it was asked."


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSide:
    """The APIs whose routes strangers reach."""

    dispatch: DispatchApi
    workflow: WorkflowApi
    webhook: WebhookApi
    dead_letters: DeadLetterApi
    parked: ParkedApi
    presence: PresenceApi
    health: HealthApi
    legacy: LegacyApi | None
    problems: Problems
    unrouted: UnroutedWebhooks
    lines: RepeatedLines
    metrics: Metrics

    def routes(self) -> list[Route]:
        """Return every route; the README names the same ones."""
        return [
            # Both slash forms directly: legacy clients lose the body on a redirect.
            Route("/v0.1/dispatch", self.dispatch.create, methods=["POST"]),
            Route("/v0.1/dispatch/", self.dispatch.create, methods=["POST"]),
            Route("/v0.1/dispatch/plan", self.dispatch.rehearse, methods=["POST"]),
            Route("/v0.1/dispatch/plan/", self.dispatch.rehearse, methods=["POST"]),
            Route("/v0.1/dispatch/{dispatch_uuid}", self.workflow.show, methods=["GET"]),
            Route("/workflows/{dispatch_uuid}", self.workflow.show, methods=["GET"]),
            self.presence.route(),
            *self.webhook.routes(),
            *self.dead_letters.routes(),
            *self.parked.routes(),
            *self.health.public_routes(),
            *(self.legacy.routes() if self.legacy else ()),
        ]

    def app(
        self, settings: Settings, running: Callable[[], AbstractAsyncContextManager[None]]
    ) -> ASGIApp:
        """Return the ASGI application; its lifespan is that of `running`."""

        @contextlib.asynccontextmanager
        async def lifespan(app: Starlette) -> AsyncIterator[None]:
            async with running():
                yield

        routed = Starlette(
            routes=self.routes(),
            lifespan=lifespan,
            middleware=[Middleware(Metering, metrics=self.metrics)],
            exception_handlers={
                **self.problems.handlers(),
                HTTPException: self.unrouted.answer,
            },
        )
        routed.router.redirect_slashes = False
        hot = HotRoutes(
            routed,
            exact={
                "/v0.1/dispatch": self.dispatch.create,
                "/v0.1/dispatch/": self.dispatch.create,
            },
            status=self.webhook.status,
            failed=self.problems.answer_unexpected,
            metrics=self.metrics,
        )
        if not settings.hosts:
            return hot
        # Without the public URL's, every webhook would be lost.
        public = urlsplit(settings.public_url or "").hostname
        return OwnHostsOnly(
            hot,
            hosts=Hosts(settings.hosts | {public} if public else settings.hosts),
            remedy=_REMEDY,
            problems=self.problems,
            lines=self.lines,
            metrics=self.metrics,
            open_paths=[route.path for route in self.health.public_routes()],
        )
