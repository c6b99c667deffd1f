"""What was held comes back no faster than it may be sent."""

from __future__ import annotations

from pathlib import Path

from gateway.safeguards.holds import Holds
from gateway.stores.base import Hold, HoldReason
from tests.support.bench import a_bench
from tests.support.world import API_KEY, failing_over, step, workflow

SHORT = workflow(step("whatsapp", **failing_over("delivered", 15)), step("sms"))


async def test_timers_come_back_at_the_send_rate_the_longest_due_first(tmp_path: Path) -> None:
    async with a_bench(tmp_path) as bench:
        for _ in range(60):
            await bench.dispatch(SHORT)
        await bench.send()
        holds = Holds(
            store=bench.store,
            clock=bench.clock,
            alarms=bench.alarms,
            accounts={API_KEY: API_KEY},
            rate_per_s=10,
        )
        hold = Hold(
            account=API_KEY,
            reason=HoldReason.GAP,
            since_ms=0,
            until_ms=bench.clock.now_ms() + 20_000,
        )
        await holds.place(hold)
        bench.clock.advance(19)
        due = await bench.store.due_timers(now_ms=bench.clock.now_ms(), limit=100)
        assert await holds.sort_out(due) == []
        back = []
        for _ in range(8):
            bench.clock.advance(1)
            await holds.turn()
            back.append(60 - (await bench.store.counts()).held_timers)
        assert back == [1, 11, 21, 31, 41, 51, 60, 60]
