"""What an import has to say about lines that became no trace, counted by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from gateway.offline.inputs import Trouble
from gateway.offline.log_bodies import Body

_MOST_UNREADABLE: Final = 20


class Note(StrEnum):
    """A kind of finding, in words that follow the place of the first and a count."""

    UNREADABLE = "is not JSON either, {more} beyond those listed"
    UNANSWERED = "is a request without an answer that says what became of it, {more}; not imported"
    AMBIGUOUS = (
        "is an answer to one of several requests and does not say to which, {more}; log an id"
        " such as request_id with both"
    )
    UNASKED = "is an answer to a request that is not in the log, {more}"
    UNTIED = (
        "is a refusal and does not say of which request, {more}; log the request, and an id such"
        " as request_id with both"
    )
    STRANGER = (
        "is a callback of a workflow that is not in the log, or whose report is more than a day"
        " older, {more}; not imported"
    )
    CROWDED = (
        "is a request for which an older workflow had to be written unfinished, {more}: too many"
        " were open; import the log in pieces"
    )
    AGAIN = "is a request whose workflow came before, {more}; imported once"
    REPEATED = "is a callback that came before, byte for byte, {more}; told once"
    SKEWED = "is a callback that arrived before the instant it tells of, {more}; kept as it is"
    UNDATED = "does not say when it was written, {more}; the callbacks' own timestamps are taken"
    NOTHING = "holds nothing of Dispatch, {more}"


_LOSSES: Final = frozenset({Note.UNREADABLE, Note.AMBIGUOUS, Note.UNTIED, Note.CROWDED})
"""What a person has to mend; the rest is told and stays as it is, such as the edges of a log."""


class Notes:
    """Counts what was found, by kind, and remembers where each kind was met first."""

    def __init__(self) -> None:
        self._first: dict[Note, str] = {}
        self._counts: Counter[Note] = Counter()
        self._bodies: Counter[Body] = Counter()
        self._first_bodies: dict[Body, str] = {}
        self._unreadable = 0
        self._worst_skew_ms = 0

    def add(self, note: Note, place: str, count: int = 1) -> None:
        """Count a finding."""
        self._first.setdefault(note, place)
        self._counts[note] += count

    def add_skew(self, place: str, skew_ms: int) -> None:
        """Count a callback that arrived `skew_ms` before it happened."""
        self._worst_skew_ms = max(self._worst_skew_ms, skew_ms)
        self.add(Note.SKEWED, place)

    def add_body(self, body: Body, place: str) -> None:
        """Count what is no part of a workflow's record."""
        self._first_bodies.setdefault(body, place)
        self._bodies[body] += 1

    def unreadable(self, place: str, problem: str) -> Iterator[Trouble]:
        """Tell of a record that cannot be read; of a few each, then count."""
        self._unreadable += 1
        if self._unreadable > _MOST_UNREADABLE:
            self.add(Note.UNREADABLE, place)
            return
        yield Trouble(path=place, problem=problem)

    def told(self) -> Iterator[Trouble]:
        """Yield one sentence for each kind that was met."""
        for note in Note:
            if count := self._counts[note]:
                more = "the only one" if count == 1 else f"the first of {count:,}"
                if note is Note.SKEWED:
                    more += f", by up to {self._worst_skew_ms / 1000:g} s"
                problem = note.value.format(more=more)
                yield Trouble(path=self._first[note], problem=problem, is_loss=note in _LOSSES)
        for body, count in self._bodies.items():
            more = "the only one" if count == 1 else f"the first of {count:,}"
            problem = f"is a {body.one}, not of Dispatch, {more}; not imported"
            yield Trouble(path=self._first_bodies[body], problem=problem, is_loss=False)
