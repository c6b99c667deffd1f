"""What observing costs a caller: the legacy service asked directly, and through the gateway.

The service under observation answers after a fixed time, as one beyond the internet does; against a
service that answers at once any hop in between would look dear. Recording is on.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import uuid
from pathlib import Path

import uvloop

from benchmarks.cycles import HEADERS, payload, reference
from benchmarks.figures import announce, show
from benchmarks.processes import LOAD_CORE, free_port, gateway_environ, pin, running
from benchmarks.wire import Rate, Server, answer_bytes, closed_loop, request_bytes

PAIRS, SECONDS = 5, 3.0
ANSWER_S = 0.05
"""How long the legacy service takes: a fast answer over a wide-area network."""


class LateServer(Server):
    """Answers each request `ANSWER_S` after it came."""

    def __init__(self) -> None:
        super().__init__(lambda path, body: b"")

    def data_received(self, data: bytes) -> None:
        asyncio.get_running_loop().call_later(ANSWER_S, self._reply)

    def _reply(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        dispatch_uuid = uuid.UUID(bytes=os.urandom(16), version=4)
        body = b'{"dispatch_uuid":"%s"}' % str(dispatch_uuid).encode()
        self._transport.write(answer_bytes("202 Accepted", body))


def a_request(number: int) -> bytes:
    """Return the request of one caller: one write, which arrives as one piece on loopback."""
    return request_bytes("/v0.1/dispatch", payload(reference(number)), HEADERS)


async def measure(gateway_port: int, legacy_port: int) -> None:
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
                through = await closed_loop(
                    gateway_port, a_request, seconds=SECONDS, in_flight=in_flight
                )
                pairs.append((direct, through))
            last_direct, last_through = pairs[-1]
            show(
                f"caller latency through observe / directly, {in_flight} in flight",
                [through.p50_ms / direct.p50_ms for direct, through in pairs],
                "must 1.05",
                f"p50 {last_through.p50_ms:.2f} ms against {last_direct.p50_ms:.2f} ms,"
                f" p99 {last_through.p99_ms:.2f} ms against {last_direct.p99_ms:.2f} ms;"
                f" {last_through.refused + last_direct.refused} refused",
            )


def main() -> None:
    """Measure with a gateway that records what it forwards."""
    gateway_port, legacy_port = free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="dispatch-gateway-bench-") as name:
        folder = Path(name)
        environ = gateway_environ(
            folder,
            gateway_port,
            legacy_port,
            GATEWAY_MODE="observe",
            GATEWAY_LEGACY=f"http://127.0.0.1:{legacy_port}",
            GATEWAY_TRACE=str(folder / "traces.jsonl"),
        )
        with running(["-m", "gateway", "serve"], gateway_port, environ):
            pin(os.getpid(), LOAD_CORE)
            uvloop.run(measure(gateway_port, legacy_port))


if __name__ == "__main__":
    main()
