"""Counting comparisons, and the answer that the counts give."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from gateway.compare.comparison import Outcome
from gateway.compare.ignores import Ignores
from gateway.compare.replay import replay
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
CUT = replace(MET, entries=MET.entries[:2], is_complete=False)
CUT_EARLY = replace(
    trace(SMS, "1 submitted @0.2", "2 submitted @5", "2 delivered @6"), is_complete=False
)
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
        ("300 workflows are needed to say that fewer than 1 in 100 differ",),
    )


def test_a_main_branch_that_was_never_seen_is_not_yet_enough() -> None:
    verdict = answer((MET, 1000))
    assert verdict.answer is Answer.NOT_YET
    assert "step 1 given up was never seen" in verdict.reasons[1]


def test_records_that_were_cut_are_counted_apart() -> None:
    tally = tallied((MET, 2), (CUT, 3))
    assert (tally.workflows, tally.comparable, tally.cut) == (5, 2, 3)
    assert tally.outcomes.total() + tally.cut == tally.workflows


def test_a_cut_record_counts_apart_whichever_side_was_cut() -> None:
    tally = Tally()
    tally.add(judged(MET), MET, candidate=replace(MET, is_complete=False))
    assert (tally.comparable, tally.cut) == (0, 1)


def test_a_replay_that_ends_early_is_not_cut() -> None:
    tally = Tally()
    tally.add(judged(MET), MET, candidate=replace(replay(MET), is_complete=False))
    assert (tally.comparable, tally.cut) == (1, 0)


def test_records_that_were_cut_are_no_evidence() -> None:
    verdict = answer((MET, 200), (SECOND, 99), (CUT, 1))
    assert (verdict.answer, verdict.workflows, verdict.upper_bound_95) == (
        Answer.NOT_YET,
        299,
        3 / 299,
    )


def test_a_difference_in_a_cut_record_still_counts() -> None:
    verdict = answer((MET, 600), (SECOND, 400), (CUT_EARLY, 20))
    assert (verdict.answer, verdict.semantic) == (Answer.NO, 20)


def test_a_branch_that_only_a_cut_record_took_was_never_seen() -> None:
    late = replace(SECOND, entries=SECOND.entries[:3], is_complete=False)
    verdict = answer((MET, 1000), (late, 5))
    assert "step 1 given up was never seen" in verdict.reasons[1]


def test_a_shape_of_which_every_record_was_cut_is_not_covered() -> None:
    read = trace(READ, "1 submitted @0.2", is_complete=False)
    verdict = answer((MET, 500), (SECOND, 500), (read, 50))
    assert verdict.answer is Answer.NOT_YET
    assert any("whatsapp text until read" in reason for reason in verdict.reasons)


def test_the_verdict_says_how_many_were_cut() -> None:
    verdict = answer((MET, 500), (SECOND, 500), (CUT, 2))
    assert verdict.answer is Answer.GO
    assert verdict.notes == (
        "2 workflows were cut: recording ended before the workflow was over, so they are no"
        " evidence",
    )


def test_too_many_cut_records_are_not_yet_enough() -> None:
    verdict = answer((MET, 500), (SECOND, 500), (CUT, 150))
    assert (verdict.answer, verdict.reasons) == (
        Answer.NOT_YET,
        ("150 workflows of 1,150 were cut or could not be compared",),
    )


def test_a_no_says_what_share_would_not_be_one() -> None:
    first, *_ = answer((MET, 9), (FORGOTTEN, 1)).reasons
    assert first == "10 % of what was compared differs; above 1 % the answer is no"


def test_ways_of_a_workflow_that_differs_were_seen() -> None:
    (covered,) = tallied((FORGOTTEN, 1)).coverage.shapes.values()
    assert [str(way) for way in covered.seen] == ["step 1 condition met"]


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
