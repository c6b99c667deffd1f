"""`python -m tests.crowd`: let both crowds come; end with 1 if a promise broke."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.crowd import flood, neighbours

_HELD: Final = 0.95
"""Nearly as many come again as can be sent, so that a machine that lags turns some away."""


async def _flood(played: flood.Flood) -> list[tuple[str, bool]]:
    with tempfile.TemporaryDirectory(prefix="crowd-") as folder:
        seen = await flood.play(played, Path(folder))
    quiet, busy = flood.p99(seen.quiet_s), flood.p99(seen.accepted_s)
    waited = max(seen.waited_s, default=0.0)
    held = seen.retries[202]
    return [
        (f"answers: {dict(seen.statuses)}", {*seen.statuses} == {202, 429}),
        (
            f"accepted within {1000 * busy:.0f} ms (99 %), before the flood {1000 * quiet:.0f} ms",
            busy <= max(2 * quiet, 0.025),
        ),
        (f"{seen.without} refusals do not say when to come again", not seen.without),
        (
            f"told to come again after {min(seen.retry_after_s, default=0)} to"
            f" {max(seen.retry_after_s, default=0)} s; {held} of {seen.retries.total()} who did"
            " got in",
            held >= _HELD * seen.retries.total() > 0,
        ),
        (
            f"what was accepted waited for {waited:.1f} s at most, of {played.bound_s} s",
            waited <= played.bound_s and not seen.unsent,
        ),
        (f"{seen.memory_mb:.0f} MB resident at most", seen.memory_mb < 200),
    ]


async def _neighbours(played: neighbours.Neighbours) -> list[tuple[str, bool]]:
    with tempfile.TemporaryDirectory(prefix="crowd-") as folder:
        seen = await neighbours.play(played, Path(folder))
    sends, callbacks = max(seen.sends_s), max(seen.callbacks_s)
    return [
        (f"of the crowd {seen.greedy_left} left meanwhile", seen.greedy_left > 0),
        (f"the neighbour's {len(seen.sends_s)} sends left within {sends:.2f} s", sends <= 1),
        (f"his callbacks arrived within {callbacks:.2f} s", callbacks <= 1),
        (f"{seen.memory_mb:.0f} MB resident at most", seen.memory_mb < 200),
    ]


async def _main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crowd", description=__doc__)
    parser.add_argument("--only", choices=("flood", "neighbours"))
    parser.add_argument("--seconds", type=float, default=60.0, help="how long the flood lasts")
    parser.add_argument("--times", type=int, default=10, help="of what can be sent")
    parser.add_argument("--bound", type=int, default=30, help="seconds that sends may wait")
    parser.add_argument("--waiting", type=int, default=100_000, help="sends of the greedy one")
    asked = parser.parse_args()
    lines = []
    if asked.only != "neighbours":
        lines += await _flood(
            flood.Flood(lasts_s=asked.seconds, times=asked.times, bound_s=asked.bound)
        )
    if asked.only != "flood":
        lines += await _neighbours(neighbours.Neighbours(waiting=asked.waiting))
    for line, holds in lines:
        print(f"{'ok  ' if holds else 'BAD '} {line}")
    return 0 if all(holds for _, holds in lines) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(_main()))
