"""`python -m tests.stall`: play every scene, side by side; end with 1 if a promise broke."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from tests.kill.processes import free_ports
from tests.stall.scene import Outcome, Scene, Silence, play

Promise: TypeAlias = Callable[[Outcome], bool]

DOUBLING: Final = (5, 10, 20, 40, 80)
STEPS: Final = (5, 60, 300)
ALL: Final = 200
PACE_S: Final = 3.0  # 200 at 1000 a second, and a machine that plays all scenes at once


def _nobody_twice(outcome: Outcome) -> bool:
    return (outcome.first, len(outcome.second_at_s), outcome.taken) == (ALL, 0, ALL)


def _after(earliest_s: float) -> Promise:
    def holds(outcome: Outcome) -> bool:
        times = outcome.second_at_s
        is_complete = (outcome.first, len(times)) == (ALL, ALL)
        return is_complete and times[0] >= earliest_s and times[0] <= earliest_s + 1 + PACE_S

    return holds


def _on_time(outcome: Outcome) -> bool:
    late = outcome.late_s
    return (outcome.first, len(late)) == (ALL, ALL) and late[0] >= 0 and late[-1] <= 1


def _scene(silence: Silence, lasts_s: float, *, grace_s: float, repeats: tuple[int, ...]) -> Scene:
    """Return a scene whose expiries fall before, into and just after the silence."""
    begins_s = 8.0  # posting takes a few seconds, and the shortest expiry is 15
    over_s = begins_s + lasts_s
    expiries = (15, int(begins_s + lasts_s / 2), int(over_s) + 1, int(over_s) + 5)
    return Scene(
        silence=silence,
        begins_s=begins_s,
        lasts_s=lasts_s,
        expiries_s=tuple(max(15, expiry) for expiry in expiries),
        workflows=ALL,
        repeats_s=repeats,
        ends_s=over_s + grace_s + 10,
    )


SCENES: Final[dict[str, tuple[Scene, Promise]]] = {
    "stopped 17 s, delivered in the sockets": (
        _scene(Silence.STOPPED, 17, grace_s=80, repeats=DOUBLING),
        _nobody_twice,
    ),
    "stopped 60 s, repeated by doubling": (
        _scene(Silence.STOPPED, 60, grace_s=80, repeats=DOUBLING),
        _nobody_twice,
    ),
    "stopped 60 s, repeated in steps": (
        _scene(Silence.STOPPED, 60, grace_s=80, repeats=STEPS),
        _nobody_twice,
    ),
    "down 17 s, repeated by doubling": (
        _scene(Silence.KILLED, 17, grace_s=80, repeats=DOUBLING),
        _nobody_twice,
    ),
    "down 17 s, repeated in steps": (
        _scene(Silence.KILLED, 17, grace_s=80, repeats=STEPS),
        _nobody_twice,
    ),
    "stopped 17 s, no webhook": (
        _scene(Silence.STOPPED, 17, grace_s=80, repeats=()),
        _after(79.5),
    ),
    "down 17 s, no webhook": (
        _scene(Silence.KILLED, 17, grace_s=80, repeats=()),
        _after(78.0),  # the silence ended when the process began, before it answered
    ),
    "restarted in 3 s, due 12 s later": (
        Scene(
            silence=Silence.RESTARTED,
            begins_s=3.0,
            lasts_s=3.0,
            expiries_s=(20,),
            workflows=ALL,
            ends_s=30.0,
        ),
        _on_time,
    ),
}


async def _play_all() -> int:
    with tempfile.TemporaryDirectory(prefix="stall-test-") as name:
        broken = 0
        ports = free_ports(len(SCENES))

        async def one(number: int, title: str, scene: Scene, holds: Promise) -> None:
            nonlocal broken
            folder = Path(name) / str(number)
            folder.mkdir()
            await asyncio.sleep(number * 0.5)
            outcome = await play(scene, folder, ports[number])
            verdict = "kept" if holds(outcome) else "BROKEN"
            broken += verdict == "BROKEN"
            second = outcome.second_at_s
            span = f" from {second[0]} s to {second[-1]} s after the silence" if second else ""
            span += f", at most {outcome.late_s[-1]} s late" if second else ""
            print(
                f"{verdict:7} {title}: {outcome.first} first messages, {outcome.taken} webhooks"
                f" taken, {len(second)} second messages{span}",
                flush=True,
            )

        await asyncio.gather(
            *(
                one(number, title, scene, holds)
                for number, (title, (scene, holds)) in enumerate(SCENES.items())
            )
        )
    print("no promise was broken" if not broken else f"{broken} promises were broken")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(_play_all()))
