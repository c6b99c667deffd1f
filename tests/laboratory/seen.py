"""What was seen from outside: the records of everybody around the gateway, in order of time.

Nobody here asks the gateway what it believes. What the judge says rests on these, and on the store
as it is left at the end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from translators.diagnostics import JsonObject


@dataclass(slots=True, kw_only=True)
class Asked:
    """One request of a caller; its answer comes later, or never."""

    at_s: float
    dispatch: int
    status: int | None = None
    """None while, or because, no answer came."""
    dispatch_uuid: str | None = None
    told: str = ""
    """What a refusal said."""


@dataclass(slots=True, kw_only=True)
class Posted:
    """One POST of a step that reached the upstream."""

    at_s: float
    dispatch: int
    step: int
    kind: str
    to: str = ""
    channel: str = ""
    """As v1 names it."""
    account: int | None = None
    """Whose credentials it bears; None when they are nobody's."""
    message_uuid: str | None = None
    """Of the message that a person got by it; None when nobody was messaged."""
    answered_s: float | None = None
    """When a 202 with its id reached the gateway."""


@dataclass(slots=True, kw_only=True)
class Told:
    """One attempt of the vendor to tell a status."""

    at_s: float
    dispatch: int
    step: int
    message_uuid: str
    status: str
    attempt: int
    http_status: int | None = None
    """None when no answer was seen: nobody listened, or the answer was lost."""
    was_lost: bool = False
    """Whether the network lost it, so that the gateway cannot have known."""
    ended_s: float | None = None
    number: int = 0
    """Which of the message's words."""


@dataclass(slots=True, kw_only=True)
class Received:
    """One callback that reached a receiver."""

    at_s: float
    webhook_id: str
    path: str
    body: bytes
    document: JsonObject
    was_taken: bool
    """Whether it was answered 2xx, and the answer arrived."""
    http_status: int | None
    is_correction: bool


@dataclass(slots=True, kw_only=True)
class Life:
    """One life of a process: when webhooks could come in, and how it ended."""

    process: int
    from_s: float
    until_s: float | None = None
    end: str = ""
    wrong_clock_s: int = 0
    """By how much its machine's clock was ahead when it started."""


@dataclass(slots=True)
class Seen:
    """All of it."""

    asked: list[Asked] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)
    tried: list[tuple[float, int]] = field(default_factory=list)
    """When a send of which dispatch was tried, also those that could not leave."""
    told: list[Told] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    lives: list[Life] = field(default_factory=list)
    stops: list[tuple[float, float]] = field(default_factory=list)
    """When a process was stopped and went on."""
    outages: list[tuple[float, float]] = field(default_factory=list)
    """When the store could not be used."""
    passed: list[tuple[int, str]] = field(default_factory=list)
    """(life, point) of every kill point that a process passed or died at before the calm."""
    faults: list[str] = field(default_factory=list)
    """What came about of the plan's faults, for people."""
