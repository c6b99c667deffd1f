"""A trace in normal form: per step what became of its message, whoever recorded it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.compare.shape import Workflow
from gateway.core.decide import FAILURES, RANK
from translators.diagnostics import JsonObject
from translators.usage import Usage

ARRIVED: Final = frozenset({"delivered", "read"})
_REFUSED: Final = frozenset({400, 422})
"""HTTP statuses that say that the request itself is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One status of a message, as the caller was told it."""

    at_ms: int
    event_ms: int | None
    status: str
    code: int | None
    charge: Usage | None
    message: str | None
    body: JsonObject | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One step whose turn came, and what became of its message."""

    step: int
    sent_ms: int
    """When it was sent, or the best that can be said of it."""
    is_seen: bool
    """Whether `sent_ms` was seen, not concluded."""
    told: tuple[Told, ...] = ()
    """In the order of their arrival; what came twice counts once."""
    answered_ms: int | None = None
    refused: int | None = None
    """The error code of a send that was refused."""
    doubt_ms: int | None = None
    messages: int = 0
    """How many messages were sent for this step, as far as it shows."""
    cause: str | None = None
    """Why it was given up, if the trace says so."""
    given_up_ms: int | None = None
    request: JsonObject | None = None
    """What was sent, if the trace shows it."""

    @property
    def refused_ms(self) -> int | None:
        """When it was refused."""
        return self.answered_ms if self.refused is not None else None

    @property
    def latest_ms(self) -> int | None:
        """The instant by which it was sent for sure; `None` if nothing shows it."""
        if self.is_seen:
            return self.sent_ms
        return self.told[0].at_ms if self.told else None

    @property
    def failure(self) -> Told | None:
        """The first failure told before the message had arrived."""
        for told in self.told:
            if told.status in ARRIVED:
                return None
            if told.status in FAILURES:
                return told
        return None

    def reaches(self, goal: str) -> Told | None:
        """Return the status by which `goal` was reached."""
        return next((told for told in self.told if RANK.get(told.status, 0) >= RANK[goal]), None)

    def status_at(self, at_ms: int) -> str:
        """Return what a report at `at_ms` shows: the highest status told by then."""
        known = [told.status for told in self.told if told.at_ms <= at_ms]
        return max(known, key=lambda status: RANK.get(status, 0), default="submitted")

    def charge_at(self, at_ms: int) -> Usage | None:
        """Return the latest charge told by `at_ms`."""
        known = [told.charge for told in self.told if told.charge and told.at_ms <= at_ms]
        return known[-1] if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One message of a final report."""

    message: str | None
    status: str
    channel: str
    href: str
    charge: Usage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One final report."""

    at_ms: int
    status: str
    why: str | None
    total: Usage | None
    listed: tuple[Listed, ...]
    """In order: the steps that were attempted, from the first."""
    has_body: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A trace in normal form."""

    workflow: Workflow
    http_status: int | None
    """Of the answer, if the trace has it."""
    attempts: tuple[Attempt, ...]
    """The steps whose turn came, from the first, without a gap."""
    strays: tuple[Told, ...]
    """Statuses of messages that belong to no step."""
    reports: tuple[Report, ...]
    until_ms: int
    """The instant up to which the trace tells everything; the last one it has if it is cut."""
    is_complete: bool

    @property
    def is_refused(self) -> bool:
        """Whether the request was refused for what it says."""
        return self.http_status in _REFUSED

    @property
    def report(self) -> Report | None:
        """The first final report."""
        return self.reports[0] if self.reports else None

    def attempt(self, step: int) -> Attempt | None:
        """Return what became of a step; `None` if its turn never came."""
        return self.attempts[step] if step < len(self.attempts) else None


def status_word(status: str) -> str:
    """Return a status for people to read; one that no document lists may be anything."""
    return status if status in RANK else "an unlisted status"
