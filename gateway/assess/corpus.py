"""From a record of a corpus to the payloads it holds, however a log has wrapped them.

A payload is found by its member `workflow`: the object that encloses it is cut out of the text as
it stands, so that what is judged is what was sent, doubled keys and all. It may be the record
itself, part of a larger JSON document, stand between the words of a log line, or be wrapped in any
of the ways that `wrappings` knows, several times over.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from gateway.assess.wrappings import MEMBER, encode, unwrap
from translators.diagnostics import JsonValue, Translation
from translators.documents import parse_document
from translators.verify import is_verify_request

_WORD: Final = b"workflow"
_LENIENT: Final = json.JSONDecoder(strict=False)
_BRACES_TRIED: Final = 64
"""How many braces before the member may open nothing that is closed."""
_DEEPEST: Final = 4
"""How many times a payload may be wrapped."""
_BUDGET: Final = 1 << 26
"""Characters read in vain before a record is given up: a hostile one would take quadratic time."""
_LEAST_COST: Final = 128
"""What the smallest object counts for: finding it takes its time as well."""
_DEPTH_COST: Final = 1 << 14
"""What an object that is too deep to be read counts for."""

_NOT_JSON: Final = "looks like a payload but is not JSON; log payloads with a JSON library"
_NO_BRACE: Final = "holds a part of a payload only; write each payload on one line"
_CUT_OFF: Final = "looks like a payload that is cut off"
_TOO_MUCH: Final = "looks like a payload inside too much that is not JSON"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a record holds."""

    payloads: tuple[Translation[JsonValue], ...] = ()
    """Each as `parse_document` has it: sound, or refused with the reason."""
    verify_requests: int = 0
    """How many requests of Verify v2 it holds, which are no payloads."""
    fault: str | None = None
    """Why something that looks like a payload could not be read: the rest of a sentence that
    begins with the record's place. It quotes nothing of the record."""


def read_contents(raw: bytes, *, line: int = 1, is_json: bool = False) -> Contents:
    """Find what a record holds.

    Args:
        line: the number of its first line in the file.
        is_json: whether it must be JSON, so that anything else is a fault.
    """
    if _WORD not in raw and not is_json:
        return Contents()
    # What breaks off does so on its last line, not on the one after it.
    raw = raw.rstrip(b"\r\n")
    whole = None
    if is_json or raw.lstrip()[:1] == b"{":
        # First the plain case, which needs no search.
        whole = parse_document(raw, line=line)
        if is_payload(whole.value):
            return Contents(payloads=(whole,))
        if is_verify_request(whole.value):
            return Contents(verify_requests=1)
        if whole.value is not None and _WORD not in raw:
            return Contents()
    search = _Search(line)
    search.look(raw.decode(errors="surrogateescape"))
    if is_json and whole is not None and not search.payloads and not search.fault:
        # Refused for what a document must not hold, but JSON all the same, has no offset.
        search.fault = next((each.detail for each in whole.errors if each.offset is not None), None)
    return Contents(
        payloads=tuple(search.payloads),
        verify_requests=search.verify_requests,
        fault=search.fault,
    )


def is_payload(value: JsonValue) -> bool:
    """Tell whether a JSON value is meant as a request to Dispatch.

    States of a dispatch, which name its `dispatch_uuid`, are none; nor is everything that has a
    workflow, as continuous integration does.
    """
    if not isinstance(value, dict) or "workflow" not in value or "dispatch_uuid" in value:
        return False
    if is_verify_request(value):
        return False
    return isinstance(value["workflow"], list) or "template" in value


class _Search:
    """A search through one record."""

    def __init__(self, line: int) -> None:
        self._line = line
        self._spent = 0
        self.payloads: list[Translation[JsonValue]] = []
        self.verify_requests = 0
        self.fault: str | None = None

    def look(self, text: str, depth: int = 0) -> None:
        """Find the payloads in `text`, of which `depth` wrappings have been undone."""
        position = 0
        while member := MEMBER.search(text, position):
            quote, at, end = member["quote"] or member["code"], member.start(), None
            if not text.startswith(quote, at - len(quote), at):
                fault = None  # the end of another name
            elif self._spent > _BUDGET or depth > _DEEPEST:
                fault = _TOO_MUCH
            elif "'" in quote:
                fault = _NOT_JSON
            elif quote == '"':
                end, fault = self._cut_out(text, position, member.end(), depth)
            else:
                inside, fault = unwrap(text, position, at, quote), None
                self.look(inside.text, depth + 1)
                end = inside.end
            if fault and (member["bracket"] or member["code"]):
                self.fault = self.fault or fault
            position = max(end or 0, member.end())

    def _cut_out(self, text: str, left: int, at: int, depth: int) -> tuple[int | None, str | None]:
        """Take the object that the member ending at `at` belongs to; return its end, or why not."""
        brace, furthest, failed = at, None, 0
        while (brace := text.rfind("{", left, brace)) >= 0 and failed < _BRACES_TRIED:
            if self._spent > _BUDGET:
                return None, _TOO_MUCH
            try:
                value, end = _LENIENT.raw_decode(text, brace)
            except json.JSONDecodeError as error:
                # An error counts the lines before it, too, which is quick.
                self._spent += error.pos - brace + error.pos // 64
                failed += 1
                if furthest is None or error.pos > furthest.pos:
                    furthest = error
                continue
            except RecursionError:
                self._spent += _DEPTH_COST
                return None, _TOO_MUCH
            if end < at:
                self._spent += max(end - brace, _LEAST_COST)
                continue  # an object beside the member
            if is_payload(value):
                self.payloads.append(parse_document(encode(text[brace:end])))
            self.verify_requests += is_verify_request(value)
            return end, None
        return None, self._describe(text, furthest, depth) if furthest else _NO_BRACE

    def _describe(self, text: str, error: json.JSONDecodeError, depth: int) -> str:
        """Say where the JSON breaks off; a column in what is wrapped would mislead."""
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            return _CUT_OFF
        line = self._line + error.lineno - 1
        place = "once unwrapped" if depth else f"at line {line}, column {error.colno}"
        phrase = error.msg[0].lower() + error.msg[1:].rstrip(": ")
        return f"looks like a payload but is not JSON {place}: {phrase}"
