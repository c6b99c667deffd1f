"""The comparison: the legacy service serves, the gateway only watches, and then says what it saw.

Two of everything, side by side: a stand-in of Dispatch that behaves as documented, and one with a
quirk that nobody told the gateway about. Both gateways run in mode `observe`; nothing of the
gateway's own is ever sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.types import ASGIApp

from gateway.app import Gateway
from gateway.clock import Clock
from gateway.compare.ignores import NO_IGNORES
from gateway.compare.pairing import Rules, with_replay
from gateway.compare.reading import Reading
from gateway.compare.report_model import Report
from gateway.compare.report_run import count
from gateway.compare.report_text import text_rows
from gateway.compare.report_words import headline
from gateway.compare.sifting import Sieve
from gateway.compare.verdict import Answer
from gateway.demo.application import LegacyApplication
from gateway.demo.calling import calling
from gateway.demo.serving import serving, url_of
from gateway.demo.teller import Teller
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.legacy import LegacyConfig, create_legacy
from gateway.sandbox.legacy_quirks import AS_DOCUMENTED, Habits, with_quirks
from gateway.server import bind
from gateway.settings import Settings, load_settings
from gateway.simulation.timeline import Row, Stretch, Style
from gateway.stores.open import open_store
from translators.diagnostics import JsonObject

WORKFLOWS: Final = 320
"""Of each side: enough for an upper bound below one in a hundred."""
QUIRK: Final = "delivered-counts-as-read"
EXPIRY_S: Final = 15
DEADLINE_S: Final = 45.0
_AT_ONCE: Final = 20
_LINGER_S: Final = 1
_POLL_S: Final = 0.25
_BEGINNING: Final = 10

# What becomes of a first message is chosen by the last two digits of its recipient.
_FATES: Final = ("00", "01", "02", "03", "04")
_TEXT: Final[JsonObject] = {"type": "text", "text": "Your parcel arrives today."}
_CONTENTS: Final[dict[str, JsonObject]] = {
    "whatsapp": _TEXT,
    "viber_service_msg": _TEXT,
    "mms": {"type": "image", "image": {"url": "https://example.com/parcel.jpg"}},
    "sms": _TEXT,
}
_FIRST_STEPS: Final = (
    ("whatsapp", "read"),
    ("viber_service_msg", "delivered"),
    ("mms", "delivered"),
)


@dataclass(slots=True, kw_only=True)
class Side:
    """One stand-in of Dispatch, the gateway that watches it, and the application it serves."""

    name: str
    habits: Habits
    application: LegacyApplication
    gateway_url: str = ""
    trace: Path = Path()

    @property
    def reports(self) -> int:
        """How many final reports the application has received."""
        return sum("message_uuid" not in callback for callback in self.application.callbacks)


async def tell_comparison(teller: Teller, clock: Clock) -> tuple[int, list[tuple[str, Report]]]:
    """Run it all; return the exit code, and the report of each side.

    The code is 0 only if nothing was found on the side that behaves, and something on the other.
    """
    started_ms = clock.now_ms()

    def elapsed_s() -> float:
        return (clock.now_ms() - started_ms) / 1000

    def tell(actor: str, text: str) -> None:
        teller.tell(elapsed_s(), actor, text)

    sides = [
        Side(name="as documented", habits=AS_DOCUMENTED, application=_application(clock)),
        Side(
            name=f"with the quirk {QUIRK}",
            habits=with_quirks(AS_DOCUMENTED, [QUIRK]),
            application=_application(clock),
        ),
    ]
    with tempfile.TemporaryDirectory(prefix="dispatch-gateway-demo-") as name:
        async with contextlib.AsyncExitStack() as stack:
            for number, side in enumerate(sides):
                folder = Path(name) / str(number)
                folder.mkdir()
                await stack.enter_async_context(_watched(side, folder, clock))
                tell("upstream", f"a stand-in of Dispatch, {side.name}")
                tell("gateway", f"watches it from {side.gateway_url}, in mode observe")
            tell("application", f"sends {WORKFLOWS} workflows on each side, as it always did")
            await asyncio.gather(*(_send_all(side) for side in sides))
            tell("application", "has all its 202s; those not read in time fail over after 15 s")
            await _wait_for_reports(sides, tell)
            # Traces stay open a little after the report, for late statuses.
            await asyncio.sleep(2 * _LINGER_S + 1)
        reports = [(side.name, _report(side.trace)) for side in sides]
    for side_name, report in reports:
        tell("verdict", f"{side_name}: {headline(report)}")
    good, odd = (report for _, report in reports)
    is_right = not good.evidence.semantic and odd.answer is Answer.NO
    return (0 if is_right else 1), reports


def draw(reports: Sequence[tuple[str, Report]], *, width: int) -> Iterator[Row]:
    """Yield the reports as rows of text, one after the other.

    Of a side on which nothing was found, the beginning says it all.
    """
    for name, report in reports:
        yield (Stretch(text=f"══ {name}", style=Style.TITLE),)
        yield ()
        rows = text_rows(report, top=1, width=width)
        yield from rows if report.evidence.semantic else rows[:_BEGINNING]
        yield ()


def _application(clock: Clock) -> LegacyApplication:
    return LegacyApplication(
        api_key="demo-key",
        api_secret=clock.draw_token(12).hex(),
        signature_secret=clock.draw_token(32).hex(),
    )


@contextlib.asynccontextmanager
async def _watched(side: Side, folder: Path, clock: Clock) -> AsyncIterator[None]:
    """Run application, stand-in and gateway of one side until the block ends."""
    ports = [bind("127.0.0.1", 0) for _ in range(3)]
    app_url, legacy_url, side.gateway_url = (url_of(listener) for listener in ports)
    side.trace = folder / "traces.jsonl"
    settings = _settings(side, app_url, legacy_url, folder)
    legacy = create_legacy(
        SandboxConfig(
            webhook_url=f"{side.gateway_url}/legacy/status",
            api_key=side.application.api_key,
            signature_secret=side.application.signature_secret,
        ),
        LegacyConfig(habits=side.habits),
        clock,
    )
    store = await open_store(settings.store, clock=clock)
    try:
        gateway = Gateway(settings, store, clock)
        async with contextlib.AsyncExitStack() as stack:
            apps: tuple[ASGIApp, ...] = (side.application.app(), legacy, gateway.app())
            for app, listener in zip(apps, ports, strict=True):
                await stack.enter_async_context(serving(app, listener))
            yield
    finally:
        await store.close()


def _settings(side: Side, app_url: str, legacy_url: str, folder: Path) -> Settings:
    """Return the settings, read from the same variables that an operator would set."""
    return load_settings(
        {
            "GATEWAY_MODE": "observe",
            "GATEWAY_LEGACY": legacy_url,
            "GATEWAY_TRACE": str(side.trace),
            "GATEWAY_TRACE_KEY": side.application.signature_secret,
            "GATEWAY_TRACE_LINGER": str(_LINGER_S),
            "GATEWAY_STORE": f"sqlite:///{folder / 'gateway.db'}",
            "GATEWAY_UPSTREAM": "http://127.0.0.1:9",  # nobody: an observer sends nothing
            "GATEWAY_PUBLIC_URL": side.gateway_url,
            "GATEWAY_STATUS_URL": f"{app_url}/webhooks/status",
            "GATEWAY_ALLOW_PRIVATE_CALLBACKS": "true",
            "GATEWAY_CALLBACK_PORTS": "9",
            "GATEWAY_DRAIN": "2",
            "VONAGE_API_KEY": side.application.api_key,
            "VONAGE_API_SECRET": side.application.api_secret,
            "VONAGE_SIGNATURE_SECRET": side.application.signature_secret,
        },
        None,
    )


async def _send_all(side: Side) -> None:
    """Send every workflow, a few at a time, with the application's own credentials."""
    application = side.application
    turns = asyncio.Semaphore(_AT_ONCE)
    async with calling(application.headers) as caller:

        async def send(workflow: JsonObject) -> None:
            url = f"{side.gateway_url}/v0.1/dispatch"
            async with turns:
                http_status, _ = await caller.post(url, workflow)
            if http_status != 202:
                raise RuntimeError(f"the stand-in answered {http_status}")

        await asyncio.gather(*(send(workflow) for workflow in _workflows()))


