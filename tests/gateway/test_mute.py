"""A whole gateway whose sends cannot be made: wrong credentials, and an upstream that is away."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import httpx2
import pytest

from gateway.settings import Secret
from tests.gateway.modes.test_split_gateway import splitting
from tests.support.clock import ManualClock
from tests.support.loopback import WAIT_S, Loopback, Reply, Seen
from tests.support.peers import ClosedAtFirst, accepting
from tests.support.world import World, a_world, failing_over, step, workflow
from translators.diagnostics import JsonObject


def document(text: str, expiry_s: int = 600) -> JsonObject:
    """Return a workflow of two steps that bear the same text."""
    first = step("whatsapp", text, **failing_over("read", expiry_s))
    return workflow(first, step("sms", text))


@dataclass(slots=True, kw_only=True)
class Outage:
    """A gateway whose sends cannot be made, until it is repaired."""

    world: World
    upstream: Loopback
    repair: Callable[[], object]

    async def pass_seconds(self, seconds: int) -> None:
        """Let time pass, and leave the gateway a moment of every second."""
        for _ in range(seconds):
            self.world.clock.advance(1)
            await asyncio.sleep(0.002)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let time pass until something holds."""
        async with asyncio.timeout(WAIT_S):
            while not holds():
                self.world.clock.advance(0.1)
                await asyncio.sleep(0.005)

    async def until_mute(self) -> None:
        """Wait until the alarm stands."""
        await self.until(lambda: "mute" in self.alarms())

    def alarms(self) -> list[str]:
        """Return what alarms stand."""
        return [alarm.kind.value for alarm in self.world.gateway.alarms.standing()]

    def taken(self) -> list[JsonObject]:
        """Return what the upstream accepted, in order."""
        return self._taken[:]

    @property
    def _taken(self) -> list[JsonObject]:
        return [seen.json() for seen in self.upstream.seen if seen.path == "/v1/messages"]


@contextlib.asynccontextmanager
async def refused_credentials(folder: Path, **environ: str) -> AsyncIterator[Outage]:
    """Run a gateway whose secret the upstream refuses."""
    refuses = True
    taken = Loopback(accepting)

    def judge(seen: Seen) -> Reply:
        if refuses:
            return Reply(status=401)
        taken.seen.append(seen)
        return accepting(seen)

    def repair() -> None:
        nonlocal refuses
        refuses = False

    upstream = Loopback(judge)
    async with (
        upstream.listening(),
        a_world(folder, {"GATEWAY_UPSTREAM": upstream.url, **environ}) as world,
    ):
        yield Outage(world=world, upstream=taken, repair=repair)


