"""The clock is found right before anything that was timed earlier may fire."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path

import pytest

from gateway.clients.guard import AddressPolicy
from gateway.clients.upstream_date import UpstreamDate
from gateway.safeguards.clock_check import EVERY_S, PATIENCE_MS, Reading, fault_of
from gateway.safeguards.safeguards import Safeguards
from tests.support.bench import Bench, a_bench
from tests.support.clock import START_MS
from tests.support.lives import Lives
from tests.support.loopback import Loopback, Reply
from tests.support.world import failing_over, step, workflow

HOUR_S = 3600
ONE_HOUR = workflow(step("whatsapp", **failing_over("read", HOUR_S)), step("sms"))
START_S = START_MS // 1000


@pytest.mark.parametrize(
    ("ours_s", "upstream_s", "mark_s", "is_patient", "fault"),
    [
        (START_S, START_S, START_S, True, None),
        (START_S, START_S + 30, None, True, None),
        (START_S, START_S - 30, START_S, True, None),
        (START_S, START_S - 31, START_S, True, "31 s ahead of the upstream's"),
        (START_S, START_S + 7200, START_S, False, "7200 s behind the upstream's"),
        # The upstream agrees: it was the store's last owner whose clock was wrong.
        (START_S, START_S, START_S + 7200, True, None),
        (START_S, None, START_S - 7200, True, ""),
        (START_S, None, START_S - 7200, False, None),
        (START_S, None, None, True, ""),
        (START_S, None, None, False, None),
        (START_S, None, START_S + 31, True, "31 s behind the last sign of life"),
        (START_S, None, START_S + 31, False, "31 s behind the last sign of life"),
        (START_S, None, START_S + 30, False, None),
    ],
)
def test_what_is_wrong_with_a_clock(
    ours_s: int, upstream_s: int | None, mark_s: int | None, is_patient: bool, fault: str | None
) -> None:
    reading = Reading(ours_s=ours_s, upstream_s=upstream_s, mark_s=mark_s)
    found = fault_of(reading, is_patient=is_patient)
    assert (found and fault in found) if fault else found == fault


@dataclass(slots=True)
class Upstream:
    """What the upstream's clock says, and how often it was asked."""

    says_s: int | None
    asked: asyncio.Queue[None] = field(default_factory=asyncio.Queue)
    goes_on: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    async def read(self) -> int | None:
        return self.says_s

    async def pause(self, seconds: float) -> None:
        assert seconds == EVERY_S
        self.asked.put_nowait(None)
        await self.goes_on.get()


@contextlib.asynccontextmanager
async def started(bench: Bench, upstream: Upstream) -> AsyncIterator[Safeguards]:
    """Run safeguards that ask this upstream, in place of the bench's."""
    safeguards = Safeguards(
        store=bench.store,
        clock=bench.clock,
        alarms=bench.alarms,
        applications=bench.applications,
        rate_per_s=0,
        unheard_hold_s=900,
        upstream_s=upstream.read,
        pause=upstream.pause,
    )
    bench.timers._safeguards = safeguards
    await safeguards.begin()
    running = asyncio.create_task(safeguards.run())
    try:
        yield safeguards
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def left_waiting(lives: Lives) -> None:
    """Leave a dispatch behind that waits for an hour."""
    async with lives.first() as bench:
        await bench.dispatch(ONE_HOUR)
        await bench.send()
        await bench.store.sign(now_ms=lives.clock.now_ms())


def wrong(lives: Lives, seconds: float) -> None:
    """Let the next process start under a wrong clock."""
    lives.clock.set_wrong(seconds)
    lives.clock.anchor()


async def test_two_hours_ahead_nothing_fires_and_everybody_is_told(lives: Lives) -> None:
    await left_waiting(lives)
    wrong(lives, 7200)
    async with lives.first() as bench:
        upstream = Upstream(START_S)
        async with started(bench, upstream):
            await upstream.asked.get()
            assert await bench.timers.fire_due() == 1  # it was due, and was set aside
            (alarm,) = bench.alarms.standing()
            counts = await bench.store.counts()
    assert (alarm.kind, alarm.blocks_intake) == ("clock", True)
    assert "7200 s ahead of the upstream's" in alarm.why
    assert (counts.held_timers, len(lives.upstream.seen)) == (1, 1)


