"""Traces as the running gateway writes them: whole, pseudonymised, and without holes untold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from structlog.testing import capture_logs

from gateway.compare.comparison import Outcome
from gateway.compare.differ import compare
from gateway.compare.replay import replay
from gateway.offline.log_records import Record
from gateway.traces.legacy_logs import import_logs
from gateway.traces.model import Kind, Trace
from gateway.traces.model import Path as Sender
from gateway.traces.pseudonyms import Pseudonyms
from tests.gateway.modes.desk import brief
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
from tests.support.loopback import Reply
from tests.support.peers import answer
from tests.support.world import World, a_world, failing_over, step, workflow
from translators.diagnostics import JsonObject

HOUR_S = 3600
SMS = workflow(step())
SMS_THEN_SMS = workflow(step("sms", **failing_over(after_s=15)), step())
UNKNOWN = "cccccccc-cccc-4ddd-8eee-0123456789ab"


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

    @pytest.mark.parametrize(
        ("http_status", "is_traced"),
        [(400, True), (422, True), (401, False), (429, False), (500, False), (200, False)],
    )
    async def test_a_refusal_is_a_trace_if_it_is_about_the_workflow(
        self, tmp_path: Path, http_status: int, is_traced: bool
    ) -> None:
        async with observing(tmp_path, lambda seen: Reply(status=http_status)) as (world, _):
            await post(world, orjson.dumps(SMS))
            await post(world, orjson.dumps(SMS))
            await caught_up(world)
        written = (tmp_path / "traces.jsonl").exists() and len(traces(tmp_path)) > 0
        assert written is is_traced

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

    async def test_nothing_personal_is_in_the_file_whatever_dispatch_tells(
        self, tmp_path: Path
    ) -> None:
        number, canary = "447700912345", "canary"
        told = [
            status(0, canary, usage={"price": number, "currency": canary}),
            status(1, number, error={"code": int(number), "reason": canary}, timestamp=canary),
            status(2, "read", usage={"price": int(number), "currency": number}),
            report(canary) | {"usage": {"price": canary, "currency": number}, canary: number},
        ]
        async with observing(tmp_path) as (world, _):
            await post(world, orjson.dumps(SMS))
            for each in told:
                await tell(world, each)
        written = (tmp_path / "traces.jsonl").read_text(encoding="utf-8")
        assert written.count('"kind":"status"') == 3
        assert [each for each in (number, canary) if each in written] == []

    async def test_a_second_message_to_one_person_is_not_taken_for_the_next_persons(
        self, tmp_path: Path
    ) -> None:
        other: JsonObject = {**step(), "to": {"type": "sms", "number": "447700900002"}}
        request = workflow(step("sms", **failing_over(after_s=15)), other)
        async with observing(tmp_path) as (world, _):
            await post(world, orjson.dumps(request))
            await tell(world, status(0, "submitted"))
            await tell(world, status(1, "submitted"))
        (trace,) = traces(tmp_path)
        assert [entry.step for entry in trace.statuses] == [0, None]

    async def test_an_import_of_what_was_told_makes_the_same_of_it(self, tmp_path: Path) -> None:
        request = workflow(
            step("whatsapp", **failing_over()), step("sms", **failing_over()), step()
        )
        log: list[JsonObject] = []
        async with observing(tmp_path) as (world, _):
            await post(world, orjson.dumps(request))
            line: JsonObject = {"request": request, "answer": {"dispatch_uuid": DISPATCH_UUID}}
            log.append({"at": world.clock.now_ms(), **line})
            for seconds, body in (
                (700, status(1, "rejected", error={"code": 1300, "reason": "Spam"})),
                (1, status(2, "delivered", usage={"price": "0.0333", "currency": "EUR"})),
                (1, report()),
            ):
                world.clock.advance(seconds)
                await tell(world, body)
                log.append({"at": world.clock.now_ms(), "body": body})
            await lingered(world)
        (trace,) = traces(tmp_path)
        pseudonyms = Pseudonyms(b"key-of-the-tests-0001")
        records = (
            Record(path="app.jsonl", line=number, raw=orjson.dumps(line), is_json=True)
            for number, line in enumerate(log, 1)
        )
        (imported,) = import_logs(records, pseudonyms)
        assert isinstance(imported, Trace)
        assert imported.entries == trace.entries
        assert replace(imported, origin="observe", differences=trace.differences) == trace

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
