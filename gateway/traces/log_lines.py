"""What one line of an application's log holds of Dispatch: requests, answers and callbacks.

They are told by their form alone, wherever in the line they stand, be it as JSON or as a text
that is JSON: no two loggers agree on names. Source: docs/traces.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.traces.instants import instant_ms
from translators.diagnostics import JsonObject, JsonValue

_TIMES: Final = ("at", "time", "timestamp", "ts", "@timestamp")
_IDS: Final = ("request_id", "id", "correlation_id", "trace_id")
_HTTP_STATUSES: Final = ("status", "status_code", "statusCode", "http_status", "code")
_HTTP: Final = range(100, 600)
_DEEPEST: Final = 40

# Where the log's own members stand beside those of the document, only these can be told apart.
_REQUEST_MEMBERS: Final = frozenset({"template", "workflow"})
_CALLBACK_MEMBERS: Final = frozenset(
    {
        *("message_uuid", "dispatch_uuid", "template", "to", "from", "timestamp", "status"),
        *("error", "usage", "client_ref", "_links"),
    }
)


class Form(StrEnum):
    """What a document is."""

    REQUEST = "request"
    ANSWER = "answer"
    """The 202."""
    REFUSAL = "refusal"
    """Any other answer."""
    STATUS = "status"
    REPORT = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One document of a line."""

    form: Form
    document: JsonObject
    http_status: int | None
    """As the line gives it beside an answer."""

    @property
    def dispatch_uuid(self) -> str | None:
        """The workflow that an answer or a callback names, in lower case."""
        named = self.document.get("dispatch_uuid")
        if self.form is Form.STATUS:
            named = next(_linked(self.document), None)
        return named.lower() if isinstance(named, str) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """What is known of one line."""

    at_ms: int | None
    """When it was written, Unix milliseconds; `None` if it does not say."""
    ids: frozenset[tuple[str, str]]
    """What may tie it to other lines, as names and values."""
    found: tuple[Found, ...]
    """Each document once, in the order of the line."""

    def of(self, *forms: Form) -> list[Found]:
        """Return the documents of these forms."""
        return [found for found in self.found if found.form in forms]


def read_line(line: JsonObject) -> LogLine:
    """Read one line. Total: a line without anything of Dispatch is one with nothing found."""
    reading = _Reading()
    reading.walk(line, ())
    found = reading.found
    if _has(found, Form.REQUEST) and len(reading.loose) == 1 and len(found) == 1:
        answer: JsonObject = {"dispatch_uuid": reading.loose.pop()}
        found = [*found, Found(form=Form.ANSWER, document=answer, http_status=None)]
    holders = [line, *reading.holders]
    ids = ((name, holder.get(name)) for holder in holders for name in _IDS)
    return LogLine(
        at_ms=next(filter(None, (instant_ms(line.get(name)) for name in _TIMES)), None),
        ids=frozenset((name, str(held)) for name, held in ids if _is_id(held)),
        found=tuple(found),
    )


def is_of_a_log(raw: bytes) -> bool:
    """Tell whether a line holds something of Dispatch, and is no trace of any schema."""
    try:
        line: JsonValue = json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return isinstance(line, dict) and "schema" not in line and bool(read_line(line).found)


class _Reading:
    """A walk through one line."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.holders: list[JsonObject] = []
        """The objects around what was found."""
        self.loose: set[str] = set()
        """Ids of workflows that stand by themselves, neither in an answer nor in a callback."""

    def walk(self, value: JsonValue, path: tuple[JsonObject, ...]) -> None:
        """Look for documents in `value` and below; `path` is what it stands in."""
        if len(path) > _DEEPEST:
            return
        match value:
            case dict():
                form = _form_of(value)
                if form is not None:
                    self._take(form, value, path)
                if form in (None, Form.REQUEST) and isinstance(value.get("dispatch_uuid"), str):
                    self.loose.add(str(value["dispatch_uuid"]))
                if form is None:
                    for held in value.values():
                        self.walk(held, (*path, value))
            case list():
                for element in value:
                    self.walk(element, path)
            case str():
                if value.lstrip()[:1] in ("{", "["):
                    self.walk(_parsed(value), path)
            case _:
                pass

    def _take(self, form: Form, document: JsonObject, path: tuple[JsonObject, ...]) -> None:
        http_status = None
        if form in (Form.ANSWER, Form.REFUSAL):
            given = (each.get(name) for each in reversed(path) for name in _HTTP_STATUSES)
            codes = (each for each in given if type(each) is int and each in _HTTP)
            http_status = next(codes, None)
        if not path:
            known = _REQUEST_MEMBERS if form is Form.REQUEST else _CALLBACK_MEMBERS
            document = {name: held for name, held in document.items() if name in known}
        found = Found(form=form, document=document, http_status=http_status)
        self.holders += path
        if found not in self.found:
            self.found.append(found)


def _form_of(value: JsonObject) -> Form | None:
    links = value.get("_links")
    if isinstance(links, dict):
        if isinstance(links.get("messages"), list) and "template" in value:
            return Form.REPORT if isinstance(value.get("dispatch_uuid"), str) else None
        if any(_linked(value)):
            return Form.STATUS
    if isinstance(value.get("workflow"), list):
        return Form.REQUEST
    if value.keys() == {"dispatch_uuid"} and isinstance(value["dispatch_uuid"], str):
        return Form.ANSWER
    kind = value.get("type")
    is_problem = isinstance(kind, str) and kind.startswith("http") and "detail" in value
    return Form.REFUSAL if is_problem else None


def _linked(callback: JsonObject) -> Iterator[str]:
    """Yield the ids of the workflow that a status links to; captures and reference differ."""
    links = callback.get("_links")
    if isinstance(links, dict):
        for link in (links.get("dispatch"), links.get("workflow")):
            if isinstance(link, dict) and isinstance(named := link.get("dispatch_uuid"), str):
                yield named


def _has(found: list[Found], form: Form) -> bool:
    return any(each.form is form for each in found)


def _is_id(value: JsonValue) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool) and value != ""


def _parsed(text: str) -> JsonValue:
    try:
        parsed: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed
