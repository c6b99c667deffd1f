"""Native failover: grades, the reasons for them, and where a ttl goes."""

from __future__ import annotations

import copy
from typing import Any, Final

import pytest

from tests.translators.request_builders import flow, plan_of, step
from translators import Grade, NativeOutcome, translate_native
from translators.channels import CHANNELS, Channel, Ttl
from translators.diagnostics import Severity
from translators.rules import Switches
from translators.v1 import validate_message

ACCEPTED: Final = Switches(accepted=frozenset({"ttl-unavailable", "read-inexpressible"}))
WITH_TTL: Final[list[tuple[Channel, Ttl]]] = [
    (row, row.ttl) for row in CHANNELS.values() if row.ttl is not None
]
WITHOUT_TTL: Final = [row.name for row in CHANNELS.values() if row.ttl is None]
LONGEST_EXPIRY: Final = 86400


def waiting(
    channel: str, expiry_time: int = 600, condition_status: str = "delivered", **options: Any
) -> dict[str, Any]:
    """A step with a successor; `options` are those of its channel."""
    message = {
        "content": {"type": "text", "text": "Hello"},
        **({channel: options} if options else {}),
    }
    terms = {"expiry_time": expiry_time, "condition_status": condition_status}
    return step(channel, message=message, failover=terms)


def native(*steps: dict[str, Any], **settings: Any) -> NativeOutcome:
    return translate_native(plan_of(flow(*steps)), **settings)


def then_sms(first: dict[str, Any], **settings: Any) -> NativeOutcome:
    return native(first, step("sms"), **settings)


def grade(outcome: NativeOutcome) -> Grade:
    return outcome.verdict.grade


def reasons(outcome: NativeOutcome) -> list[str]:
    return [reason.rule for reason in outcome.verdict.reasons]


def request(outcome: NativeOutcome) -> dict[str, Any]:
    assert outcome.translation.value is not None
    return outcome.translation.value


def detail(outcome: NativeOutcome, rule: str) -> str:
    return next(found.detail for found in outcome.translation.diagnostics if found.rule == rule)


def places(outcome: NativeOutcome) -> list[tuple[str, str]]:
    """Where the findings about single steps are."""
    found = outcome.translation.diagnostics
    return [(each.rule, each.pointer) for each in found if each.pointer]


def test_a_single_step_is_the_same_under_native_failover() -> None:
    assert grade(native(step("whatsapp"))) is Grade.N0


def test_a_single_step_gives_no_reasons() -> None:
    assert native(step("sms")).verdict.reasons == ()


def test_a_single_step_has_no_failover_array() -> None:
    assert "failover" not in request(native(step("sms")))


@pytest.mark.parametrize("channel", [row.name for row, _ in WITH_TTL])
def test_a_ttl_and_an_assumption_make_a_workflow_the_same(channel: str) -> None:
    assert grade(then_sms(waiting(channel), undeliverable_fails_over=True)) is Grade.N1


@pytest.mark.parametrize("channel", [row.name for row, _ in WITH_TTL])
def test_undeliverable_alone_makes_a_workflow_differ(channel: str) -> None:
    assert reasons(then_sms(waiting(channel))) == ["NAT507"]


@pytest.mark.parametrize("channel", [row.name for row, _ in WITH_TTL])
def test_a_workflow_that_undeliverable_ends_is_graded_n2(channel: str) -> None:
    assert grade(then_sms(waiting(channel))) is Grade.N2


def test_a_ttl_that_must_be_longer_than_the_expiry_makes_a_workflow_differ() -> None:
    outcome = then_sms(waiting("mms", 299), undeliverable_fails_over=True)
    assert (grade(outcome), reasons(outcome)) == (Grade.N2, ["NAT503"])


def test_an_expiry_as_short_as_the_shortest_ttl_is_carried() -> None:
    outcome = then_sms(waiting("mms", 300), undeliverable_fails_over=True)
    assert grade(outcome) is Grade.N1


def test_how_much_later_the_next_message_comes_is_said() -> None:
    assert "at best 240 seconds later" in detail(then_sms(waiting("mms", 60)), "NAT503")


@pytest.mark.parametrize("channel", WITHOUT_TTL)
def test_a_step_on_a_channel_without_ttl_stays_on_the_gateway(channel: str) -> None:
    outcome = then_sms(waiting(channel), undeliverable_fails_over=True)
    assert (grade(outcome), reasons(outcome)) == (Grade.N3, ["NAT504"])


@pytest.mark.parametrize("channel", [row.name for row, _ in WITH_TTL])
def test_a_step_that_waits_for_read_stays_on_the_gateway(channel: str) -> None:
    outcome = then_sms(waiting(channel, condition_status="read"), undeliverable_fails_over=True)
    assert (grade(outcome), reasons(outcome)) == (Grade.N3, ["NAT506"])


