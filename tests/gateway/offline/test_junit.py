"""Test reports that every build server can read, whatever the input is called."""

from __future__ import annotations

import sys
from io import BytesIO
from xml.etree import ElementTree as ET
from xml.sax import make_parser
from xml.sax.handler import ContentHandler

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.offline.junit import Case, Failed, case_xml, frame

ANY_TEXT = st.text(st.characters(min_codepoint=0, max_codepoint=sys.maxunicode))
# What XML 1.0 can say; everything else has to be replaced. Section 2.2 of it.
WRITABLE = frozenset(
    map(chr, (9, 10, 13, *range(0x20, 0xD800), *range(0xE000, 0xFFFE), *range(0x10000, 0x110000)))
)


def meant(text: str) -> str:
    return "".join(each if each in WRITABLE else "\N{REPLACEMENT CHARACTER}" for each in text)


def as_content(text: str) -> str:
    """Return what a parser makes of line ends outside attributes: section 2.11."""
    return meant(text).replace("\r\n", "\n").replace("\r", "\n")


def report_of(*cases: Case, suite: str = "suite", output: str = "") -> ET.Element:
    """Write a report and read it again, by two parsers."""
    around = frame(suite, tests=len(cases), failures=0, errors=0, output=output)
    written = (around.head + "".join(map(case_xml, cases)) + around.tail).encode()
    reader = make_parser()  # noqa: S317 - what is read was written a line before
    reader.setContentHandler(ContentHandler())
    reader.parse(BytesIO(written))
    return ET.fromstring(written)  # noqa: S314 - as above


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT)
def test_a_report_can_hold_any_text(name: str, message: str, text: str, output: str) -> None:
    failed = Failed(kind=name, message=message, text=text)
    root = report_of(
        Case(group=name, name=name, failed=failed, output=output), suite=name, output=output
    )
    (case,) = root.iter("testcase")
    (failure,) = root.iter("failure")
    assert (case.get("classname"), case.get("name")) == (meant(name), meant(name))
    assert (failure.get("type"), failure.get("message")) == (meant(name), meant(message))
    assert (failure.text or "") == as_content(text)
    assert [each.text or "" for each in root.iter("system-out")] == [
        as_content(output) for _ in range(2) if output
    ]


def test_every_character_can_be_in_a_name() -> None:
    size = 1 << 12
    for first in range(0, sys.maxunicode + 1, size):
        name = "".join(map(chr, range(first, first + size)))
        (case,) = report_of(Case(group="all", name=name)).iter("testcase")
        assert case.get("name") == meant(name)


@pytest.mark.parametrize("character", ["\ufffe", "\uffff", "\x00", "\x0b", "\x1b", "\ud800"])
def test_what_xml_cannot_say_is_replaced(character: str) -> None:
    assert 'name="a\N{REPLACEMENT CHARACTER}b"' in case_xml(Case(group="", name=f"a{character}b"))


@pytest.mark.parametrize(
    ("character", "reference"), [("\n", "&#10;"), ("\r", "&#13;"), ("\t", "&#09;")]
)
def test_an_attribute_keeps_its_line_ends(character: str, reference: str) -> None:
    assert f'name="a{reference}b"' in case_xml(Case(group="", name=f"a{character}b"))


def test_cases_stand_where_nothing_that_is_said_can_move_them() -> None:
    root = report_of(Case(group="a", name="b"), suite="<!--cases-->", output="  <!--cases-->\n")
    assert [each.tag for each in root[0]] == ["testcase", "system-out"]


def test_a_passed_case_is_one_line() -> None:
    assert case_xml(Case(group="a", name="b")) == '  <testcase classname="a" name="b" />\n'
