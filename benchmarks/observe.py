"""What observing costs a caller: the legacy service asked directly, and through the gateway.

The service under observation answers after a fixed time, as one beyond the internet does; against a
service that answers at once any hop in between would look dear. Recording is on, and while requests
go through the gateway the callbacks of completed workflows come in beside them, are relayed, and
each of those workflows is compared with the run of our engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import urllib.request
import uuid
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import uvloop
from prometheus_client.parser import text_string_to_metric_families

from benchmarks.cycles import HEADERS, payload, reference
from benchmarks.figures import announce, show
from benchmarks.processes import LOAD_CORE, free_port, gateway_environ, pin, running
from benchmarks.wire import (
    Client,
    Rate,
    Server,
    answer_bytes,
    closed_loop,
    request_bytes,
    split_message,
)

PAIRS, SECONDS = 5, 3.0
ANSWER_S = 0.05
"""How long the legacy service takes: a fast answer over a wide-area network."""
COMPLETED_PER_S = 50
"""Of how many workflows a second the callbacks are told: three of each, as of a busy account."""
LINGER_S = 1
"""How long after its report a workflow is compared: soon, so that it is while we measure."""

ACCEPTED: deque[str] = deque(maxlen=COMPLETED_PER_S)
"""The workflows that were accepted last."""


class LateServer(Server):
    """The legacy service, which answers `ANSWER_S` late; and the application, which does not."""

    def __init__(self) -> None:
        super().__init__(lambda path, body: b"")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (parsed := split_message(self._buffer)) is not None:
            head, _, self._buffer = parsed
            if head.startswith(b"POST /callback"):
                self._write(answer_bytes("200 OK"))
            else:
                asyncio.get_running_loop().call_later(ANSWER_S, self._accept)

    def _accept(self) -> None:
        dispatch_uuid = str(uuid.UUID(bytes=os.urandom(16), version=4))
        ACCEPTED.append(dispatch_uuid)
        self._write(
            answer_bytes("202 Accepted", b'{"dispatch_uuid":"%s"}' % dispatch_uuid.encode())
        )

    def _write(self, answer: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)


def a_request(number: int) -> bytes:
    """Return the request of one caller: one write, which arrives as one piece on loopback."""
    return request_bytes("/v0.1/dispatch", payload(reference(number)), HEADERS)


def callbacks_of(dispatch_uuid: str) -> list[bytes]:
    """Return what Dispatch tells of a workflow whose first message is read."""
    message_uuid = str(uuid.UUID(bytes=os.urandom(16), version=4))
    link = {"dispatch_uuid": dispatch_uuid, "href": f"v0.1/dispatch/{dispatch_uuid}"}
    told: list[object] = [
        {
            "message_uuid": message_uuid,
            "to": {"type": "whatsapp", "number": "447700900000"},
            "from": {"type": "whatsapp", "number": "447700900001"},
            "timestamp": "2025-02-03T12:14:25.000Z",
            "status": status,
            "_links": {"dispatch": link},
        }
        for status in ("submitted", "read")
    ]
    listed = {"message_uuid": message_uuid, "channel": "whatsapp", "status": "read"}
    told.append(
        {
            "dispatch_uuid": dispatch_uuid,
            "template": "failover",
            "status": "completed",
            "timestamp": "2025-02-03T12:14:25.000Z",
            "usage": {"price": "0.0000", "currency": "EUR"},
            "_links": {"messages": [listed]},
        }
    )
    return [
        request_bytes("/legacy/status", orjson.dumps(body), {"Content-Type": "application/json"})
        for body in told
    ]


@contextlib.asynccontextmanager
async def telling(gateway_port: int) -> AsyncIterator[None]:
    """Tell the callbacks of completed workflows until the block ends."""
    task = asyncio.create_task(_tell(gateway_port))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _tell(gateway_port: int) -> None:
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(Client, "127.0.0.1", gateway_port)
    while True:
        await asyncio.sleep(1 / COMPLETED_PER_S)
        if ACCEPTED:
            for told in callbacks_of(ACCEPTED.popleft()):
                await client.request(told)


def compared(admin_port: int) -> int:
    """Return how many workflows the gateway has compared."""
    with urllib.request.urlopen(f"http://127.0.0.1:{admin_port}/metrics") as answer:
        families = list(text_string_to_metric_families(answer.read().decode()))
    samples = [sample for family in families for sample in family.samples]
    return round(sum(s.value for s in samples if s.name == "gateway_comparisons_total"))


async def measure(gateway_port: int, admin_port: int, legacy_port: int) -> None:
    """Ask both ways in turns, and print how much later the answer comes through the gateway."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(LateServer, "127.0.0.1", legacy_port)
    async with server:
        for in_flight in (1, 50):
            pairs: list[tuple[Rate, Rate]] = []
            for turn in range(PAIRS):
                announce(f"observe: {in_flight} in flight, pair {turn + 1} of {PAIRS}")
                direct = await closed_loop(
                    legacy_port, a_request, seconds=SECONDS, in_flight=in_flight
                )
                ACCEPTED.clear()
                async with telling(gateway_port):
                    through = await closed_loop(
                        gateway_port, a_request, seconds=SECONDS, in_flight=in_flight
                    )
                pairs.append((direct, through))
            last_direct, last_through = pairs[-1]
            show(
                f"caller latency through observe / directly, {in_flight} in flight, p50",
                [through.p50_ms / direct.p50_ms for direct, through in pairs],
                "must 1.05",
                f"{last_through.p50_ms:.2f} ms against {last_direct.p50_ms:.2f} ms;"
                f" {last_through.refused + last_direct.refused} refused",
            )
            show(
                f"caller latency through observe / directly, {in_flight} in flight, p99",
                [through.p99_ms / direct.p99_ms for direct, through in pairs],
                "",
                f"{last_through.p99_ms:.2f} ms against {last_direct.p99_ms:.2f} ms;"
                f" {await loop.run_in_executor(None, compared, admin_port)} workflows compared"
                " until now",
            )


def main() -> None:
    """Measure with a gateway that records what it forwards, and compares what is complete."""
    gateway_port, admin_port, legacy_port = free_port(), free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="dispatch-gateway-bench-") as name:
        folder = Path(name)
        environ = gateway_environ(
            folder,
            gateway_port,
            legacy_port,
            GATEWAY_ADMIN_PORT=str(admin_port),
            GATEWAY_MODE="observe",
            GATEWAY_LEGACY=f"http://127.0.0.1:{legacy_port}",
            GATEWAY_TRACE=str(folder / "traces.jsonl"),
            GATEWAY_TRACE_LINGER=str(LINGER_S),
        )
        with running(["-m", "gateway", "serve"], gateway_port, environ):
            pin(os.getpid(), LOAD_CORE)
            uvloop.run(measure(gateway_port, admin_port, legacy_port))


if __name__ == "__main__":
    main()
