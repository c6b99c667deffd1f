"""What a recorder may hold: bounded by number and by bytes, and what does not fit is counted."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.core.decide import Decision
from gateway.core.effects import PostStatus, SendStep
from gateway.core.events import StatusReport
from gateway.modes.facts import Committed, Told
from gateway.modes.judging import Judgement
from gateway.modes.open_trace import MOST_BYTES, MOST_SEEN, OpenTrace
from gateway.modes.open_traces import OpenTraces
from gateway.modes.recorder import OPEN_LIMIT
from gateway.modes.waiting import ORPHAN_BYTES, ORPHAN_LIMIT, QUEUE_BYTES
from gateway.traces.model import Path as Sender
from gateway.traces.model import Trace
from gateway.traces.pseudonyms import Pseudonyms
from tests.gateway.modes.desk import Desk, brief, reachable
from tests.gateway.modes.observing import DISPATCH_UUID, MESSAGE_UUIDS, report, status, traces
from tests.gateway.stores.building import commit, send, uuid_of
from translators.diagnostics import JsonObject

HOUR_S = 3600
UNKNOWN = "cccccccc-cccc-4ddd-8eee-0123456789ab"


def about(number: int, **members: str) -> JsonObject:
    """Return a status of a workflow of its own."""
    dispatch_uuid = str(uuid.UUID(int=number, version=4))
    link: JsonObject = {"dispatch": {"dispatch_uuid": dispatch_uuid, "href": ""}}
    return status(0, "delivered", _links=link, **members)


def unusable() -> Committed:
    """Return a decision to tell a status, and a commit without it, which no engine makes."""
    made = commit()
    told = PostStatus(step=0, report=StatusReport(status="delivered"))
    return Committed(commit=made, decision=Decision(state=made.state, effects=(told,)))


async def losing(folder: Path, lost: JsonObject) -> Desk:
    """Return a recorder of two workflows that had no room for what was told of one of them."""
    desk = Desk(folder, queue_limit=1)
    for each in (DISPATCH_UUID, UNKNOWN):
        desk.answered(each)
        await desk.recorder.catch_up()
    desk.told(status(0, "submitted"))
    desk.told(lost)
    await desk.recorder.catch_up()
    return desk


async def complete(desk: Desk) -> set[str]:
    """Let all traces end; return which of the two workflows has one that claims to be complete."""
    desk.clock.advance(80 * HOUR_S)
    await desk.recorder.catch_up()
    whole = {trace.dispatch for trace in await desk.close() if trace.is_complete}
    hidden = Pseudonyms(b"key-of-the-tests-0001")
    return {each for each in (DISPATCH_UUID, UNKNOWN) if hidden.uuid(each) in whole}


class TestLimits:
    async def test_a_fact_that_does_not_fit_is_counted_and_leaves_its_trace_incomplete(
        self, tmp_path: Path
    ) -> None:
        desk = Desk(tmp_path, queue_limit=1)
        with capture_logs() as lines:
            desk.answered()
            desk.told(status(0, "delivered"))
            await desk.recorder.catch_up()
            desk.told(report())
            await desk.recorder.catch_up()
            desk.clock.advance(2 * HOUR_S)
            (trace,) = await desk.close()
        assert (desk.dropped("queue-full"), trace.is_complete) == (1, False)
        assert [line["event"] for line in lines].count("trace.fact_dropped") == 1

    async def test_a_fact_that_does_not_fit_leaves_the_traces_of_others_complete(
        self, tmp_path: Path
    ) -> None:
        desk = await losing(tmp_path, status(0, "delivered"))
        assert await complete(desk) == {UNKNOWN}

    async def test_a_lost_fact_that_names_nobody_leaves_every_trace_incomplete(
        self, tmp_path: Path
    ) -> None:
        desk = await losing(tmp_path, {"of": "nobody"})
        assert await complete(desk) == set()

    async def test_beyond_ten_thousand_holes_every_trace_may_have_one(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path, queue_limit=1)
        desk.answered(UNKNOWN)
        await desk.recorder.catch_up()
        desk.told(status(1, "submitted"))
        for number in range(10_001):
            desk.told(about(number))
        await desk.recorder.catch_up()
        assert await complete(desk) == set()

    async def test_ten_thousand_holes_are_told_apart(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path, queue_limit=1)
        desk.answered(UNKNOWN)
        await desk.recorder.catch_up()
        desk.told(status(1, "submitted"))
        for number in range(10_000):
            desk.told(about(number))
        await desk.recorder.catch_up()
        assert await complete(desk) == {UNKNOWN}

    async def test_a_hole_is_told_once(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path, queue_limit=1)
        nobodys: JsonObject = {"of": "nobody"}
        for lost in (nobodys, status(0, "delivered")):
            desk.told(status(1, "submitted"))
            desk.told(lost)
            await desk.recorder.catch_up()
        desk.answered()
        await desk.recorder.catch_up()
        assert await complete(desk) == {DISPATCH_UUID}

    async def test_a_fact_that_cannot_be_taken_in_leaves_every_trace_incomplete(
        self, tmp_path: Path
    ) -> None:
        desk = Desk(tmp_path)
        for each in (DISPATCH_UUID, UNKNOWN):
            desk.answered(each)
        await desk.recorder.catch_up()
        with capture_logs() as lines:
            desk.recorder.put(unusable())
            await desk.recorder.catch_up()
        assert [line["event"] for line in lines] == ["worker.item_failed"]
        assert await complete(desk) == set()

    async def test_beyond_the_limit_the_oldest_is_written_as_incomplete(
        self, tmp_path: Path
    ) -> None:
        desk = Desk(tmp_path, open_limit=1)
        desk.answered()
        desk.clock.advance(1)
        desk.answered(UNKNOWN)
        await desk.recorder.catch_up()
        assert [trace.is_complete for trace in traces(tmp_path)] == [False]
        await desk.close()

    async def test_the_queue_is_bounded_by_what_waits_in_it(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path)
        desk.told_bytes(bytes(QUEUE_BYTES))
        assert desk.dropped("queue-full") == 1

    async def test_what_was_taken_in_leaves_room_in_the_queue(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path)
        for _ in range(3):
            desk.told_bytes(bytes(QUEUE_BYTES // 2))
            await desk.recorder.catch_up()
        assert desk.dropped("queue-full") is None

    async def test_ten_thousand_traces_may_be_open(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path, queue_limit=2 * OPEN_LIMIT)
        for number in range(OPEN_LIMIT + 1):
            desk.answered(str(number), b"[]")
        await desk.recorder.catch_up()
        assert desk.finished("left-out") == 1

    async def test_beyond_what_all_may_hold_the_oldest_is_written_as_incomplete(
        self, tmp_path: Path
    ) -> None:
        desk = Desk(tmp_path, open_bytes=10_000)
        desk.answered()
        await desk.recorder.catch_up()
        desk.clock.advance(1)
        desk.answered(UNKNOWN)
        desk.told(status(0, "delivered", client_ref="x" * 8_000))
        await desk.recorder.catch_up()
        (trace,) = traces(tmp_path)
        assert (len(trace.entries), trace.is_complete) == (2, False)
        await desk.close()

    async def test_a_trace_holds_a_thousand_entries(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path, queue_limit=2 * MOST_SEEN)
        desk.answered()
        for number in range(MOST_SEEN):
            desk.told(status(0, "delivered", client_ref=str(number)))
        (trace,) = await desk.close()
        assert (len(trace.entries), trace.is_complete) == (MOST_SEEN, False)
        assert desk.dropped("trace-full") == 1

    async def test_a_trace_is_bounded_by_what_it_holds(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path)
        desk.answered()
        for number in range(5):
            desk.told(status(0, "delivered", client_ref=str(number) * (MOST_BYTES // 4)))
        (trace,) = await desk.close()
        assert (len(trace.statuses), trace.is_complete) == (3, False)
        assert desk.dropped("trace-full") == 2

    async def test_a_finished_trace_leaves_nothing_behind(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path)
        desk.answered()
        desk.told(status(0, "delivered"))
        desk.told(report())
        await desk.recorder.catch_up()
        desk.clock.advance(HOUR_S)
        await desk.recorder.catch_up()
        kept = [each for each in reachable(desk.recorder) if isinstance(each, str)]
        assert DISPATCH_UUID not in kept
        await desk.close()

    async def test_a_status_is_not_the_last_that_is_heard_of_a_workflow(
        self, tmp_path: Path
    ) -> None:
        desk = Desk(tmp_path)
        desk.answered()
        desk.told(status(0, "submitted"))
        await desk.recorder.catch_up()
        desk.clock.advance(70 * HOUR_S)
        desk.told(report())
        await desk.recorder.catch_up()
        desk.clock.advance(HOUR_S)
        await desk.recorder.catch_up()
        (trace,) = traces(tmp_path)
        assert (len(trace.reports), trace.is_complete) == (1, True)
        await desk.close()

    async def test_a_callback_that_overtakes_the_answer_is_in_the_trace(
        self, tmp_path: Path
    ) -> None:
        desk = Desk(tmp_path)
        desk.told(status(0, "submitted"))
        desk.clock.advance(0.02)
        desk.answered()
        (trace,) = await desk.close()
        assert (-0.02, "status", 0, "submitted") in brief(trace)

    async def test_a_callback_of_no_workflow_we_know_is_counted(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path)
        desk.told(report())
        await desk.recorder.catch_up()
        desk.clock.advance(61)
        await desk.recorder.catch_up()
        assert desk.dropped("unknown-workflow") == 1

    @pytest.mark.parametrize("size", [1, ORPHAN_BYTES // ORPHAN_LIMIT, 10_000])
    async def test_callbacks_of_unknown_workflows_are_few_and_small(
        self, tmp_path: Path, size: int
    ) -> None:
        desk = Desk(tmp_path, queue_limit=2 * ORPHAN_LIMIT)
        for number in range(ORPHAN_LIMIT + 1):
            desk.told(about(number, client_ref="x" * size))
        await desk.recorder.catch_up()
        dropped = desk.dropped("unknown-workflow")
        assert dropped is not None
        assert dropped >= 1
        assert (ORPHAN_LIMIT + 1 - dropped) * size <= ORPHAN_BYTES

    async def test_a_decision_about_a_workflow_we_do_not_know_is_counted(
        self, tmp_path: Path
    ) -> None:
        desk = Desk(tmp_path)
        made = commit(revision=2)
        desk.answered()
        desk.recorder.put(Committed(commit=made, decision=Decision(state=made.state)))
        (trace,) = await desk.close()
        assert (desk.dropped("unknown-workflow"), len(trace.entries)) == (1, 1)

    async def test_a_callback_with_an_endless_id_is_of_no_workflow(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path)
        desk.told(report() | {"dispatch_uuid": "a" * 1000})
        await desk.recorder.catch_up()
        assert desk.dropped("no-workflow") == 1

    async def test_what_speaks_of_no_workflow_is_counted(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path)
        desk.told({"message_uuid": MESSAGE_UUIDS[0], "status": "delivered"})
        await desk.recorder.catch_up()
        assert desk.dropped("no-workflow") == 1

    async def test_a_fault_in_a_comparison_costs_neither_the_trace_nor_the_gateway(
        self, tmp_path: Path
    ) -> None:
        def judge(trace: Trace) -> tuple[Judgement, ...]:
            raise ZeroDivisionError

        desk = Desk(tmp_path, judges={"observe": judge})
        with capture_logs() as lines:
            desk.answered()
            await desk.recorder.catch_up()
            desk.clock.advance(80 * HOUR_S)
            await desk.recorder.catch_up()
            (trace,) = await desk.close()
        assert trace.is_complete
        assert [line["error_type"] for line in lines] == ["ZeroDivisionError"]


class TestOpenTraces:
    @pytest.mark.parametrize("older", ["waiting", "reported"])
    def test_of_too_many_the_oldest_goes_whether_it_was_reported_or_not(self, older: str) -> None:
        held = OpenTraces(most=1, most_bytes=10**6)
        opened = {
            name: OpenTrace(name, Sender.LEGACY, "observe", int(name != older))
            for name in ("reported", "waiting")
        }
        for each in opened.values():
            held.add(each)
        told = Told(at_ms=2, body=b"{}", is_taken=True)
        held.change(opened["reported"], lambda: opened["reported"].take_told(told, is_report=True))
        assert held.surplus() is opened[older]

    def test_a_long_linger_holds_up_nobody(self) -> None:
        held = OpenTraces(most=2, most_bytes=10**6)
        first, second = (OpenTrace(each, Sender.LEGACY, "observe", 0) for each in "ab")
        first.linger_ms = 10 * first.due_ms
        for each in (first, second):
            held.add(each)
        told = Told(at_ms=0, body=b"{}", is_taken=True)
        held.change(first, lambda: first.take_told(told, is_report=True))
        assert held.overdue(second.due_ms) is second

    def test_what_was_sent_counts_as_held(self) -> None:
        opened = OpenTrace(uuid_of(1), Sender.GATEWAY, "gateway", 0)
        body = bytes(10_000)
        made = commit(outbox=[replace(send(1), body=body)])
        sent = Decision(state=made.state, effects=(SendStep(step=0),))
        opened.take_commit(Committed(commit=made, decision=sent))
        assert len(body) < opened.size < 2 * len(body)

    def test_what_is_held_is_known(self) -> None:
        held = OpenTraces(most=2, most_bytes=10**6)
        opened = OpenTrace("a", Sender.LEGACY, "observe", 0)
        held.add(opened)
        told = Told(at_ms=0, body=b"{}" * 1000, is_taken=True)
        held.change(opened, lambda: opened.take_told(told, is_report=True))
        before = held.size
        held.discard(opened)
        held.discard(opened)
        assert (before > 2000, held.size, len(held)) == (True, 0, 0)
