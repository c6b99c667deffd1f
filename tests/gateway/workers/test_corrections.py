"""A final report that is put right: one more callback, told apart by its header alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from gateway.stores.base import OutboxKind
from tests.support.bench import Bench, a_bench
from tests.support.loopback import Seen
from tests.support.peers import answer
from tests.support.world import step as v01_step
from tests.support.world import workflow

HORIZON_S = 72 * 3600
LATE: Final[dict[str, Any]] = {
    "timestamp": "2025-02-07T08:00:00Z",
    "usage": {"currency": "EUR", "price": "0.0333"},
}
CORRECTS = {"GATEWAY_REPORT_CORRECTIONS": "true"}


@pytest.fixture
async def correcting(tmp_path: Path) -> AsyncIterator[Bench]:
    """Lay out a bench whose reports are put right."""
    async with a_bench(tmp_path, CORRECTS) as bench:
        yield bench


async def reported_as_error(bench: Bench) -> str:
    """Have a dispatch end by its horizon, and everything delivered."""
    dispatch_uuid = await bench.dispatch(workflow(v01_step("sms")))
    await bench.send()
    await bench.fire_after(HORIZON_S)
    await bench.deliver()
    return dispatch_uuid


def reports(bench: Bench) -> list[Seen]:
    """Return the final reports that the application received."""
    return [seen for seen in bench.receiver.seen if "template" in seen.json()]


def bodies(bench: Bench) -> list[Any]:
    """Return the bodies of the final reports that the application received."""
    return [seen.json() for seen in reports(bench)]


async def test_a_late_delivery_makes_one_correction_report(correcting: Bench) -> None:
    dispatch_uuid = await reported_as_error(correcting)
    await correcting.hear(dispatch_uuid, "delivered", **LATE)
    await correcting.hear(dispatch_uuid, "read", **LATE)
    await correcting.deliver()
    assert [body["status"] for body in bodies(correcting)] == ["error", "completed"]


async def test_a_correction_is_marked_by_its_header_and_a_report_is_not(correcting: Bench) -> None:
    dispatch_uuid = await reported_as_error(correcting)
    await correcting.hear(dispatch_uuid, "delivered", **LATE)
    await correcting.deliver()
    marks = [seen.headers.get("gateway-report") for seen in reports(correcting)]
    assert marks == [None, "correction"]


async def test_a_correction_has_the_shape_of_a_report(correcting: Bench) -> None:
    dispatch_uuid = await reported_as_error(correcting)
    await correcting.hear(dispatch_uuid, "delivered", **LATE)
    await correcting.deliver()
    report, correction = bodies(correcting)
    (message,) = correction["_links"]["messages"]
    assert message["status"] == "delivered"
    assert correction == {
        **report,
        "status": "completed",
        "timestamp": "2025-02-06T12:14:25.000Z",
        "usage": {"price": "0.0333", "currency": "EUR"},
        "_links": {"messages": [message]},
    }


async def test_a_correction_follows_the_status_that_caused_it(correcting: Bench) -> None:
    dispatch_uuid = await reported_as_error(correcting)
    await correcting.hear(dispatch_uuid, "delivered", **LATE)
    told = [body["status"] for body in await correcting.told()]
    assert told == ["error", "delivered", "completed"]


async def test_a_correction_that_is_repeated_is_still_marked(correcting: Bench) -> None:
    dispatch_uuid = await reported_as_error(correcting)
    await correcting.hear(dispatch_uuid, "delivered", **LATE)
    correcting.receiver.replies.extend([answer(200), answer(503)])
    await correcting.deliver()
    await correcting.deliver_after(6)
    marks = [seen.headers.get("gateway-report") for seen in reports(correcting)]
    assert marks == [None, "correction", "correction"]


async def test_corrections_are_counted_and_nothing_is_closed_twice(correcting: Bench) -> None:
    dispatch_uuid = await reported_as_error(correcting)
    await correcting.hear(dispatch_uuid, "delivered", **LATE)
    closed = ("error", "completed")
    counted = [
        correcting.counted("gateway_dispatches_closed_total", status=status) for status in closed
    ]
    assert (counted, correcting.counted("gateway_reports_corrected_total")) == ([1, 0], 1)


async def test_a_corrected_dispatch_is_shown_as_completed(correcting: Bench) -> None:
    dispatch_uuid = await reported_as_error(correcting)
    await correcting.hear(dispatch_uuid, "delivered", **LATE)
    assert await correcting.standing(dispatch_uuid) == "completed: met"


async def test_reports_are_not_corrected_by_default(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        dispatch_uuid = await reported_as_error(bench)
        await bench.hear(dispatch_uuid, "delivered", **LATE)
        await bench.deliver()
        assert [body["status"] for body in bodies(bench)] == ["error"]


@pytest.mark.parametrize(
    ("accepted", "heard", "said"),
    [({}, CORRECTS, ["error"]), (CORRECTS, {}, ["error", "completed"])],
    ids=["switched-on-later", "switched-off-later"],
)
async def test_the_agreement_stays_with_the_dispatch_for_life(
    tmp_path: Path, accepted: dict[str, str], heard: dict[str, str], said: list[str]
) -> None:
    async with a_bench(tmp_path, accepted) as bench:
        dispatch_uuid = await reported_as_error(bench)
        clock, receiver = bench.clock, bench.receiver
        before = len(receiver.seen)
    async with a_bench(tmp_path, heard, clock=clock) as bench:
        await bench.hear(dispatch_uuid, "delivered", **LATE)
        await bench.deliver()
        assert before == 1
        assert ["error", *(body["status"] for body in bodies(bench))] == said


async def test_a_correction_is_made_though_the_plan_is_wiped(correcting: Bench) -> None:
    dispatch_uuid = await reported_as_error(correcting)
    correcting.clock.advance(27 * 86_400)
    await correcting.housekeeper.sweep()
    await correcting.hear(dispatch_uuid, "delivered", **LATE)
    await correcting.deliver()
    assert [body["status"] for body in bodies(correcting)] == ["error", "completed"]


async def test_a_correction_does_not_keep_texts_longer(correcting: Bench) -> None:
    dispatch_uuid = await reported_as_error(correcting)
    correcting.clock.advance(6 * 86_400)
    await correcting.hear(dispatch_uuid, "delivered", **LATE)
    await correcting.deliver()
    correcting.clock.advance(86_400 + 1)
    await correcting.housekeeper.sweep()
    record = await correcting.store.load(dispatch_uuid)
    assert record is not None
    assert record.plan is None


async def test_a_correction_is_committed_with_the_status_that_caused_it(correcting: Bench) -> None:
    dispatch_uuid = await reported_as_error(correcting)
    await correcting.hear(dispatch_uuid, "delivered", **LATE)
    items = await correcting.take(OutboxKind.CALLBACK)
    counts = await correcting.store.counts()
    assert (len(items), counts.pending_callbacks) == (1, 2)  # the second waits for the first
