"""Pseudonyms: whole documents, with every person in them replaced by the same nobody throughout.

What stands for what depends on the key alone. The key is not in the file: whoever holds both can
test a guess, and a phone number is quickly guessed. Source: docs/traces.md.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from gateway.core.state import ExpiryStart, Reason
from gateway.traces.callbacks import code_of, currency_of, price_of
from gateway.traces.fake_callbacks import CallbackFields
from gateway.traces.fake_fields import OTHER
from gateway.traces.fake_requests import RequestFields, SentFields
from gateway.traces.fakes import KEY_SIZE, Fakes
from gateway.traces.model import Kind, Trace, TraceEntry
from translators.diagnostics import JsonObject
from translators.timestamps import read_timestamp

__all__ = ["KEY_SIZE", "Pseudonyms"]

# All of these are words of ours, unless somebody wrote the file by hand.
_ORIGINS: Final = frozenset(
    {"gateway", "observe", "explain", "split", "paired", "import", "replay"},
)
_WHYS: Final = frozenset(
    {
        *Reason,
        *("expired", "refused", "rejected", "undeliverable", "told-before", "told before"),
        *("deadline-passed", "connection-lost", "unreadable-response", "holder-lost"),
        *("read-timeout", "not-recorded"),
    }
)
_ANSWERED: Final = re.compile(r"answered-[1-5][0-9]{2}")
_HTTP_STATUS: Final = re.compile(r"[1-5][0-9]{2}")
_RULE: Final = re.compile(r"[A-Z]{3}[0-9]{3}")
_DIFFERENCE: Final = re.compile(r"DIFF-[0-9]{2,3}")
_STARTS: Final = frozenset(ExpiryStart)
_LONGEST_S: Final = 10**8


class Pseudonyms(Fakes):
    """Replaces people, words and ids under one key. Remembers nothing and is never in doubt.

    Args:
        key: secret and random; a new one has `KEY_SIZE` bytes.

    Raises:
        ValueError: the key is shorter than 16 bytes.
    """

    __slots__ = ("_callbacks", "_requests", "_sent")

    def __init__(self, key: bytes) -> None:
        super().__init__(key)
        self._requests = RequestFields(self)
        self._sent = SentFields(self)
        self._callbacks = CallbackFields(self)

    def request(self, document: JsonObject) -> JsonObject:
        """Return a v0.1 request: as valid as it was, or refused by the same rules.

        Members that Dispatch does not have are left out; nothing else changes its findings.
        """
        return self._requests.request(document)

    def body(self, document: JsonObject) -> JsonObject:
        """Return a status callback or a final report."""
        return self._callbacks.body(document)

    def sent(self, document: JsonObject) -> JsonObject:
        """Return a v1 request: what the v0.1 request under this key is translated to, if it was."""
        return self._sent.request(document)

    def trace(self, trace: Trace) -> Trace:
        """Return a trace under this key, whatever key it is under and whoever wrote it."""
        is_dated = trace.accepted_at is not None and read_timestamp(trace.accepted_at) is not None
        return replace(
            trace,
            dispatch=self.uuid(trace.dispatch),
            origin=trace.origin if trace.origin in _ORIGINS else OTHER,
            accepted_at=trace.accepted_at if is_dated else None,
            request=self.request(trace.request),
            entries=tuple(map(self._entry, trace.entries)),
            rules=tuple(filter(_RULE.fullmatch, trace.rules)),
            differences=tuple(filter(_DIFFERENCE.fullmatch, trace.differences)),
            terms=None if trace.terms is None else _terms(trace.terms),
            pair=None if trace.pair is None else self.uuid(trace.pair),
        )

    def _entry(self, entry: TraceEntry) -> TraceEntry:
        fake = self.sent if entry.kind is Kind.SEND else self.body
        return replace(
            entry,
            message=None if entry.message is None else self.uuid(entry.message),
            status=None if entry.status is None else self._status(entry.kind, entry.status),
            code=code_of(entry.code),
            price=price_of(entry.price),
            currency=currency_of(entry.currency),
            why=None if entry.why is None else self._why(entry.why),
            body=None if entry.body is None else fake(entry.body),
        )

    def _status(self, kind: Kind, status: str) -> str:
        if kind is Kind.ANSWER:
            return status if _HTTP_STATUS.fullmatch(status) else OTHER
        return str(self._callbacks.status(status))

    def _why(self, why: str) -> str:
        return why if why in _WHYS or _ANSWERED.fullmatch(why) else self.text(why)


def _terms(terms: JsonObject) -> JsonObject:
    """Return the terms that a gateway can run under; whatever else is there is left out."""
    known: JsonObject = {}
    for name in ("horizon_s", "grace_s"):
        value = terms.get(name)
        if type(value) is int and 0 <= value <= _LONGEST_S:
            known[name] = value
    start = terms.get("expiry_start")
    if isinstance(start, str) and start in _STARTS:
        known["expiry_start"] = start
    return known
