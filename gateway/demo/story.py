"""The story: three real servers on loopback, one workflow, and everything that follows from it."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from starlette.types import ASGIApp

from gateway.app import Gateway
from gateway.clock import Clock
from gateway.demo.application import EXPIRY_S, WORKFLOW, LegacyApplication, verdict
from gateway.demo.calling import Caller, calling
from gateway.demo.serving import serving, url_of
from gateway.demo.teller import StepView, Teller
from gateway.sandbox.app import SandboxConfig, create_sandbox
from gateway.server import bind
from gateway.settings import Settings, load_settings
from gateway.stores.open import open_store
from translators.diagnostics import JsonObject

DEADLINE_S = 40.0
"""The workflow's own 15 s and a few more; the story ends by itself in any case."""

_LAST_CALLBACKS_S = 1.0
_POLL_S = 0.1

_Elapsed: TypeAlias = Callable[[], float]


async def tell_story(teller: Teller, clock: Clock) -> int:
    """Run the whole story; return 0 only if the application received what it should."""
    started_ms = clock.now_ms()

    def elapsed_s() -> float:
        return (clock.now_ms() - started_ms) / 1000

    application = LegacyApplication(
        api_key="demo-key",
        api_secret=clock.draw_token(12).hex(),
        signature_secret=clock.draw_token(32).hex(),
    )
    async with _servers(application, clock) as (gateway_url, sandbox_url):
        teller.tell(elapsed_s(), "gateway", f"listens at {gateway_url}")
        teller.tell(elapsed_s(), "upstream", f"a simulated Messages API v1 at {sandbox_url}")
        teller.tell(
            elapsed_s(),
            "application",
            "POST /v0.1/dispatch: WhatsApp, and SMS if it is not read within 15 s",
            WORKFLOW,
        )
        dispatch_uuid = await application.send(gateway_url)
        teller.tell(
            elapsed_s(), "gateway", "answers 202, durable", {"dispatch_uuid": dispatch_uuid}
        )
        async with calling(application.headers) as caller:
            watchers = [
                asyncio.create_task(
                    _watch_steps(caller, gateway_url, dispatch_uuid, teller, elapsed_s, clock)
                ),
                asyncio.create_task(_watch_upstream(caller, sandbox_url, teller, elapsed_s)),
            ]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DEADLINE_S):
                    await _hear_callbacks(application, teller, elapsed_s)
            await asyncio.sleep(_LAST_CALLBACKS_S)
            for watcher in watchers:
                watcher.cancel()
            await asyncio.gather(*watchers, return_exceptions=True)
    return _conclude(application, dispatch_uuid, teller, elapsed_s())


def _conclude(
    application: LegacyApplication, dispatch_uuid: str, teller: Teller, at_s: float
) -> int:
    faults = verdict(application.callbacks, dispatch_uuid)
    if application.refused:
        faults.append(f"{application.refused} callbacks had no good signature")
    for fault in faults:
        teller.tell(at_s, "verdict", f"WRONG: {fault}")
    if not faults:
        teller.tell(
            at_s,
            "verdict",
            "The application changed one base URL and received what Dispatch used to send: "
            "four statuses and one final report, all signed.",
        )
    return 1 if faults else 0


async def _hear_callbacks(
    application: LegacyApplication, teller: Teller, elapsed_s: _Elapsed
) -> None:
    """Tell each callback as it arrives, until the final report is among them."""
    position = 0
    while True:
        callback = await application.next_callback(position)
        position += 1
        if "message_uuid" not in callback:
            text = f"receives the final report: {callback['status']}"
            teller.tell(elapsed_s(), "application", text, callback)
            return
        to = callback["to"]
        channel = to["type"] if isinstance(to, dict) else "?"
        text = f"receives a status: {channel} {callback['status']}"
        teller.tell(elapsed_s(), "application", text, callback)


