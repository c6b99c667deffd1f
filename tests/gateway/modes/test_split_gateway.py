"""A whole gateway that splits: real servers on both paths, a real store and a real ledger."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest

from gateway.modes.pledges import Claim, Subjects
from tests.gateway.modes.observing import caught_up, report, traces
from tests.support.loopback import Loopback, Reply, Seen
from tests.support.world import (
    API_KEY,
    API_SECRET,
    World,
    a_world,
    message_uuid_of,
    step,
    workflow,
)
from translators.diagnostics import JsonObject

ANOTHER = "bbbbbbbb-cccc-4ddd-8eee-0123456789ab"


@dataclass(slots=True, kw_only=True)
class Splitting:
    """A gateway between an upstream and a legacy service, and its dial."""

    world: World
    legacy: Loopback
    dial: Path

    def turn(self, percentage: str) -> None:
        """Turn the dial."""
        self.dial.write_text(percentage)
        self.world.clock.advance(1)

    async def ready(self) -> str:
        """Return what readiness says."""
        answer = await self.world.admin.get("/readyz")
        return str(answer.text)

    async def tell(self, body: JsonObject) -> int:
        """Have Dispatch tell something; return how it was answered."""
        answer = await self.world.http.post("/legacy/status", content=orjson.dumps(body))
        return int(answer.status_code)

    @property
    def sent(self) -> tuple[int, int]:
        """How many requests the legacy service and the upstream saw."""
        return len(self.legacy.seen), len(self.world.upstream.seen)


def _accept(seen: Seen) -> Reply:
    identity = str(uuid.uuid5(uuid.NAMESPACE_OID, seen.body.hex()))
    return Reply(
        status=202,
        body=orjson.dumps({"dispatch_uuid": identity}),
        headers={"Content-Type": "application/json"},
    )


@contextlib.asynccontextmanager
async def splitting(
    folder: Path, percentage: str = "0", **environ: str
) -> AsyncIterator[Splitting]:
    """Run a gateway that splits."""
    dial = folder / "share"
    dial.write_text(percentage)
    legacy = Loopback(_accept)
    async with legacy.listening():
        settings = {
            "GATEWAY_MODE": "split",
            "GATEWAY_SPLIT": str(dial),
            "GATEWAY_LEGACY": legacy.url,
            **environ,
        }
        async with a_world(folder, settings) as world:
            yield Splitting(world=world, legacy=legacy, dial=dial)


async def test_a_start_tells_the_mode_the_legacy_service_and_the_share(tmp_path: Path) -> None:
    async with splitting(tmp_path, "12.5") as split:
        standing = split.world.gateway.modes.standing
    assert standing == {"modes": ["split"], "legacy": split.legacy.url, "share": "12.5 %"}


async def test_at_nothing_dispatch_serves_everybody(tmp_path: Path) -> None:
    async with splitting(tmp_path) as split:
        answer = await split.world.post(workflow(step()))
        assert (answer.content, split.sent) == (_accept(split.legacy.seen[0]).body, (1, 0))


async def test_at_everything_this_gateway_serves_everybody(tmp_path: Path) -> None:
    async with splitting(tmp_path, "100") as split:
        await split.world.dispatch(workflow(step()))
        await split.world.sends(1)
        assert split.sent == (0, 1)


async def test_the_dial_is_turned_while_running(tmp_path: Path) -> None:
    async with splitting(tmp_path) as split:
        split.turn("100")
        await split.world.dispatch(workflow(step()))
        await split.world.sends(1)
        assert split.sent == (0, 1)


async def test_who_has_an_open_workflow_with_dispatch_stays_there(tmp_path: Path) -> None:
    async with splitting(tmp_path) as split:
        await split.world.dispatch(workflow(step()))
        split.turn("100")
        await split.world.dispatch(workflow(step("whatsapp")))
        assert split.sent == (2, 0)


async def test_a_forwarded_request_in_doubt_is_not_handed_over(tmp_path: Path) -> None:
    async with splitting(tmp_path) as split:
        split.legacy.replies.append(Reply(hangs_up=True))
        await split.world.post(workflow(step()))
        split.turn("100")
        await split.world.post(workflow(step()))
        assert split.sent == (2, 0)


async def test_a_forwarded_request_in_doubt_is_answered_as_such(tmp_path: Path) -> None:
    async with splitting(tmp_path) as split:
        split.legacy.replies.append(Reply(hangs_up=True))
        answer = await split.world.post(workflow(step()))
        assert answer.status_code == 504


@pytest.mark.parametrize("body", [{"template": "failover"}, [], {"template": "x", "workflow": [1]}])
async def test_what_we_would_refuse_is_dispatchs_to_judge(tmp_path: Path, body: JsonObject) -> None:
    async with splitting(tmp_path, "100") as split:
        split.legacy.replies.append(Reply(status=400, body=b'{"title": "of Dispatch"}'))
        answer = await split.world.post(body)
        assert answer.json() == {"title": "of Dispatch"}


async def test_strangers_are_dispatchs_to_judge(tmp_path: Path) -> None:
    async with splitting(tmp_path, "100") as split:
        split.legacy.replies.append(Reply(status=401, body=b"of Dispatch"))
        answer = await split.world.http.post("/v0.1/dispatch", content=b"{}")
        assert (answer.status_code, answer.content) == (401, b"of Dispatch")


async def test_a_body_that_is_too_long_goes_nowhere(tmp_path: Path) -> None:
    async with splitting(tmp_path, GATEWAY_MAX_BODY="1024") as split:
        answer = await split.world.post(workflow(step("sms", "x" * 2_000)))
        assert (answer.status_code, split.sent) == (413, (0, 0))


async def test_a_key_that_was_used_for_another_body_is_refused_here(tmp_path: Path) -> None:
    async with splitting(tmp_path, "100") as split:
        key = {"Idempotency-Key": "once"}
        codes = [
            (await split.world.post(workflow(step("sms", text)), **key)).status_code
            for text in ("one", "two")
        ]
        assert codes == [202, 409]


async def test_sends_refused_for_our_credentials_step_back(tmp_path: Path) -> None:
    async with splitting(tmp_path, "100", GATEWAY_SEND_BUDGET="0") as split:
        split.world.upstream.replies.extend(Reply(status=401) for _ in range(10))
        for number in range(10):
            one = step()
            one["to"] = {"type": "sms", "number": f"4477009001{number:02}"}
            await split.world.until_step(await split.world.dispatch(workflow(one)), 0, "rejected")
        assert "for upstream-faults" in await split.ready()


async def test_the_report_of_dispatch_lets_its_recipients_go(tmp_path: Path) -> None:
    async with splitting(tmp_path) as split:
        dispatch_uuid = await split.world.dispatch(workflow(step()))
        await split.tell({"dispatch_uuid": dispatch_uuid, "status": "completed"})
        split.turn("100")
        # People who were seen of late stay for three days after a turn.
        split.world.clock.advance(72 * 3600)
        await split.world.dispatch(workflow(step()))
        await split.world.sends(1)
        assert split.sent == (1, 1)


async def test_callbacks_of_dispatch_reach_the_application(tmp_path: Path) -> None:
    async with splitting(tmp_path) as split:
        await split.tell({"dispatch_uuid": ANOTHER, "status": "completed"})
        assert len(split.world.receiver.seen) == 1


async def test_a_second_message_of_a_step_steps_back(tmp_path: Path) -> None:
    async with splitting(tmp_path, "100") as split:
        await split.world.dispatch(workflow(step()))
        (send,) = await split.world.sends(1)
        for message_uuid in (message_uuid_of(send), ANOTHER):
            await split.world.webhook(send, "submitted", message_uuid=message_uuid)
        assert await split.ready() == "ready; split stepped back from 100 % to 0 % for double\n"


async def test_an_upstream_that_does_not_answer_steps_back(tmp_path: Path) -> None:
    async with splitting(tmp_path, "100") as split:
        for number in range(10):
            split.world.upstream.replies.append(Reply(hangs_up=True))
            one = step()
            one["to"] = {"type": "sms", "number": f"4477009001{number:02}"}
            dispatch_uuid = await split.world.dispatch(workflow(one))
            await split.world.until_step(dispatch_uuid, 0, "unknown")
        assert "stepped back from 100 % to 0 % for upstream-faults" in await split.ready()


async def test_after_a_step_back_dispatch_serves(tmp_path: Path) -> None:
    async with splitting(tmp_path, "100") as split:
        splitter = split.world.gateway.modes.splitter
        assert splitter is not None
        await split.world.dispatch(workflow(step()))
        (send,) = await split.world.sends(1)
        for message_uuid in (message_uuid_of(send), ANOTHER):
            await split.world.webhook(send, "submitted", message_uuid=message_uuid)
        other = step()
        other["to"] = {"type": "sms", "number": "447700900009"}
        await split.world.dispatch(workflow(other))
        assert split.sent == (1, 1)


async def test_a_ledger_that_cannot_be_written_sends_nothing(tmp_path: Path) -> None:
    async with splitting(tmp_path) as split:
        splitter = split.world.gateway.modes.splitter
        assert splitter is not None
        splitter.close()
        answer = await split.world.post(workflow(step()))
        assert (answer.status_code, split.sent) == (503, (0, 0))


@contextlib.contextmanager
def no_updates(folder: Path) -> Iterator[None]:
    """Let the ledger take new pledges, and nothing about those that are there."""
    with contextlib.closing(sqlite3.connect(folder / "gateway.db.split")) as ledger:
        for verb in ("UPDATE", "DELETE"):
            ledger.execute(
                f"CREATE TRIGGER no_{verb} BEFORE {verb} ON pledges"
                " BEGIN SELECT RAISE(FAIL, 'none'); END"
            )
        yield


@pytest.mark.parametrize("percentage", ["0", "100"])
async def test_a_ledger_that_fails_after_the_request_was_taken_changes_no_answer(
    tmp_path: Path, percentage: str
) -> None:
    async with splitting(tmp_path, percentage) as split:
        with no_updates(tmp_path):
            answer = await split.world.post(workflow(step()))
        assert (answer.status_code, "dispatch_uuid" in answer.json()) == (202, True)


async def test_a_ledger_that_is_busy_while_dispatch_answers_changes_no_answer(
    tmp_path: Path,
) -> None:
    async with splitting(tmp_path) as split:
        held = asyncio.Event()
        split.legacy.replies.append(Reply(status=202, body=b"of Dispatch", holds=held))
        posting = asyncio.create_task(split.world.post(workflow(step())))
        await split.legacy.wait_for(1)
        with contextlib.closing(sqlite3.connect(tmp_path / "gateway.db.split")) as other:
            other.execute("BEGIN IMMEDIATE")
            held.set()
            answer = await posting
        assert (answer.status_code, answer.content) == (202, b"of Dispatch")


async def test_a_refusal_that_cannot_be_noted_is_still_dispatchs(tmp_path: Path) -> None:
    async with splitting(tmp_path) as split:
        split.legacy.replies.append(Reply(status=422, body=b"of Dispatch"))
        with no_updates(tmp_path):
            answer = await split.world.post(workflow(step()))
        assert (answer.status_code, answer.content) == (422, b"of Dispatch")


async def dispatch_goes(split: Splitting) -> None:
    """Have Dispatch answer as one that is gone for good."""
    other = step()
    other["to"] = {"type": "sms", "number": "447700900555"}
    for _ in range(3):
        split.legacy.replies.append(Reply(status=404))
        await split.world.post(workflow(other))
        split.world.clock.advance(30)
    assert "the legacy service is gone" in await split.ready()


@pytest.mark.parametrize("headers", [{"Idempotency-Key": "once"}, {}], ids=["key", "no key"])
async def test_a_request_in_doubt_is_not_served_here_once_dispatch_is_gone(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    async with splitting(tmp_path, GATEWAY_LEGACY_GONE="gateway") as split:
        split.legacy.replies.append(Reply(hangs_up=True))
        await split.world.post(workflow(step()), **headers)
        await dispatch_goes(split)
        split.legacy.replies.append(Reply(status=404, body=b"of Dispatch"))
        answer = await split.world.post(workflow(step()), **headers)
        assert (answer.status_code, answer.content) == (404, b"of Dispatch")


async def test_others_are_served_here_once_dispatch_is_gone(tmp_path: Path) -> None:
    async with splitting(tmp_path, GATEWAY_LEGACY_GONE="gateway") as split:
        await dispatch_goes(split)
        await split.world.dispatch(workflow(step()))
        await split.world.sends(1)
        assert split.sent == (3, 1)


@pytest.mark.parametrize(
    ("headers", "http_status"),
    [({"Content-Type": "text/plain"}, 415), ({"Accept": "application/xml"}, 406)],
)
async def test_a_key_that_was_served_here_is_refused_here(
    tmp_path: Path, headers: dict[str, str], http_status: int
) -> None:
    once = {"Idempotency-Key": "once"}
    async with splitting(tmp_path, "100") as split:
        await split.world.post(workflow(step()), **once)
        answer = await split.world.post(workflow(step()), **{**once, **headers})
        await split.world.sends(1)
        assert (answer.status_code, split.sent) == (http_status, (0, 1))


async def test_a_body_that_is_broken_under_a_key_that_was_served_here_is_refused_here(
    tmp_path: Path,
) -> None:
    once = {"Idempotency-Key": "once"}
    async with splitting(tmp_path, "100") as split:
        await split.world.post(workflow(step()), **once)
        answer = await split.world.post({"template": "failover"}, **once)
        assert (answer.status_code, split.legacy.seen) == (400, [])


async def test_a_key_that_was_served_here_is_no_strangers(tmp_path: Path) -> None:
    once = {"Idempotency-Key": "once"}
    async with splitting(tmp_path, "100") as split:
        await split.world.post(workflow(step()), **once)
        answer = await split.world.http.post("/v0.1/dispatch", content=b"{}", headers=once)
        assert (answer.status_code, split.legacy.seen) == (401, [])


async def test_a_key_that_was_used_before_the_split_is_not_dispatchs(tmp_path: Path) -> None:
    once = {"Idempotency-Key": "once"}
    async with a_world(tmp_path) as world:
        first = await world.post(workflow(step()), **once)
        await world.sends(1)
    async with splitting(tmp_path) as split:
        again = await split.world.post(workflow(step()), **once)
        assert (again.json(), split.legacy.seen) == (first.json(), [])


async def test_a_stranger_in_doubt_pins_nobody(tmp_path: Path) -> None:
    async with splitting(tmp_path, "100") as split:
        split.legacy.replies.append(Reply(hangs_up=True))
        await split.world.http.post("/v0.1/dispatch", content=orjson.dumps(workflow(step())))
        await split.world.dispatch(workflow(step()))
        await split.world.sends(1)
        assert split.sent == (1, 1)


async def test_a_request_that_never_left_binds_nobody(tmp_path: Path) -> None:
    async with splitting(tmp_path, GATEWAY_LEGACY="http://127.0.0.1:9") as split:
        await split.world.post(workflow(step()))
        split.turn("100")
        await split.world.dispatch(workflow(step()))


async def test_a_body_that_only_dispatch_can_read_binds_who_is_in_it(tmp_path: Path) -> None:
    raw = orjson.dumps(workflow(step()))[:-1] + b', "workflow": []}'
    async with splitting(tmp_path, "100") as split:
        headers = {"Content-Type": "application/json"}
        await split.world.http.post(
            "/v0.1/dispatch", content=raw, headers=headers, auth=(API_KEY, API_SECRET)
        )
        await split.world.dispatch(workflow(step()))
        assert split.sent == (2, 0)


async def test_a_body_that_only_dispatch_can_read_is_searched_beside_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with splitting(tmp_path) as split:
        splitter = split.world.gateway.modes.splitter
        assert splitter is not None
        subjects, threads = splitter.subjects, list[int]()

        def and_note_where(claim: Claim) -> Subjects:
            threads.append(threading.get_ident())
            return subjects(claim)

        monkeypatch.setattr(splitter, "subjects", and_note_where)
        await split.world.http.post("/v0.1/dispatch", content=b"447700900000")
        assert len(threads) == 1
        assert threads != [threading.get_ident()]


async def test_headers_that_only_dispatch_takes_do_not_turn_the_dial_back(tmp_path: Path) -> None:
    trace_file = {"GATEWAY_TRACE": str(tmp_path / "traces.jsonl"), "GATEWAY_TRACE_LINGER": "1"}
    async with splitting(tmp_path, "100", **trace_file) as split:
        for number in range(4):
            asked = workflow(step()) | {"x": number}
            answer = await split.world.http.post(
                "/v0.1/dispatch",
                content=orjson.dumps(asked),
                headers={"Content-Type": "text/plain"},
                auth=(API_KEY, API_SECRET),
            )
            await split.tell(report() | {"dispatch_uuid": answer.json()["dispatch_uuid"]})
        await caught_up(split.world)
        split.world.clock.advance(2)
        await caught_up(split.world)
        assert ([each.refusal for each in traces(tmp_path)], await split.ready()) == (
            [415] * 4,
            "ready; split serves 100 % here\n",
        )
