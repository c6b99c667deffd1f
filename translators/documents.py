"""Bytes to one JSON document: the strict door through which every body enters.

The standard parser is lenient where leniency loses meaning: it keeps the last of two equal keys,
reads NaN, and lets half characters through, which fail later and elsewhere. Here each of these
is a finding with a place.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Final

from translators.diagnostics import Diagnostic, JsonObject, JsonValue, Translation
from translators.findings import Findings, Place
from translators.rules import Rule, report
from translators.rules_document import (
    BODY_EMPTY,
    BYTE_ORDER_MARK,
    CHARACTER_NUL,
    DATA_AFTER_DOCUMENT,
    DOCUMENT_NULL,
    INTEGER_OUT_OF_RANGE,
    JSON_INVALID,
    KEY_DUPLICATE,
    NESTING_TOO_DEEP,
    NOT_UTF8,
    NUMBER_NOT_FINITE,
    NUMBER_TOO_LARGE,
    SURROGATE_LONE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of JSON a document may use."""

    max_depth: int = 32
    """Levels of arrays and objects, the outermost counted."""
    max_integer: int = 2**63 - 1
    """In either direction: what is read exactly here is written exactly by every JSON library.

    Not 2^53: page and recipient ids of Messenger have up to 17 digits, and the published curl
    calls send them unquoted (docs/wire.md section 1.3).
    """


LIMITS: Final = Limits()

_BOM: Final = b"\xef\xbb\xbf"
_SPACE: Final = " \t\n\r"
_INFINITY: Final = float("inf")
_MAX_DIGITS: Final = len(str(-LIMITS.max_integer))


def parse_document(raw: bytes, *, line: int = 1) -> Translation[JsonValue]:
    """Parse a body.

    Args:
        line: what the sentences about syntax call the first line: its number in a larger file.

    Returns:
        The document, or every fault that could be told apart: after a fault of encoding or syntax
        nothing more can be read, all others are found together. A document that is only `null`
        is refused, so that `None` always means that there is none.
    """
    notes: tuple[Diagnostic, ...] = ()
    if raw.startswith(_BOM):
        raw = raw[len(_BOM) :]
        notes = (report(BYTE_ORDER_MARK, "", "starts with a byte order mark, which was skipped"),)
    parsed = _parse(raw, line)
    if not notes:
        return parsed
    return Translation(value=parsed.value, diagnostics=notes + parsed.diagnostics)


def _parse(raw: bytes, line: int) -> Translation[JsonValue]:
    try:
        text = raw.decode()
    except UnicodeDecodeError as fault:
        before = raw[: fault.start].decode()
        where = _place(before, len(before), line)
        detail = f"is not UTF-8 {where}; encode it as UTF-8"
        return _refuse(NOT_UTF8, detail, len(before))
    start = len(text) - len(text.lstrip(_SPACE))
    if start == len(text):
        return _refuse(BODY_EMPTY, "is empty; send a JSON object")
    # Only a document with escapes can hold half characters, and only one with many brackets can
    # be deep. (What looks like either may stand inside a text: then the walk finds nothing.)
    doubtful = b"\\u" in raw or raw.count(b"{") + raw.count(b"[") > LIMITS.max_depth
    value: JsonValue
    try:
        try:
            value, end = _STRICT.raw_decode(text, start)
        except _Suspect:
            doubtful = True
            value, end = _MARKING.raw_decode(text, start)
    except json.JSONDecodeError as fault:
        return _refuse_syntax(text, fault, line)
    except RecursionError:
        return _refuse(NESTING_TOO_DEEP, _TOO_DEEP)
    if rest := text[end:].lstrip(_SPACE):
        offset = len(text) - len(rest)
        detail = f"goes on after the document {_place(text, offset, line)}; send one document"
        return _refuse(DATA_AFTER_DOCUMENT, detail, offset)
    if value is None:
        return _refuse(DOCUMENT_NULL, "is null; send a JSON object")
    if doubtful:
        found = Findings()
        _inspect(value, Place(), 1, found)
        if found.errors:
            return Translation(value=None, diagnostics=found.in_order_of(value))
    return Translation(value=value, diagnostics=())


# The decoder's hooks see a value without its place. So the first pass only takes alarm, and a
# second one, which nobody pays for who sends sound documents, leaves marks to be found by a walk.


class _Suspect(Exception):
    """A hook met something to refuse."""


class _Mark:
    """Stands in the document where a value was that cannot be accepted."""

    def __init__(self, rule: Rule, detail: str) -> None:
        self.rule = rule
        self.detail = detail


