"""The operator's side, on a bind of its own: figures, and readiness with its reasons.

It asks for no credentials yet, so it listens on loopback unless a setting says otherwise, and
answers under its own names only: a page in the operator's browser must not read it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from gateway.api.health import HealthApi
from gateway.api.metering import Metering
from gateway.api.misdirected import OwnHostsOnly
from gateway.api.problems import Problems
from gateway.api.repeated_lines import RepeatedLines
from gateway.hosts import Hosts
from gateway.metrics import Metrics
from gateway.settings import Settings

_REMEDY = "Ask the admin bind by its address, or add the name to GATEWAY_HOSTS."


def admin_hosts(settings: Settings) -> Hosts:
    """Return the names of the admin bind: this machine's, its own, and those of the gateway."""
    own = {socket.gethostname().lower(), settings.admin_host.lower()}
    return Hosts(own | settings.hosts, has_loopback=True)


def admin_app(
    health: HealthApi,
    *,
    hosts: Hosts,
    problems: Problems,
    lines: RepeatedLines,
    metrics: Metrics,
    routes: Iterable[BaseRoute] = (),
) -> ASGIApp:
    """Return the ASGI application of the admin bind.

    Args:
        health: answers for the process as a whole.
        hosts: under which names it is asked.
        routes: what else operators may ask for.
    """
    app = Starlette(
        routes=[*health.admin_routes(), *routes],
        middleware=[Middleware(Metering, metrics=metrics)],
    )
    app.router.redirect_slashes = False
    return OwnHostsOnly(
        app, hosts=hosts, remedy=_REMEDY, problems=problems, lines=lines, metrics=metrics
    )
