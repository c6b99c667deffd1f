"""Transcripts: whole dispatches as text, in `fixtures/interactions/*.txt`.

A line at the margin is a command, a comment (`#`) or blank; the indented lines below a command
are everything it led to, complete. The walker plays the commands and compares the text;
`UPDATE_GOLDENS=1` rewrites it, and a person reads the difference.

    dispatch whatsapp read 600 | sms[; resending in doubt][; counting from the intent]
        [; correcting the report]
    at 0.2s send 1 accepted as A            the upstream's 202
    at 0.2s send 1 refused 1120 Illegal Sender
    at 0.2s send 1 lost to read-timeout     in doubt
    at 1s webhook A delivered [for 1] [stamped 0.9s] [usage 0.0333 EUR] [error 1300 Reason]
    advance 600s

Steps are counted from one, messages are letters, instants are seconds since the dispatch.
`for 1` names the step by its token, for a message whose 202 is not in yet; `stamped` repeats the
upstream's own timestamp, which is how a duplicate is told. `at` lets everything happen that is
due before that instant, so that what it introduces wins a tie; `advance` lets happen what is due
until then, inclusive.

Reading a line (`parse`) and carrying it out (`Stage`) are separate. `core_stage` plays on the pure
machine; another stage can play the same transcripts on the running gateway, answering its sends,
posting the webhooks and moving its clock, and print what leaves it: `send`, `tell`, `report`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from gateway.core.state import ExpiryStart, Step, Terms, Usage
from tests.support.playbook import BIRTH_MS, workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """The caller dispatches a workflow."""

    steps: tuple[Step, ...]
    terms: Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """The upstream answers a send with 202."""

    step: int
    letter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The upstream refuses a send."""

    step: int
    code: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lose:
    """The answer to a send is lost."""

    step: int
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """A v1 status webhook arrives. `step` is given when only its token can tell."""

    letter: str
    word: str
    step: int | None
    stamped: str | None
    usage: Usage | None
    error_code: int | None
    error_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """Time passes."""

    duration_ms: int


Command: TypeAlias = Begin | Accept | Refuse | Lose | Notify | Advance


class Stage(Protocol):
    """Where a transcript is played. What is printed is what the transcript shows, indented."""

    def at(self, instant_ms: int) -> Iterator[str]:
        """Let everything happen that is due before `instant_ms`, and print it."""
        ...

    def perform(self, command: Command) -> Iterator[str]:
        """Carry out a command now, and print what it led to."""
        ...


_SECONDS: Final = r"([0-9.]+)s"
_GRAMMAR: Final[tuple[tuple[str, Callable[..., Command]], ...]] = (
    (
        r"dispatch ([a-z0-9_| ]+)(; resending in doubt)?(; counting from the intent)?"
        r"(; correcting the report)?",
        lambda steps, resending, intent, correcting: Begin(
            steps=workflow(steps),
            terms=Terms(
                resends_in_doubt=resending is not None,
                expiry_start=ExpiryStart.INTENT if intent else ExpiryStart.ACCEPTED,
                corrects_reports=correcting is not None,
            ),
        ),
    ),
    (
        r"send (\d+) accepted as (\w+)",
        lambda step, letter: Accept(step=int(step) - 1, letter=letter),
    ),
    (
        r"send (\d+) refused (\d+) (.+)",
        lambda step, code, reason: Refuse(step=int(step) - 1, code=int(code), reason=reason),
    ),
    (
        r"send (\d+) lost to ([a-z-]+)",
        lambda step, cause: Lose(step=int(step) - 1, cause=cause),
    ),
    (
        r"webhook (\w+) (\w+)(?: for (\d+))?(?: stamped ([0-9.]+s))?"
        r"(?: usage ([0-9.]+) ([A-Z]+))?(?: error (\d+) (.+))?",
        lambda letter, word, step, stamped, price, currency, code, reason: Notify(
            letter=letter,
            word=word,
            step=step and int(step) - 1,
            stamped=stamped,
            usage=price and Usage(currency=currency, price=price),
            error_code=code and int(code),
            error_reason=reason,
        ),
    ),
    (rf"advance {_SECONDS}", lambda span: Advance(duration_ms=_milliseconds(span))),
)


def parse(line: str) -> tuple[int | None, Command]:
    """Read a command line: the instant it names, if it does, and the command."""
    instant = re.match(rf"at {_SECONDS} ", line)
    rest = line[instant.end() :] if instant else line
    for pattern, build in _GRAMMAR:
        if found := re.fullmatch(pattern, rest):
            return instant and BIRTH_MS + _milliseconds(instant[1]), build(*found.groups())
    raise ValueError(f"not a command: {line}")


def play(transcript: str, stage: Stage) -> str:
    """Play the commands of a transcript and return it with what they led to."""
    lines: list[str] = []
    for line in transcript.splitlines():
        if line.startswith("  "):
            continue
        lines.append(line)
        if line == "" or line.startswith("#"):
            continue
        instant_ms, command = parse(line)
        if instant_ms is not None:
            lines += (f"  {printed}" for printed in stage.at(instant_ms))
        lines += (f"  {printed}" for printed in stage.perform(command))
    return "\n".join(lines) + "\n"


def golden(path: Path, played: str) -> str:
    """Return what the transcript holds, rewritten first if `UPDATE_GOLDENS=1` asks for it."""
    if os.environ.get("UPDATE_GOLDENS") == "1":
        path.write_text(played, encoding="utf-8")
    return path.read_text(encoding="utf-8")


def _milliseconds(text: str) -> int:
    return round(float(text) * 1000)
