"""One workflow while its trace is still open: what was seen of it, in order."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Final

from gateway.core.effects import PostReport, PostStatus, SendStep
from gateway.core.events import (
    DispatchAccepted,
    ExpiryReached,
    HorizonReached,
    SendAccepted,
    SendRefused,
    SendUnconfirmed,
    StatusReceived,
)
from gateway.core.state import Terms
from gateway.modes.facts import Answered, Committed, Told
from gateway.render import REPORT_STEP
from gateway.stores.base import OutboxKind
from gateway.traces.model import Kind, Path

LONGEST_MS: Final = 80 * 3_600_000
"""How long a trace stays open without a report: a last step has 72 h, and the rest is grace."""
MOST_SEEN: Final = 1000
"""Entries of one trace. A workflow of a hundred steps has half as many."""
MOST_BYTES: Final = 4 * 2**20
"""What the entries of one trace may hold; such a workflow has some 500 kB."""
_SEEN_BYTES: Final = 500
"""What an entry takes beside its bodies, roughly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One thing that was seen; instants are Unix milliseconds, nothing is pseudonymised."""

    at_ms: int
    kind: Kind
    step: int | None = None
    message: str | None = None
    event_ms: int | None = None
    status: str | None = None
    code: int | None = None
    why: str | None = None
    body: bytes | None = None
    """What the caller was told."""
    sent: bytes | None = None
    """What was sent to the upstream."""


class OpenTrace:
    """Everything seen of one workflow until now."""

    def __init__(self, dispatch_uuid: str, path: Path, origin: str, accepted_ms: int) -> None:
        self.dispatch_uuid = dispatch_uuid
        self.path = path
        self.origin = origin
        self.accepted_ms = accepted_ms
        self.request: bytes | None = None
        """The body of the request; `None` until it is told."""
        self.is_accepted = True
        self.terms: Terms | None = None
        self.pair: str | None = None
        self.refusal: int | None = None
        self.seen: list[Seen] = []
        self.has_hole = False
        """Whether something is known to be missing."""
        self.lost = 0
        """How many entries it had no room for."""
        self.linger_ms = 0
        """How long after the report a late status is waited for."""
        self.is_reported = False
        self.due_ms = accepted_ms + LONGEST_MS
        """When nothing more is expected."""
        self._told: dict[bytes, bool] = {}
        self._seen_bytes = 0

    @property
    def size(self) -> int:
        """What it holds, in bytes, roughly."""
        return _SEEN_BYTES + len(self.request or b"") + self._seen_bytes

    def take_answer(self, answered: Answered) -> None:
        """Take in how the request was answered."""
        self.request = answered.body
        self.pair = answered.pair
        self.refusal = answered.refusal
        self.is_accepted = answered.dispatch_uuid is not None
        if not any(each.kind is Kind.ANSWER for each in self.seen):
            status = str(answered.http_status)
            self._see(Seen(at_ms=answered.at_ms, kind=Kind.ANSWER, status=status))

    def take_told(self, told: Told, *, is_report: bool) -> None:
        """Take in what Dispatch told the application.

        What the application did not take is told again, in the same bytes: that is one status. The
        same bytes after the application took them are another one, which the caller got as well.
        """
        digest = hashlib.blake2b(told.body, digest_size=16).digest()
        was_taken = self._told.get(digest)
        kind = Kind.REPORT if is_report else Kind.STATUS
        if was_taken is False or self._see(Seen(at_ms=told.at_ms, kind=kind, body=told.body)):
            self._told[digest] = told.is_taken
        if is_report:
            self._expect_little(told.at_ms)

    def take_commit(self, fact: Committed) -> None:
        """Take in a decision of our engine and what came of it."""
        history = fact.commit.history
        event, at_ms, ignored = history.event, history.at_ms, history.ignored
        why = None if ignored is None else ignored.value
        self.terms = fact.decision.state.terms
        if isinstance(event, SendAccepted):
            self._amend_send(event)
        elif why is None:
            self._take_event(fact)
        items = fact.commit.outbox
        bodies = {each.step: each.body for each in items if each.kind is OutboxKind.CALLBACK}
        sends = {each.step: each.body for each in items if each.kind is OutboxKind.SEND}
        is_told = False
        for effect in fact.decision.effects:
            match effect:
                case PostStatus(step=step):
                    is_told = True
                    self._see(
                        Seen(at_ms=at_ms, kind=Kind.STATUS, step=step, why=why, body=bodies[step])
                    )
                case SendStep(step=step):
                    if step != event.step:
                        given_up = _why_given_up(fact)
                        self._see(
                            Seen(at_ms=at_ms, kind=Kind.FAILOVER, step=event.step, why=given_up)
                        )
                    self._see(Seen(at_ms=at_ms, kind=Kind.SEND, step=step, sent=sends[step]))
                case PostReport(is_correction=False):
                    self._see(Seen(at_ms=at_ms, kind=Kind.REPORT, body=bodies[REPORT_STEP]))
                    self._expect_little(at_ms)
                case _:
                    pass
        if why is not None and not is_told and not isinstance(event, SendAccepted):
            self._see(Seen(at_ms=at_ms, kind=Kind.IGNORED, step=event.step, why=why))

    def _take_event(self, fact: Committed) -> None:
        """Note what only the event itself tells."""
        at_ms = fact.commit.history.at_ms
        match fact.commit.history.event:
            case DispatchAccepted():
                self._see(Seen(at_ms=at_ms, kind=Kind.ANSWER, status="202"))
            case SendRefused(step=step, code=code):
                self._see(Seen(at_ms=at_ms, kind=Kind.REFUSED, step=step, code=code))
            case SendUnconfirmed(step=step, cause=cause):
                self._see(Seen(at_ms=at_ms, kind=Kind.IN_DOUBT, step=step, why=cause))
            case _:
                pass

    def _amend_send(self, event: SendAccepted) -> None:
        """Note with the send when it was accepted, and under which id."""
        for index in range(len(self.seen) - 1, -1, -1):
            each = self.seen[index]
            if each.kind is Kind.SEND and each.step == event.step:
                self.seen[index] = replace(
                    each, message=event.message_uuid, event_ms=event.accepted_ms
                )
                return

    def _see(self, seen: Seen) -> bool:
        """Keep an entry; return whether there was room for it."""
        size = _SEEN_BYTES + len(seen.body or b"") + len(seen.sent or b"")
        if len(self.seen) >= MOST_SEEN or self._seen_bytes + size > MOST_BYTES:
            self.has_hole = True
            self.lost += 1
            return False
        self.seen.append(seen)
        self._seen_bytes += size
        return True

    def _expect_little(self, at_ms: int) -> None:
        if not self.is_reported:
            self.is_reported = True
            self.due_ms = at_ms + self.linger_ms


def _why_given_up(fact: Committed) -> str:
    match fact.commit.history.event:
        case ExpiryReached() | HorizonReached():
            return "expired"
        case StatusReceived(report=report):
            return report.status
        case _:
            return "refused"
