"""A small instance of `make kill-test`: real processes, three kills."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kill.checks import violations
from tests.kill.harness import Plan, run

SMALL = Plan(
    rounds=3,
    dispatches=10,
    seed=1,
    posting_s=(0.2, 0.4),
    tail_s=0.2,
    kills=1,
    is_prompt=True,
    grace_s=1,
    pace=0.05,
    refused=0,
)


# On a busy machine a restart takes more than 5 s, and timers then wait 80 s for webhooks.
@pytest.mark.timeout(300)
@pytest.mark.slow
async def test_kill_9_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    evidence = await run(SMALL, tmp_path)
    assert violations(evidence) == []
