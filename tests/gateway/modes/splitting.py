"""A splitter on a real ledger and a real dial file, and short ways to drive it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from gateway.metrics import Metrics
from gateway.modes.dial import Dial
from gateway.modes.ledger import Ledger
from gateway.modes.pledges import Claim, Route
from gateway.modes.split import Places
from gateway.modes.splitter import Splitter
from gateway.modes.stepback import Watch
from gateway.traces.model import Path
from tests.support.clock import ManualClock
from tests.support.world import failing_over, step, workflow
from translators.diagnostics import JsonObject

HORIZON_S = 72 * 3600


def request(*numbers: str) -> JsonObject:
    """Return a workflow of one step for each number."""
    steps = [step("sms", **failing_over()) for _ in numbers[1:]] + [step()]
    for each, number in zip(steps, numbers, strict=True):
        each["to"] = {"type": "sms", "number": number}
    return workflow(*steps)


def claim(*numbers: str, key: str | None = None) -> Claim:
    """Return a claim of the application to a workflow that can be served."""
    return Claim(application="app", request=request(*numbers), key=key, is_servable=True)


@dataclass(slots=True, kw_only=True)
class Split:
    """A splitter and what turns it."""

    folder: FilePath
    clock: ManualClock = field(default_factory=ManualClock)
    metrics: Metrics = field(default_factory=Metrics)
    splitter: Splitter = field(init=False)
    accepted: int = 0

    def __post_init__(self) -> None:
        self._begin()

    def restart(self) -> None:
        """End, and begin again."""
        self.close()
        self._begin()

    def close(self) -> None:
        """Let go of the ledger."""
        self.splitter.close()

    def _begin(self) -> None:
        self.splitter = Splitter(
            dial=Dial(str(self.folder / "share"), self.clock),
            ledger=Ledger(self.folder / "gateway.db.split"),
            places=Places(b"key of the tests"),
            watch=Watch(),
            clock=self.clock,
            metrics=self.metrics,
            applications=frozenset({"app"}),
            horizon_s=HORIZON_S,
        )

    def turn(self, percentage: str) -> None:
        """Turn the dial, and let the second pass after which it is looked at."""
        (self.folder / "share").write_text(percentage)
        self.clock.advance(1)

    def route(self, *numbers: str, key: str | None = None) -> Route:
        """Route a workflow that nobody has answered yet."""
        return self.splitter.route(claim(*numbers, key=key))

    def accept(self, *numbers: str, key: str | None = None) -> tuple[Path, str]:
        """Route a workflow and have it accepted; return its path and its id."""
        route = self.route(*numbers, key=key)
        self.accepted += 1
        dispatch_uuid = f"dispatch-{self.accepted}"
        self.splitter.answered(route, 202, dispatch_uuid)
        return route.path, dispatch_uuid

    def end(self, dispatch_uuid: str, *, is_error: bool = False) -> None:
        """Have a workflow report its end."""
        self.splitter.ended(dispatch_uuid, is_error=is_error)

    def share_of_gateway(self) -> float:
        """Return where the dial stands, as operators see it."""
        value = self.metrics.registry.get_sample_value("gateway_split_share")
        assert value is not None
        return value


def a_split(folder: FilePath, percentage: str = "10") -> Split:
    """Return a splitter whose dial stands at `percentage`."""
    (folder / "share").write_text(percentage)
    return Split(folder=folder)


@dataclass(slots=True)
class Population:
    """People who get workflows, and who messaged them."""

    split: Split
    paths: dict[str, set[Path]] = field(default_factory=lambda: defaultdict(set))
    open: list[str] = field(default_factory=list)

    def live(self, workflows: int, people: int, every_s: float) -> list[Path]:
        """Let so many workflows begin, of which most end while others begin."""
        taken = []
        for _ in range(workflows):
            self.split.clock.advance(every_s)
            number = str(447_700_900_000 + self._draw(people))
            path, dispatch_uuid = self.split.accept(number)
            self.paths[number].add(path)
            taken.append(path)
            self.open.append(dispatch_uuid)
            if self._draw(10) < 9:
                self.split.end(self.open.pop(self._draw(len(self.open))))
        return taken

    def _draw(self, below: int) -> int:
        return int.from_bytes(self.split.clock.draw_token(8), "big") % below
