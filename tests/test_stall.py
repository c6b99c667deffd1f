"""A small instance of `make stall-test`: a real process is stopped over its expiries."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kill.processes import free_ports
from tests.stall.scene import Scene, Silence, play

SMALL = Scene(
    silence=Silence.STOPPED,
    begins_s=13.0,
    lasts_s=3.5,
    expiries_s=(15, 16),
    workflows=40,
    repeats_s=(5.0,),
    ends_s=18.0,
)


@pytest.mark.slow
async def test_who_answers_while_the_gateway_is_stopped_gets_no_second_message(
    tmp_path: Path,
) -> None:
    (port,) = free_ports(1)
    outcome = await play(SMALL, tmp_path, port)
    assert (outcome.first, outcome.taken, outcome.second_at_s) == (40, 40, [])
