"""What one record of an application's log holds of Dispatch: requests, answers and callbacks.

They are told by their form alone, wherever in the record they stand, be it as JSON, as a text that
is JSON, or between words: no two loggers agree on names. Source: docs/traces.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import takewhile
from typing import Final

from gateway.offline.log_bodies import OTHER_REQUESTS, Body, body_of, is_payload
from gateway.offline.log_finder import find_bodies
from gateway.offline.log_frames import Frame, frame_of
from gateway.offline.log_times import time_in
from gateway.traces.instants import instant_ms
from translators.diagnostics import JsonObject, JsonValue

_TIMES: Final = (
    *("at", "time", "timestamp", "ts", "@timestamp"),
    *("datetime", "asctime", "timeMillis", "__REALTIME_TIMESTAMP"),
)
_IDS: Final = ("request_id", "id", "correlation_id", "trace_id")
_HTTP_STATUSES: Final = ("status", "status_code", "statusCode", "http_status", "code")
_HTTP: Final = range(100, 600)
_DEEPEST: Final = 40
# How texts name what a JSON log has members for.
_ID_IN_TEXT: Final = re.compile(
    r"(?<![\w-])(request_id|correlation_id|trace_id)(?:=|: ?)\"?([\w.:/+-]{1,128})", re.ASCII
)
_STATUS_IN_TEXT: Final = re.compile(
    r"(?:HTTP/[0-9.]+ |\bstatus(?:[_ ]?code)?\"?(?:=|: ?| )|(?:->|=>|→) ?)\"?([1-5][0-9]{2})\b",
    re.IGNORECASE,
)
_NAMED_IN_TEXT: Final = re.compile(
    r"\bdispatch_uuid\"?(?:=|: ?| )\"?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b",
    re.IGNORECASE,
)

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
    FOREIGN = "foreign"
    """A request to another product, such as Verify v2, which looks like one of Dispatch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One document of a line."""

    form: Form
    document: JsonObject
    http_status: int | None
    """As the line gives it beside an answer."""
    around: tuple[int, ...] = field(default=(), compare=False)
    """What it stands in, the outermost first, each as an identity."""
    body: Body | None = None
    """What a foreign request is."""

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
    others: tuple[Body, ...] = ()
    """What else is in it that is no request, such as webhooks of Verify v2."""
    fault: str | None = None
    """Why something in it that looks like a document of Dispatch could not be read."""
    follows_its_request: bool = False
    """Whether it is a dump's, and stands right below its request."""

    def of(self, *forms: Form) -> list[Found]:
        """Return the documents of these forms."""
        return [found for found in self.found if found.form in forms]

    def is_ours(self, answer: Found) -> bool:
        """Tell whether an answer is not that of a foreign request on the same line."""
        ours, theirs = self._nearness(answer)
        return answer.form is Form.ANSWER or ours >= theirs

    def is_in_doubt(self, answer: Found) -> bool:
        """Tell whether an answer may as well be that of a foreign request."""
        ours, theirs = self._nearness(answer)
        return answer.form is Form.REFUSAL and ours == theirs >= 0

    def _nearness(self, answer: Found) -> tuple[int, int]:
        """Return how much an answer shares with our requests and with foreign ones; -1: none."""
        ours, theirs = (
            max((_shared(answer.around, asked.around) for asked in self.of(form)), default=-1)
            for form in (Form.REQUEST, Form.FOREIGN)
        )
        return ours, theirs


def read_record(text: bytes, frame: Frame | None) -> LogLine:
    """Read one record that is no JSON, or whose JSON is in a frame. Total, as `read_line` is.

    Args:
        text: without its frame.
    """
    shown = text.decode(errors="surrogateescape")
    found = find_bodies(shown)
    values = [piece.value for piece in found.pieces]
    at = frame.at if frame else None
    if at is None:
        at = _time_of(values) or time_in(shown)
    # What JSON would have as members stands between the documents here.
    words = _words_around(shown, [piece.text for piece in found.pieces])
    line: JsonObject = {"text": values, "at": at, **_members_in(words)}
    return replace(read_line(line), fault=found.fault)


def _members_in(words: str) -> JsonObject:
    """Return what a JSON log has members for, as it stands in words."""
    members: JsonObject = dict(_ID_IN_TEXT.findall(words))
    if status := _STATUS_IN_TEXT.search(words):
        members["http_status"] = int(status[1])
    if named := _NAMED_IN_TEXT.search(words):
        members["dispatch_uuid"] = named[1]
    return members


def _time_of(values: list[JsonValue]) -> JsonValue:
    """Return when a JSON log within other words was written, if its line is all there is."""
    match values:
        case [dict() as line] if _form_of(line) is None:
            return next((line[name] for name in _TIMES if instant_ms(line.get(name))), None)
        case _:
            return None


def _words_around(text: str, pieces: list[str]) -> str:
    for piece in pieces:
        text = text.replace(piece, " ", 1)
    return text


