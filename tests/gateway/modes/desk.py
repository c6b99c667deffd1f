"""A recorder that nothing turns but the test, and what is to be seen of it."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FunctionType, MappingProxyType, ModuleType

import orjson

from gateway.metrics import Metrics
from gateway.modes.facts import Answered, Told
from gateway.modes.finisher import Finisher
from gateway.modes.judging import Judge
from gateway.modes.recorder import OPEN_BYTES, OPEN_LIMIT, Recorder
from gateway.traces.files import TraceWriter
from gateway.traces.model import Path as Sender
from gateway.traces.model import Trace
from gateway.traces.pseudonyms import Pseudonyms
from tests.gateway.modes.observing import DISPATCH_UUID, traces
from tests.support.clock import ManualClock
from tests.support.world import step, workflow
from translators.diagnostics import JsonObject
from translators.dispatch import translate_dispatch

SMS = orjson.dumps(workflow(step()))


class Desk:
    """A recorder and its file."""

    def __init__(
        self,
        folder: Path,
        *,
        queue_limit: int = 100,
        open_limit: int = OPEN_LIMIT,
        open_bytes: int = OPEN_BYTES,
        judges: Mapping[str, Judge] = MappingProxyType({}),
    ) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.metrics = Metrics()
        self.recorder = Recorder(
            finisher=Finisher(
                pseudonyms=Pseudonyms(b"key-of-the-tests-0001"),
                open_writer=lambda: TraceWriter(folder / "traces.jsonl"),
                translate=translate_dispatch,
                judges=judges,
            ),
            clock=self.clock,
            metrics=self.metrics,
            linger_s=3_600,
            queue_limit=queue_limit,
            applications=frozenset(),
            open_limit=open_limit,
            open_bytes=open_bytes,
        )

    def answered(self, dispatch_uuid: str = DISPATCH_UUID, body: bytes = SMS) -> None:
        self.recorder.put(
            Answered(
                path=Sender.LEGACY,
                origin="observe",
                at_ms=self.clock.now_ms(),
                body=body,
                http_status=202,
                dispatch_uuid=dispatch_uuid,
            )
        )

    def told(self, body: JsonObject) -> None:
        self.told_bytes(orjson.dumps(body))

    def told_bytes(self, body: bytes) -> None:
        self.recorder.put(Told(at_ms=self.clock.now_ms(), body=body, is_taken=True))

    def dropped(self, reason: str) -> float | None:
        return self.metrics.registry.get_sample_value(
            "gateway_trace_dropped_total", {"reason": reason}
        )

    def finished(self, outcome: str) -> float | None:
        return self.metrics.registry.get_sample_value("gateway_traces_total", {"outcome": outcome})

    async def close(self) -> list[Trace]:
        async with self.recorder.running():
            pass
        return traces(self.folder)


def brief(trace: Trace) -> list[tuple[object, ...]]:
    """Return of each entry its instant in seconds, kind, step, and what it says."""
    return [
        (entry.at_ms / 1000, entry.kind.value, entry.step, entry.status or entry.why)
        for entry in trace.entries
    ]


def reachable(root: object) -> Iterator[object]:
    """Yield all that can be reached from an object, short of classes and of modules."""
    seen: set[int] = set()
    # Kept alive while their ids stand for them.
    found, stack = [], [root]
    while stack:
        each = stack.pop()
        if id(each) in seen or isinstance(each, type | ModuleType):
            continue
        seen.add(id(each))
        found.append(each)
        if isinstance(each, FunctionType):
            # What a function imports is held by the import contracts; what it closes over, here.
            stack += [each.__closure__, each.__defaults__, each.__kwdefaults__]
        else:
            stack += gc.get_referents(each)
    yield from found
