"""What becomes of an error nobody foresaw: the one 500 there is, and what it tells."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.hot import HotRoutes
from gateway.api.metering import Metering
from gateway.api.problems import Problems
from gateway.api.repeated_lines import RepeatedLines
from gateway.metrics import Metrics
from tests.gateway.api.surface import lines, problem
from tests.support.clock import ManualClock

CANARY = "447700900000"
FAILING = {
    "a route of the framework": ("GET", f"/fails/{CANARY}", "/fails/{id}"),
    "a route in front of it": ("POST", "/hot", "/hot"),
    "the status route": ("POST", f"/webhooks/status/{CANARY}", "/webhooks/status/{token}"),
}
every_row = pytest.mark.parametrize("row", FAILING)


async def fail(request: Request) -> Response:
    raise KeyError(CANARY)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def http(log: io.BytesIO, metrics: Metrics) -> AsyncIterator[httpx2.AsyncClient]:
    """Reach an application whose every route fails."""
    clock = ManualClock()
    problems = Problems(clock=clock, invalid_as_array=False, lines=RepeatedLines(clock))
    app = Starlette(
        routes=[Route("/fails/{id}", fail)],
        middleware=[Middleware(Metering, metrics=metrics)],
        exception_handlers=problems.handlers(),
    )
    hot = HotRoutes(
        app, exact={"/hot": fail}, status=fail, failed=problems.answer_unexpected, metrics=metrics
    )
    # The server logs the exception once more; here it would only be raised in the test.
    transport = httpx2.ASGITransport(app=hot, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as http:
        yield http


@every_row
async def test_an_unforeseen_error_is_a_500_in_the_shape_of_v01(
    http: httpx2.AsyncClient, row: str
) -> None:
    method, path, _ = FAILING[row]
    body = problem(await http.request(method, path), 500)
    assert body["title"] == "Internal error"


@every_row
async def test_it_is_logged_by_class_and_place_without_its_text(
    log: io.BytesIO, http: httpx2.AsyncClient, row: str
) -> None:
    method, path, _ = FAILING[row]
    await http.request(method, path)
    (line,) = lines(log, "request.failed")
    assert (line["level"], line["error_type"]) == ("error", "KeyError")
    assert CANARY not in log.getvalue().decode()


@every_row
async def test_it_is_counted_under_its_route(
    http: httpx2.AsyncClient, metrics: Metrics, row: str
) -> None:
    method, path, route = FAILING[row]
    await http.request(method, path)
    labels = {"route": route, "code": "500"}
    assert metrics.registry.get_sample_value("gateway_requests_total", labels) == 1
