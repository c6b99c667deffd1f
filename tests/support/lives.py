"""Several gateways, one after the other, on one store; upstream and receiver outlive them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.bench import Bench, a_bench
from tests.support.clock import ManualClock
from tests.support.loopback import Loopback
from tests.support.peers import accepting, receiving
from tests.support.world import World, a_world


@dataclass(slots=True, kw_only=True)
class Lives:
    """The surroundings of several gateways, one after the other."""

    folder: Path
    clock: ManualClock = field(default_factory=ManualClock)
    upstream: Loopback = field(default_factory=lambda: Loopback(accepting))
    receiver: Loopback = field(default_factory=lambda: Loopback(receiving))

    @contextlib.asynccontextmanager
    async def first(self) -> AsyncIterator[Bench]:
        """Lay out a bench; leaving it is the kill, because nothing on it works by itself."""
        async with a_bench(
            self.folder, clock=self.clock, upstream=self.upstream, receiver=self.receiver
        ) as bench:
            yield bench

    @contextlib.asynccontextmanager
    async def whole(self, **environ: str) -> AsyncIterator[World]:
        """Run a gateway; leaving it is a regular end."""
        urls = {
            "GATEWAY_UPSTREAM": self.upstream.url,
            "GATEWAY_STATUS_URL": f"{self.receiver.url}/webhooks/status",
        }
        async with a_world(self.folder, {**urls, **environ}, clock=self.clock) as world:
            world.upstream, world.receiver = self.upstream, self.receiver
            yield world
