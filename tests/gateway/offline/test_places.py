"""From a JSON Pointer to a place in the text, whatever is written around it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.offline.places import Places, position_in
from tests.gateway.offline.marked import unmarked
from translators.diagnostics import JsonValue, child

texts = st.text(st.characters(codec="utf-8"), max_size=8)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)
layouts = st.sampled_from([(None, (",", ":")), (1, (" , ", " :\t")), (2, (",\r\n", ": "))])


def all_pointers(document: JsonValue, pointer: str = "") -> list[tuple[str, JsonValue]]:
    members: list[tuple[str | int, JsonValue]] = []
    if isinstance(document, dict):
        members = list(document.items())
    if isinstance(document, list):
        members = list(enumerate(document))
    below = [found for key, each in members for found in all_pointers(each, child(pointer, key))]
    return [(pointer, document), *below]


@given(documents, layouts)
def test_every_value_is_where_it_is_written(
    document: JsonValue, layout: tuple[int | None, tuple[str, str]]
) -> None:
    text = json.dumps(document, indent=layout[0], separators=layout[1])
    places = Places(text)
    written = [
        json.dumps(json.loads(text[slice(*places.value(pointer))]))
        for pointer, _ in all_pointers(document)
        if pointer
    ]
    assert written == [json.dumps(value) for pointer, value in all_pointers(document) if pointer]


@pytest.mark.parametrize(
    "value",
    ['"x"', '""', '"a\\"]}b"', '"日本"', "0", "-1.5e+3", "true", "null", "NaN", "-Infinity"],
)
def test_a_value_of_any_type_has_a_beginning_and_an_end(value: str) -> None:
    text, (start, end) = unmarked(f'{{"a": [1, "]", {{"b" : ▲{value}▲ }}]}}')
    assert Places(text).value("/a/2/b") == (start, end)


@pytest.mark.parametrize("value", ["[]", "[ 1 ]", "{}", '{"x": [{}, "}"]}'])
def test_what_holds_values_begins_with_its_bracket(value: str) -> None:
    text, (start,) = unmarked(f'{{"a": 1, "b": ▲{value}}}')
    assert Places(text).value("/b").start == start


@pytest.mark.parametrize(
    ("name", "pointer"),
    [
        ('"a/b"', "/a~1b"),
        ('"a~b"', "/a~0b"),
        ('"~1"', "/~01"),
        ('"a\\u002fb"', "/a~1b"),
        ('"\\u00e9\\ud83d\\udc4d"', "/é👍"),
        ('""', "/"),
        ('"0"', "/0"),
        ('" "', "/ "),
    ],
)
def test_names_are_found_however_they_are_written(name: str, pointer: str) -> None:
    text, (start, end) = unmarked(f'{{"x": 0, ▲{name}▲: 1}}')
    assert Places(text).name(pointer) == (start, end)


def test_of_names_that_repeat_the_last_is_meant() -> None:
    text, (name, value) = unmarked('{"a": 1, "b": 2, ▲"a": ▲3}')
    places = Places(text)
    assert (places.name("/a").start, places.value("/a").start) == (name, value)


def test_what_is_missing_is_where_it_should_be() -> None:
    text, (start,) = unmarked('{"workflow": [{"to": 1}, ▲{"from": {}}]}')
    assert Places(text).value("/workflow/1/to/number").start == start


def test_an_element_that_is_missing_is_at_its_array() -> None:
    text, (start,) = unmarked('{"workflow": ▲[1]}')
    assert Places(text).value("/workflow/7").start == start


def test_an_element_has_no_name() -> None:
    text, (start, end) = unmarked('{"workflow": [0, ▲12▲]}')
    assert Places(text).name("/workflow/1") == (start, end)


def test_the_whole_begins_behind_white_space() -> None:
    text, (start,) = unmarked(" \r\n\t▲{}")
    assert Places(text).value("").start == start


@pytest.mark.parametrize("text", ["", "  ", '{"a"', '{"a": 1, "b": "x', '{"a": [1, nonsense'])
def test_a_text_that_breaks_off_has_its_places_before_the_break(text: str) -> None:
    assert Places(text).value("/b/c").start <= len(text)


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_a_hundred_thousand_levels_are_no_trouble(opening: str) -> None:
    assert Places(opening * 100_000).value("/a/0").start == 0


def test_a_text_of_quotes_is_read_once() -> None:
    assert Places('["' + '\\"' * 200_000).value("/0").start == 0


@pytest.mark.parametrize(
    ("before", "line", "column"),
    [
        ("", 1, 1),
        ("ab", 1, 3),
        ("a\n", 2, 1),
        ("a\r\n\r\nbc", 3, 3),
        ("\t\t", 1, 3),
        ("日本é\N{COMBINING ACUTE ACCENT}👍", 1, 6),
        ("a\rb\u2028c\x85", 1, 7),
    ],
)
def test_lines_end_with_lf_and_columns_are_characters(before: str, line: int, column: int) -> None:
    position = position_in(f"{before}x\n", len(before))
    assert (position.line, position.column) == (line, column)


def test_lines_count_from_the_first_of_the_text() -> None:
    assert position_in("a\nb", 2, first_line=40).line == 41
