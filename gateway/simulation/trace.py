"""What one run showed, in order, and what it comes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from translators.diagnostics import JsonObject


class What(StrEnum):
    """The kinds of entries."""

    SEND = "send"
    """A message is sent."""
    REFUSED = "refused"
    """A POST is refused: that message is not sent; and who may try again, if anybody."""
    LOST = "lost"
    """A POST is not answered: the message is in doubt."""
    STATUS = "status"
    """v1 tells a status of a message."""
    CALLBACK = "callback"
    """The caller is told a status."""
    IGNORED = "ignored"
    """What came before changes nothing, and why."""
    FAILOVER = "failover"
    """A message is given up and the next one's turn comes, and why."""
    REPORT = "report"
    """The caller is told how it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened."""

    at_ms: int
    """Since the workflow was accepted."""
    what: What
    step: int | None = None
    """An index into the workflow; `None` for what concerns the whole."""
    status: str | None = None
    code: int | None = None
    why: str | None = None
    body: JsonObject | None = None
    """Of a callback or a report."""
    row: int = 0
    """In which of several rows of its instant it is drawn."""
    is_marked: bool = False
    """Whether its row is marked: here a comparison found a difference."""
    note: str = ""
    """What is drawn beside it: in what it differs from its like."""


class Reached(StrEnum):
    """Whether a message got to its recipient."""

    YES = "yes"
    UNCONFIRMED = "unconfirmed"
    """It was sent, and no status tells that it arrived or failed."""
    NO = "no"


class Outcome(StrEnum):
    """How a run ended, as far as the caller can tell."""

    COMPLETED = "completed"
    ERROR = "error"
    REFUSED = "refused"
    """The request as a whole was not accepted."""
    UNRESOLVED = "unresolved"
    """Nothing more is heard, and nobody was told that it is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message that was sent, and where it got."""

    step: int
    channel: str
    """The v0.1 name."""
    sent_ms: int
    reached: Reached
    reached_ms: int | None
    is_charged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One run from the accepted workflow to the last thing that can happen."""

    entries: tuple[Entry, ...]
    messages: tuple[Message, ...]
    """In the order of their sending."""
    outcome: Outcome
    ended_ms: int | None
    """`None` exactly when unresolved."""

    @property
    def callbacks(self) -> tuple[Entry, ...]:
        """Everything the caller is told, the report included."""
        told = (What.CALLBACK, What.REPORT)
        return tuple(entry for entry in self.entries if entry.what in told)

    @property
    def arrived(self) -> tuple[Message, ...]:
        """The messages that reached the recipient for sure, in the order of their arrival."""
        reached = [each for each in self.messages if each.reached is Reached.YES]
        return tuple(sorted(reached, key=lambda each: each.reached_ms or 0))

    @property
    def unconfirmed(self) -> tuple[Message, ...]:
        """The messages of which nobody knows."""
        return tuple(each for each in self.messages if each.reached is Reached.UNCONFIRMED)

    @property
    def charged(self) -> tuple[Message, ...]:
        """The messages that cost something."""
        return tuple(each for each in self.messages if each.is_charged)

    @property
    def has_double(self) -> bool:
        """Whether a person got more than one message for sure."""
        return len(self.arrived) > 1

    @property
    def has_possible_double(self) -> bool:
        """Whether a person got more than one message if what is unconfirmed arrived."""
        return not self.has_double and len(self.arrived) + len(self.unconfirmed) > 1

    @property
    def report(self) -> Entry | None:
        """The final report, if there was one."""
        return next((entry for entry in self.entries if entry.what is What.REPORT), None)
