"""v0.1 to v1 and back gives the request again, but for what the diagnostics declare.

A loss that no diagnostic declares makes the two differ, and a diagnostic declares what the tables
below say of its rule, at its pointer and nowhere else.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable
from typing import Any, Final

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from tests.support.dispatch_strategies import PAIRS, dispatches, written
from tests.support.v01_again import v01_again
from translators.channels import CHANNELS, CONTENT_TYPES
from translators.diagnostics import Diagnostic, Severity, Translation
from translators.dispatch import DispatchPlan, StepPlan, translate_dispatch
from translators.documents import parse_document
from translators.rules import Switches, Tolerance
from translators.rules_request import FINDINGS_UNLISTED, REQUEST_RULES

REFUSED: Final = [
    (channel, kind)
    for channel in CHANNELS
    for kind in sorted(CONTENT_TYPES)
    if (channel, kind) not in PAIRS
]
PAIR_WITH: Final = {
    "REQ138": ("sms", "text"),
    "REQ142": ("viber_service_msg", "text"),
    "REQ143": ("viber_service_msg", "text"),
    "REQ147": ("sms", "text"),
    "REQ162": ("mms", "image"),
    "REQ168": ("mms", "vcard"),
    "REQ169": ("messenger", "audio"),
    "REQ170": ("mms", "text"),
    "REQ171": ("mms", "file"),
    "REQ172": ("messenger", "custom"),
    "REQ189": ("viber_service_msg", "text"),
    "REQ190": ("messenger", "text"),
    "REQ191": ("messenger", "text"),
    "REQ192": ("messenger", "text"),
    "REQ193": ("messenger", "text"),
    "REQ187": ("whatsapp", "text"),
}
"""A pair with which a rule is met, where a template by WhatsApp does not show it."""
DEFAULT_LOCALES: Final = st.sampled_from([None, "en-GB"])
LENIENT: Final = Switches(
    accepted=frozenset(rule.name for rule in REQUEST_RULES if rule.tolerance is Tolerance.REFUSE)
)


def _without_prefix(number: str) -> str:
    return number[1:] if number.startswith("+") else number.removeprefix("00")


UNCHANGED: Final = {
    "REQ113",  # byte-order-mark
    "REQ131",  # client-ref-long
    "REQ138",  # read-never-met
    "REQ150",  # recipient-by-user-id
    "REQ151",  # user-id-unusual
    "REQ155",  # number-in-id
    "REQ168",  # caption-undocumented
    "REQ170",  # mms-text
    "REQ171",  # mms-media
    "REQ172",  # messenger-custom
    "REQ184",  # locale-missing
    "REQ191",  # tag-unknown
    "REQ192",  # tag-withdrawn-2020
    "REQ193",  # tag-withdrawn-2026
}
"""Rules that declare no more than a doubt: everything is carried as it stands."""
REWRITTEN: Final[dict[str, Callable[[Any], Any]]] = {
    "REQ126": int,  # integer-as-fraction
    "REQ136": int,  # expiry-as-text
    "REQ142": {"viber_service_message": "viber_service_msg"}.__getitem__,
    "REQ144": str,  # address-as-number
    "REQ146": lambda address: address.strip(" \t\r\n"),  # address-whitespace
    "REQ147": _without_prefix,  # number-prefix
    "REQ162": {"img": "image"}.__getitem__,  # content-type-img
    "REQ174": json.dumps,  # parameter-as-number
    "REQ175": lambda parameter: {"default": parameter["default"]},  # parameter-keys-dropped
    "REQ186": lambda locale: locale.replace("-", "_"),  # locale-rewritten
    "REQ189": int,  # ttl-as-text
    "REQ190": str.lower,  # option-capitals
}
"""Rules that declare another way of writing the value at the pointer."""
DROPPED: Final = {
    "REQ124",  # field-unknown
    "REQ125",  # null-as-absent
    "REQ130",  # trailing-null
    "REQ134",  # failover-on-last-step
    "REQ169",  # caption-dropped
    "REQ176",  # content-dropped
    "REQ187",  # options-without-template
    "REQ188",  # options-of-another-channel
}
"""Rules that declare that what stands at the pointer is not sent."""
RENAMED: Final = {"REQ143": "number"}  # viber-recipient-id
"""Rules that declare another name for the member at the pointer."""
ADDED: Final = {"REQ185": "en_GB"}  # locale-defaulted
"""Rules that declare a value at the pointer, where there was none."""
DECLARED: Final = {*UNCHANGED, *REWRITTEN, *DROPPED, *RENAMED, *ADDED}


def as_declared(document: Any, diagnostics: Iterable[Diagnostic]) -> Any:
    """Apply to `document` what the diagnostics declare, and nothing else."""
    document, later = copy.deepcopy(document), []
    for found in diagnostics:
        *path, name = found.pointer.split("/")[1:] or [""]
        holder = document
        for token in path:
            step = key_in(holder, token)
            holder = holder[step] if isinstance(holder, list) else holder.setdefault(step, {})
        key = key_in(holder, name)
        assert found.rule in DECLARED, f"{found.rule} declares nothing"
        if found.rule in REWRITTEN:
            holder[key] = REWRITTEN[found.rule](holder[key])
        elif found.rule not in UNCHANGED:
            later.append((found.rule, holder, key))
    # Pointers lead into the document as it was written, so names and places change at the end.
    for rule, holder, key in later:
        if rule in ADDED:
            holder[key] = ADDED[rule]
            continue
        value = holder.pop(key)
        if rule in RENAMED:
            holder[RENAMED[rule]] = value
    return document


def key_in(holder: Any, token: str) -> Any:
    """Return what a token of a JSON Pointer leads by. Source: RFC 6901 section 4."""
    name = token.replace("~1", "/").replace("~0", "~")
    return int(name) if isinstance(holder, list) else name


def in_one_form(document: Any) -> Any:
    """Write alike what v0.1 lets a caller write in two ways that mean the same."""
    for step in document["workflow"]:
        # A recipient on WhatsApp may stand in `number`, in `id`, or in both.
        if step["to"]["type"] == "whatsapp" and "id" in step["to"]:
            step["to"]["number"] = step["to"].pop("id")
        message = step["message"]
        # Two forms of a parameter. Source: docs/wire.md section 2.4.
        template = message["content"].get("template", {})
        if "parameters" in template:
            template["parameters"] = [
                parameter["default"] if is_older_form(parameter) else parameter
                for parameter in template["parameters"]
            ]
        # An option that is not given has its default, with or without an object around nothing.
        step["message"] = {name: value for name, value in message.items() if value != {}}
    return document


def is_older_form(parameter: Any) -> bool:
    return isinstance(parameter, dict) and parameter.keys() == {"default"}


def lines(document: Any) -> list[str]:
    """Write a document in one way, in which 600 and 600.0 differ as much as they do on the wire."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).splitlines()


