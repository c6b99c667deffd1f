"""The language of events: `1 submitted @1s`, one event in each line.

    STEP STATUS [CODE] @TIME     v1 tells a status; CODE for rejected and undeliverable
    STEP refused [CODE] [@TIME]  v1 refuses the POST: the message is not sent
    STEP lost [@TIME]            the POST is not answered: sent or not, nobody knows
    STEP answered @TIME          the 202 comes that late; without this line at once

STEP counts from 1. TIME runs from the moment that step's message is sent: `500ms`, `1s`, `20m`,
`1h30m`, `2d`. The same line twice is a webhook that comes twice. In a file, `#` begins a comment.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.simulation.durations import LONGEST_MS, duration, read_duration
from gateway.simulation.fates import FAILED
from translators.error_codes import ERROR_CODES

STATUSES: Final = ("submitted", "delivered", "read", "rejected", "undeliverable")
WORDS: Final = (*STATUSES, "refused", "lost", "answered")

UNKNOWN_ERROR: Final = 1330
"""The code of a failure that names none: "Unknown", which v1 writes when it has no better one."""
INVALID_PARAMS: Final = 1020
"""The code of a refusal that names none."""

OPTION: Final = "--event"
"""The source of events that come on the command line."""

_CODED: Final = FAILED | {"refused"}
_TIMELESS: Final = frozenset({"refused", "lost"})
_TOKEN: Final = re.compile(r"\S+")
_FORM: Final = "write: STEP WORD [CODE] @TIME, such as 1 delivered @20m"
_SHOWN: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a line of the language was written."""

    source: str
    """`OPTION`, or the name of a file."""
    line: int
    """In the file; of an option, its number."""

    def at(self, column: int) -> str:
        """Name a column of the line, counted from 1."""
        if self.source == OPTION:
            return f"{OPTION} {self.line}, column {column}"
        return f"{self.source}:{self.line}:{column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedEvent:
    """One line of the language."""

    step: int
    """An index into the workflow."""
    word: str
    code: int | None
    after_ms: int
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptFault:
    """What is wrong with a line, and what to write instead."""

    origin: Origin
    column: int
    problem: str

    def __str__(self) -> str:
        return f"{self.origin.at(self.column)}: {self.problem}"


Line: TypeAlias = ScriptedEvent | ScriptFault


def read_script(text: str, source: str) -> list[Line]:
    """Read a file of events; blank lines and comments are skipped."""
    read: list[Line] = []
    for number, line in enumerate(text.splitlines(), 1):
        said = line.partition("#")[0]
        if said.strip():
            read.append(read_event(said, Origin(source=source, line=number)))
    return read


def read_event(text: str, origin: Origin) -> Line:
    """Read one event."""
    tokens = [(match[0], match.start() + 1) for match in _TOKEN.finditer(text)]
    end = len(text.rstrip()) + 1
    if len(tokens) < 2:
        column = tokens[0][1] if tokens else 1
        return ScriptFault(origin=origin, column=column, problem=f"is not an event; {_FORM}")
    (number, number_at), (word, word_at), *rest = tokens
    if re.fullmatch(r"[1-9][0-9]{0,4}", number) is None:
        problem = f"{_shown(number)} is not the number of a step, which count from 1; {_FORM}"
        return ScriptFault(origin=origin, column=number_at, problem=problem)
    if word not in WORDS:
        return ScriptFault(origin=origin, column=word_at, problem=_unknown_word(word))
    code: int | None = None
    if word in _CODED:
        code = INVALID_PARAMS if word == "refused" else UNKNOWN_ERROR
    if rest and not rest[0][0].startswith("@"):
        (text_code, code_at), *rest = rest
        if fault := _code_problem(word, text_code):
            return ScriptFault(origin=origin, column=code_at, problem=fault)
        code = int(text_code)
    after_ms = 0
    if rest:
        (time, time_at), *rest = rest
        read = read_duration(time.removeprefix("@")) if time.startswith("@") else None
        if read is None:
            return ScriptFault(origin=origin, column=time_at, problem=_time_problem(time))
        after_ms = read
    elif word not in _TIMELESS:
        problem = f"lacks a time: when after its sending, such as {number} {word} @1s"
        return ScriptFault(origin=origin, column=end, problem=problem)
    if rest:
        problem = f"{_shown(rest[0][0])} is one word too many; {_FORM}"
        return ScriptFault(origin=origin, column=rest[0][1], problem=problem)
    return ScriptedEvent(
        step=int(number) - 1, word=word, code=code, after_ms=after_ms, origin=origin
    )


def _unknown_word(word: str) -> str:
    near = difflib.get_close_matches(word.lower(), WORDS, n=1)
    hint = f"; did you mean {near[0]}?" if near else ";"
    return f"{_shown(word)} is not a word for what happens{hint} there are: {', '.join(WORDS)}"


def _code_problem(word: str, code: str) -> str | None:
    if read_duration(code) is not None:
        return f"{_shown(code)} is a time without its @; write @{code}"
    if word not in _CODED:
        return f"{_shown(code)} is neither a time nor wanted here; {_FORM}"
    if not (code.isascii() and code.isdigit() and len(code) <= 6 and int(code) in ERROR_CODES):
        return f"{_shown(code)} is not an error code of docs/wire.md appendix A, such as 1300"
    return None


def _time_problem(time: str) -> str:
    longest = duration(LONGEST_MS)
    return (
        f"{_shown(time)} is not a time; write @ and a number with ms, s, m, h or d, such as @1.5s"
        f" or @1h30m, at most {longest}"
    )


def _shown(word: str) -> str:
    return repr(word if len(word) <= _SHOWN else f"{word[:_SHOWN]}…")
