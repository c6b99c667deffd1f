"""Logging: one line of JSON per fact, made of known events and known fields only.

The boundary is an allow-list. A field that is not in `FIELDS` is dropped and counted, whatever it
holds, so a phone number, a text or a secret cannot reach the log by being forgotten. Exceptions
are logged as class and places in the code, never as text: the text may quote the input.
"""

from __future__ import annotations

import logging
import os
import select
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any, BinaryIO, Final, cast

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

EVENTS: Final = frozenset(
    {
        "alarm.cleared",
        "alarm.raised",
        "callback.buried",
        "callback.deferred",
        "callback.replayed",
        "caller.limited",
        "caller.refused",
        "certificate.refused",
        "certificate.renewed",
        "comparison.differed",
        "connections.refused",
        "credentials.refused",
        "dispatch.accepted",
        "dispatch.event_committed",
        "gateway.started",
        "hearing.gap_held",
        "gateway.stopped",
        "inbound.sender_unknown",
        "legacy.ended",
        "legacy.returned",
        "legacy.unreachable",
        "listener.starved",
        "library.reported",
        "request.failed",
        "request.misdirected",
        "request.refused",
        "retention.wiped",
        "send.deferred",
        "send.suspended",
        "setting.doubted",
        "settings.refused",
        "settings.reloaded",
        "settings.restart_needed",
        "settings.secret_renewed",
        "split.crossed",
        "split.dial_turned",
        "split.dial_unreadable",
        "split.ledger_began",
        "split.pledge_kept",
        "split.stepped_back",
        "store.became_unavailable",
        "store.opened",
        "store.rescue_failed",
        "store.rescue_found",
        "store.rescued",
        "store.resumed",
        "timer.failed",
        "trace.fact_dropped",
        "trace.key_drawn",
        "trace.unwritten",
        "upstream.misconfigured",
        "webhook.discarded",
        "webhook.dispatch_unknown",
        "webhook.held",
        "webhook.in_v01_shape",
        "webhook.other_message_held",
        "webhook.refused",
        "webhook.unrouted",
        "worker.died",
        "worker.item_failed",
    }
)
"""Every event there is, as noun and past tense. A new one is added here first."""

FIELDS: Final = frozenset(
    {
        # what it is about
        *(
            "account",
            "alarm",
            "application",
            "channel",
            "dispatch_uuid",
            "instance",
            "item",
            "revision",
            "step",
        ),
        # what happened
        *("dispatch_status", "event_type", "http_status", "ignored", "path", "problem", "reason"),
        *("candidate", "fingerprint", "kind", "known", "outcome", "reasons"),
        *("remedy", "rules", "setting", "step_status", "why"),
        # how much, how long, how often
        *("applications", "changed", "days_left", "delay_s", "duration_ms", "rows"),
        *("share", "steps", "times", "tries"),
        *("callbacks", "dispatches", "sends", "timers"),
        # where
        *("admin_host", "admin_port", "host", "legacy", "listeners", "tls"),
        *("logger", "modes", "port", "store", "version", "worker"),
        # exceptions, written by `_describe_exception` only
        *("caused_by", "error_type", "places"),
        # written by the pipeline itself
        *("dropped", "event", "level", "timestamp"),
    }
)
"""Every field a line may have: no body, address, credential or text of a person is among them."""

UNKNOWN_EVENT: Final = "log.event_unknown"
_MAX_TEXT: Final = 256
_MAX_ITEMS: Final = 50
_MAX_PLACES: Final = 20
_MAX_INT: Final = 2**63
_ROOT: Final = Path(__file__).resolve().parent.parent


def get_logger() -> FilteringBoundLogger:
    """Return a logger; it follows the configuration from its first line on."""
    return cast("FilteringBoundLogger", structlog.get_logger())


def configure_logging(
    level: str = "info",
    style: str = "auto",
    *,
    stream: BinaryIO | None = None,
    is_final: bool = False,
) -> Boundary:
    """Send all logging of the process to standard error, that of libraries included.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        style: `json`, `console`, or `auto`: console on a terminal, JSON elsewhere.
        stream: where lines go instead.
        is_final: nothing is configured after this; loggers may keep what they are set up with,
            which halves the cost of a line.

    Returns:
        The boundary, whose counts tell what was dropped.
    """
    target = sys.stderr.buffer if stream is None else stream
    is_console = style == "console" or (style == "auto" and target.isatty())
    boundary = Boundary()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            # Lines are dated for people; nothing is decided by this clock.
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _describe_exception,
            boundary,
            *_renderers(is_console, has_colours=target.isatty() and "NO_COLOR" not in os.environ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.BytesLoggerFactory(cast("BinaryIO", _Sink(target, boundary))),
        cache_logger_on_first_use=is_final,
    )
    logging.basicConfig(handlers=[_LibraryHandler()], level=logging.WARNING, force=True)
    return boundary


