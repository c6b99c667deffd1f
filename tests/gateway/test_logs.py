"""Logging: known events, known fields, one line each, and nothing private."""

from __future__ import annotations

import ast
import functools
import io
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson
import pytest

from gateway.logs import EVENTS, FIELDS, UNKNOWN_EVENT, Boundary, configure_logging, get_logger
from tests.gateway.restoring import logging_restored

GATEWAY = Path(__file__).parents[2] / "gateway"
CANARY = "447700900000"


class Log:
    """What was logged, and what was dropped."""

    def __init__(self, level: str = "info", style: str = "json") -> None:
        self.stream = io.BytesIO()
        self.boundary: Boundary = configure_logging(level, style, stream=self.stream)

    def text(self) -> str:
        return self.stream.getvalue().decode()

    def lines(self) -> list[dict[str, Any]]:
        return [orjson.loads(line) for line in self.text().splitlines()]


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    with logging_restored():
        yield


def fail_with(text: str) -> None:
    try:
        raise KeyError(text)
    except KeyError as cause:
        raise ValueError(text) from cause


@functools.cache
def calls() -> list[tuple[str, ast.Call]]:
    """Every call of a logger in the gateway."""
    return [
        (path.name, node)
        for path in GATEWAY.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"debug", "info", "warning", "error", "critical"}
        and ast.unparse(node.func.value) in {"log", "self._log", "get_logger()"}
    ]


def test_a_line_is_json_with_event_level_and_time(log: Log) -> None:
    get_logger().info("dispatch.accepted", dispatch_uuid="u", steps=2)
    (line,) = log.lines()
    assert {**line, "timestamp": "t"} == {
        "event": "dispatch.accepted",
        "level": "info",
        "timestamp": "t",
        "dispatch_uuid": "u",
        "steps": 2,
    }


def test_a_field_that_is_not_in_the_list_is_dropped_and_counted(log: Log) -> None:
    get_logger().info("dispatch.accepted", to=CANARY, text=CANARY, step=1)
    assert CANARY not in log.text()
    assert (log.lines()[0]["dropped"], log.boundary.dropped_fields) == (2, 2)


def test_an_event_that_is_not_in_the_list_loses_its_text(log: Log) -> None:
    get_logger().info(f"sent to {CANARY}")
    assert CANARY not in log.text()
    assert log.lines()[0]["event"] == UNKNOWN_EVENT


def test_an_exception_is_logged_without_its_text(log: Log) -> None:
    try:
        fail_with(CANARY)
    except ValueError:
        get_logger().error("request.failed", exc_info=True)
    (line,) = log.lines()
    assert CANARY not in log.text()
    assert (line["error_type"], line["caused_by"]) == ("ValueError", "KeyError")


def test_an_exception_names_the_places_it_went_through(log: Log) -> None:
    try:
        fail_with(CANARY)
    except ValueError as error:
        get_logger().error("request.failed", exc_info=error)
    assert [place.split(" ")[1] for place in log.lines()[0]["places"]] == [
        "test_an_exception_names_the_places_it_went_through",
        "fail_with",
    ]


@pytest.mark.parametrize("style", ["json", "console"])
@pytest.mark.parametrize("text", ["a\r\nb", "\x1b[31mred", "\x9b31m", "\u2028", "\ud800"])
def test_a_field_cannot_break_its_line_or_drive_a_terminal(text: str, style: str) -> None:
    log = Log(style=style)
    get_logger().info("webhook.held", reason=text)
    assert log.text().rstrip("\n").isprintable()


def test_long_texts_are_cut(log: Log) -> None:
    get_logger().info("webhook.held", reason="x" * 10_000_000, rules=["y"] * 10_000)
    assert len(log.stream.getvalue()) < 1000


@pytest.mark.parametrize("value", [2**70, float("nan"), b"bytes", {"a": 1}, object()])
def test_a_value_that_json_lacks_does_no_harm(log: Log, value: object) -> None:
    get_logger().info("webhook.held", reason=value)
    assert len(log.lines()) == 1


def test_lines_below_the_level_are_not_written() -> None:
    log = Log(level="warning")
    get_logger().info("dispatch.accepted")
    assert log.text() == ""


def test_a_console_line_is_for_people() -> None:
    log = Log(style="console")
    get_logger().info("dispatch.accepted", steps=2)
    assert "dispatch.accepted" in log.text()
    assert "steps=2" in log.text()


def test_what_is_no_terminal_gets_json() -> None:
    log = Log(style="auto")
    get_logger().info("dispatch.accepted")
    assert log.lines()[0]["event"] == "dispatch.accepted"


def test_libraries_are_heard_without_their_text(log: Log) -> None:
    logging.getLogger("some.library").warning("failed for %s", CANARY)
    (line,) = log.lines()
    assert CANARY not in log.text()
    assert (line["event"], line["logger"]) == ("library.reported", "some.library")


def test_exceptions_in_libraries_are_heard_without_their_text(log: Log) -> None:
    try:
        fail_with(CANARY)
    except ValueError:
        logging.getLogger("some.library").exception("failed for %s", CANARY)
    (line,) = log.lines()
    assert CANARY not in log.text()
    assert (line["level"], line["error_type"]) == ("error", "ValueError")


def test_an_error_without_an_exception_names_nothing(log: Log) -> None:
    get_logger().error("request.failed", exc_info=True)
    assert "error_type" not in log.lines()[0]


def test_libraries_are_quiet_about_what_goes_well(log: Log) -> None:
    logging.getLogger("some.library").info("all is well")
    assert log.text() == ""


def test_a_stream_that_fails_loses_lines_but_stops_nobody(log: Log) -> None:
    log.stream.close()
    get_logger().info("dispatch.accepted")
    assert log.boundary.dropped_lines > 0


def test_a_pipe_that_nobody_reads_loses_lines_but_stops_nobody() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb"), os.fdopen(writing, "wb", buffering=0) as pipe:
        boundary = configure_logging("info", "json", stream=cast("BinaryIO", pipe))
        for _ in range(2_000):
            get_logger().info("gateway.started", version="x" * 200)
        assert boundary.dropped_lines > 0


def test_every_event_in_the_code_is_in_the_list() -> None:
    events = {(name, ast.unparse(call.args[0]).strip("'")) for name, call in calls()}
    assert {(name, event) for name, event in events if event not in EVENTS} == set()


def test_every_field_in_the_code_is_in_the_list() -> None:
    fields = {(name, each.arg) for name, call in calls() for each in call.keywords if each.arg}
    known = FIELDS | {"exc_info"}
    assert {(name, field) for name, field in fields if field not in known} == set()


def test_events_are_a_noun_and_a_verb() -> None:
    assert [event for event in EVENTS if event.count(".") != 1 or event != event.lower()] == []
