"""Time in the laboratory: nobody sleeps through what they would have seen."""

from __future__ import annotations

import asyncio

from tests.laboratory.loop import Domain, VirtualLoop

TICK_S = 0.1


async def poll(loop: VirtualLoop, seen_s: list[float], *, pause_s: float, until_s: float) -> None:
    """Look again and again, as workers do."""
    while loop.time() < until_s:
        seen_s.append(loop.time())
        await asyncio.sleep(pause_s)


def test_a_poll_that_goes_to_sleep_before_something_is_due_sees_it() -> None:
    loop = VirtualLoop()
    process = Domain(loop, "p0.1", tick_s=TICK_S)
    early_s: list[float] = []
    late_s: list[float] = []
    loop.next_due_s = lambda since_s: 16.0 if since_s <= 16.0 else 50.0

    async def world() -> None:
        polls = [
            process.create_task(poll(loop, early_s, pause_s=0.02, until_s=40.0)),
            process.create_task(poll(loop, late_s, pause_s=0.2, until_s=40.0)),
        ]
        # Wakes both, so that they go to sleep again right before the instant.
        await asyncio.sleep(15.95)
        await asyncio.wait(polls)

    loop.run_until_complete(world())
    loop.close()
    assert any(16.0 <= one <= 16.0 + 2 * TICK_S for one in early_s)
    assert any(16.0 <= one <= 16.2 + 2 * TICK_S for one in late_s)


def test_nobody_is_woken_while_nothing_happens() -> None:
    loop = VirtualLoop()
    process = Domain(loop, "p0.1", tick_s=TICK_S)
    seen_s: list[float] = []
    polling = poll(loop, seen_s, pause_s=0.02, until_s=600.0)
    loop.run_until_complete(process.create_task(polling))
    loop.close()
    assert len(seen_s) < 40
