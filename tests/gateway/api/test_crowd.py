"""An application may have as much waiting as can be sent in time, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from gateway.alarms import AlarmKind, Alarms
from gateway.api.crowd import Crowd
from gateway.metrics import Metrics
from gateway.settings import Application
from gateway.stores.base import OutboxKind, Store, WaitingSends
from tests.gateway.stores.building import LEASE, NOW, commit, put, send
from tests.support.clock import ManualClock
from tests.support.model_store import ModelStore
from tests.support.stores import open_sqlite_in_loop
from tests.support.world import World, a_world, step, workflow

SHOP, STALL, OTHER = (
    Application(api_key="a", name="shop"),
    Application(api_key="a", name="stall"),
    Application(api_key="b", name="other"),
)


class Counter:
    """A crowd over a store in which sends lie, and leave when they are told to."""

    def __init__(self, store: Store, *, rate_per_s: float = 2, max_age_s: int = 30) -> None:
        self.store = store
        self.clock = ManualClock(NOW)
        self.metrics = Metrics()
        self.alarms = Alarms(self.metrics)
        self.silence_ms = 0
        self.stopped: set[str] = set()
        self.crowd = Crowd(
            store=store,
            applications=[SHOP, STALL, OTHER],
            rate_per_s=rate_per_s,
            silence_ms=lambda account: self.silence_ms,
            clock=self.clock,
            alarms=self.alarms,
            metrics=self.metrics,
            max_age_s=max_age_s,
            is_stopped=self.stopped.__contains__,
        )
        self._made = self._asked = 0

    async def ask(self, application: Application, said: str | None = None) -> int | None:
        """Have a workflow accepted, or return when to come again."""
        self._asked += 1
        crowded = await self.crowd.admit(application, (said or str(self._asked)).encode())
        if crowded is not None:
            return crowded.retry_after_s
        await self.append(application)
        return None

    async def append(self, application: Application) -> None:
        """Append a send of a new dispatch."""
        self._made += 1
        item = send(1, self._made, application=application.name)
        made = commit(self._made, application=application.name, outbox=[item])
        await put(self.store, made, now_ms=self.clock.now_ms(), unclaimed=[item.item_id])

    async def fill(self, application: Application) -> int:
        """Ask until it is refused; return how many were accepted."""
        accepted = 0
        while await self.ask(application) is None:
            accepted += 1
        return accepted

    async def leaves(self, application: Application, count: int) -> None:
        """Let the oldest sends leave."""
        items = await self.store.claim(
            OutboxKind.SEND,
            now_ms=self.clock.now_ms(),
            lease_ms=LEASE,
            room={application.name: count},
        )
        for item in items:
            await self.store.settle(item, now_ms=self.clock.now_ms(), lease_ms=LEASE)

    def passes(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(seconds)


@pytest.fixture
async def counter(tmp_path: Path) -> AsyncIterator[Counter]:
    """Two a second, of which each may wait for half a minute."""
    store = await open_sqlite_in_loop(tmp_path)
    yield Counter(store)
    await store.close()


async def test_as_many_are_accepted_as_leave_in_time(counter: Counter) -> None:
    assert await counter.fill(SHOP) == 60


async def test_what_was_accepted_between_two_looks_counts(counter: Counter) -> None:
    for _ in range(30):
        await counter.append(SHOP)
    counter.passes(2)
    assert await counter.fill(SHOP) == 30


async def test_who_comes_when_told_to_gets_in(counter: Counter) -> None:
    await counter.fill(SHOP)
    told = await counter.ask(SHOP)
    assert told is not None
    await counter.leaves(SHOP, 2 * told)
    counter.passes(told)
    assert await counter.ask(SHOP) is None


async def test_those_who_are_refused_are_told_to_come_one_after_the_other(
    counter: Counter,
) -> None:
    await counter.fill(SHOP)
    told = [await counter.ask(SHOP) for _ in range(10)]
    # The first place is promised already to who was refused while it filled.
    assert told == [3, 3, 4, 4, 5, 5, 6, 6, 7, 7]


async def test_all_who_come_when_told_to_get_in_though_others_come(counter: Counter) -> None:
    await counter.fill(SHOP)
    told = {f"order {number}": await counter.ask(SHOP, f"order {number}") for number in range(40)}
    answers = []
    for second in range(1, max(filter(None, told.values())) + 1):
        counter.passes(1)
        await counter.leaves(SHOP, 2)
        for _ in range(10):
            await counter.ask(SHOP)  # a stranger, who was told nothing yet
        answers += [await counter.ask(SHOP, said) for said, due in told.items() if due == second]
    assert answers == [None] * 40


async def test_places_of_those_who_stay_away_go_to_others(counter: Counter) -> None:
    await counter.fill(SHOP)
    for _ in range(40):
        await counter.ask(SHOP)
    accepted = 0
    for _ in range(60):
        counter.passes(1)
        await counter.leaves(SHOP, 2)
        accepted += [await counter.ask(SHOP) for _ in range(4)].count(None)
    assert accepted >= 110


async def test_who_comes_too_early_is_told_the_same_again(counter: Counter) -> None:
    await counter.fill(SHOP)
    for _ in range(20):
        await counter.ask(SHOP)
    told = await counter.ask(SHOP, "mine")
    counter.passes(3)
    assert (await counter.ask(SHOP, "mine"), told) == (10, 13)


async def test_nobody_is_told_to_come_after_more_than_twice_the_time(counter: Counter) -> None:
    await counter.fill(SHOP)
    told = [await counter.ask(SHOP) for _ in range(500)]
    assert told[-1] == 32


async def test_another_account_is_not_shut_out(counter: Counter) -> None:
    await counter.fill(SHOP)
    assert await counter.fill(OTHER) == 60


async def test_another_application_of_the_account_has_its_share(counter: Counter) -> None:
    await counter.fill(SHOP)
    assert await counter.fill(STALL) == 30


async def test_an_application_may_use_what_others_of_its_account_leave(counter: Counter) -> None:
    for _ in range(10):
        await counter.append(STALL)
    assert await counter.fill(SHOP) == 50


async def test_a_silence_of_the_account_counts(counter: Counter) -> None:
    counter.silence_ms = 20_000
    assert await counter.fill(SHOP) == 20


async def test_while_no_send_can_be_made_nobody_is_in_a_crowd(counter: Counter) -> None:
    counter.stopped.add("a")
    for _ in range(200):
        assert await counter.ask(SHOP) is None


async def test_without_a_pace_only_the_age_counts(tmp_path: Path) -> None:
    store = await open_sqlite_in_loop(tmp_path)
    counter = Counter(store, rate_per_s=0)
    for _ in range(200):
        assert await counter.ask(SHOP) is None
    counter.passes(31)
    assert await counter.ask(SHOP) == 10
    await store.close()


async def test_without_a_limit_everything_is_accepted(tmp_path: Path) -> None:
    store = await open_sqlite_in_loop(tmp_path)
    counter = Counter(store, max_age_s=0)
    for _ in range(200):
        assert await counter.ask(SHOP) is None
    counter.passes(86_400)
    assert await counter.ask(SHOP) is None
    await store.close()


async def test_an_application_whose_oldest_waits_too_long_is_refused(counter: Counter) -> None:
    await counter.append(SHOP)
    counter.passes(31)
    assert [await counter.ask(SHOP), await counter.ask(STALL)] == [1, None]


async def test_a_refusal_asks_the_store_for_nothing() -> None:
    class Asked(ModelStore):
        asked = 0

        async def waiting_sends(self) -> dict[str, WaitingSends]:
            self.asked += 1
            return {"shop": WaitingSends(count=100, oldest_ms=NOW)}

    store = Asked()
    counter = Counter(store)
    for _ in range(500):
        assert await counter.ask(SHOP) is not None
    assert store.asked == 1


async def test_refusals_are_told_until_they_end(counter: Counter) -> None:
    await counter.fill(SHOP)
    (alarm,) = counter.alarms.standing("a")
    counter.passes(61)
    await counter.leaves(SHOP, 60)
    await counter.crowd.tell()
    assert (alarm.kind, alarm.blocks_intake) == (AlarmKind.CROWDED, False)
    assert "shop" in alarm.why
    assert list(counter.alarms.standing("a")) == []


async def test_an_alarm_stands_while_refusals_go_on(counter: Counter) -> None:
    await counter.fill(SHOP)
    for _ in range(5):
        counter.passes(30)
        await counter.ask(SHOP)
        await counter.crowd.tell()
    assert len(counter.alarms.standing("a")) == 1


async def test_figures_tell_what_waits_by_application(counter: Counter) -> None:
    await counter.fill(SHOP)
    counter.passes(7)
    await counter.crowd.tell()

    def figure(name: str, **labels: str) -> float | None:
        return counter.metrics.registry.get_sample_value(name, labels)

    assert figure("gateway_waiting_sends", application="shop") == 60
    assert figure("gateway_waiting_sends", application="stall") == 0
    assert figure("gateway_oldest_send_seconds", application="shop") == 7
    refused = figure("gateway_workflows_refused_total", application="shop", reason="queue")
    assert refused == 1


PACED = {"GATEWAY_SEND_RATE": "2", "GATEWAY_MAX_SEND_AGE": "2"}
ONE_STEP = workflow(step("sms"))


async def until_refused(world: World) -> httpx2.Response:
    """Post until something is refused; return that answer."""
    async with asyncio.timeout(10):
        while (answer := await world.post(ONE_STEP)).status_code == 202:
            pass
    return answer


async def test_a_refusal_is_a_429_in_the_shape_of_v01(tmp_path: Path) -> None:
    async with a_world(tmp_path, PACED) as world:
        answer = await until_refused(world)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) >= 1
        assert answer.json()["title"] == "Rate Limit Hit"
        assert "Nothing was accepted" in answer.json()["detail"]


async def test_a_repeated_key_gets_its_first_answer_in_a_crowd(tmp_path: Path) -> None:
    async with a_world(tmp_path, PACED) as world:
        key = {"Idempotency-Key": "order-1"}
        first = await world.post(ONE_STEP, **key)
        await until_refused(world)
        again = await world.post(ONE_STEP, **key)
        assert (again.status_code, again.json()) == (202, first.json())


async def test_a_webhook_always_gets_in(tmp_path: Path) -> None:
    async with a_world(tmp_path, PACED) as world:
        await world.dispatch(ONE_STEP)
        (sent,) = await world.sends(1)
        await until_refused(world)
        answer = await world.webhook(sent, "delivered")
        assert answer.status_code == 200


async def test_where_there_is_room_for_sure_the_store_is_asked_once_a_second() -> None:
    class Asked(ModelStore):
        asked = 0

        async def waiting_sends(self) -> dict[str, WaitingSends]:
            self.asked += 1
            return {}

    store = Asked()
    counter = Counter(store, rate_per_s=1000)
    passed = 0
    for _ in range(3):
        assert await counter.ask(SHOP) is None
        passed += sum(counter.crowd.passes(SHOP) for _ in range(100))
        counter.passes(1)
    assert (passed, store.asked) == (300, 3)


async def test_no_more_pass_for_sure_than_have_room(counter: Counter) -> None:
    passed = 0
    assert await counter.ask(SHOP) is None
    while counter.crowd.passes(SHOP):
        passed += 1
        await counter.append(SHOP)
    assert passed + await counter.fill(SHOP) == 59


async def test_nobody_passes_for_sure_while_others_were_told_to_come(counter: Counter) -> None:
    await counter.fill(SHOP)
    await counter.leaves(SHOP, 30)
    counter.passes(1)
    await counter.ask(SHOP)
    assert not counter.crowd.passes(SHOP)
