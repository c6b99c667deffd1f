"""The table of stores under test. A new store joins the conformance suite by a row here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeAlias

from gateway.stores.base import Store
from gateway.stores.open import open_store
from tests.support.clock import ManualClock
from tests.support.model_store import ModelStore

StoreOpener: TypeAlias = Callable[[Path], Awaitable[Store]]


async def open_model(directory: Path) -> Store:
    """Open the oracle; the directory is not used."""
    return ModelStore()


async def open_sqlite_in_loop(directory: Path) -> Store:
    """Open the embedded store that writes on the event loop."""
    return await open_store(url_in(directory), clock=ManualClock(), writer="loop")


async def open_sqlite_in_thread(directory: Path) -> Store:
    """Open the embedded store that writes in a thread, with less durability for speed."""
    return await open_store(
        url_in(directory), clock=ManualClock(), writer="thread", synchronous="normal"
    )


def url_in(directory: Path) -> str:
    """Return the URL of the embedded store in a directory."""
    return f"sqlite:///{directory / 'store.db'}"


STORES: Final[dict[str, StoreOpener]] = {
    "model": open_model,
    "sqlite-loop": open_sqlite_in_loop,
    "sqlite-thread": open_sqlite_in_thread,
}