def test_the_worst_reason_is_named_first() -> None:
    outcome = native(waiting("whatsapp"), waiting("viber_service_msg", 600, "read"), step())
    assert reasons(outcome) == ["NAT506", "NAT504"]


def test_reasons_of_one_kind_keep_the_order_of_the_steps() -> None:
    outcome = native(waiting("whatsapp"), waiting("messenger"), step())
    assert [reason.pointer for reason in outcome.verdict.reasons] == [
        "/workflow/0/failover/expiry_time",
        "/workflow/1/failover/expiry_time",
    ]


def test_an_accepted_reason_to_stay_is_an_accepted_difference() -> None:
    outcome = then_sms(waiting("whatsapp", 600, "read"), switches=ACCEPTED)
    assert (grade(outcome), reasons(outcome)) == (Grade.N2, ["NAT506", "NAT504", "NAT507"])


def test_an_accepted_reason_to_stay_is_a_warning() -> None:
    outcome = then_sms(waiting("whatsapp"), switches=ACCEPTED)
    assert outcome.verdict.reasons[0].severity is Severity.WARNING


def test_accepting_one_reason_does_not_accept_the_other() -> None:
    switches = Switches(accepted=frozenset({"read-inexpressible"}))
    assert reasons(then_sms(waiting("messenger", 600, "read"), switches=switches)) == ["NAT504"]


def test_the_last_step_may_be_on_any_channel() -> None:
    outcome = native(waiting("sms"), step("messenger"), undeliverable_fails_over=True)
    assert grade(outcome) is Grade.N1


def test_an_expiry_is_dropped_unless_a_ttl_is_asked_for() -> None:
    assert "ttl" not in request(then_sms(waiting("mms")))


def test_what_dropping_an_expiry_does_is_said_of_the_request_as_it_is_emitted() -> None:
    assert detail(then_sms(waiting("mms")), "NAT501") == (
        "is dropped: as emitted, a message that just stays undelivered never fails over, unless v1"
        " rejects it at the end of its usual 600 seconds; --ttl sends ttl 600"
    )


def test_a_channel_without_a_known_life_is_never_given_up() -> None:
    outcome = then_sms(waiting("viber_service_msg"))
    assert "stays undelivered never fails over;" in detail(outcome, "NAT501")


@pytest.mark.parametrize("channel", ["sms", "mms"])
def test_a_ttl_stands_at_the_top_of_a_message(channel: str) -> None:
    assert request(then_sms(waiting(channel, 3600), with_ttl=True))["ttl"] == 3600


def test_the_ttl_of_viber_stands_among_its_options() -> None:
    outcome = then_sms(waiting("viber_service_msg", category="promotion"), with_ttl=True)
    assert request(outcome)["viber_service"] == {"category": "promotion", "ttl": 600}


def test_a_ttl_below_the_bound_is_sent_at_the_bound() -> None:
    assert request(then_sms(waiting("sms", 15), with_ttl=True))["ttl"] == 20


def test_each_step_but_the_last_has_the_ttl_of_its_own_expiry() -> None:
    sent = request(native(waiting("sms", 100), waiting("mms", 400), step("sms"), with_ttl=True))
    assert [sent["ttl"], *(message.get("ttl") for message in sent["failover"])] == [100, 400, None]


def test_a_ttl_that_the_vendor_advises_against_is_named() -> None:
    outcome = then_sms(waiting("sms", 1799), with_ttl=True)
    assert ("NAT513", "/workflow/0/failover/expiry_time") in places(outcome)


def test_a_ttl_that_the_vendor_advises_is_not_named() -> None:
    outcome = then_sms(waiting("sms", 1800), with_ttl=True)
    assert places(outcome) == [("NAT502", "/workflow/0/failover/expiry_time")]


@pytest.mark.parametrize("own_ttl", [300, 600])
@pytest.mark.parametrize("with_ttl", [False, True])
def test_a_ttl_of_the_caller_that_ends_with_the_expiry_or_before_is_kept(
    own_ttl: int, with_ttl: bool
) -> None:
    outcome = then_sms(waiting("viber_service_msg", 600, ttl=own_ttl), with_ttl=with_ttl)
    assert request(outcome)["viber_service"] == {"ttl": own_ttl}


def test_a_kept_ttl_takes_the_place_of_the_expiry() -> None:
    outcome = then_sms(waiting("viber_service_msg", 600, ttl=300), with_ttl=True)
    assert places(outcome) == [("NAT505", "/workflow/0/message/viber_service_msg/ttl")]


def test_a_kept_ttl_makes_a_workflow_the_same() -> None:
    first = waiting("viber_service_msg", 600, ttl=300)
    assert reasons(then_sms(first, undeliverable_fails_over=True)) == ["NAT505"]


