"""What the sandbox has seen, for assertions: every POST, and what became of its webhooks."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import islice

from translators.diagnostics import JsonObject, JsonValue


@dataclass(slots=True, kw_only=True)
class Tally:
    """How the webhooks of one POST fare."""

    pending: int = 0
    delivered: int = 0
    given_up: int = 0
    attempts: int = 0


@dataclass(slots=True, kw_only=True)
class Repeats:
    """How often POSTs came that belong together, as far as the ledger reaches back."""

    posts: int = 0
    sent: int = 0


@dataclass(slots=True, kw_only=True, eq=False)
class Entry:
    """One POST."""

    at_ms: int
    answer: str
    channel: str | None = None
    message_type: str | None = None
    to: str | None = None
    """Masked."""
    script: str | None = None
    message_uuid: str | None = None
    client_ref: str | None = None
    webhook_token: str | None = None
    """The end of the last segment of the message's own `webhook_url`."""
    is_sent: bool = False
    key: bytes
    repeats: Repeats
    tally: Tally = field(default_factory=Tally)


def masked(recipient: str) -> str:
    """Hide a recipient but for the two characters that choose its script."""
    return "*" * max(len(recipient) - 2, 0) + recipient[-2:]


def token_suffix(webhook_url: str) -> str:
    """Return the last six characters of a URL's path: enough to tell two tokens apart."""
    path = webhook_url.partition("?")[0].rstrip("/")
    return path.rpartition("/")[2][-6:]


def repeat_key(webhook_url: str | None, body: bytes) -> bytes:
    """Return what POSTs of the same message have in common.

    A gateway puts an unguessable token of the step into `webhook_url`; without one, only a POST
    of the same bytes counts as the same.
    """
    return blake2b(body if webhook_url is None else webhook_url.encode(), digest_size=16).digest()


class Ledger:
    """The POSTs seen, the oldest forgotten first."""

    def __init__(self, remembered: int) -> None:
        self._remembered = remembered
        self._entries: deque[Entry] = deque()
        self._repeats: dict[bytes, Repeats] = {}

    def repeats(self, key: bytes) -> Repeats:
        """Return the counts of a key; they go on counting, and start at zero for a new one."""
        return self._repeats.get(key) or Repeats()

    def record(self, entry: Entry) -> None:
        """Add a POST, made with what `repeats` returned for its key."""
        self._repeats[entry.key] = entry.repeats
        entry.repeats.posts += 1
        entry.repeats.sent += entry.is_sent
        self._entries.append(entry)
        if len(self._entries) > self._remembered:
            self._forget(self._entries.popleft())

    def _forget(self, entry: Entry) -> None:
        entry.repeats.posts -= 1
        entry.repeats.sent -= entry.is_sent
        if not entry.repeats.posts:
            del self._repeats[entry.key]

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._repeats.clear()

    def report(self, limit: int) -> JsonObject:
        """Write the newest `limit` POSTs, oldest first, under totals over all that are kept.

        `sent_twice` counts the messages that a person got more than once: what must be zero.
        """
        start = max(len(self._entries) - limit, 0)
        messages: list[JsonValue] = [*map(_entry_json, islice(self._entries, start, None))]
        return {
            "posts": len(self._entries),
            "sent": sum(repeats.sent for repeats in self._repeats.values()),
            "sent_twice": sum(repeats.sent > 1 for repeats in self._repeats.values()),
            "webhooks_pending": sum(entry.tally.pending for entry in self._entries),
            "messages": messages,
        }


def _entry_json(entry: Entry) -> JsonObject:
    tally = entry.tally
    moment = datetime.fromtimestamp(entry.at_ms / 1000, UTC).replace(tzinfo=None)
    return {
        "time": moment.isoformat(timespec="milliseconds") + "Z",
        "channel": entry.channel,
        "message_type": entry.message_type,
        "to": entry.to,
        "script": entry.script,
        "answer": entry.answer,
        "message_uuid": entry.message_uuid,
        "client_ref": entry.client_ref,
        "webhook_token": entry.webhook_token,
        "posts": entry.repeats.posts,
        "sent": entry.repeats.sent,
        "webhooks": {
            "pending": tally.pending,
            "delivered": tally.delivered,
            "given_up": tally.given_up,
            "attempts": tally.attempts,
        },
    }
