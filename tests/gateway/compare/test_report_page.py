"""The HTML report answers on its first screen, and says everything in words as well."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gateway.compare.report_html import render_html
from gateway.compare.report_model import Report
from tests.gateway.compare.reporting import CUT, GO, NO, NOT_YET
from tests.support.html_page import Reader


def words(page: str) -> str:
    """Return what a reader sees, tags taken out."""
    body = page.partition("<body>")[2]
    return " ".join(re.sub("<[^>]*>", " ", body).replace("&nbsp;", " ").split())


@pytest.fixture
def page() -> Reader:
    return Reader(render_html(NO, top=10))


def test_every_element_is_closed(page: Reader) -> None:
    assert page.open == []


def test_nothing_is_asked_of_the_network(page: Reader) -> None:
    assert {"script", "link", "img", "iframe"}.isdisjoint(page.tags)
    assert page.values("src") == []
    assert [each for each in page.values("href") if not (each or "").startswith("#")] == []
    assert re.findall(r"https?:|@import|url\((?!#)", render_html(NO, top=10)) == []


def test_names_of_places_are_used_once(page: Reader) -> None:
    names = page.values("id")
    assert len(names) == len(set(names))


def test_what_a_label_refers_to_is_there(page: Reader) -> None:
    wanted = {name for value in page.values("aria-labelledby") for name in (value or "").split()}
    assert wanted <= set(page.values("id"))


@pytest.mark.parametrize(
    ("report", "answer"),
    [
        (GO, "✓ Go 9,312 workflows of 2 shapes, and none differs in meaning"),
        (NOT_YET, "… Not yet 120 workflows of 2 shapes, and none differs in meaning, but"),
        (NO, "✕ No 14 of 9,312 workflows differ in meaning."),
    ],
)
def test_the_answer_comes_before_everything_else(report: Report, answer: str) -> None:
    told = words(render_html(report, top=10)).partition("Can we cut over? ")[2]
    assert told.startswith(answer)


def test_certainty_is_told_as_one_in_so_many() -> None:
    assert "at 95 % < 1 in 3,104 would differ" in words(render_html(GO, top=10)).replace(
        "&lt;", "<"
    )


def test_what_was_not_covered_is_named() -> None:
    told = words(render_html(NOT_YET, top=10))
    assert "step 1 undeliverable, step 2 rejected, step 2 never resolved" in told


def test_full_coverage_is_told_as_well() -> None:
    told = words(render_html(GO, top=10))
    assert "What was not covered Nothing: this traffic took every branch" in told


def test_the_bar_of_outcomes_is_told_in_words() -> None:
    assert "equivalent 290 (3 %), explained 9,003 (97 %)" in render_html(NO, top=10)


def test_records_that_were_cut_have_a_part_of_the_bar() -> None:
    page = render_html(CUT, top=10)
    assert 'fill="url(#hatch-cut)"' in page
    assert '<pattern id="hatch-cut"' in page
    assert "cut 42 (under 1 %)" in page


def test_a_sample_shows_both_sides_by_time() -> None:
    told = words(render_html(NO, top=10))
    assert (
        "5 min ↷ 1 WhatsApp given up: expired ◀ 2 SMS submitted 5 min 3 s ◀ 2 SMS delivered"
        " ■ final report: completed 10 min ↷ 1 WhatsApp given up: expired ▶ 2 SMS sent"
    ) in told


def test_what_happened_on_one_side_only_is_marked() -> None:
    page = render_html(NO, top=10)
    assert '<p class="alone end">■ final report: completed</p>' in page
    assert "<p>◀ 1 WhatsApp submitted</p>" in page


def test_a_report_that_never_came_is_said() -> None:
    assert '<p class="nothing">no final report</p>' in render_html(NO, top=10)


def test_an_excuse_stands_in_place_of_a_remedy() -> None:
    told = words(render_html(NO, top=10))
    assert "Ignored: the log was rotated that hour (ops, until 2027-01-31)." in told
    assert "Look for the callback in the application's own log." not in told


def test_known_differences_are_a_list_with_what_changes_them() -> None:
    told = words(render_html(NO, top=10))
    row = "DIFF-08 9,000 no fee is added to a dispatch; GATEWAY_WORKFLOW_FEE changes that"
    assert row in told
    assert "CMP413 cost" not in told


def test_one_kind_in_many_shapes_is_one_card() -> None:
    other = replace(NO.findings[0], shape="viber text", fingerprint="b1b2c3d4e5f6", workflows=3)
    page = render_html(replace(NO, findings=(NO.findings[0], other)), top=10)
    assert page.count('<article class="card semantic">') == 1
    assert "CMP405 failover-early, step 1 17 workflows of 2 shapes" in words(page)
    assert "viber text Step 1, 3 workflows. First at" in words(page)


def test_what_differs_stands_above_what_was_not_covered() -> None:
    page = render_html(NO, top=10)
    order = ["findings", "known", "unseen", "outcomes", "shapes"]
    assert sorted(order, key=lambda name: page.index(f'<h2 id="{name}">')) == order


def test_findings_and_shapes_that_are_not_shown_are_counted() -> None:
    told = words(render_html(NO, top=1))
    assert "Not shown here: 1 finding." in told
    assert "Not shown here: 1 other shape." in told


def test_a_comparison_of_nothing_has_a_page() -> None:
    evidence = replace(NOT_YET.evidence, workflows=0, compared=0, shapes=0, unseen=0)
    empty = replace(NOT_YET, evidence=evidence, outcomes={}, findings=(), shapes=())
    told = words(render_html(empty, top=10))
    assert "Not yet No workflow could be compared." in told
    assert "took every branch" not in told


def test_what_a_file_says_cannot_become_markup() -> None:
    finding = replace(NO.findings[0], detail="<b>&x", first="<i>", shape="<u>")
    text = render_html(replace(NO, findings=(finding,)), top=10)
    assert "&lt;b&gt;&amp;x" in text
    assert [tag for tag in ("<b>&x", "<i>", "<u>") if tag in text] == []


def test_it_is_made_for_phones_paper_and_dark_rooms() -> None:
    text = render_html(NO, top=1)
    for rule in ("width=device-width", "@media print", "prefers-color-scheme: dark", "max-width:"):
        assert rule in text