async def test_when_the_clock_is_set_it_is_taken_over_and_the_wait_goes_on(lives: Lives) -> None:
    await left_waiting(lives)
    wrong(lives, 7200)
    async with lives.first() as bench:
        upstream = Upstream(START_S)
        async with started(bench, upstream) as safeguards:
            await upstream.asked.get()
            await bench.timers.fire_due()
            lives.clock.set_wrong(0)
            upstream.goes_on.put_nowait(None)
            await until_agreed(safeguards)
            assert bench.alarms.standing("nobody") == []
            lives.clock.advance(10)
            await safeguards.holds.turn()
            assert await bench.fire_after(HOUR_S - 10.001) == 0
            assert await bench.fire_after(0.001) == 1
            assert bench.counted("gateway_failovers_total", channel="whatsapp", reason="expired")


async def until_agreed(safeguards: Safeguards) -> None:
    """Wait until nothing is held for the clock, nor for the moment it took."""
    async with asyncio.timeout(10):
        while any(hold.reason == "clock" for hold in safeguards.holds.all()):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_two_hours_behind_nothing_fires_and_the_store_s_mark_tells_without_a_date(
    lives: Lives,
) -> None:
    await left_waiting(lives)
    wrong(lives, -7200)
    async with lives.first() as bench:
        upstream = Upstream(None)
        async with started(bench, upstream):
            await upstream.asked.get()
            (alarm,) = bench.alarms.standing()
            assert await bench.fire_after(HOUR_S) == 0
    assert alarm.blocks_intake
    assert "7200 s behind the last sign of life in the store" in alarm.why


async def test_without_a_date_the_start_waits_five_minutes_and_refuses_nobody(
    lives: Lives,
) -> None:
    await left_waiting(lives)
    async with lives.first() as bench:
        upstream = Upstream(None)
        async with started(bench, upstream) as safeguards:
            await upstream.asked.get()
            (alarm,) = bench.alarms.standing()
            assert not alarm.blocks_intake
            lives.clock.stall(PATIENCE_MS / 1000 - 1)
            upstream.goes_on.put_nowait(None)
            await upstream.asked.get()
            lives.clock.stall(1)
            upstream.goes_on.put_nowait(None)
            await until_agreed(safeguards)


async def test_a_gap_is_measured_by_the_clock_that_was_found_right(lives: Lives) -> None:
    await left_waiting(lives)
    wrong(lives, 7200)
    async with lives.first() as bench:
        upstream = Upstream(START_S)
        async with started(bench, upstream) as safeguards:
            await upstream.asked.get()
            lives.clock.set_wrong(0)
            upstream.goes_on.put_nowait(None)
            await until_agreed(safeguards)
            (gap,) = safeguards.holds.all()
    assert (gap.reason, (gap.until_ms or 0) - START_MS) == ("gap", 10_000)


async def test_an_error_of_ours_in_the_check_neither_ends_it_nor_releases_anything(
    lives: Lives,
) -> None:
    await left_waiting(lives)
    async with lives.first() as bench:
        failing = Failing(START_S)
        async with started(bench, failing) as safeguards:
            await failing.failed.wait()
            assert [hold.reason for hold in safeguards.holds.all()] == ["clock"]
            await until_agreed(safeguards)


@dataclass(slots=True)
class Failing(Upstream):
    """An upstream that cannot be read at first, for a reason nobody thought of."""

    failed: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self) -> int | None:
        if not self.failed.is_set():
            self.failed.set()
            raise LookupError
        return self.says_s