class _Members(dict[str, JsonValue]):
    """An object that named some members more than once."""

    repeated: tuple[str, ...] = ()


_NOT_FINITE: Final = _Mark(NUMBER_NOT_FINITE, "is NaN or infinite, which JSON has no word for")
_TOO_LARGE: Final = _Mark(NUMBER_TOO_LARGE, "is beyond the range of a double")
_OUT_OF_RANGE: Final = _Mark(
    INTEGER_OUT_OF_RANGE,
    "is beyond 9223372036854775807 (2^63 - 1) either way; write it as a string",
)
_TOO_DEEP: Final = f"is nested deeper than {LIMITS.max_depth} levels; flatten it"


def _mark_integer(digits: str) -> int | _Mark:
    # The length first: turning thousands of digits into an int takes quadratic time.
    if len(digits) > _MAX_DIGITS or abs(int(digits)) > LIMITS.max_integer:
        return _OUT_OF_RANGE
    return int(digits)


def _mark_fraction(digits: str) -> float | _Mark:
    value = float(digits)
    return _TOO_LARGE if abs(value) == _INFINITY else value


def _mark_constant(_name: str) -> _Mark:
    return _NOT_FINITE


def _mark_members(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    members = _Members(pairs)
    if len(members) < len(pairs):
        times = Counter(name for name, _ in pairs)
        members.repeated = tuple(name for name, count in times.items() if count > 1)
    return members


def _take_integer(digits: str) -> int:
    value = _mark_integer(digits)
    if isinstance(value, _Mark):
        raise _Suspect
    return value


def _take_fraction(digits: str) -> float:
    value = _mark_fraction(digits)
    if isinstance(value, _Mark):
        raise _Suspect
    return value


def _take_constant(_name: str) -> float:
    raise _Suspect


def _take_members(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise _Suspect
    return members


_STRICT: Final = json.JSONDecoder(
    object_pairs_hook=_take_members,
    parse_int=_take_integer,
    parse_float=_take_fraction,
    parse_constant=_take_constant,
)
_MARKING: Final = json.JSONDecoder(
    object_pairs_hook=_mark_members,
    parse_int=_mark_integer,
    parse_float=_mark_fraction,
    parse_constant=_mark_constant,
)


def _inspect(value: JsonValue | _Mark, at: Place, depth: int, found: Findings) -> None:
    if isinstance(value, str):
        _inspect_text(value, at, found)
    elif isinstance(value, _Mark):
        found.add(value.rule, at.pointer, value.detail)
    elif isinstance(value, dict | list) and depth > LIMITS.max_depth:
        found.add(NESTING_TOO_DEEP, at.pointer, _TOO_DEEP)
    elif isinstance(value, list):
        for index, element in enumerate(value):
            _inspect(element, at.element(index), depth + 1, found)
    elif isinstance(value, dict):
        if isinstance(value, _Members):
            for key in value.repeated:
                detail = "is named more than once in its object; keep one"
                found.add(KEY_DUPLICATE, at.member(key).pointer, detail)
        for key, member in value.items():
            _inspect_text(key, at, found)
            _inspect(member, at.member(key), depth + 1, found)


def _inspect_text(text: str, at: Place, found: Findings) -> None:
    if "\0" in text:
        found.add(CHARACTER_NUL, at.pointer, "contains the character U+0000; remove it")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        detail = "contains half of a surrogate pair; write both escapes together"
        found.add(SURROGATE_LONE, at.pointer, detail)


def _refuse(rule: Rule, detail: str, offset: int | None = None) -> Translation[JsonValue]:
    return Translation(value=None, diagnostics=(report(rule, "", detail, offset=offset),))


def _refuse_syntax(text: str, fault: json.JSONDecodeError, line: int) -> Translation[JsonValue]:
    # UTF-16 without a mark is valid UTF-8 full of NUL bytes, which a person does not see.
    if "\0" in text[:2]:
        return _refuse(NOT_UTF8, "is not UTF-8 but UTF-16 or UTF-32; encode it as UTF-8")
    phrase = f"{fault.msg[0].lower()}{fault.msg[1:]}"
    detail = f"is not JSON {_place(text, fault.pos, line)}: {phrase}"
    return _refuse(JSON_INVALID, detail, fault.pos)


def _place(text: str, offset: int, line: int) -> str:
    """Say where `offset` is; both numbers count from 1, columns in characters."""
    before = text[:offset]
    column = len(before) - before.rfind("\n")
    return f"at line {before.count(chr(10)) + line}, column {column}"
