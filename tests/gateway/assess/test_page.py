"""The HTML report is one file that needs nothing else, and says everything in words as well."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import pytest

from gateway import __version__
from gateway.assess.html import render_html
from gateway.assess.judging import Assumptions
from gateway.offline.pages import flow as drawn
from gateway.offline.shapes import Shape
from tests.gateway.assess.assessing import flow, reported, waiting
from tests.support.corpus import make_step
from tests.support.html_page import Reader
from translators.rules import Switches

REPORT: Final = reported(
    [
        flow(make_step("sms", "text")),
        waiting("mms", "image"),
        waiting("whatsapp", condition="read"),
        flow(),
        '"workflow": [',
    ]
)


@pytest.fixture
def page() -> Reader:
    return Reader(render_html(REPORT, top=10))


def test_every_element_is_closed(page: Reader) -> None:
    assert page.open == []


def test_nothing_is_asked_of_the_network(page: Reader) -> None:
    assert {"script", "link", "img", "iframe"}.isdisjoint(page.tags)
    assert page.values("src") == []
    assert [each for each in page.values("href") if not (each or "").startswith("#")] == []
    assert re.findall(r"https?:|@import|url\((?!#)", render_html(REPORT, top=10)) == []


def test_names_of_places_are_used_once(page: Reader) -> None:
    names = page.values("id")
    assert len(names) == len(set(names))


def test_what_a_label_refers_to_is_there(page: Reader) -> None:
    wanted = {name for value in page.values("aria-labelledby") for name in (value or "").split()}
    assert wanted <= set(page.values("id"))


def test_the_first_figure_is_told_in_words() -> None:
    text = render_html(REPORT, top=10)
    assert ">N0 1 (25 %), N2 1 (25 %), N3 1 (25 %), refused 1 (25 %)</desc>" in text


def test_a_workflow_is_drawn_with_its_terms() -> None:
    text = drawn(REPORT.shapes[1].shape)
    assert [re.sub("<.*?>", " ", item).split() for item in text.split("</li>")] == [
        ["MMS", "image"],
        ["unless", "delivered", "within", "10", "min"],
        ["SMS", "text"],
        [],
    ]


def test_a_workflow_of_which_nothing_can_be_read_is_drawn() -> None:
    assert "unknown steps" in drawn(Shape(steps=()))


def test_it_says_what_it_was_made_by_and_what_was_assumed() -> None:
    assumptions = Assumptions(switches=Switches(accepted=frozenset({"ttl-unavailable"})))
    text = render_html(reported([waiting("whatsapp")], assumptions), top=1)
    foot = text.partition("<footer>")[2].partition("</footer>")[0]
    assert foot.startswith(f"Made by dispatch-gateway {__version__}. Assumed: v1 fails over on")
    assert "Accepted: ttl-unavailable." in foot


def test_a_chart_says_which_part_it_shows() -> None:
    many = [waiting("mms", "image", expiry_s=60 + second) for second in range(11)]
    captions = [
        re.findall("<figcaption>(.*?)</figcaption>", render_html(reported(payloads), top=1))[0]
        for payloads in (many, many[:1])
    ]
    assert captions == ["The 10 largest of 11 shapes, in workflows.", "1 shape, in workflows."]


def test_shapes_that_are_not_shown_are_counted() -> None:
    assert "Not shown here: 3 workflows of 3 other shapes" in render_html(REPORT, top=1)


def test_it_is_made_for_phones_paper_and_dark_rooms() -> None:
    text = render_html(REPORT, top=1)
    for rule in ("width=device-width", "@media print", "prefers-color-scheme: dark", "max-width:"):
        assert rule in text


def test_what_a_file_is_called_cannot_become_markup() -> None:
    line = replace(REPORT.shapes[0], first="<b>&x")
    text = render_html(replace(REPORT, shapes=(line,)), top=1)
    assert "&lt;b&gt;&amp;x" in text
    assert "<b>&x" not in text
