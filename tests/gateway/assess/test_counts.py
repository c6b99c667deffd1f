"""The counts of a report add up to what was read, whatever that was."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.assess.judging import Assumptions, Standing, judge, read_payload
from gateway.assess.report import Report, make_report
from gateway.assess.run import assess
from gateway.assess.sections import what_was_read
from gateway.assess.tables import COLUMNS, render_csv
from gateway.assess.tally import Reach
from gateway.assess.text import render_text
from gateway.offline.shapes import Shape
from tests.gateway.assess.assessing import flow, rendered, reported, tallied, waiting
from tests.support.corpus import make_payloads, make_step, write_corpus
from translators.dispatch import translate_dispatch
from translators.documents import parse_document

COUNT = 1000


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, int], Report]:
    """Return what was put into a corpus, and the report on it."""
    folder = tmp_path_factory.mktemp("corpus")
    written = write_corpus(folder, count=COUNT)
    tally = assess([str(folder)], Assumptions(), progress_is_wanted=False)
    return written, make_report(tally)


def test_every_record_is_counted_once(corpus: tuple[dict[str, int], Report]) -> None:
    written, report = corpus
    records = report.records
    assert records.lines == written["lines"]
    assert records.documents == written["documents"]
    assert records.unreadable == written["unreadable"]
    assert records.without_payload == written["without"]
    parts = records.with_payload + records.without_payload + records.blank + records.unreadable
    assert parts == records.total


def test_every_payload_has_one_standing_and_one_shape(
    corpus: tuple[dict[str, int], Report],
) -> None:
    written, report = corpus
    assert report.payloads == written["payloads"]
    assert sum(report.standings.values()) == report.payloads
    assert sum(line.payloads for line in report.shapes) == report.payloads
    assert report.standings[Standing.REFUSED] >= COUNT // 250


def test_the_rows_of_the_csv_sum_up_to_all_workflows() -> None:
    report = make_report(tallied(make_payloads(1, 200), max_shapes=5))
    rows = list(csv.DictReader(io.StringIO(render_csv(report))))
    assert tuple(rows[0]) == COLUMNS
    assert sum(int(row["payloads"]) for row in rows) == 200
    assert len([row for row in rows if row["shape"]]) == 5


def test_shapes_beyond_the_bound_are_counted_together() -> None:
    full = make_report(tallied(make_payloads(1, 200)))
    bounded = make_report(tallied(make_payloads(1, 200), max_shapes=5))
    assert bounded.standings == full.standings
    assert sum(bounded.others.values()) == 200 - sum(line.payloads for line in bounded.shapes)


def test_what_the_text_leaves_out_is_counted_in_it() -> None:
    text = render_text(make_report(tallied(make_payloads(1, 200))), top=1)
    assert "others" in text


def test_the_sum_is_written_out() -> None:
    report = reported([waiting("mms", "image"), "", "nothing here", '"workflow": ['])
    assert report.records.sentence == (
        "4 lines = 1 with a payload + 1 without + 1 blank + 1 unreadable"
    )


def test_what_is_unreadable_is_told_from_what_is_refused() -> None:
    told = [what_was_read(reported(payloads)) for payloads in ([flow(), '"workflow": ['], [flow()])]
    assert ["What is unreadable looks like" in text for text in told] == [True, False]


def test_a_corpus_without_payloads_has_a_report() -> None:
    report = reported(["nothing"])
    assert report.headline == "No payload was found."
    assert all(report.headline in text for name, text in rendered(report).items() if name != "csv")


def test_a_line_with_two_payloads_is_one_record() -> None:
    payload = json.dumps(flow(make_step("sms", "text")))
    report = reported([f"{payload} {payload}"])
    assert (report.records.with_payload, report.payloads) == (1, 2)


def test_the_fate_of_a_workflow_depends_on_its_shape_alone() -> None:
    fates: dict[Shape, object] = {}
    for payload in make_payloads(3, 400):
        reading = read_payload(parse_document(json.dumps(payload).encode()), Assumptions())
        plan = translate_dispatch(payload).value
        fate = judge(plan, Assumptions()) if plan else None
        assert fates.setdefault(reading.shape, fate) == fate


def test_a_corpus_of_the_same_seed_is_the_same(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
        write_corpus(folder, count=200)
    one, two = ([path.read_bytes() for path in sorted(f.rglob("*.*"))] for f in folders)
    assert one == two


VERIFY = {"brand": "Shop", "workflow": [{"channel": "sms", "to": "447700900000"}]}


def test_requests_of_verify_are_counted_apart_and_are_no_payloads() -> None:
    report = reported([VERIFY, {"msg": "verify", "request": VERIFY}, {"text": json.dumps(VERIFY)}])
    assert (report.payloads, report.verify_requests) == (0, 3)
    assert report.records.without_payload == 3


def test_a_report_says_that_requests_of_verify_are_another_products() -> None:
    told = [what_was_read(reported(payloads)) for payloads in ([VERIFY], [waiting("sms")])]
    assert ["1 request of Verify v2 is not counted" in text for text in told] == [True, False]


def to_whatsapp(**to: str) -> dict[str, Any]:
    return {**make_step("whatsapp", "text"), "to": {"type": "whatsapp", **to}}


def test_steps_that_hidden_numbers_matter_to_are_counted() -> None:
    terms = {"expiry_time": 600, "condition_status": "delivered"}
    by_number = {**to_whatsapp(number="447700900000"), "failover": terms}
    by_id = {**to_whatsapp(id="US.13491208655302741918"), "failover": terms}
    sms, again = make_step("sms", "text"), to_whatsapp(number="US.1")
    report = reported([flow(by_number, sms), flow(by_id, sms), flow(by_id, again), flow(sms)])
    assert report.inventory.whatsapp == {Reach.USER_ID: 3, Reach.NEEDS_NUMBER: 2}