async def _watch_steps(
    caller: Caller,
    gateway_url: str,
    dispatch_uuid: str,
    teller: Teller,
    elapsed_s: _Elapsed,
    clock: Clock,
) -> None:
    """Follow the state the gateway shows, and tell each move of a step."""
    known: dict[int, str] = {}
    while True:
        state = await caller.get(f"{gateway_url}/v0.1/dispatch/{dispatch_uuid}")
        views = []
        workflow = state["workflow"]
        assert isinstance(workflow, list)  # noqa: S101
        for index, entry in enumerate(workflow):
            assert isinstance(entry, dict)  # noqa: S101
            view = _view(entry, clock, is_last=index == len(workflow) - 1)
            views.append(view)
            if known.get(index, "pending") != view.step:
                known[index] = view.step
                teller.tell(elapsed_s(), "gateway", _move(index, view))
        teller.show(elapsed_s(), views)
        await asyncio.sleep(_POLL_S)


def _view(entry: JsonObject, clock: Clock, *, is_last: bool) -> StepView:
    remaining_s = None
    expires_at = entry.get("expires_at")
    if isinstance(expires_at, str) and not is_last:
        remaining_s = max(
            0.0, datetime.fromisoformat(expires_at).timestamp() - clock.now_ms() / 1000
        )
    return StepView(
        channel=str(entry["channel"]),
        step=str(entry["step"]),
        status=str(entry.get("status", "")),
        remaining_s=remaining_s,
        total_s=float(EXPIRY_S) if remaining_s is not None else None,
    )


def _move(index: int, view: StepView) -> str:
    said = {
        "sending": "is handed to the outbox",
        "waiting": "was accepted by the upstream; its condition is awaited",
        "met": "reached its condition",
        "expired": "expired: not read in time, the next step is sent",
        "rejected": "failed",
        "unknown": "is in doubt",
    }
    return f"step {index + 1} ({view.channel}) {said.get(view.step, view.step)}"


async def _watch_upstream(
    caller: Caller, sandbox_url: str, teller: Teller, elapsed_s: _Elapsed
) -> None:
    """Tell each message that reached the simulated upstream."""
    known: set[str] = set()
    while True:
        ledger = await caller.get(f"{sandbox_url}/sandbox/messages")
        messages = ledger["messages"]
        assert isinstance(messages, list)  # noqa: S101
        for message in messages:
            assert isinstance(message, dict)  # noqa: S101
            message_uuid = str(message["message_uuid"])
            if message_uuid not in known:
                known.add(message_uuid)
                text = f"accepts a v1 call: {message['channel']} {message['message_type']}"
                teller.tell(elapsed_s(), "upstream", text)
        await asyncio.sleep(_POLL_S)


@contextlib.asynccontextmanager
async def _servers(application: LegacyApplication, clock: Clock) -> AsyncIterator[tuple[str, str]]:
    """Run application, upstream and gateway on free ports; yield the two base URLs."""
    with tempfile.TemporaryDirectory(prefix="dispatch-gateway-demo-") as folder:
        ports = [bind("127.0.0.1", 0) for _ in range(3)]
        app_url, sandbox_url, gateway_url = (url_of(listener) for listener in ports)
        settings = _settings(application, app_url, sandbox_url, gateway_url, Path(folder))
        sandbox = create_sandbox(
            SandboxConfig(
                api_key=application.api_key, signature_secret=application.signature_secret
            ),
            clock,
        )
        store = await open_store(settings.store, clock=clock)
        try:
            gateway = Gateway(settings, store, clock)
            async with contextlib.AsyncExitStack() as stack:
                apps: tuple[ASGIApp, ...] = (application.app(), sandbox, gateway.app())
                for app, listener in zip(apps, ports, strict=True):
                    await stack.enter_async_context(serving(app, listener))
                yield gateway_url, sandbox_url
        finally:
            await store.close()


def _settings(
    application: LegacyApplication, app_url: str, sandbox_url: str, gateway_url: str, folder: Path
) -> Settings:
    """Return the settings, read from the same variables that an operator would set."""
    return load_settings(
        {
            "GATEWAY_STORE": f"sqlite:///{folder / 'gateway.db'}",
            "GATEWAY_UPSTREAM": sandbox_url,
            "GATEWAY_PUBLIC_URL": gateway_url,
            "GATEWAY_STATUS_URL": f"{app_url}/webhooks/status",
            "GATEWAY_ALLOW_PRIVATE_CALLBACKS": "true",
            "GATEWAY_DRAIN": "2",
            "VONAGE_API_KEY": application.api_key,
            "VONAGE_API_SECRET": application.api_secret,
            "VONAGE_SIGNATURE_SECRET": application.signature_secret,
        },
        None,
    )
