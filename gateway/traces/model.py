"""A trace: everything one workflow showed, on one path, in one record.

The unit of comparison is a whole workflow. A record holds what was asked, who sent, every event
with the instant it arrived and the instant it claims, what was decided, and what the caller was
told. Instants are milliseconds since the request was accepted; they can be negative for events
that claim to be older.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from translators.diagnostics import JsonObject

SCHEMA = 1
"""The version of the record; a reader refuses newer ones and upgrades older ones."""


class Path(StrEnum):
    """Who sent the messages."""

    LEGACY = "legacy"
    """Dispatch."""
    GATEWAY = "gateway"
    """This gateway, through Messages v1."""
    NONE = "none"
    """Nobody: the record was made by replaying another one."""


class Kind(StrEnum):
    """What an entry is about."""

    ANSWER = "answer"
    """The request was answered; `status` is the HTTP status as text."""
    SEND = "send"
    """A step's message was handed to the upstream. Not seen on the legacy path."""
    REFUSED = "refused"
    """The upstream refused the message at submission; `code` is the v0.1 error code."""
    IN_DOUBT = "in-doubt"
    """A send was not answered."""
    FAILOVER = "failover"
    """A step was given up and the next one's turn came; `why` is `expired`, `rejected`,
    `undeliverable` or `refused`. Inferred on the legacy path, from the next step's first status."""
    STATUS = "status"
    """The caller was told a status of a message; `body` is the callback."""
    REPORT = "report"
    """The caller was told how it ended; `body` is the final report."""
    IGNORED = "ignored"
    """An event that changed nothing; `why` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceEntry:
    """One thing that happened."""

    at_ms: int
    """When it was seen: arrived, was sent, was decided."""
    kind: Kind
    step: int | None = None
    """An index into the workflow; `None` for what concerns the whole, or no step we know."""
    message: str | None = None
    """The message's id, as pseudonymised as everything else."""
    event_ms: int | None = None
    """When it claims to have happened, if it says."""
    status: str | None = None
    code: int | None = None
    price: str | None = None
    currency: str | None = None
    why: str | None = None
    body: JsonObject | None = None
    """What the caller was told, pseudonymised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One workflow."""

    dispatch: str
    """The `dispatch_uuid`, pseudonymised; a derived id if the request was refused."""
    path: Path
    origin: str
    """What made the record: a mode (`observe`, `gateway`, …), `import` or `replay`."""
    accepted_at: str | None
    """When the request was accepted, in the v0.1 form; `None` if unknown."""
    request: JsonObject
    """The v0.1 request, pseudonymised: still a valid request with the same translation."""
    entries: tuple[TraceEntry, ...]
    """In the order in which they were seen."""
    is_complete: bool
    """Whether the record was kept until nothing more was expected. A cut one cannot say that a
    report is missing."""
    rules: tuple[str, ...] = ()
    """Codes of the rules that the request met."""
    differences: tuple[str, ...] = ()
    """Numbers of known differences met on the way, such as `DIFF-09`."""
    terms: JsonObject | None = None
    """`horizon_s`, `grace_s`, `expiry_start` under which the gateway ran; `None` if it did not."""
    pair: str | None = None
    """What this trace shares with the one of the same request on the other path, pseudonymised;
    `None` if the request was not paired."""
    refusal: int | None = None
    """The HTTP status with which this gateway would have refused the request for its headers, if it
    had served it; `None` if it would not, or they are not known."""

    @property
    def reports(self) -> tuple[TraceEntry, ...]:
        """The final reports, of which there should be one."""
        return tuple(entry for entry in self.entries if entry.kind is Kind.REPORT)

    @property
    def statuses(self) -> tuple[TraceEntry, ...]:
        """What the caller was told about messages."""
        return tuple(entry for entry in self.entries if entry.kind is Kind.STATUS)
