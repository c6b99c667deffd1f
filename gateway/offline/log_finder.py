"""JSON within the records of a log, however it is wrapped: the one finder for all commands.

A record is searched for the names of members. The object that encloses one is cut out of the text
as it stands, so that what is judged is what was sent, doubled keys and all. It may stand between
the words of a line, or be wrapped in any of the ways that `log_wrappings` knows, several times
over. What looks like a payload and cannot be read is a fault, never nothing.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from gateway.offline.log_printed import NOT_JSON, tell_printed, tell_printed_callback
from gateway.offline.log_wrappings import member_pattern, unwrap
from translators.diagnostics import JsonValue

_LENIENT: Final = json.JSONDecoder(strict=False)
_BRACES_TRIED: Final = 64
"""How many braces around a member may open nothing that is closed."""
_DEEPEST: Final = 4
"""How many times an object may be wrapped."""
_BUDGET: Final = 1 << 26
"""Characters read in vain before a record is given up: a hostile one would take quadratic time."""
_LEAST_COST: Final = 128
"""What the smallest object counts for: finding it takes its time as well."""
_DEPTH_COST: Final = 1 << 14
"""What an object that is too deep to be read counts for."""

_WORKFLOW: Final = "workflow"
_PAYLOAD: Final = member_pattern(_WORKFLOW)
# What requests, answers, refusals and callbacks are told by, of Dispatch and of its neighbours.
_ANYTHING: Final = member_pattern(
    _WORKFLOW, "dispatch_uuid", "message_uuid", "detail", "message_type", "request_id", "content"
)
_OURS: Final = frozenset({"dispatch_uuid", "message_uuid"})
_IN_ARRAY: Final = re.compile(r"\s*=>\s*(?:array\b|$)", re.IGNORECASE | re.MULTILINE)

_NO_BRACE: Final = "holds a part of {} only; write each {} on one line"
_CUT_OFF: Final = "looks like {} that is cut off"
_TOO_MUCH: Final = "looks like {} inside too much that is not JSON"


@dataclass(frozen=True, slots=True)
class Piece:
    """One JSON object of a record."""

    text: str
    """As it stands there, once unwrapped."""
    value: JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a search came upon."""

    pieces: tuple[Piece, ...] = ()
    fault: str | None = None
    """Why something that looks like what is sought could not be read: the rest of a sentence that
    begins with the record's place. It quotes nothing of the record."""


def find_payloads(text: str, *, line: int = 1, is_framed: bool = False) -> Findings:
    """Return the innermost objects that have a `workflow`, in order.

    Args:
        line: the number of its first line in the file.
        is_framed: whether a frame was taken off, so that columns would mislead.
    """
    search = _Search(line, _PAYLOAD, is_outermost=False)
    return search.run(text, depth=int(is_framed))


def find_bodies(text: str) -> Findings:
    """Return the outermost objects that hold anything of messaging, at any depth, in order."""
    search = _Search(1, _ANYTHING, is_outermost=True)
    return search.run(text)


class _Search:
    """A search through one record."""

    def __init__(self, line: int, members: re.Pattern[str], *, is_outermost: bool) -> None:
        self._line = line
        self._members = members
        self._is_outermost = is_outermost
        self._spent = 0
        self._pieces: list[Piece] = []
        self._fault: str | None = None

    def run(self, text: str, depth: int = 0) -> Findings:
        self._look(text, depth)
        if not self._pieces and self._fault is None:
            self._fault = tell_printed(text)
            if self._is_outermost:
                self._fault = self._fault or tell_printed_callback(text)
        return Findings(pieces=tuple(self._pieces), fault=self._fault)

    def _look(self, text: str, depth: int) -> None:
        """Find the objects in `text`, of which `depth` wrappings have been undone."""
        position = 0
        while member := self._members.search(text, position):
            end, fault = self._at(text, position, member, depth)
            if fault and self._fault is None and self._is_worth_telling(text, member, fault):
                what = "a payload" if member["name"] == _WORKFLOW else "an answer or a callback"
                self._fault = fault.replace("{}", what, 1).replace("{}", what.partition(" ")[2])
            position = max(end or 0, member.end())

    def _at(
        self, text: str, left: int, member: re.Match[str], depth: int
    ) -> tuple[int | None, str | None]:
        """Take what the member belongs to; return where that ends, or why it cannot be read."""
        quote, at = member["quote"] or member["code"], member.start()
        if not text.startswith(quote, at - len(quote), at):
            return None, None  # the end of another name
        if self._spent > _BUDGET or depth > _DEEPEST:
            return None, _TOO_MUCH
        if "'" in quote:
            return None, NOT_JSON
        if quote == '"':
            return self._cut_out(text, left, member.end(), depth)
        if self._is_outermost and (end := self._take_around(text, left, member.end())):
            return end, None  # a wrapping inside of JSON, for whoever reads that
        inside = unwrap(text, left, at, quote)
        self._look(inside.text, depth + 1)
        return inside.end, None

    def _is_worth_telling(self, text: str, member: re.Match[str], fault: str) -> bool:
        """Tell what should be JSON from words that only name a member."""
        if member["name"] != _WORKFLOW:
            return member["name"] in _OURS and fault in (_CUT_OFF, NOT_JSON)
        if member["bracket"] or member["code"]:
            return True
        quote = member.end("quote")
        return fault == NOT_JSON and _IN_ARRAY.match(text, quote) is not None

    def _cut_out(self, text: str, left: int, at: int, depth: int) -> tuple[int | None, str | None]:
        """Take the object that the member ending at `at` belongs to; return its end, or why not."""
        if self._is_outermost and (end := self._take_around(text, left, at)):
            return end, None
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
            self._pieces.append(Piece(text[brace:end], value))
            return end, None
        return None, self._describe(text, furthest, depth) if furthest else _NO_BRACE

    def _take_around(self, text: str, left: int, at: int) -> int | None:
        """Take the largest object around `at`; return its end, or `None` if none can be read."""
        brace, failed = left - 1, 0
        while (brace := text.find("{", brace + 1, at)) >= 0 and failed < _BRACES_TRIED:
            if self._spent > _BUDGET:
                return None
            try:
                value, end = _LENIENT.raw_decode(text, brace)
            except json.JSONDecodeError as error:
                self._spent += error.pos - brace + error.pos // 64
                failed += 1
                continue
            except RecursionError:
                self._spent += _DEPTH_COST
                return None
            if end >= at:
                self._pieces.append(Piece(text[brace:end], value))
                return end
            self._spent += max(end - brace, _LEAST_COST)
            brace = end - 1  # what it holds is beside the member as well
        return None

    def _describe(self, text: str, error: json.JSONDecodeError, depth: int) -> str:
        """Say where the JSON breaks off; a column in what is wrapped would mislead."""
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            return _CUT_OFF
        line = self._line + error.lineno - 1
        place = "once unwrapped" if depth else f"at line {line}, column {error.colno}"
        phrase = error.msg[0].lower() + error.msg[1:].rstrip(": ")
        return f"looks like {{}} but is not JSON {place}: {phrase}"
