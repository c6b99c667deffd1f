from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any

import pytest

from tests.laboratory.loop import Domain, VirtualLoop


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    loop = VirtualLoop()
    yield loop
    loop.close()


def domain(loop: VirtualLoop) -> Domain:
    return Domain(loop, "p0.1", tick_s=0.1)


def play(loop: VirtualLoop, work: Coroutine[Any, Any, None]) -> None:
    loop.run_until_complete(work)


def test_three_days_pass_at_once(loop: VirtualLoop) -> None:
    play(loop, asyncio.sleep(3 * 86400))
    assert loop.time() == 3 * 86400


def test_time_stands_still_while_anything_can_run(loop: VirtualLoop) -> None:
    async def work() -> None:
        for _ in range(1000):
            await asyncio.sleep(0)

    play(loop, work())
    assert loop.time() == 0


def test_what_is_due_runs_in_order_of_time_and_then_of_asking(loop: VirtualLoop) -> None:
    ran: list[str] = []
    for name, at_s in (("late", 2.0), ("first", 1.0), ("second", 1.0)):
        loop.call_at(at_s, ran.append, name)
    play(loop, asyncio.sleep(3))
    assert ran == ["first", "second", "late"]


def test_a_world_in_which_nothing_can_happen_any_more_is_an_error(loop: VirtualLoop) -> None:
    with pytest.raises(AssertionError, match="nothing will ever happen"):
        play(loop, _for_ever())


def test_a_killed_process_gets_no_turn_and_cleans_nothing_up(loop: VirtualLoop) -> None:
    process, noted = domain(loop), list[str]()
    process.create_task(_note_and_clean_up(noted))

    async def work() -> None:
        await asyncio.sleep(1.5)
        process.kill()
        await asyncio.sleep(10)

    play(loop, work())
    assert noted == ["0", "1"]
    process.bury()


def test_a_kill_after_so_many_turns_comes_before_that_turn(loop: VirtualLoop) -> None:
    process, noted = domain(loop), list[str]()
    process.dies_at_turn = 2
    process.create_task(_note_and_clean_up(noted))
    play(loop, asyncio.sleep(10))
    assert noted == ["0"]
    process.bury()


def test_whoever_waits_for_a_process_is_told_of_its_death_once(loop: VirtualLoop) -> None:
    process, told = domain(loop), list[str]()
    process.on_death.append(lambda: told.append("dead"))
    process.kill()
    process.kill()
    assert told == ["dead"]


def test_a_death_does_not_disturb_another_process(loop: VirtualLoop) -> None:
    one, other, noted = domain(loop), domain(loop), list[str]()
    one.create_task(_note_and_clean_up([]))
    task = other.create_task(_note_and_clean_up(noted))

    async def work() -> None:
        one.kill()
        await task

    play(loop, work())
    assert noted == ["0", "1", "2", "cleaned up"]
    one.bury()


def test_a_stopped_process_loses_nothing_and_does_it_when_it_goes_on(loop: VirtualLoop) -> None:
    process, noted = domain(loop), list[tuple[float, str]]()
    for at_s, name in ((1.0, "first"), (2.0, "second")):
        process.context.run(
            lambda at_s=at_s, name=name: loop.call_at(  # type: ignore[misc]
                at_s, lambda: noted.append((loop.time(), name))
            )
        )

    async def work() -> None:
        process.stop()
        await asyncio.sleep(60)
        assert noted == []
        process.go_on()
        await asyncio.sleep(0)

    play(loop, work())
    assert noted == [(60.0, "first"), (60.0, "second")]
    assert process.stopped_ms == 60_000


def test_what_a_killed_process_started_dies_with_it(loop: VirtualLoop) -> None:
    process, noted = domain(loop), list[str]()

    async def parent() -> None:
        child = asyncio.ensure_future(_note_and_clean_up(noted))
        await child

    process.create_task(parent())

    async def work() -> None:
        await asyncio.sleep(0.5)
        process.kill()
        await asyncio.sleep(10)

    play(loop, work())
    assert noted == ["0"]
    process.bury()


async def _note_and_clean_up(noted: list[str]) -> None:
    try:
        for number in range(3):
            noted.append(str(number))
            await asyncio.sleep(1)
    finally:
        noted.append("cleaned up")


async def _for_ever() -> None:
    await asyncio.get_running_loop().create_future()
