"""Random histories: the embedded store answers everything as the dict model does."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import given, settings

from tests.gateway.stores.scripts import Move, Player, scripts
from tests.support.stores import StoreOpener, open_model, open_sqlite_in_loop


def play(opener: StoreOpener, script: Sequence[Move]) -> list[Any]:
    async def perform(directory: str) -> list[Any]:
        store = await opener(Path(directory))
        answers = await Player(store).play(script)
        await store.close()
        return answers

    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(perform(directory))


@settings(max_examples=40, deadline=None)
@given(scripts)
def test_the_embedded_store_answers_as_the_model_does(script: Sequence[Move]) -> None:
    assert play(open_sqlite_in_loop, script) == play(open_model, script)
