"""What carriers of logs put around each line of a program, and the line within.

Docker, Kubernetes, the journal, syslog and Heroku take a program's output line by line and give
each line a frame of their own. So a body that was printed over several lines is in as many frames,
and a long line in several; without the frames they can be put together again.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from gateway.offline.log_times import time_in
from translators.diagnostics import JsonValue

_TIME: Final = (
    rb"(?P<at>[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?"
    rb"(?:Z|[+-][0-9]{2}:?[0-9]{2})?)"
)
_TEXT: Final = rb"(?P<text>.*)"
_FORMS: Final = tuple(
    re.compile(form, re.DOTALL)
    for form in (
        # Kubernetes: P is a part of a line.
        _TIME + rb" (?P<source>stdout|stderr) (?P<tag>[PF])(?::\S*)? " + _TEXT,
        # Syslog, RFC 5424.
        rb"<[0-9]{1,3}>1 "
        + _TIME
        + rb" (?P<source>\S+ \S+ \S+) \S+ (?:-|(?:\[[^\]]*\])+) ?"
        + _TEXT,
        # Heroku, and the journal with ISO times: a host perhaps, then a program with a number.
        _TIME + rb" (?P<source>(?:\S+ )?[^\s:\[\]{}\"]+\[[^\]\s]*\]): ?" + _TEXT,
        # Syslog, RFC 3164, and the journal's short form.
        rb"(?:<[0-9]{1,3}>)?(?P<short>[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}(?:\.[0-9]+)?)"
        rb" (?P<source>\S+ [^\s:\[\]{}\"]+(?:\[[^\]\s]*\])?): ?" + _TEXT,
        # docker compose.
        rb"(?P<source>[A-Za-z0-9][\w.-]*) +\| " + _TEXT,
    )
)
# By these a line is worth being parsed: the members may stand in any order.
_DOCKER: Final = re.compile(rb'\s*\{(?=.*"log"\s*:)(?=.*"stream"\s*:)', re.DOTALL)
_JOURNAL: Final = re.compile(
    rb'\s*\{(?=.*"MESSAGE"\s*:)(?=.*"__REALTIME_TIMESTAMP"\s*:)', re.DOTALL
)
EXPORT_BEGINS: Final = b"__CURSOR="
"""The first field of every entry of the journal in its form for export."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One line of a program, and what its carrier says of it."""

    text: bytes
    """With its line end, if it has one."""
    at: JsonValue
    """When it was written, in a form that is read elsewhere; `None` if nothing says it."""
    source: str
    """Who wrote it: lines of one source belong together."""
    is_part: bool = False
    """Whether the line goes on in the next frame of its source."""


def frame_of(raw: bytes) -> Frame | None:
    """Take the frame off a line; `None` if it has none that is known."""
    if raw[:1] == b"{":
        return _of_docker(raw) or _of_journal(raw)
    for form in _FORMS:
        if found := form.match(raw):
            parts = found.groupdict()
            is_part = parts.get("tag") == b"P"
            at = (parts.get("at") or b"").decode()
            return Frame(
                text=parts["text"].rstrip(b"\r\n") if is_part else parts["text"],
                at=time_in(at) if at else None,
                source=parts["source"].decode(errors="replace"),
                is_part=is_part,
            )
    return None


def frame_of_export(entry: bytes) -> Frame | None:
    """Read one entry of the journal's form for export; `None` if it is not whole.

    A field is `NAME=value`, or, where its value has line ends or is no text, `NAME`, a line end,
    its length in eight bytes, little end first, the value and a line end.
    """
    fields: dict[str, bytes] = {}
    at = 0
    while at < len(entry):
        end = entry.find(b"\n", at)
        end = len(entry) if end < 0 else end
        name, equals, value = entry[at:end].partition(b"=")
        at = end + 1
        if not equals and name.strip():
            size = int.from_bytes(entry[at : at + 8], "little")
            value = entry[at + 8 : at + 8 + size]
            if len(value) < size:
                return None
            at += 8 + size + 1
        fields[name.decode(errors="replace")] = value
    return _journal_frame(
        {name: value.decode(errors="surrogateescape") for name, value in fields.items()}
    )


def _of_docker(raw: bytes) -> Frame | None:
    line = _parsed(raw) if _DOCKER.match(raw) else None
    if not isinstance(line, dict) or not isinstance(line.get("log"), str):
        return None
    text = str(line["log"])
    return Frame(
        text=text.encode(errors="surrogatepass"),
        at=line.get("time"),
        source=str(line.get("stream")),
        is_part=bool(text) and not text.endswith("\n"),
    )


def _of_journal(raw: bytes) -> Frame | None:
    line = _parsed(raw) if _JOURNAL.match(raw) else None
    return _journal_frame(line) if isinstance(line, dict) else None


def _journal_frame(entry: dict[str, JsonValue] | dict[str, str]) -> Frame | None:
    match entry.get("MESSAGE"):
        case str(message):
            text = message.encode(errors="surrogateescape")
        case list(numbers) if all(isinstance(each, int) and 0 <= each < 256 for each in numbers):
            text = bytes(each for each in numbers if isinstance(each, int))
        case _:
            return None
    names = ("_HOSTNAME", "_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER", "_PID")
    return Frame(
        text=text + b"\n",
        at=entry.get("__REALTIME_TIMESTAMP"),
        source=" ".join(str(entry.get(name)) for name in names),
    )


def _parsed(raw: bytes) -> JsonValue:
    try:
        value: JsonValue = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return value