def _workflows() -> Iterator[JsonObject]:
    """Yield the workflows: every channel of a first step with every fate, again and again."""
    kinds = itertools.cycle(itertools.product(_FIRST_STEPS, _FATES))
    for number, ((channel, condition), fate) in enumerate(itertools.islice(kinds, WORKFLOWS)):
        recipient = f"4477009{number:04}"
        yield {
            "template": "failover",
            "workflow": [
                {
                    "from": _address(channel, "16273"),
                    "to": {"type": channel, "number": f"{recipient}{fate}"},
                    "message": {"content": _CONTENTS[channel]},
                    "failover": {"expiry_time": EXPIRY_S, "condition_status": condition},
                },
                {
                    "from": _address("sms", "447700900001"),
                    "to": {"type": "sms", "number": f"{recipient}00"},
                    "message": {"content": _CONTENTS["sms"]},
                },
            ],
        }


def _address(channel: str, number: str) -> JsonObject:
    key = "id" if channel == "viber_service_msg" else "number"
    return {"type": channel, key: number if key == "id" else "447700900001"}


async def _wait_for_reports(sides: Sequence[Side], tell: Callable[[str, str], None]) -> None:
    """Tell how far it is, until every workflow has its report."""
    told = Counter[str]()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DEADLINE_S):
            while any(side.reports < WORKFLOWS for side in sides):
                for side in sides:
                    quarter = 4 * side.reports // WORKFLOWS
                    if quarter > told[side.name]:
                        told[side.name] = quarter
                        tell("application", f"{side.reports} final reports, {side.name}")
                await asyncio.sleep(_POLL_S)


def _report(path: Path) -> Report:
    """Compare every trace with its replay, as `compare report` does."""
    reading = Reading(paths=[str(path)], progress_is_wanted=False)
    sieve = Sieve()
    counted = count(with_replay(sieve.sift(reading.traces()), Rules()), NO_IGNORES, sieve)
    return counted.report(files=reading.files, troubles=reading.troubles)
