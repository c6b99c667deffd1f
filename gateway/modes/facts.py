"""What the recorder is told, as it happened: nothing in a fact is pseudonymised yet.

Facts live in memory only, and only as bytes that were there anyway. What they become is written
by `gateway.modes.finisher`.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from typing import TypeAlias, assert_never

import orjson

from gateway.core.decide import Decision
from gateway.stores.base import Commit
from gateway.traces.model import Path


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
        if isinstance(own, str):
            return own.lower(), True
        for link in links.values() if isinstance(links, dict) else ():
            named = link.get("dispatch_uuid") if isinstance(link, dict) else None
            if isinstance(named, str):
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
