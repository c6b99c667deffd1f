"""A rule shown at work: a small input, and what the translators make of it this very moment.

Only inputs are kept. What comes out is translated anew whenever it is shown, so that it cannot
differ from what the gateway does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, assert_never

from translators.acl import check_acl
from translators.diagnostics import Diagnostic, JsonObject, JsonValue, Translation
from translators.dispatch import DispatchPlan, translate_dispatch
from translators.documents import parse_document
from translators.examples_case import Case, CaseSettings, Kind
from translators.examples_native import NATIVE_CASES
from translators.examples_request import REQUEST_CASES
from translators.examples_webhook import WEBHOOK_CASES
from translators.inbound import translate_inbound
from translators.native import translate_native
from translators.report import ReportMessage, render_report
from translators.rules import DEFAULT_SWITCHES, Rule, Switches
from translators.status import MessageStatus, render_status, translate_status
from translators.usage import Usage

__all__ = ["CASES", "CaseSettings", "Example", "Kind", "show"]

CASES: Final[Mapping[str, Case]] = {**REQUEST_CASES, **WEBHOOK_CASES, **NATIVE_CASES}
"""The input that shows each rule, by code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A rule at work."""

    rule: Rule
    kind: Kind
    raw: bytes
    """The input."""
    settings: CaseSettings
    value: JsonValue
    """What comes out; `None` if nothing does."""
    diagnostics: tuple[Diagnostic, ...]
    """All that is said, at least once by the rule itself."""

    @property
    def found(self) -> Diagnostic:
        """The first thing that the rule itself says."""
        return next(each for each in self.diagnostics if each.rule == self.rule.code)

    @property
    def is_about_output(self) -> bool:
        """Whether pointers lead into what comes out rather than into the input."""
        return self.kind is Kind.REPORT


def show(rule: Rule, switches: Switches = DEFAULT_SWITCHES) -> Example:
    """Translate the example of `rule`, under switches if its own is to be shown.

    Raises:
        KeyError: the rule has no example; a test sees to it that each has.
    """
    case = CASES[rule.code]
    document = parse_document(case.raw)
    value, diagnostics = document.value, document.diagnostics
    if value is not None:
        translation = _translate(case, value, switches)
        value, diagnostics = translation.value, diagnostics + translation.diagnostics
    return Example(
        rule=rule,
        kind=case.kind,
        raw=case.raw,
        settings=case.settings,
        value=value,
        diagnostics=diagnostics,
    )


def _translate(case: Case, document: JsonValue, switches: Switches) -> Translation[JsonValue]:
    match case.kind:
        case Kind.STEPS | Kind.NATIVE:
            return _dispatch(case, document, switches)
        case Kind.STATUS:
            return _callback(translate_status(document))
        case Kind.INBOUND:
            inbound = translate_inbound(document, reply_as_text=case.settings.reply_as_text)
            return Translation(value=inbound.value, diagnostics=inbound.diagnostics)
        case Kind.TOKEN:
            claims = check_acl(_fields(document), switches)
            return Translation(value=claims.value, diagnostics=claims.diagnostics)
        case Kind.REPORT:
            return _report(document, case.settings)
        case _:
            assert_never(case.kind)


def _dispatch(case: Case, document: JsonValue, switches: Switches) -> Translation[JsonValue]:
    settings = case.settings
    plan = translate_dispatch(
        document,
        switches,
        max_steps=settings.max_steps,
        default_locale=settings.default_locale,
        authentication_templates=settings.authentication_templates,
    )
    if plan.value is None:
        return Translation(value=None, diagnostics=plan.diagnostics)
    if case.kind is Kind.STEPS:
        return Translation(value=_steps(plan.value), diagnostics=plan.diagnostics)
    native = translate_native(
        plan.value,
        switches,
        with_ttl=settings.with_ttl,
        undeliverable_fails_over=settings.undeliverable_fails_over,
    ).translation
    return Translation(value=native.value, diagnostics=plan.diagnostics + native.diagnostics)


def _steps(plan: DispatchPlan) -> JsonObject:
    terms: list[JsonValue] = [
        step.expiry_s and {"expiry_time": step.expiry_s, "condition_status": step.condition}
        for step in plan.steps
    ]
    return {"messages": [step.request for step in plan.steps], "failover": terms}


def _callback(status: Translation[MessageStatus]) -> Translation[JsonValue]:
    if status.value is None:
        return Translation(value=None, diagnostics=status.diagnostics)
    body = render_status(status.value, to=None, sender=None, client_ref=None, links=None)
    return Translation(value=body, diagnostics=status.diagnostics)


def _report(document: JsonValue, settings: CaseSettings) -> Translation[JsonValue]:
    facts = _fields(document)
    listed = facts["messages"]
    report = render_report(
        dispatch_uuid=str(facts["dispatch_uuid"]),
        template=str(facts["template"]),
        status=str(facts["status"]),
        timestamp=str(facts["timestamp"]),
        messages=[_message(_fields(each)) for each in listed] if isinstance(listed, list) else [],
        fee=settings.workflow_fee,
    )
    return Translation(value=report.value, diagnostics=report.diagnostics)


def _message(facts: JsonObject) -> ReportMessage:
    status, usage = facts["status"], _fields(facts["usage"])
    return ReportMessage(
        message_uuid=str(facts["message_uuid"]),
        channel=str(facts["channel"]),
        status=None if status is None else str(status),
        usage=Usage(currency=str(usage["currency"]), price=str(usage["price"])) if usage else None,
    )


def _fields(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}
