"""Whatever a receiver answers: nothing overtakes without leave, and nothing waits for longer."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.answers import is_refusal
from tests.support.bench import Bench, a_bench
from tests.support.loopback import Reply, Seen

WORDS = ("submitted", "delivered", "read", "completed")
"""The callbacks of one dispatch, in the order of their commits."""
PATIENCE_S = 30.0

answers = st.sampled_from([200, 200, 204, 302, 401, 404, 406, 410, 422, 429, 500, 503])
waits = st.sampled_from([0.5, 4.0, 5.0, 10.0, 15.0, 20.0, 30.0, 31.0, 160.0])


@dataclass(slots=True)
class Receiver:
    """Answers by a list, then 200, and notes each attempt: when, at what, with which answer."""

    bench: Bench
    script: list[int]
    attempts: list[tuple[float, str, int]] = field(default_factory=list)

    def reply(self, seen: Seen) -> Reply:
        http_status = self.script.pop(0) if self.script else 200
        word = str(seen.json()["status"])
        self.attempts.append((self.bench.clock.now_ms() / 1000, word, http_status))
        return Reply(status=http_status)


def overtaking_without_leave(attempts: list[tuple[float, str, int]]) -> list[str]:
    """Return what was attempted before its turn though its lane still waited.

    What becomes due at one instant is handed out together, before any of it is answered.
    """
    first_s: dict[str, float] = {}
    answered_s: dict[str, float] = {}
    early: set[str] = set()
    without_leave: list[str] = []
    for at_s, word, answer in attempts:
        before = WORDS[: WORDS.index(word)]
        is_over = any(
            one in early or first_s.get(one, at_s) + PATIENCE_S <= at_s
            for one in before
            if answered_s.get(one, at_s) >= at_s
        )
        if word not in first_s and is_over:
            early.add(word)
        elif word not in first_s and not answered_s.keys() >= set(before):
            without_leave.append(word)
        first_s.setdefault(word, at_s)
        if answer < 300 or is_refusal(answer):
            answered_s.setdefault(word, at_s)
    return without_leave


async def live(script: list[int], pauses: list[float]) -> list[tuple[float, str, int]]:
    with tempfile.TemporaryDirectory() as folder:
        async with a_bench(Path(folder)) as bench:
            receiver = Receiver(bench, script)
            bench.receiver.default = receiver.reply
            dispatch_uuid = await bench.dispatch()
            await bench.send()
            for word, pause in zip(("submitted", "delivered", "read"), pauses, strict=False):
                await bench.hear(dispatch_uuid, word)
                await bench.deliver()
                await bench.deliver_after(pause)
            for pause in [*pauses[3:], PATIENCE_S]:
                await bench.deliver_after(pause)
            return receiver.attempts


@settings(max_examples=20, deadline=None)
@given(st.lists(answers, max_size=12), st.lists(waits, min_size=3, max_size=8))
def test_nothing_overtakes_without_leave_and_nothing_waits_longer_than_the_patience(
    script: list[int], pauses: list[float]
) -> None:
    attempts = asyncio.run(live(script, pauses))
    assert overtaking_without_leave(attempts) == []
    assert {word for _, word, _ in attempts} == set(WORDS)


@settings(max_examples=20, deadline=None)
@given(st.lists(answers, max_size=12), st.lists(waits, min_size=3, max_size=8))
def test_what_was_taken_is_not_posted_again(script: list[int], pauses: list[float]) -> None:
    attempts = asyncio.run(live(script, pauses))
    taken = [word for _, word, answer in attempts if answer < 300]
    assert len(taken) == len(set(taken))
