"""Traces as lines of JSON, and back."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import orjson
import pytest

from gateway.traces.codec import TraceFault, from_line, to_line
from gateway.traces.model import Trace, TraceEntry
from tests.gateway.traces.tracing import BARE, ENTRY, TRACE


def changed(**members: Any) -> bytes:
    return orjson.dumps({**orjson.loads(to_line(TRACE)), **members})


def problem(raw: bytes) -> str:
    read = from_line(raw)
    assert isinstance(read, TraceFault)
    return read.problem


@pytest.mark.parametrize("sample", [TRACE, ENTRY], ids=["trace", "entry"])
def test_the_sample_has_a_value_for_every_field(sample: Trace | TraceEntry) -> None:
    assert [field.name for field in fields(sample) if not getattr(sample, field.name)] == []


@pytest.mark.parametrize("trace", [TRACE, BARE], ids=["full", "bare"])
def test_what_is_written_is_read_again(trace: Trace) -> None:
    assert from_line(to_line(trace)) == trace


def test_a_trace_is_one_line_with_its_end() -> None:
    line = to_line(TRACE)
    assert (line.count(b"\n"), line[-1:]) == (1, b"\n")


def test_a_line_says_its_schema_first() -> None:
    assert to_line(TRACE).startswith(b'{"schema":1,')


def test_an_entry_shows_only_what_it_has() -> None:
    assert orjson.loads(to_line(TRACE))["entries"][0] == {
        "at_ms": 0,
        "kind": "answer",
        "status": "202",
    }


def test_a_line_without_its_end_is_read() -> None:
    assert from_line(to_line(TRACE).strip()) == TRACE


@pytest.mark.parametrize("size", range(1, len(to_line(TRACE)) - 1, 5))
def test_a_line_cut_anywhere_is_told_as_cut(size: int) -> None:
    assert problem(to_line(TRACE)[:size]).startswith("is cut off")


def test_a_newer_schema_is_refused_by_its_number() -> None:
    assert "schema 2; this version reads up to 1" in problem(changed(schema=2, more="to come"))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "is cut off"),
        (b"nonsense", "is not JSON"),
        (b'{"schema":1} {"schema":1}', "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"\xff{}", "is not UTF-8"),
        (b"[1]", "no schema number"),
        (b'{"dispatch_uuid":"x"}', "no schema number"),
        (b'{"schema":1}', "dispatch is missing"),
        (changed(schema="1"), "no number from 1"),
        (changed(schema=True), "no number from 1"),
        (changed(schema=0), "no number from 1"),
        (changed(secret=1), "1 member that nobody knows"),
        (changed(path="theirs"), "path must be one of gateway, legacy, none"),
        (changed(dispatch=None), "dispatch must be a string"),
        (changed(accepted_at=5), "accepted_at must be a string"),
        (changed(is_complete="yes"), "is_complete must be true or false"),
        (changed(request=[]), "request must be an object"),
        (changed(request=None), "request must be an object"),
        (changed(rules="REQ124"), "rules must be an array of strings"),
        (changed(rules=[5]), "rules must be an array of strings"),
        (changed(terms=5), "terms must be an object"),
        (changed(refusal="415"), "refusal must be an HTTP status from 400 to 499"),
        (changed(refusal=True), "refusal must be an HTTP status from 400 to 499"),
        (changed(refusal=447700900000), "refusal must be an HTTP status from 400 to 499"),
        (changed(entries={}), "entries must be an array"),
        (changed(entries=[5]), "entries[0] must be an object"),
        (changed(entries=[{"kind": "answer"}]), "entries[0].at_ms must be an integer"),
        (changed(entries=[{"at_ms": True, "kind": "answer"}]), "at_ms must be an integer"),
        (changed(entries=[{"at_ms": 0, "kind": "party"}]), "entries[0].kind must be one of"),
        (changed(entries=[{"at_ms": 0, "kind": "send", "step": -1}]), "step must be 0 or more"),
        (changed(entries=[{"at_ms": 0, "kind": "send", "a": 1, "b": 2}]), "has 2 members"),
        (changed(entries=[{"at_ms": 0, "kind": "send", "status": 5}]), "status must be a string"),
        (changed(entries=[{"at_ms": 0, "kind": "send", "body": 5}]), "body must be an object"),
    ],
)
def test_what_is_no_trace_is_told_with_its_fault(raw: bytes, said: str) -> None:
    assert said in problem(raw)
