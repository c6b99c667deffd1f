"""Many workflows at once through an observing gateway, served by the stand-in of Dispatch.

The legacy service is a server on loopback whose workflows the stand-in plays; its callbacks come
to the gateway when they are due, by a clock that the test moves.
"""

from __future__ import annotations

import itertools
import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson
from prometheus_client.parser import text_string_to_metric_families

from gateway.sandbox.legacy_play import play
from gateway.sandbox.legacy_quirks import AS_DOCUMENTED, Habits, with_quirks
from gateway.traces.model import Trace
from tests.gateway.modes.observing import caught_up, observing, post, traces
from tests.gateway.sandbox.legacy_workflows import workflow
from tests.support.loopback import Reply, Seen
from tests.support.world import World

COUNT: Final = 60
_CHANNELS: Final = ("sms", "whatsapp", "viber_service_msg", "messenger", "mms")
_SCRIPTS: Final = ("00", "01", "02", "03", "04")


def shapes(count: int) -> list[dict[str, Any]]:
    """Return workflows of one, two and three steps, over channels, conditions and fates."""
    texting = [channel for channel in _CHANNELS if channel != "mms"]
    steps = [f"{channel} {script}" for script in _SCRIPTS for channel in texting]
    conditions = itertools.cycle(("delivered", "read"))
    made = [
        *itertools.product(steps),
        *itertools.product(steps, repeat=2),
        *itertools.product(steps, repeat=3),
    ]
    # Spread over all of them, so that a few have something of everything.
    chosen = itertools.islice(made, 0, None, len(made) // count)
    return [workflow(*each, condition=next(conditions)) for each in chosen][:count]


class StandIn:
    """Answers workflows, and knows what is to be told of them and when."""

    def __init__(self, habits: Habits = AS_DOCUMENTED) -> None:
        self._habits = habits
        self.now_ms = 0
        self.told: list[tuple[int, bytes]] = []
        self._ids = itertools.count(1)

    def draw(self) -> str:
        return str(uuid.UUID(int=next(self._ids), version=4))

    def accept(self, seen: Seen) -> Reply:
        dispatch_uuid = self.draw()
        played = play(
            seen.json(),
            dispatch_uuid=dispatch_uuid,
            draw=self.draw,
            accepted_ms=self.now_ms,
            habits=self._habits,
        )
        self.told += [(self.now_ms + told.at_ms, orjson.dumps(told.body)) for told in played]
        return Reply(status=202, body=orjson.dumps({"dispatch_uuid": dispatch_uuid}))


async def lived(world: World, legacy: StandIn, requests: Sequence[dict[str, Any]]) -> None:
    """Have all requests served, everything told in its time, and every trace finished."""
    legacy.now_ms = world.clock.now_ms()
    for request in requests:
        assert (await post(world, orjson.dumps(request))).status_code == 202
    for due_ms, body in sorted(legacy.told, key=lambda told: told[0]):
        world.clock.advance((due_ms - world.clock.now_ms()) / 1000)
        answered = await world.http.post("/legacy/status", content=body)
        assert answered.status_code == 200
    await caught_up(world)
    world.clock.advance(80 * 3600)
    await caught_up(world)


async def judged(folder: Path, habits: Habits) -> Counter[tuple[str, str]]:
    """Observe a stand-in with these habits; return how often it was judged how, by what."""
    stand_in = StandIn(habits)
    async with observing(folder, stand_in.accept) as (world, _):
        await lived(world, stand_in, shapes(COUNT))
        exposed = (await world.admin.get("/metrics")).text
    samples = [
        sample
        for family in text_string_to_metric_families(exposed)
        for sample in family.samples
        if sample.name == "gateway_comparisons_total"
    ]
    counted: Counter[tuple[str, str]] = Counter()
    for sample in samples:
        counted[sample.labels["outcome"], sample.labels["kind"]] += int(sample.value)
    return counted


async def test_what_dispatch_does_is_what_is_predicted(tmp_path: Path) -> None:
    counted = await judged(tmp_path, AS_DOCUMENTED)
    assert {outcome for outcome, _ in counted} <= {"identical", "equivalent"}
    assert counted.total() == COUNT


async def test_what_dispatch_does_otherwise_is_found(tmp_path: Path) -> None:
    counted = await judged(tmp_path, with_quirks(AS_DOCUMENTED, ["fails-over-early"]))
    assert {key for key in counted if key[1] != "none"} == {("semantic", "failover-early")}


async def test_every_workflow_is_one_trace_and_everything_told_is_relayed(tmp_path: Path) -> None:
    stand_in = StandIn()
    async with observing(tmp_path, stand_in.accept) as (world, _):
        await lived(world, stand_in, shapes(COUNT))
        relayed = [seen.body for seen in world.receiver.seen]
        written: list[Trace] = traces(tmp_path)
    told = [body for _, body in sorted(stand_in.told, key=lambda told: told[0])]
    assert (relayed, world.upstream.seen) == (told, [])
    assert (len(written), {trace.is_complete for trace in written}) == (COUNT, {True})
