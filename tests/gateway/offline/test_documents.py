"""The line that is shown, and the caret under it."""

from __future__ import annotations

import codecs

import pytest

from gateway.offline.documents import Document, Finding, place, visible
from gateway.offline.places import Span
from tests.gateway.offline.marked import unmarked
from translators.diagnostics import Diagnostic, Severity
from translators.documents import parse_document


def document_of(text: str, line: int | None = None) -> Document:
    return Document(path="order.json", line=line, raw=text.encode())


def finding_at(text: str, line: int | None = None) -> Finding:
    """Return a finding about what stands between two marks."""
    whole, (start, end) = unmarked(text)
    diagnostic = Diagnostic(
        rule="REQ122", severity=Severity.ERROR, pointer="/a", detail="is wrong", offset=start
    )
    return Finding(document=document_of(whole, line), diagnostic=diagnostic, span=Span(start, end))


@pytest.mark.parametrize(
    ("text", "under"),
    [
        ("ab▲cd▲ef", "  ^~"),
        ("▲ab▲", "^~"),
        ("ab▲▲", "  ^"),
        ("\ta▲b▲", "\t ^"),
        ("日本▲x▲", "    ^"),
        ("é👍▲x▲", "   ^"),
        ("e\N{COMBINING ACUTE ACCENT}▲x▲", " ^"),
        ("a\N{ZERO WIDTH JOINER}b▲x▲", "  ^"),
        ("ＡＢ▲x▲", "    ^"),
        ("x▲日本▲", " ^~~~"),
        ("x▲e\N{COMBINING ACUTE ACCENT}y▲", " ^~"),
        ("first\n  ▲second▲\nthird", "  ^~~~~~"),
        ("first\r\nse▲co▲nd\r\n", "  ^~"),
        ("x▲[\n1\n]▲", " ^"),
        ("a\x1b▲b▲", "  ^"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}▲b▲", "  ^"),
    ],
)
def test_the_caret_stands_under_what_is_meant(text: str, under: str) -> None:
    assert finding_at(text).excerpt()[1] == under


def test_the_line_is_shown_without_its_end() -> None:
    assert finding_at("one\r\n\ttw▲o▲\r\nthree").excerpt()[0] == "\ttwo"


def test_of_a_long_line_the_part_around_the_place_is_shown() -> None:
    line, carets = finding_at(f"{'a' * 500}▲b▲{'c' * 500}").excerpt()
    assert (line[0], line[-1], len(line)) == ("…", "…", 98)
    assert line[len(carets) - 1] == "b"


@pytest.mark.parametrize("before", ["日" * 200, "e\N{COMBINING ACUTE ACCENT}" * 200, "\t" * 200])
def test_the_caret_stands_right_in_a_long_line(before: str) -> None:
    line, carets = finding_at(f"{before}▲b▲{'c' * 200}").excerpt()
    wide = line.partition("b")[0].count("日")
    marks = line.partition("b")[0].count("\N{COMBINING ACUTE ACCENT}")
    assert len(carets) - 1 == line.index("b") + wide - marks


def test_a_place_behind_the_last_character_has_a_caret() -> None:
    document = document_of('{"a":')
    (found,) = place(document, parse_document(document.raw).diagnostics)
    assert found.excerpt() == ('{"a":', "     ^")


def test_a_payload_cannot_steer_the_terminal() -> None:
    assert visible("a\x1b[2J\r\x9b\u2028\u202eb\tc") == "a·[2J····b\tc"


def test_what_people_write_stays_as_it_is() -> None:
    assert visible("日本 é 👩\u200d👩 שלום") == "日本 é 👩\u200d👩 שלום"


@pytest.mark.parametrize(("line", "place_of"), [(None, (1, 5)), (7, (7, 5))])
def test_a_byte_order_mark_takes_no_column(line: int | None, place_of: tuple[int, int]) -> None:
    document = Document(path="a", line=line, raw=codecs.BOM_UTF8 + b'{"a"x')
    found = place(document, parse_document(document.raw).diagnostics)[-1]
    assert (found.position.line, found.position.column) == place_of


def test_bytes_that_are_no_text_are_shown_as_such() -> None:
    document = Document(path="a", line=None, raw=b'["\xe9t\xe9"]')
    (found,) = place(document, parse_document(document.raw).diagnostics)
    assert found.excerpt() == ('["�t�"]', "  ^")


def test_a_digest_does_not_depend_on_where_the_document_is() -> None:
    assert document_of("{}", 1).digest == document_of("{}", 2).digest


def test_a_digest_does_not_depend_on_line_ends_and_outer_blanks() -> None:
    assert document_of('{\n"a":1}').digest == document_of(' {\r\n"a":1}\r\n').digest


def test_a_digest_is_of_every_other_byte() -> None:
    assert document_of('{"a":1}').digest != document_of('{"a": 1}').digest
