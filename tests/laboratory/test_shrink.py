from __future__ import annotations

from tests.laboratory.draws import draw
from tests.laboratory.plan import Answer, DispatchPlan, Fault, Plan, StepPlan, Word
from tests.laboratory.shrink import shrink
from tests.laboratory.tally import kind_of

LONG_S = 60.0
LAST = StepPlan(channel="sms", answers=(Answer(),))
PLAIN = Plan(seed=7, dispatches=(DispatchPlan(at_s=0.0, steps=(LAST,)),))


def has_kill(plan: Plan) -> bool:
    return any(fault.kind == "kill" for fault in plan.faults)


def needs_two_faults_and_a_word(plan: Plan) -> bool:
    kinds = [fault.kind for fault in plan.faults]
    words = [word.status for each in plan.dispatches for step in each.steps for word in step.words]
    return "stop" in kinds and "vendor-silent" in kinds and "read" in words


def busy() -> Plan:
    word = Word(status="read", after_s=12.34, repeats=2, loses_answer=True)
    step = StepPlan(
        channel="whatsapp",
        expiry_s=60,
        condition="read",
        answers=(Answer(kind="throttle", after_s=3.0), Answer(after_s=9.0)),
        words=(Word(status="submitted", after_s=1.0), word),
    )
    kinds = ("kill", "stop", "end", "vendor-silent", "store-down", "kill", "receiver-gone")
    return Plan(
        seed=7,
        form="sqlite",
        detours=0.3,
        environ={"GATEWAY_SEND_RATE": "2", "GATEWAY_HORIZON": "600"},
        dispatches=tuple(DispatchPlan(at_s=1.5 * one, steps=(step, LAST)) for one in range(5)),
        faults=tuple(
            Fault(kind=kind, at_s=3.21 * one, for_s=40.0)  # type: ignore[arg-type]
            for one, kind in enumerate(kinds)
        ),
    )


def test_only_what_a_violation_needs_is_left() -> None:
    assert shrink(busy(), needs_two_faults_and_a_word, for_s=LONG_S) == Plan(
        seed=7,
        dispatches=(
            DispatchPlan(
                at_s=0.0,
                steps=(
                    StepPlan(
                        channel="sms",
                        answers=(Answer(),),
                        words=(Word(status="read", after_s=0.0),),
                    ),
                ),
            ),
        ),
        faults=(Fault(kind="stop"), Fault(kind="vendor-silent")),
        store_turns=0,
    )


def test_every_step_on_the_way_is_a_plan_that_fails() -> None:
    taken: list[Plan] = []

    def fails(plan: Plan) -> bool:
        taken.append(plan)
        return needs_two_faults_and_a_word(plan)

    small = shrink(busy(), fails, for_s=LONG_S)
    assert needs_two_faults_and_a_word(small)
    assert len(taken) == len({plan.to_json() for plan in taken}), "a plan was run twice"


def test_a_drawn_plan_shrinks_to_the_one_fault_it_needs() -> None:
    seed = next(seed for seed in range(1, 100) if has_kill(draw(seed)))
    small = shrink(draw(seed), has_kill, for_s=LONG_S)
    assert [fault.kind for fault in small.faults] == ["kill"]
    assert len(small.dispatches) == 1
    assert small.environ == {}


def test_without_time_the_plan_stays_as_it_is() -> None:
    assert shrink(busy(), needs_two_faults_and_a_word, for_s=-1) == busy()


def test_what_cannot_be_smaller_stays_as_it_is() -> None:
    plan = shrink(PLAIN, lambda plan: True, for_s=LONG_S)
    assert shrink(plan, lambda plan: True, for_s=LONG_S) == plan


def test_violations_of_one_check_are_of_one_kind_whatever_they_name() -> None:
    assert kind_of("messages: d0 s1 was POSTed again: accept") == "messages"
    assert kind_of("d3 was answered 500: {}") == kind_of("d12 was answered 500: x")
    assert kind_of("not everything came to its end in time") != kind_of("answers: d1 is lost")