def terms_of(step: StepPlan) -> Any:
    return step.expiry_s and {"expiry_time": step.expiry_s, "condition_status": step.condition}


def back(translated: Translation[DispatchPlan]) -> Any:
    assert translated.value is not None, translated.errors
    steps = translated.value.steps
    return v01_again([step.request for step in steps], [terms_of(step) for step in steps])


def carried(raw: bytes, default_locale: str | None) -> tuple[Any, Translation[DispatchPlan]]:
    parsed = parse_document(raw)
    translated = translate_dispatch(parsed.value, LENIENT, default_locale=default_locale)
    diagnostics = parsed.diagnostics + translated.diagnostics
    return parsed.value, Translation(value=translated.value, diagnostics=diagnostics)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
@settings(max_examples=20)
@given(data=st.data(), default_locale=DEFAULT_LOCALES)
def test_what_no_diagnostic_declares_comes_back_as_it_was(
    pair: tuple[str, str], data: st.DataObject, default_locale: str | None
) -> None:
    raw = data.draw(dispatches(including=pair).flatmap(written))
    document, translated = carried(raw, default_locale)
    expected = in_one_form(as_declared(document, translated.diagnostics))
    assert lines(back(translated)) == lines(expected)


@pytest.mark.parametrize("pair", REFUSED, ids="-".join)
@settings(max_examples=3)
@given(data=st.data())
def test_a_pair_without_a_way_is_refused_by_name(
    pair: tuple[str, str], data: st.DataObject
) -> None:
    document = data.draw(dispatches(including=pair, plain=True))
    assert translate_dispatch(document, LENIENT).value is None


def test_every_rule_that_lets_a_request_pass_declares_what_it_changes() -> None:
    passing = {rule.code for rule in REQUEST_RULES if LENIENT.severity(rule) is not Severity.ERROR}
    assert passing - {FINDINGS_UNLISTED.code} == DECLARED


@pytest.mark.parametrize("rule", sorted(DECLARED))
def test_the_generated_requests_meet_every_rule_that_lets_them_pass(rule: str) -> None:
    pair = PAIR_WITH.get(rule, ("whatsapp", "template"))
    documents = dispatches([pair], including=pair)
    requests = st.tuples(documents.flatmap(written), DEFAULT_LOCALES)
    once = settings(max_examples=1000, database=None, phases=[Phase.generate])
    assert find(requests, lambda request: rule in carried(*request)[1].codes, settings=once)