async def test_a_store_with_nothing_open_is_not_held(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench, started(bench, Upstream(None)) as safeguards:
        assert list(safeguards.holds.all()) == []


async def test_the_date_of_any_answer_tells_the_upstream_s_clock() -> None:
    upstream = Loopback(
        lambda seen: Reply(status=404, headers={"Date": formatdate(START_S, usegmt=True)})
    )
    async with upstream.listening():
        date = UpstreamDate(base_url=upstream.url, policy=AddressPolicy(allow_private=True))
        assert await date.read_s() == START_S
    assert [seen.path for seen in upstream.seen] == ["/"]


@pytest.mark.parametrize(("age", "passed_s"), [("3600", 3600), ("", 0), ("-5", 0), ("9" * 99, 0)])
async def test_the_date_of_an_answer_from_a_cache_is_as_old_as_the_cache_says(
    age: str, passed_s: int
) -> None:
    headers = {"Date": formatdate(START_S, usegmt=True), "Age": age}
    upstream = Loopback(lambda seen: Reply(headers=headers))
    async with upstream.listening():
        date = UpstreamDate(base_url=upstream.url, policy=AddressPolicy(allow_private=True))
        assert await date.read_s() == START_S + passed_s


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"Date": "soon"},
        {"Date": "Mon, 03 Feb 2025 12:14:25"},
        {"Date": "Mon, 03 Feb 2025 12:14:25 +9999999999999"},
        {"Date": "Mon, 99999999999999999999 Feb 2025 12:14:25 GMT"},
    ],
)
async def test_without_a_readable_date_nothing_is_known(header: dict[str, str]) -> None:
    upstream = Loopback(lambda seen: Reply(headers=header))
    async with upstream.listening():
        date = UpstreamDate(base_url=upstream.url, policy=AddressPolicy(allow_private=True))
        assert await date.read_s() is None


async def test_an_upstream_that_is_down_tells_nothing() -> None:
    date = UpstreamDate(base_url="http://127.0.0.1:9", policy=AddressPolicy(allow_private=True))
    assert await date.read_s() is None


async def test_a_gateway_in_dispute_refuses_new_workflows_and_is_not_ready(lives: Lives) -> None:
    # The upstream answers with the date of today, and the tests' clock is years behind it.
    lives.upstream.default = lambda seen: Reply(headers={"Date": formatdate(usegmt=True)})
    async with lives.whole(GATEWAY_CLOCK="checked") as world:
        async with asyncio.timeout(10):
            while not world.gateway.alarms.standing():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        ready = await world.admin.get("/readyz")
        answer = await world.post(ONE_HOUR)
    assert (ready.status_code, answer.status_code) == (503, 503)
    assert ready.text.startswith("not accepting workflows\nclock: since ")
    assert "Retry-After" in answer.headers


async def test_a_stall_before_the_clock_is_known_does_not_hide_the_downtime(lives: Lives) -> None:
    await left_waiting(lives)
    lives.clock.advance(600)
    async with lives.first() as bench:
        upstream = Upstream(None)
        async with started(bench, upstream) as safeguards:
            await upstream.asked.get()
            lives.clock.stall(2)
            assert not safeguards.hearing.can_hear()
            async with asyncio.timeout(10):
                while not safeguards.hearing.can_hear():  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
            upstream.says_s = lives.clock.wall_s()
            upstream.goes_on.put_nowait(None)
            await until_agreed(safeguards)
            (gap,) = safeguards.holds.all()
    assert (gap.until_ms or 0) - lives.clock.now_ms() == 915_000


@pytest.mark.parametrize(("wrong_s", "is_told"), [(7200, True), (-7200, False)])
async def test_who_keeps_instants_is_told_that_the_clock_was_ahead(
    lives: Lives, wrong_s: int, is_told: bool
) -> None:
    wrong(lives, wrong_s)
    async with lives.first() as bench:
        upstream, told = Upstream(None), asyncio.Event()
        async with started(bench, upstream) as safeguards:
            safeguards.tell_set_back(told.set)
            await upstream.asked.get()
            lives.clock.set_wrong(0)
            upstream.says_s = START_S
            upstream.goes_on.put_nowait(None)
            async with asyncio.timeout(10):
                while not safeguards.may_forget():  # noqa: ASYNC110
                    await asyncio.sleep(0.005)
            assert told.is_set() is is_told
