"""What the recorder is told, as it happened: nothing in a fact is pseudonymised yet.

Facts live in memory only, and only as bytes that were there anyway. What they become is written
by `gateway.modes.finisher`.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeGuard, assert_never

import orjson

from gateway.core.decide import Decision
from gateway.stores.base import Commit
from gateway.traces.model import Path

# What a fact and a step of a decoded workflow take beside the bytes of their bodies, roughly.
_FACT_BYTES: Final = 500
_STEP_BYTES: Final = 500
# Ids of Dispatch are UUIDs. Whatever is much longer is none, and not worth remembering.
_LONGEST_ID: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A request was answered, by us or by the legacy service."""

    path: Path
    origin: str
    """The mode that answered."""
    at_ms: int
    body: bytes
    http_status: int
    dispatch_uuid: str | None
    """`None` for a request that was refused."""
    pair: str | None = None
    """What the answers of both paths to a paired request share."""
    refusal: int | None = None
    """The HTTP status with which we would have refused its headers, had we served it."""

    @property
    def derived_id(self) -> str:
        """An id for a request that got none."""
        seed = hashlib.blake2b(b"%d/" % self.at_ms + self.body, digest_size=16).digest()
        return str(uuid.UUID(bytes=seed, version=4))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Dispatch told the application something."""

    at_ms: int
    body: bytes
    is_taken: bool
    """Whether the application answered 2xx: what it did not take, Dispatch tells again."""

    @property
    def about(self) -> tuple[str, bool] | None:
        """The dispatch it speaks of, and whether it is the final report; `None` for all else.

        Source: docs/wire.md sections 5.3 and 5.4.
        """
        try:
            document = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(document, dict):
            return None
        own, links = document.get("dispatch_uuid"), document.get("_links")
        if _is_id(own):
            return own.lower(), True
        for link in links.values() if isinstance(links, dict) else ():
            named = link.get("dispatch_uuid") if isinstance(link, dict) else None
            if _is_id(named):
                return named.lower(), False
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """One decision of our engine became durable."""

    commit: Commit
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyEnded:
    """The legacy service is gone for good: of its workflows nothing more is to be expected."""


Fact: TypeAlias = Answered | Told | Committed | LegacyEnded


def dispatch_of(fact: Fact) -> str | None:
    """Return the dispatch that a fact is about, if it is about one."""
    match fact:
        case Committed(commit=commit):
            return commit.state.dispatch_uuid
        case Answered(dispatch_uuid=dispatch_uuid):
            return dispatch_uuid
        case Told(about=about):
            return None if about is None else about[0]
        case LegacyEnded():
            return None
        case _:  # pragma: no cover
            assert_never(fact)


def size_of(fact: Fact) -> int:
    """Return roughly how many bytes a fact takes in memory."""
    match fact:
        case Committed(commit=commit):
            bodies = sum(len(each.body) for each in commit.outbox)
            return _FACT_BYTES + bodies + _STEP_BYTES * len(commit.state.steps)
        case Answered(body=body) | Told(body=body):
            return _FACT_BYTES + len(body)
        case LegacyEnded():
            return _FACT_BYTES
        case _:  # pragma: no cover
            assert_never(fact)


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) <= _LONGEST_ID
