"""One workflow in every form in which a log may hold it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import quote

from translators.diagnostics import JsonObject

DISPATCH: Final = "bbbbbbbb-cccc-4ddd-8eee-0123456789ab"
MESSAGE: Final = "11111111-bbbb-4ccc-8ddd-0123456789ab"


def _step(**members: object) -> dict[str, object]:
    return {
        "from": {"type": "sms", "number": "447700900001"},
        "to": {"type": "sms", "number": "447700900000"},
        "message": {"content": {"type": "text", "text": 'Hé [x] {y} "q" \\ 100 %'}},
        **members,
    }


REQUEST: Final[JsonObject] = json.loads(
    json.dumps(
        {
            "template": "failover",
            "workflow": [
                _step(failover={"expiry_time": 15, "condition_status": "delivered"}),
                _step(),
            ],
        }
    )
)
ANSWER: Final[JsonObject] = {"dispatch_uuid": DISPATCH}
STATUS: Final[JsonObject] = {
    "message_uuid": MESSAGE,
    "to": {"type": "sms", "number": "447700900000"},
    "from": {"type": "sms", "number": "447700900001"},
    "timestamp": "2025-02-03T12:13:58.000Z",
    "status": "delivered",
    "_links": {"dispatch": {"dispatch_uuid": DISPATCH, "href": "x"}},
}
REPORT: Final[JsonObject] = {
    "dispatch_uuid": DISPATCH,
    "template": "failover",
    "status": "completed",
    "timestamp": "2025-02-03T12:13:59.000Z",
    "usage": {"price": "0.0333", "currency": "EUR"},
    "_links": {"messages": [{"message_uuid": MESSAGE, "channel": "sms", "status": "delivered"}]},
}
LIFE: Final[tuple[tuple[str, JsonObject], ...]] = (
    ("request", REQUEST),
    ("answer", ANSWER),
    ("callback", STATUS),
    ("callback", REPORT),
)
"""What is logged, a second apart, from 12:13:56 on; with a word for each."""

Form = Callable[[int, str, JsonObject], str]
"""From a second, a word and a document to what the log holds of it."""


def _at(second: int) -> str:
    return f"2025-02-03T12:13:{56 + second}"


def _journal_fields(second: int) -> dict[str, object]:
    return {"__CURSOR": f"s={second}", "__REALTIME_TIMESTAMP": f"{1738584836 + second}000000"}


def _docker(second: int, text: str) -> str:
    line = {"log": text, "stream": "stdout", "time": f"{_at(second)}.100Z"}
    return json.dumps(line) + "\n"


def _each_line(text: str, framed: Callable[[str], str]) -> str:
    return "".join(framed(line) for line in text.splitlines())


def _as_csv(*fields: str) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(fields)
    return line.getvalue()


def _as_nginx(text: str) -> str:
    return text.replace("\\", "\\x5C").replace('"', "\\x22")


def _dumped(second: int, word: str, document: JsonObject) -> str:
    date = f"Date: Mon, 03 Feb 2025 12:13:{56 + second} GMT\r\n"
    head = "HTTP/1.1 202 Accepted\r\n" if word == "answer" else "POST /v0.1/dispatch HTTP/1.1\r\n"
    return f"{head}Host: example.com\r\n{date}\r\n{json.dumps(document)}\r\n\r\n"


def _curl(second: int, word: str, document: JsonObject) -> str:
    date = f"date: Mon, 03 Feb 2025 12:13:{56 + second} GMT\n"
    head = "< HTTP/1.1 202 Accepted\n< " if word == "answer" else "> POST /x HTTP/1.1\n> "
    mark = head[0]
    return f"{head}{date}{mark} \n{json.dumps(document)}\n"


TIMED: Final[dict[str, Form]] = {
    "php error_log": lambda s, w, d: f"[03-Feb-2025 12:13:{56 + s} UTC] {w}: {json.dumps(d)}\n",
    "php in a zone": lambda s, w, d: (
        f"[03-Feb-2025 13:13:{56 + s} Europe/Berlin] {w}: {json.dumps(d)}\n"
    ),
    "laravel": lambda s, w, d: (
        f"[2025-02-03 12:13:{56 + s}] production.INFO: {w} {json.dumps(d)} \n"
    ),
    "laravel with a context": lambda s, w, d: (
        f"[2025-02-03 12:13:{56 + s}] production.INFO: {w} {json.dumps({'body': d})} []\n"
    ),
    "journal, ISO times": lambda s, w, d: f"{_at(s)}+0000 web1 shop[812]: {w} {json.dumps(d)}\n",
    "journal, json": lambda s, w, d: (
        json.dumps({**_journal_fields(s), "MESSAGE": f"{w} {json.dumps(d)}"}) + "\n"
    ),
    "journal, json, as bytes": lambda s, w, d: (
        json.dumps({**_journal_fields(s), "MESSAGE": list(f"{w} {json.dumps(d)}".encode())}) + "\n"
    ),
    "journal, export": lambda s, w, d: (
        "".join(f"{name}={value}\n" for name, value in _journal_fields(s).items())
        + f"_PID=812\nMESSAGE={w} {json.dumps(d)}\n\n"
    ),
    "heroku": lambda s, w, d: f"{_at(s)}.123456+00:00 app[web.1]: {w} {json.dumps(d)}\n",
    "heroku, over lines": lambda s, w, d: _each_line(
        json.dumps(d, indent=2), lambda line: f"{_at(s)}.123456+00:00 app[web.1]: {line}\n"
    ),
    "docker": lambda s, w, d: _docker(s, f"{w} {json.dumps(d)}\n"),
    "docker, in parts": lambda s, w, d: (
        _docker(s, json.dumps(d)[:30]) + _docker(s, f"{json.dumps(d)[30:]}\n")
    ),
    "docker, over lines": lambda s, w, d: _each_line(
        f"{w} {json.dumps(d, indent=2)}", lambda line: _docker(s, f"{line}\n")
    ),
    "docker of a JSON log": lambda s, w, d: _docker(
        s, json.dumps({"level": "info", "body": json.dumps(d)}) + "\n"
    ),
    "kubernetes": lambda s, w, d: f"{_at(s)}.100Z stdout F {w} {json.dumps(d)}\n",
    "kubernetes, in parts": lambda s, w, d: (
        f"{_at(s)}.1Z stdout P {json.dumps(d)[:30]}\n{_at(s)}.1Z stdout F {json.dumps(d)[30:]}\n"
    ),
    "syslog, RFC 5424": lambda s, w, d: (
        f"<134>1 {_at(s)}.100Z web1 shop 812 ID47 - {w} {json.dumps(d)}\n"
    ),
    "apache error log": lambda s, w, d: (
        f"[Mon Feb 03 12:13:{56 + s}.900123 2025] [php:notice] [pid 7] {w} {json.dumps(d)}\n"
    ),
    "nginx, escaped": lambda s, w, d: (
        f'10.0.0.1 - - [03/Feb/2025:12:13:{56 + s} +0000] "POST /x" 202'
        f' "{_as_nginx(json.dumps(d))}"\n'
    ),
    "python logging": lambda s, w, d: (
        f"2025-02-03 12:13:{56 + s},900 INFO shop {w} {json.dumps(d)}\n"
    ),
    "logfmt": lambda s, w, d: f"time={_at(s)}Z msg={w} body={json.dumps(json.dumps(d))}\n",
    "JSON, escaped in a field": lambda s, w, d: (
        json.dumps({"time": f"{_at(s)}Z", "body": json.dumps(d)}) + "\n"
    ),
    "JSON, between words in a field": lambda s, w, d: (
        json.dumps({"time": f"{_at(s)}Z", "msg": f"{w} {json.dumps(d)} done"}) + "\n"
    ),
    "monolog's JSON": lambda s, w, d: (
        json.dumps({"message": w, "context": {"body": d}, "datetime": f"{_at(s)}.5+00:00"}) + "\n"
    ),
    "CSV": lambda s, w, d: _as_csv(f"{_at(s)}Z", w, json.dumps(d)),
    "a form": lambda s, w, d: f"{_at(s)}Z POST /x?body={quote(json.dumps(d))}\n",
    "over lines, after a time": lambda s, w, d: (
        f"[2025-02-03 12:13:{56 + s}] {w} {json.dumps(d, indent=4)}\n"
    ),
    "dump with headers": _dumped,
    "dump by curl": _curl,
}
UNDATED: Final[dict[str, Form]] = {
    "journal, short": lambda s, w, d: (
        f"Feb 03 12:13:{56 + s} web1 shop[812]: {w} {json.dumps(d)}\n"
    ),
    "syslog, RFC 3164": lambda s, w, d: (
        f"<134>Feb  3 12:13:{56 + s} web1 shop[812]: {w} {json.dumps(d)}\n"
    ),
    "docker compose": lambda s, w, d: f"web-1  | {w} {json.dumps(d)}\n",
    "over lines, alone": lambda s, w, d: json.dumps(d, indent=2) + "\n",
    "alone": lambda s, w, d: json.dumps(d) + "\n",
}
"""Forms that do not say in which year a line was written, or not when at all."""


def log_of(form: Form, life: Iterable[tuple[str, JsonObject]] = LIFE) -> str:
    """Write a workflow as a log of one form."""
    return "".join(form(second, word, document) for second, (word, document) in enumerate(life))


def binary_export(life: Iterable[tuple[str, JsonObject]] = LIFE) -> bytes:
    """Write it as the journal exports messages of several lines: with their length before them."""
    entries = []
    for second, (word, document) in enumerate(life):
        message = f"{word} {json.dumps(document, indent=1)}\n\nand more".encode()
        fields = _journal_fields(second).items()
        head = "".join(f"{name}={value}\n" for name, value in fields).encode()
        size = len(message).to_bytes(8, "little")
        entries.append(head + b"MESSAGE\n" + size + message + b"\n_UID=7\n\n")
    return b"".join(entries)