def read_line(line: JsonObject) -> LogLine:
    """Read one line. Total: a line without anything of Dispatch is one with nothing found."""
    reading = _Reading()
    reading.walk(line, ())
    found = reading.found
    ours = [each for each in found if each.form is not Form.FOREIGN]
    if _has(ours, Form.REQUEST) and len(reading.loose) == 1 and len(ours) == 1:
        answer: JsonObject = {"dispatch_uuid": reading.loose.pop()}
        found = [*found, Found(form=Form.ANSWER, document=answer, http_status=None)]
    holders = [line, *reading.holders]
    ids = ((name, holder.get(name)) for holder in holders for name in _IDS)
    return LogLine(
        at_ms=next(filter(None, (instant_ms(line.get(name)) for name in _TIMES)), None),
        ids=frozenset((name, str(held)) for name, held in ids if _is_id(held)),
        found=tuple(found),
        others=tuple(reading.others),
        fault=reading.fault,
    )


def is_of_a_log(raw: bytes) -> bool:
    """Tell whether a line holds something of Dispatch, and is no trace of any schema."""
    try:
        line: JsonValue = json.loads(raw)
    except (ValueError, RecursionError):
        frame = frame_of(raw)
        return bool(read_record(frame.text if frame else raw, frame).found)
    return isinstance(line, dict) and "schema" not in line and bool(read_line(line).found)


class _Reading:
    """A walk through one line."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.holders: list[JsonObject] = []
        """The objects around what was found."""
        self.loose: set[str] = set()
        """Ids of workflows that stand by themselves, neither in an answer nor in a callback."""
        self.others: list[Body] = []
        self.fault: str | None = None

    def walk(self, value: JsonValue, path: tuple[JsonObject, ...]) -> None:
        """Look for documents in `value` and below; `path` is what it stands in."""
        if len(path) > _DEEPEST:
            return
        match value:
            case dict():
                self._walk_object(value, path)
            case list():
                for element in value:
                    self.walk(element, path)
            case str() if "{" in value or "%7B" in value or "'" in value or "=" in value:
                self._walk_text(value, path)
            case _:
                pass

    def _walk_object(self, value: JsonObject, path: tuple[JsonObject, ...]) -> None:
        form = _form_of(value)
        if form is not None:
            self._take(form, value, path)
        if form in (None, Form.REQUEST) and isinstance(value.get("dispatch_uuid"), str):
            self.loose.add(str(value["dispatch_uuid"]))
        if form is not None:
            return
        body = body_of(value)
        if body in (Body.VERIFY_WEBHOOK, Body.V1_WEBHOOK):
            self.others.append(body)
        for held in value.values():
            self.walk(held, (*path, value))

    def _walk_text(self, text: str, path: tuple[JsonObject, ...]) -> None:
        """Look into a text: it is JSON, or has some between its words."""
        if text.lstrip()[:1] in ("{", "[") and (parsed := _parsed(text)) is not None:
            self.walk(parsed, path)
            return
        found = find_bodies(text)
        self.fault = self.fault or found.fault
        if found.pieces:
            words = _words_around(text, [piece.text for piece in found.pieces])
            values: list[JsonValue] = [piece.value for piece in found.pieces]
            self.walk({"text": values, **_members_in(words)}, path)

    def _take(self, form: Form, document: JsonObject, path: tuple[JsonObject, ...]) -> None:
        http_status = None
        if form in (Form.ANSWER, Form.REFUSAL):
            given = (each.get(name) for each in reversed(path) for name in _HTTP_STATUSES)
            codes = (each for each in given if type(each) is int and each in _HTTP)
            http_status = next(codes, None)
        body = body_of(document) if form is Form.FOREIGN else None
        if not path and body is None:
            known = _REQUEST_MEMBERS if form is Form.REQUEST else _CALLBACK_MEMBERS
            document = {name: held for name, held in document.items() if name in known}
        found = Found(
            form=form,
            document=document,
            http_status=http_status,
            around=tuple(map(id, path)),
            body=body,
        )
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
    body = body_of(value)
    # An answer may stand among the members of its request, flat.
    if body is Body.PAYLOAD or (body is Body.DISPATCH_WORD and _is_request_beside_its_id(value)):
        return Form.REQUEST
    if body in OTHER_REQUESTS:
        return Form.FOREIGN
    if value.keys() == {"dispatch_uuid"} and isinstance(value["dispatch_uuid"], str):
        return Form.ANSWER
    kind = value.get("type")
    is_problem = isinstance(kind, str) and kind.startswith("http") and "detail" in value
    return Form.REFUSAL if is_problem else None


def _shared(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """Return how many of the objects around two documents are around both."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _is_request_beside_its_id(value: JsonObject) -> bool:
    return is_payload({name: held for name, held in value.items() if name != "dispatch_uuid"})


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
