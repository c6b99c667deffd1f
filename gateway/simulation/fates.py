"""What happens to a message, whoever sends it.

A fate belongs to its message and is counted from the moment that message is sent. So one script
can be played under services that send the same message at different moments, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from translators.diagnostics import JsonObject
from translators.usage import Usage

ARRIVED: Final = frozenset({"delivered", "read"})
FAILED: Final = frozenset({"rejected", "undeliverable"})

TTL_EXPIRED: Final = 1360
"""The error code of a message whose ttl ran out. Source: docs/wire.md appendix A."""

# Source: docs/wire.md section 5.2.
_CHARGED_EARLY: Final = frozenset({"sms", "mms"})
_CHARGEABLE: Final = ("submitted", "delivered", "read")


class Answer(StrEnum):
    """How the POST of a message is answered."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    LOST = "lost"
    """Bytes left and no answer tells what became of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One status webhook about a message."""

    after_ms: int
    status: str
    code: int | None = None
    """Of its `error`, from the catalogue."""
    stamped_ms: int | None = None
    """When the status claims to have come about; `None`: when it is told."""
    charge: Usage | None = None
    """What it was recorded to cost; only read of a recorded fate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """Everything that happens to one message, in order of time."""

    happenings: tuple[Happening, ...] = ()
    answer: Answer = Answer.ACCEPTED
    answered_ms: int = 0
    """When the answer is there, or is known to be lost; refusals that are tried again count once,
    when the trying ends."""
    tried_ms: int = 0
    """For how much of that the gateway tries again, because nothing was sent for sure. Under native
    v1 nobody does that for the caller."""
    code: int | None = None
    """Why the POST is refused, for good or at first, in the words of v0.1."""
    is_sent: bool = True
    """Whether the service took the message, whatever its answer said."""
    is_recorded: bool = False
    """Whether it really happened: then nothing is made up, no charge and no end by a ttl."""


def outlived(fate: Fate, ttl_s: int | None) -> Fate:
    """Return what is left of a fate when the message may live for `ttl_s` seconds only.

    A message that neither arrived nor failed by then is `rejected`, and nothing happens to it
    afterwards. What happens at that very instant is in time.
    """
    if ttl_s is None or not fate.is_sent or fate.is_recorded:
        return fate
    end_ms = 1000 * ttl_s
    lived = tuple(each for each in fate.happenings if each.after_ms <= end_ms)
    if any(each.status in ARRIVED | FAILED for each in lived):
        return fate
    death = Happening(after_ms=end_ms, status="rejected", code=TTL_EXPIRED)
    return replace(fate, happenings=(*lived, death))


def charged_status(channel: str, fate: Fate) -> str | None:
    """Return the status at which the message is charged; `None` if that status never comes.

    Source: docs/wire.md section 5.2.
    """
    chargeable = _CHARGEABLE if channel in _CHARGED_EARLY else _CHARGEABLE[1:]
    known = {each.status for each in fate.happenings}
    return next((status for status in chargeable if status in known), None)


def ttls_of(request: JsonObject) -> tuple[int | None, ...]:
    """Return the ttl of each message of a v1 request, those of its `failover` array included.

    Source: docs/wire.md section 3.2.
    """
    failover = request.get("failover")
    messages = [request, *(failover if isinstance(failover, list) else ())]
    return tuple(_ttl_of(message) for message in messages if isinstance(message, dict))


def _ttl_of(message: JsonObject) -> int | None:
    options = message.get("viber_service")
    holder = options if isinstance(options, dict) else message
    ttl = holder.get("ttl")
    return ttl if isinstance(ttl, int) else None
