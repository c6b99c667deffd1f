"""Pseudonyms: whole documents, with every person in them replaced by the same nobody throughout.

What stands for what depends on the key alone. The key is not in the file: whoever holds both can
test a guess, and a phone number is quickly guessed. Source: docs/traces.md.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from gateway.traces.fake_callbacks import CallbackFields
from gateway.traces.fake_requests import RequestFields, SentFields
from gateway.traces.fakes import KEY_SIZE, Fakes
from gateway.traces.model import Kind, Trace, TraceEntry
from translators.diagnostics import JsonObject

__all__ = ["KEY_SIZE", "Pseudonyms"]

# Reasons and statuses are words of ours and of the two APIs, unless somebody wrote the file.
_WORDS: Final = re.compile(r"[a-z]+(?:[ -][a-z]+){0,8}")


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
        """Return a trace under this key, whatever key it is under."""
        return replace(
            trace,
            dispatch=self.uuid(trace.dispatch),
            request=self.request(trace.request),
            entries=tuple(map(self._entry, trace.entries)),
            pair=None if trace.pair is None else self.uuid(trace.pair),
        )

    def _entry(self, entry: TraceEntry) -> TraceEntry:
        is_plain = entry.why is None or _WORDS.fullmatch(entry.why)
        fake = self.sent if entry.kind is Kind.SEND else self.body
        return replace(
            entry,
            message=None if entry.message is None else self.uuid(entry.message),
            why=entry.why if is_plain else None,
            body=None if entry.body is None else fake(entry.body),
        )
