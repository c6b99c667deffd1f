"""Writes and fsyncs fail under a real gateway, and what callers were told stays true.

The long form goes through every write and every fsync: `make fault-test`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.faults.plan import some_faults
from tests.faults.rounds import Rounds
from tests.faults.shim import compiler

needs_a_compiler = pytest.mark.skipif(
    sys.platform != "linux" or compiler() is None,
    reason="a write is made to fail by a library, which takes Linux and a C compiler (cc)",
)


@pytest.mark.slow
@needs_a_compiler
async def test_no_answer_that_denies_a_workflow_is_followed_by_a_send(tmp_path: Path) -> None:
    async with Rounds(tmp_path).prepared() as played:
        for number, fault in enumerate(some_faults()):
            await played.play(fault, is_killed=bool(number % 3))
    seen = played.tally
    assert not seen.violations, "\n".join(seen.violations)
    # Or nothing was proved: each kind of answer was given, and calls did fail.
    assert seen.fired >= len(list(some_faults()))
    assert all(
        [
            any(each.http_status == 202 for each in seen.answers),
            any(each.denies for each in seen.answers),
            any(each.is_in_doubt for each in seen.answers),
            seen.ended,
        ]
    )