def test_a_ttl_of_the_caller_gives_way_to_an_expiry_that_ends_before() -> None:
    outcome = then_sms(waiting("viber_service_msg", 599, ttl=600), with_ttl=True)
    assert request(outcome)["viber_service"] == {"ttl": 599}


def test_a_ttl_that_gave_way_is_named() -> None:
    outcome = then_sms(waiting("viber_service_msg", 599, ttl=600), with_ttl=True)
    assert ("NAT505", "/workflow/0/message/viber_service_msg/ttl") in places(outcome)


def test_a_ttl_of_the_caller_is_left_alone_unless_a_ttl_is_asked_for() -> None:
    outcome = then_sms(waiting("viber_service_msg", 599, ttl=600))
    assert request(outcome)["viber_service"] == {"ttl": 600}


def test_a_ttl_of_the_caller_that_outlasts_a_dropped_expiry_is_said() -> None:
    outcome = then_sms(waiting("viber_service_msg", 599, ttl=600))
    assert "fails over after its ttl of 600" in detail(outcome, "NAT501")


def test_a_ttl_of_the_caller_on_the_last_step_is_untouched_and_unsaid() -> None:
    outcome = native(
        step("viber_service_msg", message=waiting("viber_service_msg", ttl=40)["message"]),
        with_ttl=True,
    )
    assert (request(outcome)["viber_service"], places(outcome)) == ({"ttl": 40}, [])


@pytest.mark.parametrize(
    ("settings", "told"),
    [({}, {"NAT507"}), ({"undeliverable_fails_over": True}, {"NAT508"})],
)
def test_undeliverable_is_either_a_difference_or_an_assumption(
    settings: dict[str, bool], told: set[str]
) -> None:
    codes = then_sms(waiting("sms"), **settings).translation.codes
    assert {"NAT507", "NAT508"}.intersection(codes) == told


def test_what_holds_for_the_whole_is_said_once_however_many_steps_there_are() -> None:
    found = native(waiting("sms"), waiting("mms"), step()).translation.diagnostics
    assert [each.rule for each in found if not each.pointer] == [
        "NAT507",
        "NAT512",
        "NAT509",
        "NAT510",
        "NAT511",
    ]


def test_what_only_concerns_a_next_message_is_not_said_of_a_single_one() -> None:
    assert native(step("sms")).translation.codes == ("NAT509", "NAT510", "NAT511")


def test_the_plan_is_not_changed() -> None:
    plan = plan_of(flow(waiting("viber_service_msg", category="promotion"), step("sms")))
    before = copy.deepcopy(plan)
    translate_native(plan, with_ttl=True)
    assert plan == before


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (native(step()), "Native v1 sends the same: a single message depends on no expiry."),
        (
            then_sms(waiting("sms"), undeliverable_fails_over=True),
            "Native v1 sends the same with a ttl in place of each expiry, provided that a lapsed"
            " ttl and undeliverable fail over, and that your code acts on a refused request, of"
            " which nothing is sent.",
        ),
        (
            native(waiting("mms", 60), waiting("mms", 60), step()),
            "Native v1 differs even with a ttl: a message reported undeliverable ends the"
            " workflow; the next message comes later than asked for.",
        ),
        (
            then_sms(waiting("viber_service_msg", 600, "read")),
            "This workflow stays on the gateway: a step waits for read, which v1 cannot.",
        ),
    ],
    ids=list(Grade),
)
def test_a_verdict_is_summed_up_in_a_sentence(outcome: NativeOutcome, sentence: str) -> None:
    assert outcome.verdict.summary == sentence


@pytest.mark.parametrize(("channel", "ttl"), WITH_TTL, ids=lambda row: getattr(row, "name", ""))
def test_v1_takes_the_longest_expiry_of_dispatch_as_a_ttl(channel: Channel, ttl: Ttl) -> None:
    assert ttl.maximum >= LONGEST_EXPIRY


def timed(channel: Channel, ttl: Ttl, seconds: int) -> dict[str, Any]:
    """A message with a ttl in its place."""
    message: dict[str, Any] = {**plan_of(flow(step(channel.name))).steps[0].request}
    holder = message.setdefault(channel.v1_name, {}) if ttl.among_options else message
    holder["ttl"] = seconds
    return message


@pytest.mark.parametrize(("channel", "ttl"), WITH_TTL, ids=lambda row: getattr(row, "name", ""))
def test_the_bounds_of_a_ttl_are_those_of_the_v1_models(channel: Channel, ttl: Ttl) -> None:
    tried = (ttl.minimum - 1, ttl.minimum, ttl.maximum, ttl.maximum + 1)
    taken = [each for each in tried if validate_message(timed(channel, ttl, each)) is None]
    assert taken == [ttl.minimum, ttl.maximum]
