"""A gateway that is sent cases, and what must not come of them."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import unquote

import orjson

from tests.fuzz.cases import Case, Kind, make
from tests.fuzz.documents import CANARY
from tests.gateway.api.tokens import basic
from tests.support.description import undescribed
from tests.support.world import API_KEY, API_SECRET, PUBLIC_URL, WHATSAPP_THEN_SMS, World

_TRACES: Final = ("request.failed", "worker.item_failed", "worker.died", "timer.failed")
_NUMBERS: Final = (b"447700900000", b"447700900001")
"""What the fixtures call people by."""
_LONGEST_REFUSAL: Final = 4096
_CREDENTIALS: Final = basic(f"{API_KEY}:{API_SECRET}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: bytes) -> str:
        """Return a header's value, empty without one."""
        return next((value.decode() for key, value in self.headers if key == name), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A case that did what none must do."""

    case: Case
    faults: tuple[str, ...]

    def __str__(self) -> str:
        case = self.case
        shown = case.body if len(case.body) <= 600 else case.body[:600] + b"..."
        return (
            f"{case.kind} {case.number}, of {case.base} by the mutations {list(case.steps)}:"
            f" {'; '.join(self.faults)}\n  {case.method} {case.path} {case.headers}\n  {shown!r}"
        )


@dataclass(slots=True, kw_only=True)
class Fuzzer:
    """Sends cases to one gateway."""

    world: World
    log: io.BytesIO
    seed: int
    statuses: Counter[int] = field(default_factory=Counter)
    _token: str = ""
    _read: int = 0

    async def prepare(self) -> None:
        """Have a step under way whose token webhooks can name."""
        await self.world.dispatch(WHATSAPP_THEN_SMS)
        (send, *_) = await self.world.sends(1)
        self._token = str(send["webhook_url"]).removeprefix(PUBLIC_URL).rpartition("/")[2]

    async def run(self, kind: Kind, numbers: Iterable[int]) -> list[Failure]:
        """Send the cases of these numbers; return those that fail, each as small as it gets."""
        failures = []
        app = self.world.gateway.app()
        for number in numbers:
            case = make(kind, self.seed, number)
            if faults := await self.faults_of(case, app):
                failures.append(await self._smallest(Failure(case=case, faults=faults), app))
            if number % 500 == 0:
                await self._tidy()
        return failures

    async def faults_of(self, case: Case, app: Any) -> tuple[str, ...]:
        """Send one case, and return what must not have come of it."""
        path, headers = case.path, [*case.headers.items()]
        if case.kind is Kind.WEBHOOK:
            path = path.replace("{token}", self._token)
            signed = self.world.signed(case.body)["Authorization"]
            headers.append(("Authorization", signed))
        else:
            headers.append(("Authorization", _CREDENTIALS))
        try:
            answer = await ask(app, case.method, path, headers, case.body)
        except Exception as error:
            return (f"raised {type(error).__name__}: {error}",)
        self.statuses[answer.status] += 1
        return (*self._faults(case, path, answer), *self._log_faults())

    def _faults(self, case: Case, path: str, answer: Answer) -> Iterator[str]:
        if answer.status >= 500:
            yield f"was answered {answer.status}"
        if case.kind is Kind.WEBHOOK and answer.status not in (200, 413):
            yield f"was signed, and answered {answer.status}"
        shown = b"".join(value for _, value in answer.headers)
        shown += answer.body if answer.status >= 300 else b""
        if CANARY.encode() in shown or any(number in shown for number in _NUMBERS):
            yield "is repeated in its answer"
        if answer.status >= 300 and len(answer.body) > _LONGEST_REFUSAL:
            yield f"is refused at length, in {len(answer.body)} bytes"
        if case.method != "HEAD":
            yield from undescribed(
                case.method,
                unquote(path.partition("?")[0]),
                status=answer.status,
                media_type=answer.header(b"content-type"),
                body=answer.body,
            )

    def _log_faults(self) -> Iterator[str]:
        """Read what was logged since the last look."""
        written = self.log.getvalue()[self._read :]
        self._read += len(written)
        if CANARY.encode() in written or any(number in written for number in _NUMBERS):
            yield "is repeated in the log"
        for line in written.splitlines():
            told = orjson.loads(line)
            if told["event"] in _TRACES or "error_type" in told:
                yield f"left {told['event']} in the log: {told.get('places', [])[-1:]}"

    async def _smallest(self, failure: Failure, app: Any) -> Failure:
        """Leave out one mutation after the other, as long as it fails."""
        steps = list(failure.case.steps)
        for step in list(steps):
            fewer = [each for each in steps if each != step]
            case = make(failure.case.kind, self.seed, failure.case.number, fewer)
            if faults := await self.faults_of(case, app):
                steps, failure = fewer, replace(failure, case=case, faults=faults)
        return failure

    async def _tidy(self) -> None:
        """Let go of what was seen, which would be gigabytes."""
        self.world.upstream.seen.clear()
        self.world.receiver.seen.clear()
        self.log.seek(0)
        self.log.truncate()
        self._read = 0


async def ask(
    app: Any, method: str, path: str, headers: list[tuple[str, str]], body: bytes
) -> Answer:
    """Send a request to an ASGI application as a server would, without a server."""
    raw_path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(raw_path),
        "raw_path": raw_path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (b"host", b"gateway"),
            *((name.lower().encode(), value.encode("utf-8")) for name, value in headers),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8080),
        "state": {},
    }
    sent = [{"type": "http.request", "body": body, "more_body": False}]
    started: dict[str, Any] = {}
    parts = bytearray()

    async def receive() -> dict[str, Any]:
        return sent.pop() if sent else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        else:
            parts.extend(message.get("body", b""))

    await app(scope, receive, send)
    return Answer(status=started["status"], headers=list(started["headers"]), body=bytes(parts))
