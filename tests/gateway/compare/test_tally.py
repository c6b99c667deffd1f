"""Counting comparisons, and the answer that the counts give."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from gateway.compare.comparison import Outcome
from gateway.compare.ignores import Ignores
from gateway.compare.tally import Tally
from gateway.compare.verdict import Answer, Verdict, judge
from gateway.traces.model import Kind, Trace, TraceEntry
from tests.gateway.compare.by_hand import READ, SMS, judged, trace, with_body
from translators.diagnostics import JsonObject

MET = trace(SMS, "1 submitted @0.2", "1 delivered @3", "report completed @3")
SECOND = trace(
    SMS, "1 submitted @0.2", "2 submitted @15.3", "2 delivered @18", "report completed @18"
)
FORGOTTEN = trace(SMS, "1 submitted @0.2", "1 delivered @3")
FEE = trace(SMS, "1 submitted @0.2", "1 delivered @3", "report completed @3", fee="0.002")
TURNED_DOWN = replace(MET, entries=(TraceEntry(at_ms=0, kind=Kind.ANSWER, status="429"),))
TO_SOMEBODY: JsonObject = {"type": "sms", "number": "447700900999"}
WRONG = with_body(MET, 1, to=TO_SOMEBODY)
FINGERPRINT = judged(FORGOTTEN).differences[0].fingerprint


def tallied(*counts: tuple[Trace, int], tally: Tally | None = None) -> Tally:
    tally = tally or Tally()
    for reference, times in counts:
        comparison = judged(reference)
        for number in range(times):
            tally.add(comparison, reference, place=f"traces.jsonl:{number + 1}")
    return tally


def ignoring(fingerprint: str) -> Tally:
    text = (
        f'[[ignore]]\nfingerprint = "{fingerprint}"\nreason = "r"\nowner = "o"\n'
        "expires = 2030-01-01\n"
    )
    return Tally(Ignores.parse(text, "x", date(2026, 1, 1)))


def answer(*counts: tuple[Trace, int], tally: Tally | None = None) -> Verdict:
    return judge(tallied(*counts, tally=tally))


def test_the_same_difference_a_thousand_times_is_one_finding() -> None:
    tally = tallied((FORGOTTEN, 1000))
    (finding,) = tally.findings.values()
    assert (finding.workflows, finding.place, finding.sample) == (1000, "traces.jsonl:1", FORGOTTEN)


def test_outcomes_add_up_to_the_workflows() -> None:
    tally = tallied((MET, 2), (FORGOTTEN, 3), (FEE, 4), (TURNED_DOWN, 5))
    assert tally.outcomes.total() == tally.workflows == 14
    assert tally.comparable == 9


def test_shapes_add_up_to_the_workflows() -> None:
    read = trace(READ, "1 read @3", "report completed @3")
    tally = tallied((MET, 2), (read, 3))
    assert [each.workflows for each in tally.shapes.values()] == [2, 3]


def test_what_was_not_comparable_is_told_with_its_reason() -> None:
    assert list(tallied((TURNED_DOWN, 2)).notes.values()) == [2]


def test_findings_beyond_the_bound_are_counted() -> None:
    tally = tallied((FORGOTTEN, 1), (FEE, 2), tally=Tally(max_findings=1))
    assert (len(tally.findings), tally.other_findings) == (1, 2)


def test_shapes_beyond_the_bound_are_counted() -> None:
    read = trace(READ, "1 read @3", "report completed @3")
    tally = tallied((MET, 1), (read, 2), tally=Tally(max_shapes=1))
    assert (len(tally.shapes), tally.other_shapes) == (1, 2)


def test_what_is_ignored_counts_as_explained() -> None:
    tally = tallied((FORGOTTEN, 3), tally=ignoring(FINGERPRINT))
    assert (tally.outcomes[Outcome.EXPLAINED], tally.ignored, tally.semantic) == (3, 3, 0)


def test_an_ignore_that_nothing_met_is_unused() -> None:
    assert len(tallied((MET, 1), tally=ignoring(FINGERPRINT)).unused_ignores) == 1


def test_an_ignore_that_was_met_is_used() -> None:
    assert tallied((FORGOTTEN, 1), tally=ignoring(FINGERPRINT)).unused_ignores == ()


def test_a_wrong_recipient_cannot_be_ignored() -> None:
    fingerprint = judged(WRONG).differences[0].fingerprint
    verdict = answer((WRONG, 1), (MET, 500), (SECOND, 500), tally=ignoring(fingerprint))
    assert verdict.answer is Answer.NO


def test_enough_workflows_without_a_difference_are_a_go() -> None:
    verdict = answer((MET, 200), (SECOND, 100))
    assert (verdict.answer, verdict.upper_bound_95) == (Answer.GO, 0.01)


def test_known_differences_do_not_stand_against_a_go() -> None:
    verdict = answer((FEE, 300), (SECOND, 100))
    assert (verdict.answer, verdict.explained) == (Answer.GO, 300)


def test_too_few_workflows_are_not_yet_enough() -> None:
    verdict = answer((MET, 200), (SECOND, 99))
    assert (verdict.answer, verdict.reasons) == (
        Answer.NOT_YET,
        ("299 workflows compared; 300 are needed",),
    )


def test_a_main_branch_that_was_never_seen_is_not_yet_enough() -> None:
    verdict = answer((MET, 1000))
    assert verdict.answer is Answer.NOT_YET
    assert "step 1 given up was never seen" in verdict.reasons[1]


def test_a_rare_shape_need_not_be_covered() -> None:
    read = trace(READ, "1 read @3", "report completed @3")
    assert answer((MET, 500), (SECOND, 500), (read, 9)).answer is Answer.GO


def test_few_differences_are_not_yet() -> None:
    verdict = answer((MET, 600), (SECOND, 400), (FORGOTTEN, 10))
    assert (verdict.answer, verdict.upper_bound_95) == (Answer.NOT_YET, None)


def test_many_differences_are_a_no() -> None:
    assert answer((MET, 600), (SECOND, 400), (FORGOTTEN, 11)).answer is Answer.NO


def test_traffic_that_could_not_be_compared_is_not_yet_enough() -> None:
    assert answer((MET, 300), (SECOND, 100), (TURNED_DOWN, 50)).answer is Answer.NOT_YET


def test_nothing_at_all_is_not_yet_enough() -> None:
    verdict = judge(Tally())
    assert (verdict.answer, verdict.upper_bound_95) == (Answer.NOT_YET, None)
