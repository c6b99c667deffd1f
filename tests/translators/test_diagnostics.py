"""Diagnostics: their text, their order, and the two ways in which a place is written."""

from __future__ import annotations

import pytest

from translators.diagnostics import Diagnostic, Severity, Translation, child, field_path


def diagnostic(rule: str, severity: Severity, pointer: str = "") -> Diagnostic:
    return Diagnostic(rule=rule, severity=severity, pointer=pointer, detail="is so")


def test_a_diagnostic_is_one_line() -> None:
    found = diagnostic("REQ121", Severity.ERROR, "/workflow/0/to")
    assert str(found) == "REQ121 error /workflow/0/to: is so"


def test_the_whole_document_is_written_as_a_slash() -> None:
    assert str(diagnostic("REQ101", Severity.NOTE)) == "REQ101 note /: is so"


def test_errors_are_those_of_severity_error() -> None:
    note, error = diagnostic("REQ1", Severity.NOTE), diagnostic("REQ2", Severity.ERROR)
    assert Translation(value=None, diagnostics=(note, error)).errors == (error,)


def test_codes_come_once_in_the_order_first_found() -> None:
    found = [diagnostic(rule, Severity.NOTE) for rule in ("REQ2", "REQ1", "REQ2")]
    assert Translation(value=1, diagnostics=tuple(found)).codes == ("REQ2", "REQ1")


def test_a_pointer_escapes_what_pointers_use() -> None:
    assert child(child("", "a/b~c"), 0) == "/a~1b~0c/0"


@pytest.mark.parametrize(
    ("pointer", "path"),
    [
        ("", "body"),
        ("/template", "template"),
        ("/workflow/0/from/number", "workflow[0].from.number"),
        ("/a~1b~0c", "a/b~c"),
        ("/parameters/12/default", "parameters[12].default"),
    ],
)
def test_a_field_is_named_as_dispatch_names_it(pointer: str, path: str) -> None:
    assert field_path(pointer) == path
