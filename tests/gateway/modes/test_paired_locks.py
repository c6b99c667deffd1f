"""The locks of pairing: every unsafe configuration, and every request that must not leave."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.modes.paired import LONGEST_MS, Locked, PairCount, Pairing, PairTerms, lock
from gateway.settings import load_settings
from gateway.settings.mode_rules import paired_end_faults
from gateway.settings.mode_values import ACKNOWLEDGEMENT
from tests.gateway.settings.loading import MINIMAL, fault_of, faults_of, load
from tests.support.world import step, workflow
from translators.diagnostics import JsonObject, JsonValue
from translators.dispatch import DispatchPlan, translate_dispatch

NOW_S = 1_738_584_865
NOW_MS = 1000 * NOW_S
SAFE = {
    "GATEWAY_MODE": "paired",
    "GATEWAY_PAIRED_ALLOW": "447700900000, +447700900009",
    "GATEWAY_PAIRED_ACKNOWLEDGE": ACKNOWLEDGEMENT,
    "GATEWAY_PAIRED_MAX": "10",
    "GATEWAY_PAIRED_UNTIL": "2025-02-04T00:00:00Z",
}
TERMS = PairTerms(
    allow=frozenset({"447700900000", "447700900009"}), most=10, until_ms=NOW_MS + 3_600_000
)


class TestSettings:
    def test_all_four_together_are_accepted(self) -> None:
        assert faults_of({**MINIMAL, **SAFE}) == []

    @pytest.mark.parametrize("name", [name for name in SAFE if name != "GATEWAY_MODE"])
    def test_each_of_the_four_is_needed(self, name: str) -> None:
        (fault,) = faults_of({**MINIMAL, **SAFE, name: ""})
        assert fault.startswith(f"{name} is not set, and GATEWAY_MODE is paired")

    @pytest.mark.parametrize(
        ("name", "value", "words"),
        [
            ("GATEWAY_PAIRED_ALLOW", " , ", "is empty"),
            ("GATEWAY_PAIRED_ACKNOWLEDGE", "yes", "is not the sentence that is needed"),
            ("GATEWAY_PAIRED_ACKNOWLEDGE", "true", f"write exactly: {ACKNOWLEDGEMENT}"),
            ("GATEWAY_PAIRED_MAX", "0", "write a number from 1 to 1000"),
            ("GATEWAY_PAIRED_MAX", "1001", "write a number from 1 to 1000"),
            ("GATEWAY_PAIRED_MAX", "many", "write a number from 1 to 1000"),
            ("GATEWAY_PAIRED_UNTIL", "tomorrow", "is not an instant"),
            ("GATEWAY_PAIRED_UNTIL", "2025-02-04T00:00:00", "does not say its time zone"),
        ],
    )
    def test_an_unsafe_value_is_one_fault(self, name: str, value: str, words: str) -> None:
        (fault,) = faults_of({**MINIMAL, **SAFE, name: value})
        assert words in fault

    @pytest.mark.parametrize(
        ("until", "words"),
        [
            ("2025-02-03T12:14:25Z", "is past"),
            ("2020-01-01T00:00:00Z", "is past"),
            ("2025-02-10T12:14:26Z", "is more than 7 days ahead"),
            ("9999-01-01T00:00:00Z", "is more than 7 days ahead"),
        ],
    )
    def test_an_end_that_is_past_or_far_is_refused(self, until: str, words: str) -> None:
        settings = load(**{**SAFE, "GATEWAY_PAIRED_UNTIL": until})
        (fault,) = paired_end_faults(settings, NOW_S)
        assert words in str(fault)

    def test_an_end_within_seven_days_is_accepted(self) -> None:
        settings = load(**{**SAFE, "GATEWAY_PAIRED_UNTIL": "2025-02-10T12:14:25Z"})
        assert paired_end_faults(settings, NOW_S) == []

    @pytest.mark.parametrize("name", [name for name in SAFE if name != "GATEWAY_MODE"])
    def test_none_of_them_is_taken_without_the_mode(self, name: str) -> None:
        assert fault_of(**{name: SAFE[name]}).startswith(
            f"{name} is set, and no application has GATEWAY_MODE=paired"
        )

    def test_nobody_is_paired_by_default(self) -> None:
        assert Pairing.of(load()) is None

    def test_what_the_reader_did_not_see_stays_locked(self, tmp_path: Path) -> None:
        settings = load_settings({**MINIMAL, **SAFE, "GATEWAY_STORE": f"sqlite:///{tmp_path}/db"})
        pairing = Pairing.of(replace(settings, paired_acknowledge=None))
        assert pairing is not None
        assert _admit(pairing, workflow(step())) is not None


def _admit(pairing: Pairing, request: JsonObject, now_ms: int = NOW_MS) -> Locked | None:
    plan = translate_dispatch(request)
    assert plan.value is not None
    return pairing.admit(request, plan.value, plan.codes, now_ms)


def _locked(request: JsonObject, terms: PairTerms = TERMS, now_ms: int = NOW_MS) -> Locked | None:
    plan = translate_dispatch(request)
    assert plan.value is not None
    return lock(terms, request, plan.value, plan.codes, now_ms)


def _to(channel: str = "sms", **to: JsonValue) -> JsonObject:
    one = step(channel)
    one["to"] = {"type": channel, **to}
    return one


class TestRecipients:
    def test_a_handset_of_the_list_passes(self) -> None:
        assert (
            _locked(
                workflow(
                    step(failover={"expiry_time": 15, "condition_status": "delivered"}),
                    _to(number="447700900009"),
                )
            )
            is None
        )

    @pytest.mark.parametrize("number", ["+447700900000", "00447700900000", 447700900000])
    def test_a_number_is_known_however_it_is_written(self, number: JsonValue) -> None:
        assert _locked(workflow(_to(number=number))) is None

    def test_a_stranger_is_refused(self) -> None:
        locked = _locked(workflow(_to(number="447700900001")))
        assert locked is not None
        assert locked.invalid == (("workflow[0].to.number", "is not in GATEWAY_PAIRED_ALLOW"),)

    def test_a_stranger_in_a_later_step_is_refused(self) -> None:
        first = step(failover={"expiry_time": 15, "condition_status": "delivered"})
        locked = _locked(workflow(first, _to(number="447700900001")))
        assert locked is not None
        assert locked.invalid[0][0] == "workflow[1].to.number"

    def test_the_refusal_does_not_repeat_the_number(self) -> None:
        assert "447700900001" not in str(_locked(workflow(_to(number="447700900001"))))

    def test_a_messenger_id_has_to_be_on_the_list_as_well(self) -> None:
        assert _locked(workflow(_to("messenger", id="1234567890"))) is not None

    def test_an_address_that_only_dispatch_might_read_is_refused(self) -> None:
        assert _locked(workflow(_to(number="447700900000", id="447700900001"))) is not None

    def test_a_field_that_nobody_knows_is_refused(self) -> None:
        assert _locked({**workflow(step()), "cc": "447700900001"}) is not None

    def test_a_content_that_could_name_anybody_is_refused(self) -> None:
        content: JsonObject = {"type": "custom", "custom": {}}
        custom: JsonObject = {**step("whatsapp"), "message": {"content": content}}
        locked = lock(TERMS, workflow(custom), DispatchPlan(template="", steps=()), (), NOW_MS)
        assert locked is not None
        assert locked.invalid[0][0] == "workflow[0].message.content"

    def test_an_empty_list_allows_nobody(self) -> None:
        assert _locked(workflow(step()), replace(TERMS, allow=frozenset())) is not None


def _with(path: str, value: JsonValue, channel: str = "sms") -> JsonObject:
    """Return a request to a handset of the list, with one more member somewhere in its step."""
    one: Any = step(channel)
    *above, name = path.split(".")
    place = one
    for each in above:
        if not isinstance(place.get(each), dict):
            place[each] = {}
        place = place[each]
    place[name] = value
    return workflow(one)


STRANGER = "447700900001"


def _template(parameter: JsonValue) -> JsonObject:
    """Return a request for a template with one parameter, to a handset of the list."""
    one: Any = step("whatsapp")
    one["message"] = {
        "content": {
            "type": "template",
            "template": {"name": "a:template", "parameters": [parameter]},
        },
        "whatsapp": {"policy": "deterministic", "locale": "en-GB"},
    }
    return workflow(one)


class TestWhatIsNotUnderstood:
    @pytest.mark.parametrize("channel", ["whatsapp", "viber_service_msg", "messenger", "mms"])
    @pytest.mark.parametrize(
        "options",
        [
            {"to": STRANGER},
            {"to": {"number": STRANGER}},
            {"to": [STRANGER]},
            {"to": int(STRANGER)},
            {"to": float(STRANGER)},
            {"recipient": f"+{STRANGER}"},
            {"to": "US.13491208655302741918"},
            {STRANGER: "to"},
            {"policy": "deterministic"},
            {},
        ],
    )
    def test_the_options_of_another_channel_are_refused(
        self, channel: str, options: JsonObject
    ) -> None:
        locked = _locked(_with(f"message.{channel}", options))
        assert locked is not None

    @pytest.mark.parametrize(
        "place",
        [
            "message.whatsapp.policy",
            "message.whatsapp.locale",
            "message.whatsapp.to",
            "message.to",
            "to.name",
            "from.to",
            "failover.to",
            "recipient",
            "message.content.to",
            "message.content.text.to",
            "message.content.image.to",
            "message.content.template.to",
            "message.content.template.components",
        ],
    )
    @pytest.mark.parametrize(
        "number", [STRANGER, int(STRANGER), f"+{STRANGER}", "00 44 7700 900001"]
    )
    def test_a_number_of_a_stranger_is_refused_wherever_it_could_be_read(
        self, place: str, number: JsonValue
    ) -> None:
        request = _with(place, number, "whatsapp")
        plan = translate_dispatch(request)
        planned = plan.value or translate_dispatch(workflow(step("whatsapp"))).value
        assert planned is not None
        assert lock(TERMS, request, planned, plan.codes, NOW_MS) is not None

    @pytest.mark.parametrize(
        "parameter",
        [
            {"default": "Jane", "to": STRANGER},
            {"default": "Jane", STRANGER: "to"},
        ],
    )
    def test_a_stranger_in_a_parameter_of_a_template_is_refused(
        self, parameter: JsonObject
    ) -> None:
        assert _locked(_template(parameter)) is not None

    @pytest.mark.parametrize("parameter", ["Jane", {"default": "Order 447700900001"}])
    def test_a_template_passes_with_what_is_said_in_it(self, parameter: JsonValue) -> None:
        assert _locked(_template(parameter)) is None

    @pytest.mark.parametrize("name", ["failover", "client_ref"])
    def test_nothing_is_no_number(self, name: str) -> None:
        assert _locked(workflow({**step(), name: None})) is None

    def test_the_refusal_names_the_place_and_not_the_number(self) -> None:
        locked = _locked(_with("message.whatsapp", {"to": STRANGER}))
        assert locked is not None
        assert locked.invalid[0][0] == "workflow[0].message.whatsapp"
        assert STRANGER not in str(locked)

    @pytest.mark.parametrize(
        ("path", "value", "channel"),
        [
            ("client_ref", "order 447700900001", "sms"),
            ("message.content.text", "Call 447700900001", "sms"),
            ("from.number", STRANGER, "sms"),
            ("message.whatsapp", {"policy": "deterministic", "locale": "en-GB"}, "whatsapp"),
            ("message.viber_service_msg", {"category": "transaction", "ttl": 259200}, "viber"),
        ],
    )
    def test_what_is_understood_passes(self, path: str, value: JsonValue, channel: str) -> None:
        name = "viber_service_msg" if channel == "viber" else channel
        request: Any = _with(path, value, name)
        if channel == "viber":
            request["workflow"][0]["from"] = {"type": name, "id": "16273"}
        assert _locked(request) is None


class TestEnd:
    def test_nothing_is_sent_after_the_end(self) -> None:
        assert _locked(workflow(step()), now_ms=TERMS.until_ms) is not None

    def test_nothing_is_sent_under_an_end_far_ahead(self) -> None:
        far = replace(TERMS, until_ms=NOW_MS + LONGEST_MS + 1)
        assert _locked(workflow(step()), far) is not None


class TestCap:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "gateway.db.paired"

    def test_messages_of_both_paths_count(self, file: Path) -> None:
        pairing = Pairing(replace(TERMS, most=3), PairCount(file))
        seen = [_admit(pairing, workflow(step())) for _ in range(2)]
        assert [each is None for each in seen] == [True, False]

    def test_the_count_outlives_a_restart(self, file: Path) -> None:
        terms = replace(TERMS, most=2)
        _admit(Pairing(terms, PairCount(file)), workflow(step()))
        assert _admit(Pairing(terms, PairCount(file)), workflow(step())) is not None

    def test_a_locked_request_counts_nothing(self, file: Path) -> None:
        pairing = Pairing(replace(TERMS, most=2), PairCount(file))
        _admit(pairing, workflow(_to(number="447700900001")))
        assert _admit(pairing, workflow(step())) is None

    def test_another_end_begins_another_count(self, file: Path) -> None:
        terms = replace(TERMS, most=2)
        _admit(Pairing(terms, PairCount(file)), workflow(step()))
        later = replace(terms, until_ms=terms.until_ms + 1)
        assert _admit(Pairing(later, PairCount(file)), workflow(step())) is None

    @pytest.mark.parametrize("content", ["", "lots", "1 2 3", "\xff"])
    def test_a_damaged_count_allows_nothing(self, file: Path, content: str) -> None:
        file.write_text(content)
        assert _admit(Pairing(TERMS, PairCount(file)), workflow(step())) is not None

    def test_a_count_that_cannot_be_written_allows_nothing(self, tmp_path: Path) -> None:
        pairing = Pairing(TERMS, PairCount(tmp_path / "nowhere" / "count"))
        assert _admit(pairing, workflow(step())) is not None
