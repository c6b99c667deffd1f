"""`GET /webhooks/doctor/{nonce}`: which process answers."""

from __future__ import annotations

import pytest

from gateway.presence import Presence
from tests.gateway.api.surface import problem
from tests.support.clock import ManualClock
from tests.support.world import World

NONCE = "0123456789abcdef"


async def test_a_nonce_gets_the_same_proof_from_one_process(world: World) -> None:
    answers = [await world.http.get(f"/webhooks/doctor/{NONCE}") for _ in range(2)]
    first, second = (answer.json()["proof"] for answer in answers)
    assert (first, len(first)) == (second, 64)


async def test_a_proof_is_not_kept_on_the_way(world: World) -> None:
    answer = await world.http.get(f"/webhooks/doctor/{NONCE}")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "nonce", ["short", "x" * 65, "0123456789abcdef%0A", "0123456789abcde%C3%A9"]
)
async def test_what_is_no_nonce_gets_none(world: World, nonce: str) -> None:
    problem(await world.http.get(f"/webhooks/doctor/{nonce}"), 404)


def test_other_processes_and_other_nonces_have_other_proofs() -> None:
    one, other = Presence(ManualClock(seed=1)), Presence(ManualClock(seed=2))
    proofs = {one.proof(NONCE), other.proof(NONCE), one.proof(NONCE[::-1])}
    assert len(proofs) == 3
