"""Which path a workflow takes, when some go to Dispatch and some are served here. Pure.

The rule, in this order:

1. A request that is repeated under its `Idempotency-Key` takes the path it took before, whatever
   is true of that path today: it is refused there rather than taken elsewhere.
2. What this gateway would refuse goes to Dispatch.
3. Once Dispatch is gone for good, all else is served here, if `GATEWAY_LEGACY_GONE` says so; but
   not who has a request in doubt there, as this may be its repetition.
4. Who has an open workflow on a path stays there, until all of them have ended.
5. For three days after the dial was turned, who had a workflow in the last three days stays where
   it was served. Not after a step-back: a path that was found faulty is left at once.
6. Else the place of the first step's recipient decides: those below the dial are served here.

Points 3 to 5 look at all recipients of a workflow, step by step, and the first one of whom
anything is known decides. Where a later one is held by the other path, both paths may come to
message that person; such a workflow is a crossing, and is counted and told.

Source: docs/adr/0012-one-path-per-workflow.md.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.modes.unread import normal
from gateway.settings.mode_values import WHOLE
from gateway.traces.model import Path
from translators.diagnostics import JsonObject, JsonValue

REST_MS: Final = 72 * 3_600_000
"""How long people stay where they are after the dial was turned: a message that was not delivered
may still arrive for 72 hours (docs/wire.md section 6.4)."""
_LONGEST_EXPIRY_S: Final = 86_400


class Why(StrEnum):
    """What decided about a path."""

    UNSERVABLE = "unservable"
    NO_LEGACY = "no-legacy"
    IN_DOUBT = "in-doubt"
    REPEATED = "repeated"
    OPEN = "open"
    RECENT = "recent"
    DIAL = "dial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A workflow that somebody had on a path, or a key that was used there."""

    path: Path
    seen_ms: int
    """When it was accepted."""
    is_open: bool
    """Whether it may still message somebody."""
    is_key: bool = False
    """Whether it is held by its idempotency key, not by a recipient."""
    is_in_doubt: bool = False
    """Whether it is not known to have been accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the dial stands."""

    share: int
    """Of workflows served here, in parts of a million."""
    turned_ms: int
    """When it came to stand there."""
    has_stepped_back: bool = False
    """Whether it was turned to nothing by the gateway itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The path of one workflow."""

    path: Path
    why: Why
    is_crossing: bool = False
    """Whether a recipient of it is held by the other path."""


def choose(
    standing: Standing,
    holds: Sequence[Hold],
    *,
    place: int,
    is_servable: bool,
    has_legacy: bool = True,
    now_ms: int,
) -> Choice:
    """Choose the path of a workflow.

    Args:
        standing: where the dial stands.
        holds: what is known of the workflow: of its key first, then of its recipients in the
            order of the steps.
        place: of the first step's recipient on the dial, from 0 to a million, exclusive.
        is_servable: whether this gateway can carry the request.
        has_legacy: whether Dispatch is still there to take it.
        now_ms: Unix milliseconds.
    """
    is_resting = not standing.has_stepped_back and now_ms - standing.turned_ms < REST_MS
    binding = [
        hold for hold in holds if hold.is_open or (is_resting and now_ms - hold.seen_ms < REST_MS)
    ]
    decisive = min(binding, key=_weight, default=None)
    if decisive is not None and decisive.is_key:
        path, why = decisive.path, Why.REPEATED
    elif not is_servable:
        path, why = Path.LEGACY, Why.UNSERVABLE
    elif not has_legacy:
        is_doubted = any(hold.is_in_doubt and hold.path is Path.LEGACY for hold in binding)
        path, why = (Path.LEGACY, Why.IN_DOUBT) if is_doubted else (Path.GATEWAY, Why.NO_LEGACY)
    elif decisive is not None:
        path, why = decisive.path, Why.OPEN if decisive.is_open else Why.RECENT
    else:
        path = Path.GATEWAY if place < standing.share else Path.LEGACY
        why = Why.DIAL
    is_crossing = any(hold.path is not path for hold in binding)
    return Choice(path=path, why=why, is_crossing=is_crossing)


def _weight(hold: Hold) -> int:
    """Order keys before open workflows, and those before the ones of the last days.

    `min` takes the first of equals, which is the earliest step.
    """
    return 0 if hold.is_key else 1 if hold.is_open else 2


class Places:
    """Where a recipient stands, by a keyed hash: nobody can choose a number for its path.

    One place for life, so turning the dial up only moves people from Dispatch to this gateway.
    """

    def __init__(self, key: bytes) -> None:
        """Prepare the hash.

        Args:
            key: as old as the store; another one would shuffle everybody.
        """
        self._key = key

    def recipient(self, address: str) -> bytes:
        """Return what stands for a recipient: 16 bytes that do not tell who it is."""
        return self._digest(b"recipient", address)

    def key(self, application: str, idempotency_key: str) -> bytes:
        """Return what stands for an idempotency key of an application."""
        return self._digest(b"key", f"{application}\0{idempotency_key}")

    def _digest(self, what: bytes, of: str) -> bytes:
        text = of.encode("utf-8", "surrogatepass")
        return hmac.digest(self._key, b"split-" + what + b"\0" + text, hashlib.sha256)[:16]


def place_of(subject: bytes) -> int:
    """Return the place of a subject on the dial, in parts of a million."""
    return int.from_bytes(subject[:8], "big") * WHOLE >> 64


def half_of(subject: bytes) -> int:
    """Return which random half a subject is in, 0 or 1: independent of its place."""
    return subject[15] & 1


def recipients_of(request: JsonValue) -> tuple[str, ...]:
    """Return who a v0.1 request would message, each once, in the order of the steps.

    Reads what it can: a request that we would refuse may be one that Dispatch accepts. A number
    is the same person on every channel; a Messenger id is somebody we cannot tie to a number.
    """
    return tuple(dict.fromkeys(_recipients(request)))


def _recipients(request: JsonValue) -> Iterator[str]:
    for step in _steps(request):
        to = step.get("to")
        if not isinstance(to, dict):
            continue
        for key in ("number", "id"):
            address = to.get(key)
            if isinstance(address, str | int) and not isinstance(address, bool):
                yield normal(str(address).strip(), is_phone=to.get("type") != "messenger")


def life_ms(request: JsonValue, horizon_s: int) -> int:
    """Return how long a workflow can go on messaging people, at most, in milliseconds.

    Args:
        request: the v0.1 request.
        horizon_s: how long its last message may still arrive.
    """
    steps = list(_steps(request))
    return 1000 * (sum(_expiry_s(step) for step in steps[:-1]) + horizon_s)


def _expiry_s(step: JsonObject) -> int:
    failover = step.get("failover")
    expiry = failover.get("expiry_time") if isinstance(failover, dict) else None
    text = str(expiry).strip() if isinstance(expiry, int | str) else ""
    is_short = text.isascii() and text.isdigit() and len(text) <= 5
    return min(int(text), _LONGEST_EXPIRY_S) if is_short else _LONGEST_EXPIRY_S


def _steps(request: JsonValue) -> Iterator[JsonObject]:
    workflow = request.get("workflow") if isinstance(request, dict) else None
    if isinstance(workflow, list):
        yield from (step for step in workflow if isinstance(step, dict))
