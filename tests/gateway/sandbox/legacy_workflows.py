"""Workflows for the stand-in of Dispatch, and its callbacks as lines that can be read."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from gateway.sandbox.legacy_play import Told

DISPATCH_UUID = "bbbbbbbb-cccc-4ddd-8eee-0123456789ab"
ACCEPTED_MS = 1_738_584_865_000
"""2025-02-03T12:14:25Z."""

_BY_ID = {("to", "messenger"), ("from", "messenger"), ("from", "viber_service_msg")}


def workflow(*steps: str, condition: str = "delivered", expiry_s: Any = 15) -> dict[str, Any]:
    """Return a request whose steps are written as a channel and the digits of a script."""
    written = [_step(*step.split()) for step in steps]
    for step in written[:-1]:
        step["failover"] = {"expiry_time": expiry_s, "condition_status": condition}
    return {"template": "failover", "workflow": written}


def _step(channel: str, digits: str) -> dict[str, Any]:
    sides = {"to": f"4477009000{digits}", "from": "447700900001"}
    addresses = {
        side: {"type": channel, "id" if (side, channel) in _BY_ID else "number": value}
        for side, value in sides.items()
    }
    return {**addresses, "message": {"content": {"type": "text", "text": "Hello"}}}


def ids() -> Callable[[], str]:
    """Return a source of message ids, the first of which ends in 1."""
    numbers = itertools.count(1)
    return lambda: str(uuid.UUID(int=next(numbers)))


def story(told: Iterable[Told]) -> list[str]:
    """Write callbacks as `seconds step status`, a final report without a step."""
    return [
        f"{each.at_ms / 1000:g} {'report' if each.step is None else each.step + 1}"
        f" {each.body['status']}"
        for each in told
    ]


def report(told: Iterable[Told]) -> dict[str, Any]:
    """Return the body of the only final report."""
    (found,) = [each.body for each in told if each.step is None]
    return found


def listed(told: Iterable[Told]) -> list[tuple[str, str, str | None]]:
    """Return what the final report lists: channel, status and price of each message."""
    return [
        (entry["channel"], entry["status"], entry.get("usage", {}).get("price"))
        for entry in report(told)["_links"]["messages"]
    ]
