"""A line of log for each request, against none."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.cycles import payload, reference
from benchmarks.figures import announce, median, show
from benchmarks.processes import LOAD_CORE, free_port, pin, running
from benchmarks.wire import Rate, closed_loop, request_bytes
from gateway.logs import configure_logging, get_logger
from gateway.server import calm_the_collector

PAIRS, SECONDS, IN_FLIGHT = 5, 1.5, 50

log = get_logger()


async def answer(request: Request) -> Response:
    """Read a request and answer it."""
    await request.body()
    return Response(b'{"dispatch_uuid":"x"}', status_code=202, media_type="application/json")


async def answer_and_log(request: Request) -> Response:
    """Do the same, and write the line that the gateway writes of an accepted request."""
    response = await answer(request)
    log.info(
        "dispatch.accepted",
        dispatch_uuid="aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
        application="aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
        steps=2,
        rules=["REQ112"],
    )
    return response


async def run_logs() -> None:
    """Ask both servers in turn."""
    ports = {"log": free_port(), "quiet": free_port()}
    rates: dict[str, list[Rate]] = {kind: [] for kind in ports}

    def request(number: int) -> bytes:
        headers = {"Content-Type": "application/json"}
        return request_bytes("/", payload(reference(number)), headers)

    with contextlib.ExitStack() as stack:
        for kind, port in ports.items():
            stack.enter_context(running(["-m", "benchmarks.logs", kind, str(port)], port))
        for number in range(PAIRS):
            announce(f"logging: pair {number + 1} of {PAIRS}")
            for kind, port in ports.items():
                rate = await closed_loop(port, request, seconds=SECONDS, in_flight=IN_FLIGHT)
                rates[kind].append(rate)
    logging, quiet = ([rate.per_s for rate in done] for done in rates.values())
    show(
        "requests a second with one log line / without",
        [a / b for a, b in zip(logging, quiet, strict=True)],
        "must 0.80, target 0.88",
        f"{median(logging):.0f}/s against {median(quiet):.0f}/s from a Starlette that does nothing",
    )


def serve(kind: str, port: int) -> None:
    """Serve one of the two, with the garbage collector as the gateway sets it."""
    configure_logging("info", "json", is_final=True)
    calm_the_collector()
    endpoint = answer_and_log if kind == "log" else answer
    app = Starlette(routes=[Route("/", endpoint, methods=["POST"])])
    config = uvicorn.Config(
        app, port=port, loop="uvloop", http="httptools", access_log=False, log_config=None
    )
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        uvicorn.Server(config).run()


def main() -> None:
    """Compare; `python -m benchmarks.logs (log | quiet) PORT` serves one side."""
    if len(sys.argv) > 2:
        serve(sys.argv[1], int(sys.argv[2]))
        return
    pin(os.getpid(), LOAD_CORE)
    uvloop.run(run_logs())


if __name__ == "__main__":
    main()