class Boundary:
    """The processor that lets known events and known fields pass, and counts the rest."""

    def __init__(self) -> None:
        self.dropped_fields = 0
        self.dropped_lines = 0
        """Lines the stream did not take: a full disk must not stop the gateway."""

    def __call__(self, logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
        event = line.pop("event", None)
        passed = {key: _tame(value) for key, value in line.items() if key in FIELDS}
        # An unknown event may be a formatted text, with anything in it.
        passed = {"event": event if event in EVENTS else UNKNOWN_EVENT, **passed}
        if dropped := len(line) + 1 - len(passed):
            self.dropped_fields += dropped
            passed["dropped"] = dropped
        return passed


class _Sink:
    """A stream that is never waited for: what it does not take at once is counted, not written.

    A pipe that nobody reads would otherwise stop the event loop, and with it every timer.
    """

    def __init__(self, stream: BinaryIO, boundary: Boundary) -> None:
        self._stream = stream
        self._boundary = boundary
        self._readiness = _readiness_of(stream)

    def write(self, line: bytes) -> None:
        if self._readiness is not None and (
            len(line) > select.PIPE_BUF or not self._readiness.poll(0)
        ):
            self._boundary.dropped_lines += 1
            return
        try:
            self._stream.write(line)
        except (OSError, ValueError):  # ValueError: the stream was closed
            self._boundary.dropped_lines += 1

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self._boundary.dropped_lines += 1


def _readiness_of(stream: BinaryIO) -> select.poll | None:
    """Return what tells whether `stream` takes a line of up to PIPE_BUF bytes without waiting."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError, AttributeError):
        return None  # a buffer in memory
    readiness = select.poll()
    readiness.register(descriptor, select.POLLOUT)
    return readiness


class _LibraryHandler(logging.Handler):
    """Reports that a library logged something, and where: its text may quote anything."""

    def emit(self, record: logging.LogRecord) -> None:
        line: dict[str, Any] = {"logger": record.name}
        if record.exc_info:
            line["exc_info"] = record.exc_info
        else:
            line["places"] = [_place(record.pathname, record.lineno, record.funcName or "")]
        log = get_logger()
        report = log.error if record.levelno >= logging.ERROR else log.warning
        report("library.reported", **line)


def _renderers(is_console: bool, has_colours: bool) -> list[Processor]:
    if not is_console:
        return [structlog.processors.JSONRenderer(serializer=_to_json)]
    return [structlog.dev.ConsoleRenderer(colors=has_colours), _encode]


def _to_json(line: Mapping[str, Any], **_: object) -> bytes:
    return orjson.dumps(line)


def _encode(logger: WrappedLogger, method: str, text: Any) -> bytes:
    return str(text).encode("utf-8", "replace")


def _describe_exception(
    logger: WrappedLogger, method: str, line: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace `exc_info` by the class of the exception and the places it went through."""
    error = line.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if not isinstance(error, BaseException):
        return line
    line["error_type"] = type(error).__name__
    line["places"] = _places(error.__traceback__)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        line["caused_by"] = type(cause).__name__
    return line


def _places(trace: TracebackType | None) -> list[str]:
    """Return where a traceback went, the innermost place last, without any value."""
    places = [
        _place(frame.f_code.co_filename, number, frame.f_code.co_name)
        for frame, number in walk_tb(trace)
    ]
    return places[-_MAX_PLACES:]


def _place(filename: str, number: int, function: str) -> str:
    path = Path(filename)
    if path.is_relative_to(_ROOT) and "site-packages" not in path.parts:
        shown = str(path.relative_to(_ROOT))
    else:
        shown = "/".join(path.parts[-2:])
    return f"{shown}:{number} {function}"


def _tame(value: object) -> object:
    """Return a value every renderer can write on one line of bounded length."""
    if isinstance(value, str):
        return _tame_text(str(value))
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        return value if abs(value) < _MAX_INT else "out of range"
    if isinstance(value, list | tuple):
        return [_tame(each) for each in value[:_MAX_ITEMS]]
    return type(value).__name__


def _tame_text(text: str) -> str:
    cut = text[:_MAX_TEXT]
    if cut.isprintable():
        return cut
    # Also what JSON leaves as it is: C1 controls drive terminals, surrogates break encoders.
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)
