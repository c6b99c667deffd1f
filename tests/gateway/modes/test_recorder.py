"""Traces as the running gateway writes them: whole, pseudonymised, and without holes untold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import orjson
import pytest
from structlog.testing import capture_logs

from gateway.compare.comparison import Outcome
from gateway.compare.differ import compare
from gateway.compare.replay import replay
from gateway.metrics import Metrics
from gateway.modes.facts import Answered, Told
from gateway.modes.finisher import Finisher
from gateway.modes.judging import Judge, Judgement
from gateway.modes.recorder import Recorder
from gateway.traces.files import TraceWriter
from gateway.traces.model import Kind, Trace
from gateway.traces.model import Path as Sender
from gateway.traces.pseudonyms import Pseudonyms
from tests.gateway.modes.observing import (
    DISPATCH_UUID,
    caught_up,
    observing,
    post,
    report,
    status,
    tell,
    traces,
)
from tests.support.clock import ManualClock
from tests.support.loopback import Reply
from tests.support.peers import answer
from tests.support.world import World, a_world, failing_over, step, workflow
from translators.diagnostics import JsonObject
from translators.dispatch import translate_dispatch

HOUR_S = 3600
SMS = workflow(step())
SMS_THEN_SMS = workflow(step("sms", **failing_over(after_s=15)), step())
UNKNOWN = "cccccccc-cccc-4ddd-8eee-0123456789ab"


def brief(trace: Trace) -> list[tuple[object, ...]]:
    """Return of each entry its instant in seconds, kind, step, and what it says."""
    return [
        (entry.at_ms / 1000, entry.kind.value, entry.step, entry.status or entry.why)
        for entry in trace.entries
    ]


async def lingered(world: World, seconds: float = HOUR_S) -> None:
    """Take in what was told, and let so much time pass that it is finished."""
    await caught_up(world)
    world.clock.advance(seconds)
    await caught_up(world)


class TestWhatWeServed:
    @pytest.fixture
    def environ(self, tmp_path: Path) -> dict[str, str]:
        return {
            "GATEWAY_TRACE": str(tmp_path / "traces.jsonl"),
            "GATEWAY_TRACE_KEY": "key-of-the-tests-0001",
        }

    async def test_a_life_is_one_trace(self, tmp_path: Path, environ: dict[str, str]) -> None:
        async with a_world(tmp_path, environ) as world:
            dispatch_uuid = await world.dispatch(SMS_THEN_SMS)
            (first,) = await world.sends(1)
            await world.until_step(dispatch_uuid, 0, "waiting")
            await world.webhook(first, "submitted")
            world.clock.advance(15)
            second = (await world.sends(2))[1]
            await world.until_step(dispatch_uuid, 1, "waiting")
            await world.webhook(second, "delivered")
            await world.callbacks(3)
            await lingered(world)
            (trace,) = traces(tmp_path)
        assert brief(trace) == [
            (0, "answer", None, "202"),
            (0, "send", 0, None),
            (0, "status", 0, "submitted"),
            (15, "failover", 0, "expired"),
            (15, "send", 1, None),
            (15, "status", 1, "delivered"),
            (15, "report", None, "completed"),
        ]
        assert (trace.path, trace.origin, trace.is_complete) == (Sender.GATEWAY, "gateway", True)

    async def test_a_refused_message_and_its_failover_are_in_it(
        self, tmp_path: Path, environ: dict[str, str]
    ) -> None:
        async with a_world(tmp_path, environ) as world:
            world.upstream.replies.append(answer(422, {"title": "Invalid recipient"}))
            dispatch_uuid = await world.dispatch(SMS_THEN_SMS)
            await world.until_step(dispatch_uuid, 1, "waiting")
        (trace,) = traces(tmp_path)
        assert [entry.kind.value for entry in trace.entries] == [
            *("answer", "send", "refused", "status", "failover", "send")
        ]
        refused, told, given_up = trace.entries[2:5]
        assert (refused.code, told.status, told.code, given_up.why) == (
            *(1170, "rejected", 1170, "refused"),
        )

    async def test_what_was_sent_is_in_it_and_replays_as_it_was(
        self, tmp_path: Path, environ: dict[str, str]
    ) -> None:
        async with a_world(tmp_path, environ) as world:
            dispatch_uuid = await world.dispatch(SMS)
            (send,) = await world.sends(1)
            await world.until_step(dispatch_uuid, 0, "waiting")
            await world.webhook(send, "delivered")
            await lingered(world)
            (trace,) = traces(tmp_path)
        (sent,) = [entry.body for entry in trace.entries if entry.kind is Kind.SEND]
        assert (sent or {}).keys() == send.keys() - {"webhook_url", "webhook_version"}
        assert compare(trace, replay(trace)).outcome is Outcome.IDENTICAL

    async def test_a_late_status_says_why_it_changed_nothing(
        self, tmp_path: Path, environ: dict[str, str]
    ) -> None:
        async with a_world(tmp_path, environ) as world:
            dispatch_uuid = await world.dispatch(SMS)
            (send,) = await world.sends(1)
            await world.until_step(dispatch_uuid, 0, "waiting")
            await world.webhook(send, "delivered")
            await world.webhook(send, "read")
        (trace,) = traces(tmp_path)
        last = trace.entries[-1]
        assert (last.kind, last.status, last.why) == (Kind.STATUS, "read", "step-resolved")

    async def test_what_is_open_at_the_end_is_written_as_incomplete(
        self, tmp_path: Path, environ: dict[str, str]
    ) -> None:
        async with a_world(tmp_path, environ) as world:
            await world.dispatch(SMS)
        (trace,) = traces(tmp_path)
        assert not trace.is_complete

    async def test_a_refused_request_is_a_trace_with_its_rules(
        self, tmp_path: Path, environ: dict[str, str]
    ) -> None:
        async with a_world(tmp_path, environ) as world:
            refused = await world.post(workflow(step(text="")))
        (trace,) = traces(tmp_path)
        assert refused.status_code == 400
        assert brief(trace) == [(0, "answer", None, "400")]
        assert ", ".join(trace.rules) == refused.headers["gateway-diagnostics"]

    async def test_nothing_personal_is_in_the_file(
        self, tmp_path: Path, environ: dict[str, str]
    ) -> None:
        secret = step(text="canary text", client_ref="canary-ref")
        async with a_world(tmp_path, environ) as world:
            dispatch_uuid = await world.dispatch(workflow(secret))
            (send,) = await world.sends(1)
            await world.until_step(dispatch_uuid, 0, "waiting")
            await world.webhook(send, "rejected", client_ref="canary-ref")
        written = (tmp_path / "traces.jsonl").read_text(encoding="utf-8")
        canaries = ["447700900000", "447700900001", "canary", dispatch_uuid]
        assert [each for each in canaries if each in written] == []

    async def test_without_a_trace_file_nothing_is_recorded(self, tmp_path: Path) -> None:
        async with a_world(tmp_path) as world:
            assert world.gateway.modes.recorder is None

    async def test_a_key_that_was_drawn_is_said(
        self, tmp_path: Path, environ: dict[str, str]
    ) -> None:
        with capture_logs() as lines:
            async with a_world(tmp_path, {**environ, "GATEWAY_TRACE_KEY": ""}):
                pass
        assert "trace.key_drawn" in [line["event"] for line in lines]

    async def test_a_full_disk_stops_nothing(self, tmp_path: Path) -> None:
        with capture_logs() as lines:
            async with a_world(tmp_path, {"GATEWAY_TRACE": "/dev/full"}) as world:
                await world.dispatch(SMS)
                await world.sends(1)
        assert "trace.unwritten" in [line["event"] for line in lines]


class TestWhatDispatchServed:
    async def test_a_life_is_one_trace(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, _):
            await post(world, orjson.dumps(SMS_THEN_SMS))
            await tell(world, status(0, "submitted"))
            world.clock.advance(16)
            await tell(world, status(1, "delivered"))
            await tell(world, report())
            await lingered(world)
            (trace,) = traces(tmp_path)
        assert brief(trace) == [
            (0, "answer", None, "202"),
            (0, "status", 0, "submitted"),
            (16, "failover", 0, "expired"),
            (16, "status", 1, "delivered"),
            (16, "report", None, "completed"),
        ]
        assert (trace.path, trace.origin, trace.is_complete) == (Sender.LEGACY, "observe", True)

    @pytest.mark.parametrize("word", ["rejected", "undeliverable"])
    async def test_a_failure_is_why_a_step_was_given_up(self, tmp_path: Path, word: str) -> None:
        async with observing(tmp_path) as (world, _):
            await post(world, orjson.dumps(SMS_THEN_SMS))
            await tell(world, status(0, word))
            await tell(world, status(1, "delivered"))
        (trace,) = traces(tmp_path)
        assert [entry.why for entry in trace.entries if entry.kind is Kind.FAILOVER] == [word]

    async def test_a_step_of_which_nothing_was_told_in_its_time_was_refused(
        self, tmp_path: Path
    ) -> None:
        request = workflow(step("whatsapp", **failing_over()), step())
        async with observing(tmp_path) as (world, _):
            await post(world, orjson.dumps(request))
            await tell(world, status(1, "delivered"))
        (trace,) = traces(tmp_path)
        assert brief(trace)[1:] == [(0, "failover", 0, "refused"), (0, "status", 1, "delivered")]

    async def test_what_the_application_did_not_take_and_was_told_again_is_one_status(
        self, tmp_path: Path
    ) -> None:
        async with observing(tmp_path) as (world, _):
            world.receiver.replies.append(Reply(status=500))
            await post(world, orjson.dumps(SMS))
            await tell(world, status(0, "delivered"))
            world.clock.advance(5)
            await tell(world, status(0, "delivered"))
        (trace,) = traces(tmp_path)
        assert brief(trace)[1:] == [(0, "status", 0, "delivered")]

    async def test_a_report_that_was_taken_and_told_again_is_two(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, _):
            await post(world, orjson.dumps(SMS))
            await tell(world, report())
            await tell(world, report())
        (trace,) = traces(tmp_path)
        assert len(trace.reports) == 2

    async def test_what_the_application_calls_forged_is_not_recorded(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, _):
            world.receiver.replies.append(Reply(status=401))
            await post(world, orjson.dumps(SMS))
            await tell(world, report())
        (trace,) = traces(tmp_path)
        assert trace.reports == ()

    async def test_a_report_that_never_comes_is_waited_for_80_hours(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, _):
            await post(world, orjson.dumps(SMS))
            await lingered(world, 79 * HOUR_S)
            before = (tmp_path / "traces.jsonl").exists()
            await lingered(world)
            (trace,) = traces(tmp_path)
        assert (before, trace.is_complete) == (False, True)

    async def test_the_end_of_the_service_leaves_traces_incomplete(self, tmp_path: Path) -> None:
        async with observing(tmp_path) as (world, legacy):
            await post(world, orjson.dumps(SMS))
            for _ in range(3):
                legacy.replies.append(answer(410))
                world.clock.advance(60)
                await post(world, orjson.dumps(SMS))
            await caught_up(world)
            (trace,) = traces(tmp_path)
        assert not trace.is_complete


class Desk:
    """A recorder that nothing turns but the test, and its file."""

    def __init__(
        self,
        folder: Path,
        *,
        queue_limit: int = 100,
        open_limit: int = 100,
        judges: Mapping[str, Judge] = MappingProxyType({}),
    ) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.metrics = Metrics()
        self.recorder = Recorder(
            finisher=Finisher(
                pseudonyms=Pseudonyms(b"key-of-the-tests-0001"),
                open_writer=lambda: TraceWriter(folder / "traces.jsonl"),
                translate=translate_dispatch,
                judges=judges,
            ),
            clock=self.clock,
            metrics=self.metrics,
            linger_s=3_600,
            queue_limit=queue_limit,
            applications=frozenset(),
            open_limit=open_limit,
        )

    def answered(self, dispatch_uuid: str = DISPATCH_UUID) -> None:
        self.recorder.put(
            Answered(
                path=Sender.LEGACY,
                origin="observe",
                at_ms=self.clock.now_ms(),
                body=orjson.dumps(SMS),
                http_status=202,
                dispatch_uuid=dispatch_uuid,
            )
        )

    def told(self, body: JsonObject) -> None:
        told = Told(at_ms=self.clock.now_ms(), body=orjson.dumps(body), is_taken=True)
        self.recorder.put(told)

    def dropped(self, reason: str) -> float | None:
        return self.metrics.registry.get_sample_value(
            "gateway_trace_dropped_total", {"reason": reason}
        )

    async def close(self) -> list[Trace]:
        async with self.recorder.running():
            pass
        return traces(self.folder)


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

    async def test_beyond_the_limit_the_oldest_is_written_as_incomplete(
        self, tmp_path: Path
    ) -> None:
        desk = Desk(tmp_path, open_limit=1)
        desk.answered()
        desk.answered(UNKNOWN)
        await desk.recorder.catch_up()
        assert [trace.is_complete for trace in traces(tmp_path)] == [False]
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

    async def test_what_speaks_of_no_workflow_is_counted(self, tmp_path: Path) -> None:
        desk = Desk(tmp_path)
        desk.told({"message_uuid": UNKNOWN, "status": "delivered"})
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