@contextlib.asynccontextmanager
async def upstream_away(folder: Path, **environ: str) -> AsyncIterator[Outage]:
    """Run a gateway whose upstream refuses connections."""
    upstream = ClosedAtFirst()
    opening: list[asyncio.Task[None]] = []
    async with (
        upstream.listening(),
        a_world(folder, {"GATEWAY_UPSTREAM": upstream.url, **environ}) as world,
    ):
        yield Outage(
            world=world,
            upstream=upstream,
            repair=lambda: opening.append(asyncio.create_task(upstream.open())),
        )


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds, while no time passes for the gateway."""
    async with asyncio.timeout(WAIT_S):
        while True:
            if holds():
                return
            await asyncio.sleep(0.005)


def suspended_in(folder: Path) -> int:
    """Return how many sends the store in a folder has put aside."""
    with contextlib.closing(sqlite3.connect(folder / "gateway.db")) as store:
        query = "SELECT count(*) FROM outbox WHERE suspended_for IS NOT NULL"
        return int(store.execute(query).fetchone()[0])


OUTAGES = pytest.mark.parametrize(
    "outage", [refused_credentials, upstream_away], ids=["wrong secret", "away"]
)


@OUTAGES
async def test_callers_see_503_from_the_third_refusal_on_and_what_was_accepted_goes_out_in_order(
    tmp_path: Path, outage: Callable[..., contextlib.AbstractAsyncContextManager[Outage]]
) -> None:
    async with outage(tmp_path) as down:
        accepted, answers = [], []
        for number in range(120):
            answer = await down.world.post(document(str(number)))
            answers.append(answer.status_code)
            if answer.status_code == 202:
                accepted.append(str(number))
            await down.pass_seconds(1)
        first_refusal = answers.index(503)
        assert set(answers[first_refusal:]) == {503}
        assert 1 <= first_refusal <= 10
        down.repair()
        await down.until(lambda: len(down.taken()) >= len(accepted))
        await down.pass_seconds(60)
        assert [send["text"] for send in down.taken()] == accepted
        assert {send["channel"] for send in down.taken()} == {"whatsapp"}
        assert (await down.world.post(document("after"))).status_code == 202


@OUTAGES
async def test_where_workflows_are_held_callers_see_202_and_all_go_out_in_order(
    tmp_path: Path, outage: Callable[..., contextlib.AbstractAsyncContextManager[Outage]]
) -> None:
    async with outage(tmp_path, GATEWAY_WHILE_MUTE="hold") as down:
        for number in range(60):
            assert (await down.world.post(document(str(number)))).status_code == 202
            await down.pass_seconds(2)
        assert "mute" in down.alarms()
        down.repair()
        await down.until(lambda: len(down.taken()) >= 60)
        await down.pass_seconds(60)
        assert [send["text"] for send in down.taken()] == [str(number) for number in range(60)]
        assert "mute" not in down.alarms()


@OUTAGES
async def test_with_a_short_expiry_the_last_step_alone_goes_out_once(
    tmp_path: Path, outage: Callable[..., contextlib.AbstractAsyncContextManager[Outage]]
) -> None:
    async with outage(tmp_path, GATEWAY_WHILE_MUTE="hold") as down:
        for number in range(10):
            await down.world.post(document(str(number), expiry_s=15))
        await down.pass_seconds(120)
        down.repair()
        await down.until(lambda: len(down.taken()) >= 10)
        await down.pass_seconds(60)
        sent = [(send["channel"], send["text"]) for send in down.taken()]
        assert sent == [("sms", str(number)) for number in range(10)]


async def test_a_mute_account_is_told_in_every_place(tmp_path: Path) -> None:
    async with refused_credentials(tmp_path) as down:
        dispatch_uuid = await down.world.dispatch(document("one"))
        await down.until_mute()
        ready = (await down.world.admin.get("/readyz")).text
        state = await down.world.state(dispatch_uuid)
        metrics = (await down.world.admin.get("/metrics")).text
        assert "mute: account abcd1234 since" in ready
        assert "credentials" in ready
        assert "alarms" in state
        assert 'gateway_alarms{kind="mute"} 1.0' in metrics
        assert "gateway_suspended_sends 1.0" in metrics


async def test_a_503_while_mute_says_when_to_come_again(tmp_path: Path) -> None:
    async with refused_credentials(tmp_path) as down:
        await down.world.dispatch(document("one"))
        await down.until_mute()
        answer = await down.world.post(document("two"))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")


@pytest.mark.parametrize("while_mute", ["refuse", "hold"])
async def test_a_repeated_key_gets_its_first_answer_while_mute(
    tmp_path: Path, while_mute: str
) -> None:
    async with refused_credentials(tmp_path, GATEWAY_WHILE_MUTE=while_mute) as down:
        key = {"Idempotency-Key": "once"}
        first = await down.world.post(document("one"), **key)
        await down.until_mute()
        again = await down.world.post(document("one"), **key)
        assert (again.status_code, again.json()) == (202, first.json())


async def test_in_a_split_the_dial_goes_to_0_and_dispatch_serves(tmp_path: Path) -> None:
    upstream = Loopback(lambda seen: Reply(status=401))
    async with (
        upstream.listening(),
        splitting(tmp_path, "100", GATEWAY_UPSTREAM=upstream.url) as split,
    ):
        answers: list[httpx2.Response] = []
        for number in range(20):
            one = step()
            one["to"] = {"type": "sms", "number": f"4477009001{number:02}"}
            answers.append(await split.world.post(workflow(one)))
            split.world.clock.advance(1)
            await asyncio.sleep(0.02)
        assert {answer.status_code for answer in answers} == {202}
        assert "stepped back from 100 % to 0 % for upstream-faults" in await split.ready()
        assert len(split.legacy.seen) >= 10


async def test_in_a_split_who_has_an_open_workflow_here_is_served_here_while_mute(
    tmp_path: Path,
) -> None:
    upstream = Loopback(lambda seen: Reply(status=401))
    async with (
        upstream.listening(),
        splitting(tmp_path, "100", GATEWAY_UPSTREAM=upstream.url) as split,
    ):
        answers = []
        for _ in range(20):
            answers.append(await split.world.post(workflow(step())))
            split.world.clock.advance(1)
            await asyncio.sleep(0.02)
        assert {answer.status_code for answer in answers} == {202}
        assert "stepped back" in await split.ready()
        assert split.legacy.seen == []


async def test_the_sends_that_wait_too_long_for_their_turn_shut_the_gate(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        # The upstream asks for patience, so the second one waits for its turn.
        world.upstream.replies.append(Reply(status=429, headers={"Retry-After": "3000"}))
        await world.dispatch(document("one"))
        await world.sends(1)
        await world.until_step(await world.dispatch(document("two")), 0, "sending")
        world.clock.advance(900)
        before = await world.post(document("three"))
        world.clock.advance(2)
        after = await world.post(document("four"))
        assert (before.status_code, after.status_code) == (202, 429)
        assert after.headers["Retry-After"] == "2098"  # when the silence ends


async def test_without_a_limit_sends_may_wait_for_their_turn(tmp_path: Path) -> None:
    async with a_world(tmp_path, {"GATEWAY_MAX_SEND_AGE": "0"}) as world:
        world.upstream.replies.append(Reply(status=429, headers={"Retry-After": "3000"}))
        await world.dispatch(document("one"))
        await world.sends(1)
        await world.dispatch(document("two"))
        world.clock.advance(2000)
        assert (await world.post(document("three"))).status_code == 202


async def test_what_is_held_while_mute_does_not_shut_the_gate_by_its_age(tmp_path: Path) -> None:
    async with refused_credentials(tmp_path, GATEWAY_WHILE_MUTE="hold") as down:
        for number in range(5):
            await down.world.dispatch(document(str(number), expiry_s=86_400))
        await down.until_mute()
        await down.pass_seconds(5)
        down.world.clock.advance(1000)
        assert (await down.world.post(document("late", 86_400))).status_code == 202
        down.repair()
        await down.until(lambda: len(down.taken()) >= 3)
        assert (await down.world.post(document("later", 86_400))).status_code == 202


async def test_the_right_secret_after_a_reload_is_tried_at_once(tmp_path: Path) -> None:
    async with refused_credentials(tmp_path) as down:
        await down.world.dispatch(document("one"))
        await down.until_mute()
        down.repair()
        settings = down.world.settings
        (application,) = settings.applications
        right = replace(application, api_secret=Secret("right"))
        down.world.gateway.reload(replace(settings, applications=(right,)))
        # No time passes for the gateway: the next try would be seconds away.
        await eventually(lambda: len(down.taken()) == 1)


async def test_what_was_held_before_a_restart_goes_out_after_it_in_order(tmp_path: Path) -> None:
    clock = ManualClock()
    closed = ClosedAtFirst()
    async with (
        closed.listening(),
        a_world(
            tmp_path, {"GATEWAY_UPSTREAM": closed.url, "GATEWAY_WHILE_MUTE": "hold"}, clock
        ) as world,
    ):
        for number in range(30):
            await world.dispatch(document(str(number)))
        await eventually(lambda: suspended_in(tmp_path) == 30)
    clock.advance(60)
    async with a_world(tmp_path, clock=clock) as world:
        sent = await world.sends(30)
        assert [send["text"] for send in sent] == [str(number) for number in range(30)]


@OUTAGES
async def test_a_burst_that_meets_the_outage_goes_out_once_and_in_order(
    tmp_path: Path, outage: Callable[..., contextlib.AbstractAsyncContextManager[Outage]]
) -> None:
    async with outage(tmp_path) as down:
        posts = [down.world.post(document(str(number))) for number in range(50)]
        answers = await asyncio.gather(*posts)
        accepted = {
            str(answer.json()["dispatch_uuid"]): str(number)
            for number, answer in enumerate(answers)
            if answer.status_code == 202
        }
        await down.until_mute()
        down.repair()
        await down.until(lambda: len(down.taken()) >= len(accepted))
        await down.pass_seconds(60)
        sent = [str(send["text"]) for send in down.taken()]
        assert sent == [accepted[uuid] for uuid in accepted_in(tmp_path)]


def accepted_in(folder: Path) -> list[str]:
    """Return the dispatches of the store in a folder, in the order of acceptance."""
    with contextlib.closing(sqlite3.connect(folder / "gateway.db")) as store:
        rows = store.execute("SELECT uuid FROM dispatch ORDER BY id")
        return [str(UUID(bytes=raw)) for (raw,) in rows]


@OUTAGES
async def test_three_messages_are_enough_to_find_out(
    tmp_path: Path, outage: Callable[..., contextlib.AbstractAsyncContextManager[Outage]]
) -> None:
    async with outage(tmp_path) as down:
        for number in range(3):
            assert (await down.world.post(document(str(number)))).status_code == 202
            await asyncio.sleep(0.02)
        await eventually(lambda: "mute" in down.alarms())
        assert (await down.world.post(document("four"))).status_code == 503
