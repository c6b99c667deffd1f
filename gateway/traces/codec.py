"""A trace as one line of JSON, and back.

Members without a value are left out of entries, so that a line is read by people as well. What is
read is checked whole: a trace with a fault is no evidence.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import orjson

from gateway.traces.broken import syntax_problem
from gateway.traces.model import SCHEMA, Kind, Path, Trace, TraceEntry
from translators.diagnostics import JsonObject, JsonValue

_OPTIONAL: Final = ("rules", "differences", "terms", "pair", "refusal")
_REQUIRED: Final = (
    *("schema", "dispatch", "path", "origin", "accepted_at", "is_complete", "request", "entries"),
)
_KNOWN: Final = frozenset((*_REQUIRED, *_OPTIONAL))
_ENTRY_FIELDS: Final = tuple(field.name for field in fields(TraceEntry))
_KNOWN_IN_ENTRIES: Final = frozenset(_ENTRY_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceFault:
    """Why a line is no trace that can be read here."""

    problem: str
    """The rest of a sentence that begins with the place of the line."""


def to_line(trace: Trace) -> bytes:
    """Write a trace as one line, its end included."""
    record: JsonObject = {
        "schema": SCHEMA,
        "dispatch": trace.dispatch,
        "path": trace.path.value,
        "origin": trace.origin,
        "accepted_at": trace.accepted_at,
        "is_complete": trace.is_complete,
    }
    if trace.rules:
        record["rules"] = list(trace.rules)
    if trace.differences:
        record["differences"] = list(trace.differences)
    if trace.terms is not None:
        record["terms"] = trace.terms
    if trace.pair is not None:
        record["pair"] = trace.pair
    if trace.refusal is not None:
        record["refusal"] = trace.refusal
    record["request"] = trace.request
    record["entries"] = [_entry_members(entry) for entry in trace.entries]
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


def from_line(raw: bytes) -> Trace | TraceFault:
    """Read a line that `to_line` wrote, with or without its end. Never raises."""
    try:
        record: JsonValue = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return TraceFault(problem=syntax_problem(raw))
    try:
        return _trace(record)
    except _Fault as fault:
        return TraceFault(problem=str(fault))


class _Fault(Exception):
    """A value that no trace has."""


def _entry_members(entry: TraceEntry) -> JsonObject:
    members = ((name, getattr(entry, name)) for name in _ENTRY_FIELDS)
    return {name: value for name, value in members if value is not None}


def _trace(record: JsonValue) -> Trace:
    if not isinstance(record, dict) or "schema" not in record:
        raise _Fault("is not a trace: it has no schema number")
    schema = record["schema"]
    if type(schema) is not int or schema < 1:
        raise _Fault("is not a trace: its schema is no number from 1")
    if schema > SCHEMA:
        raise _Fault(
            f"is a trace of schema {schema}; this version reads up to {SCHEMA}. Read it with the"
            " version that wrote it"
        )
    for name in _REQUIRED:
        if name not in record:
            raise _Fault(f"is not a whole trace: {name} is missing")
    if unknown := len(record.keys() - _KNOWN):
        raise _Fault(f"is not a trace of schema {SCHEMA}: it has {_members(unknown)}")
    entries = record["entries"]
    if not isinstance(entries, list):
        raise _bad("entries", "an array")
    return Trace(
        dispatch=_text(record, "dispatch"),
        path=Path(_word(record, "path", "", frozenset(Path))),
        origin=_text(record, "origin"),
        accepted_at=_optional_text(record, "accepted_at"),
        request=_object(record, "request"),
        entries=tuple(_entry(value, f"entries[{n}]") for n, value in enumerate(entries)),
        is_complete=_flag(record, "is_complete"),
        rules=_texts(record, "rules"),
        differences=_texts(record, "differences"),
        terms=_optional_object(record, "terms"),
        pair=_optional_text(record, "pair"),
        refusal=_optional_refusal(record, "refusal"),
    )


def _entry(value: JsonValue, at: str) -> TraceEntry:
    if not isinstance(value, dict):
        raise _bad(at, "an object")
    if unknown := len(value.keys() - _KNOWN_IN_ENTRIES):
        raise _Fault(f"is not a trace of schema {SCHEMA}: {at} has {_members(unknown)}")
    at_ms = _optional_integer(value, "at_ms", at)
    if at_ms is None:
        raise _bad(f"{at}.at_ms", "an integer")
    step = _optional_integer(value, "step", at)
    if step is not None and step < 0:
        raise _bad(f"{at}.step", "0 or more")
    return TraceEntry(
        at_ms=at_ms,
        kind=Kind(_word(value, "kind", at, frozenset(Kind))),
        step=step,
        message=_optional_text(value, "message", at),
        event_ms=_optional_integer(value, "event_ms", at),
        status=_optional_text(value, "status", at),
        code=_optional_integer(value, "code", at),
        price=_optional_text(value, "price", at),
        currency=_optional_text(value, "currency", at),
        why=_optional_text(value, "why", at),
        body=_optional_object(value, "body", at),
    )


def _bad(place: str, wanted: str) -> _Fault:
    return _Fault(f"is not a sound trace: {place} must be {wanted}")


def _members(count: int) -> str:
    return f"{count} member{'s' if count > 1 else ''} that nobody knows"


def _place(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _word(holder: JsonObject, name: str, at: str, words: frozenset[str]) -> str:
    value = holder.get(name)
    if not isinstance(value, str) or value not in words:
        raise _bad(_place(at, name), f"one of {', '.join(sorted(words))}")
    return value


def _text(holder: JsonObject, name: str) -> str:
    value = _optional_text(holder, name)
    if value is None:
        raise _bad(name, "a string")
    return value


def _optional_text(holder: JsonObject, name: str, at: str = "") -> str | None:
    value = holder.get(name)
    if value is None or isinstance(value, str):
        return value
    raise _bad(_place(at, name), "a string")


def _optional_integer(holder: JsonObject, name: str, at: str) -> int | None:
    value = holder.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise _bad(_place(at, name), "an integer")


def _optional_refusal(holder: JsonObject, name: str) -> int | None:
    value = holder.get(name)
    if value is None or (type(value) is int and 400 <= value <= 499):
        return value
    raise _bad(name, "an HTTP status from 400 to 499")


def _flag(holder: JsonObject, name: str) -> bool:
    value = holder[name]
    if not isinstance(value, bool):
        raise _bad(name, "true or false")
    return value


def _object(holder: JsonObject, name: str) -> JsonObject:
    value = _optional_object(holder, name)
    if value is None:
        raise _bad(name, "an object")
    return value


def _optional_object(holder: JsonObject, name: str, at: str = "") -> JsonObject | None:
    value = holder.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise _bad(_place(at, name), "an object")


def _texts(holder: JsonObject, name: str) -> tuple[str, ...]:
    value = holder.get(name, [])
    if isinstance(value, list):
        words = tuple(word for word in value if isinstance(word, str))
        if len(words) == len(value):
            return words
    raise _bad(name, "an array of strings")
