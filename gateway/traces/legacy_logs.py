"""An application's own logs, turned into traces: its requests, the answers and its callbacks.

What belongs together is found while the lines go by. Only what is still open is held, and that
pseudonymised: a line's plain content is gone once it is read. Source: docs/traces.md.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from math import inf
from pathlib import Path
from typing import Final

from gateway.offline.inputs import JSON_SUFFIXES, Trouble, find_inputs
from gateway.offline.log_joining import read_log
from gateway.offline.log_records import Record
from gateway.traces.broken import CUT, syntax_problem
from gateway.traces.instants import instant_ms
from gateway.traces.legacy import Told
from gateway.traces.log_dumps import Dumps
from gateway.traces.log_lines import Form, Found, LogLine, read_line, read_record
from gateway.traces.log_notes import Note, Notes
from gateway.traces.log_workflows import Waiting, Workflows, longest_life_ms
from gateway.traces.model import Trace
from gateway.traces.pseudonyms import Pseudonyms
from translators.choices import DEFAULT_REQUESTS, RequestOptions
from translators.diagnostics import JsonValue

LOG_SUFFIXES: Final = JSON_SUFFIXES | {".log"}
"""Which files of a directory are taken for logs."""
# Nobody waits longer for an answer; a request that is older is no candidate for one.
_PATIENCE_MS: Final = 10 * 60_000
_MOST_WAITING: Final = 10_000
_MOST_FOREIGN: Final = 1_000
# Many loggers write whole seconds.
_SKEW_MS: Final = 1000
_ACCEPTED: Final = "202"
# The only documented refusal. Source: docs/wire.md section 1.5.
_REFUSED: Final = "400"


def read_logs(paths: Sequence[str]) -> Iterator[Record | Trouble]:
    """Yield the records of logs, in the order of the paths; standard input if none is named."""
    for source in find_inputs(paths, suffixes=LOG_SUFFIXES):
        if isinstance(source, Trouble):
            yield source
        else:
            yield from read_log(source)


def import_logs(
    records: Iterable[Record | Trouble],
    pseudonyms: Pseudonyms,
    requests: RequestOptions = DEFAULT_REQUESTS,
) -> Iterator[Trace | Trouble]:
    """Yield a trace for each workflow of the logs, and what could not be made one.

    A workflow whose report is a day old in the log is given out at once, all others at the end,
    in the order of their answers. What is no trace is told: unreadable records each, all else once
    for its kind, with a count and the first place.

    Args:
        requests: how the gateway that the logs are compared with reads requests.
    """
    reader = _LogReader(pseudonyms, requests)
    for record in records:
        if isinstance(record, Trouble):
            yield record
        else:
            yield from reader.take(record)
    yield from reader.finish()


class _LogReader:
    """Goes through the lines and keeps what is open."""

    def __init__(self, pseudonyms: Pseudonyms, requests: RequestOptions) -> None:
        self._pseudonyms = pseudonyms
        self._requests = requests
        self._notes = Notes()
        self._workflows = Workflows(pseudonyms, self._notes)
        self._waiting: list[Waiting] = []
        self._patient_until_ms = inf
        """Until when none of them has waited too long."""
        self._untied = 0
        """How many answers came that any of those may belong to."""
        self._foreign: deque[frozenset[tuple[str, str]]] = deque(maxlen=_MOST_FOREIGN)
        """The ids of requests to other products, which are refused as ours are."""
        self._dumps = Dumps()

    def take(self, record: Record) -> Iterator[Trace | Trouble]:
        """Read one record and yield what it settles."""
        text = record.text.strip()
        if not text or self._dumps.takes(record.path, text):
            return
        value = _parsed(text)
        if value is None or record.frame is not None:
            line = read_record(text, record.frame)
            if value is None and not line.found and _should_be_json(record, text):
                problem = syntax_problem(text)
                if line.fault and problem != CUT:
                    problem = line.fault
                yield from self._notes.unreadable(record.place, problem)
                return
            yield from self._take_dated(self._dumps.completed(record.path, line), record.place)
            return
        elements = value if isinstance(value, list) else [value]
        if not all(isinstance(element, dict) for element in elements):
            self._notes.add(Note.NOTHING, record.place)
        for element in elements:
            if isinstance(element, dict):
                line = self._dumps.completed(record.path, read_line(element))
                yield from self._take_dated(line, record.place)

    def finish(self) -> Iterator[Trace | Trouble]:
        """Yield what is still open, then the notes."""
        yield from self._workflows.finish()
        for waiting in self._waiting[:]:
            self._give_up(waiting)
        yield from self._notes.told()

    def _take_dated(self, line: LogLine, place: str) -> Iterator[Trace | Trouble]:
        if line.at_ms is not None:
            self._give_up_old(line.at_ms)
            yield from self._workflows.settled(line.at_ms)
        if line.fault:
            yield from self._notes.unreadable(place, line.fault)
        yield from self._take_line(line, place)

    def _take_line(self, line: LogLine, place: str) -> Iterator[Trace]:
        self._note_others(line, place)
        requests = [self._requested(found, line, place) for found in line.of(Form.REQUEST)]
        answers = [each for each in line.of(Form.ANSWER, Form.REFUSAL) if line.is_ours(each)]
        if doubtful := [each for each in answers if line.is_in_doubt(each)]:
            self._notes.add(Note.AMBIGUOUS, place, len(doubtful))
            answers = [each for each in answers if each not in doubtful]
        if len(requests) == 1 and len(answers) == 1:
            yield from self._settle(requests[0], answers[0], line.at_ms)
        else:
            for request in requests:
                self._wait(request)
            for waiting in self._waiting[:-_MOST_WAITING]:
                self._give_up(waiting)
            for answer in answers:
                yield from self._answer(answer, line, place)
        for callback in line.of(Form.STATUS, Form.REPORT):
            self._call_back(callback, line, place)

    def _note_others(self, line: LogLine, place: str) -> None:
        """Count what is another product's, and remember what may be answered."""
        for foreign in line.of(Form.FOREIGN):
            assert foreign.body is not None, "that is how it was recognised"  # noqa: S101
            self._notes.add_body(foreign.body, place)
            self._foreign.append(line.ids)
        for body in line.others:
            self._notes.add_body(body, place)
        if not line.found and not line.others and not line.fault:
            self._notes.add(Note.NOTHING, place)
        elif line.at_ms is None and any(each.form is not Form.FOREIGN for each in line.found):
            self._notes.add(Note.UNDATED, place)

    def _requested(self, found: Found, line: LogLine, place: str) -> Waiting:
        translation = self._requests.translate(found.document)
        return Waiting(
            request=self._pseudonyms.request(found.document),
            rules=translation.codes,
            life_ms=longest_life_ms(translation.value),
            ids=line.ids,
            at_ms=line.at_ms,
            place=place,
        )

    def _answer(self, answer: Found, line: LogLine, place: str) -> Iterator[Trace]:
        """Find the request that this is the answer to."""
        if self._workflows.knows(answer.dispatch_uuid):
            return  # logged before, by whatever else logs answers
        asked = [waiting for waiting in self._waiting if waiting.ids & line.ids]
        if not asked and answer.form is Form.REFUSAL:
            if any(ids & line.ids for ids in self._foreign):
                return  # of a request to another product
            if line.follows_its_request and len(self._waiting) + len(self._foreign) == 1:
                asked = self._waiting[:]
        if not asked and answer.form is Form.ANSWER:
            asked = [waiting for waiting in self._waiting if waiting.may_belong_to(line.ids)]
        if len(asked) == 1:
            self._waiting.remove(asked[0])
            yield from self._settle(asked[0], answer, line.at_ms)
        elif asked:
            self._notes.add(Note.AMBIGUOUS, place)
            self._untied += 1
            if self._untied >= len(asked):
                # As many answers as requests: none of these waits any longer.
                self._untied = 0
                for waiting in asked:
                    self._give_up(waiting)
        else:
            self._notes.add(Note.UNASKED if answer.form is Form.ANSWER else Note.UNTIED, place)

    def _settle(self, waiting: Waiting, answer: Found, at_ms: int | None) -> Iterator[Trace]:
        status = answer.http_status
        named = answer.dispatch_uuid
        if self._workflows.knows(named):
            self._notes.add(Note.AGAIN, waiting.place)
        elif named is not None:
            accepted = str(status) if status else _ACCEPTED
            yield from self._workflows.accept(named, waiting, accepted, at_ms)
        elif status is None or 400 <= status < 500:
            refused = str(status) if status else _REFUSED
            yield self._workflows.refuse(waiting, refused, at_ms)
        else:
            # Whether Dispatch took it nobody knows, so it is neither accepted nor refused.
            self._notes.add(Note.UNANSWERED, waiting.place)

    def _call_back(self, callback: Found, line: LogLine, place: str) -> None:
        event_ms = instant_ms(callback.document.get("timestamp"))
        at_ms = event_ms if line.at_ms is None else line.at_ms
        skew_ms = (event_ms or 0) - (at_ms or 0)
        if skew_ms >= _SKEW_MS:
            self._notes.add_skew(place, skew_ms)
        told = Told(at_ms=at_ms, body=self._pseudonyms.body(callback.document))
        named = callback.dispatch_uuid
        assert named is not None, "that is how it was recognised"  # noqa: S101
        self._workflows.tell(named, told, place)

    def _give_up_old(self, now_ms: int) -> None:
        if now_ms <= self._patient_until_ms:
            return  # all of them are looked through only when one of them is due
        waiting, self._waiting = self._waiting, []
        self._patient_until_ms = inf
        for each in waiting:
            if each.at_ms is not None and each.at_ms + _PATIENCE_MS < now_ms:
                self._notes.add(Note.UNANSWERED, each.place)
            else:
                self._wait(each)

    def _wait(self, waiting: Waiting) -> None:
        self._waiting.append(waiting)
        if waiting.at_ms is not None:
            self._patient_until_ms = min(self._patient_until_ms, waiting.at_ms + _PATIENCE_MS)

    def _give_up(self, waiting: Waiting) -> None:
        self._waiting.remove(waiting)
        self._notes.add(Note.UNANSWERED, waiting.place)


def _parsed(text: bytes) -> JsonValue:
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


def _should_be_json(record: Record, text: bytes) -> bool:
    """Tell a record that is broken from one that is words: its file, or its beginning, says so."""
    return text.startswith((b'{"', b"[{")) or Path(record.path).suffix.lower() in JSON_SUFFIXES
