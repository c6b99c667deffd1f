"""A workflow under this gateway, in virtual time."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.bodies import new_dispatch, status_facts
from gateway.core.decide import decide
from gateway.core.events import (
    DispatchAccepted,
    Event,
    ExpiryReached,
    SendAccepted,
    StatusReceived,
)
from gateway.core.state import Terms
from gateway.render import Renderer, RenderOptions
from gateway.simulation.as_gateway import run_gateway
from gateway.simulation.casting import cast
from gateway.simulation.fates import FAILED, Fate, Happening
from gateway.simulation.messages import BIRTH_MS, Sent, dispatch_uuid_of, message_uuid_for
from gateway.simulation.scenarios import SCENARIOS
from gateway.simulation.trace import Outcome, Reached, Trace, What
from gateway.stores.base import OutboxKind, RequestCause
from tests.gateway.rendering import MINT, SHOP
from tests.gateway.simulation.casts import GUIDE, fates_of, plan_of, sends, told, whys
from translators.diagnostics import JsonObject
from translators.dispatch import DispatchPlan
from translators.status import MessageStatus, translate_status

DAY_MS = 86_400_000


def run(steps: tuple[str, ...], *lines: str, terms: Terms | None = None) -> Trace:
    plan = plan_of(*steps)
    return run_gateway(plan, fates_of(plan, *lines), terms)


def run_scenario(name: str, *steps: str) -> Trace:
    plan = plan_of(*steps)
    parts, _ = cast(plan, [], {0: name})
    return run_gateway(plan, [part.fate for part in parts])


def test_an_mms_that_is_never_delivered_gives_way_to_the_sms() -> None:
    trace = run(GUIDE, "1 submitted @0.2s", "2 delivered @1s")
    assert sends(trace) == [(1, 0), (2, 600)]
    assert told(trace) == ["1 submitted", "2 delivered", "report completed"]
    assert whys(trace, What.FAILOVER) == ["not delivered in 10 min"]


def test_a_late_delivery_is_told_and_makes_two_messages() -> None:
    trace = run(GUIDE, "1 delivered @20m", "2 delivered @1s")
    assert [each.channel for each in trace.arrived] == ["sms", "mms"]
    assert trace.has_double
    assert told(trace) == ["2 delivered", "report completed", "1 delivered"]
    assert whys(trace, What.IGNORED) == ["step-resolved"]


def test_a_delivery_at_the_very_deadline_is_in_time() -> None:
    assert sends(run(GUIDE, "1 delivered @600s")) == [(1, 0)]


def test_the_time_runs_from_the_answer() -> None:
    assert sends(run(GUIDE, "1 answered @3s")) == [(1, 0), (2, 603)]


def test_what_waits_for_read_is_not_content_with_delivered() -> None:
    trace = run(("whatsapp read 600", "sms"), "1 delivered @2s")
    assert sends(trace) == [(1, 0), (2, 600)]


def test_what_is_read_in_time_ends_the_workflow() -> None:
    trace = run(("whatsapp read 600", "sms"), "1 delivered @2s", "1 read @5m")
    assert (trace.outcome, trace.ended_ms) == (Outcome.COMPLETED, 300_000)


def test_undeliverable_fails_over_at_once() -> None:
    trace = run(GUIDE, "1 undeliverable 1331 @3s")
    assert sends(trace) == [(1, 0), (2, 3)]
    assert whys(trace, What.FAILOVER) == ["undeliverable 1331"]


def test_a_refusal_is_told_as_rejected_and_sends_the_next_step() -> None:
    trace = run(GUIDE, "1 refused 1170", "2 delivered @1s")
    assert told(trace) == ["1 rejected", "2 delivered", "report completed"]
    body = trace.callbacks[0].body
    assert body is not None
    assert body["error"] == {"code": 1170, "reason": "Invalid or Missing Msisdn Param"}
    assert [each.step for each in trace.messages] == [1]


def test_a_lost_answer_is_in_doubt_until_the_expiry() -> None:
    trace = run(GUIDE, "1 lost @30s", "2 delivered @1s")
    assert whys(trace, What.FAILOVER) == ["in doubt for 10 min"]
    assert sends(trace) == [(1, 0), (2, 600)]
    assert [each.reached for each in trace.messages] == [Reached.UNCONFIRMED, Reached.YES]
    assert trace.has_possible_double


def test_a_webhook_resolves_a_lost_answer() -> None:
    assert told(run(GUIDE, "1 lost @0s", "1 delivered @2s")) == ["1 delivered", "report completed"]


def test_a_last_step_in_doubt_ends_with_the_grace() -> None:
    trace = run(("sms",), "1 lost @0s")
    assert (trace.outcome, trace.ended_ms) == (Outcome.ERROR, 900_000)
    assert whys(trace, What.REPORT) == ["in doubt for 15 min"]


def test_a_last_step_that_is_silent_ends_at_the_horizon() -> None:
    trace = run(("sms",), "1 submitted @1s", terms=Terms(horizon_s=30 * 86400))
    assert (trace.outcome, trace.ended_ms) == (Outcome.ERROR, 30 * DAY_MS)
    assert whys(trace, What.REPORT) == ["nothing heard for 30 d"]


def test_a_webhook_that_comes_twice_is_told_once() -> None:
    trace = run_scenario("duplicated", *GUIDE)
    assert told(trace) == ["1 submitted", "1 delivered", "report completed"]
    assert whys(trace, What.IGNORED) == ["told before", "told before"]


def test_a_webhook_that_overtakes_the_answer_changes_nothing() -> None:
    trace = run_scenario("overtaking-webhook", *GUIDE)
    assert told(trace) == ["1 submitted", "1 delivered", "report completed"]


def test_three_steps_are_walked_one_by_one() -> None:
    trace = run(
        ("whatsapp read 600", "viber_service_msg delivered 3600", "sms"),
        "1 delivered @2s",
        "2 rejected 1260 @5s",
        "3 delivered @1s",
    )
    assert sends(trace) == [(1, 0), (2, 600), (3, 605)]
    assert whys(trace, What.FAILOVER) == ["not read in 10 min", "rejected 1260"]


def test_a_ttl_of_the_caller_ends_the_message_under_the_gateway_too() -> None:
    plan = plan_of("viber_service_msg delivered 600", "sms")
    request = plan.steps[0].request
    request["viber_service"] = {"ttl": 60}
    trace = run_gateway(plan, fates_of(plan, "1 submitted @1s", "2 delivered @1s"))
    assert sends(trace) == [(1, 0), (2, 60)]


def test_a_script_plays_the_same_twice() -> None:
    assert run(GUIDE, "1 delivered @20m") == run(GUIDE, "1 delivered @20m")


def rendered(plan: DispatchPlan) -> list[JsonObject]:
    """Return the callbacks that the gateway's own renderer makes of the guide's example."""
    renderer = Renderer({"shop": SHOP}, MINT, RenderOptions())
    state = new_dispatch(dispatch_uuid_of(plan), plan, Terms())
    first = _sent(state.dispatch_uuid, plan, 0, "submitted")
    second = _sent(state.dispatch_uuid, plan, 1, "delivered")
    life: list[tuple[int, Event, MessageStatus | None]] = [
        (0, DispatchAccepted(), None),
        (0, _accepted(first), None),
        (1_000, *_heard(first)),
        (600_000, ExpiryReached(step=0, due_ms=BIRTH_MS + 600_000), None),
        (600_000, _accepted(second), None),
        (601_000, *_heard(second)),
    ]
    bodies: list[JsonObject] = []
    for at_ms, event, status in life:
        decision = decide(state, event, BIRTH_MS + at_ms)
        commit = renderer.render(
            application="shop",
            decision=decision,
            event=event,
            cause=RequestCause(application="shop"),
            plan=plan,
            told=status,
            now_ms=BIRTH_MS + at_ms,
        )
        state = decision.state
        bodies += [
            orjson.loads(item.body) for item in commit.outbox if item.kind is OutboxKind.CALLBACK
        ]
    return bodies


def _sent(dispatch_uuid: str, plan: DispatchPlan, step: int, status: str) -> Sent:
    return Sent(
        step=step,
        plan=plan.steps[step],
        message_uuid=message_uuid_for(dispatch_uuid, step),
        sent_ms=600_000 * step,
        fate=Fate(happenings=(Happening(after_ms=1_000, status=status),)),
    )


def _heard(sent: Sent) -> tuple[Event, MessageStatus]:
    status = translate_status(sent.webhook(sent.fate.happenings[0])).value
    assert status is not None
    return StatusReceived(step=sent.step, report=status_facts(status)), status


def _accepted(sent: Sent) -> SendAccepted:
    at_ms = BIRTH_MS + sent.sent_ms
    return SendAccepted(
        step=sent.step, message_uuid=sent.message_uuid, intent_ms=at_ms, accepted_ms=at_ms
    )


def test_the_callbacks_are_those_that_the_gateway_posts() -> None:
    plan = plan_of(*GUIDE)
    trace = run_gateway(plan, fates_of(plan, "1 submitted @1s", "2 delivered @1s"))
    assert [entry.body for entry in trace.callbacks] == rendered(plan)


FATES = st.builds(
    lambda base, more: Fate(
        happenings=(*base.happenings, *more),
        answer=base.answer,
        answered_ms=base.answered_ms,
        code=base.code,
        is_sent=base.is_sent,
    ),
    st.sampled_from(list(SCENARIOS.values())),
    st.lists(
        st.builds(
            Happening,
            after_ms=st.integers(0, 30 * DAY_MS),
            status=st.sampled_from(["submitted", "delivered", "read", *sorted(FAILED)]),
        ),
        max_size=4,
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(FATES, min_size=3, max_size=3))
def test_whatever_happens_there_is_one_report_and_no_step_is_sent_twice(fates: list[Fate]) -> None:
    plan = plan_of("whatsapp read 600", "viber_service_msg delivered 60", "sms")
    trace = run_gateway(plan, fates)
    steps = [step for step, _ in sends(trace)]
    assert steps == sorted(set(steps))
    assert [entry.what for entry in trace.entries].count(What.REPORT) == 1


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_comes_to_an_end(name: str) -> None:
    assert run_scenario(name, "whatsapp read 600", "sms").ended_ms is not None
