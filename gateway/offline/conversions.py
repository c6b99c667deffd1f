"""One document to what it becomes: the functions of the gateway, without the gateway.

A conversion is total: whatever the bytes are, it answers with a value or with reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final, TypeAlias

import orjson

from translators.diagnostics import Diagnostic, JsonObject, JsonValue, Severity, Translation
from translators.dispatch import USUAL_MAX_STEPS, DispatchPlan, translate_dispatch
from translators.documents import parse_document
from translators.rules import DEFAULT_SWITCHES, Switches


class Origin(StrEnum):
    """What the input is."""

    DISPATCH = "dispatch"
    """Requests of Dispatch v0.1."""
    STATUS = "status"
    """Status webhooks of Messages v1."""
    INBOUND = "inbound"
    """Inbound webhooks of Messages v1."""


class Target(StrEnum):
    """What a dispatch request becomes."""

    STEPS = "steps"
    """The v1 calls the gateway makes, one for each step."""
    FAILOVER = "failover"
    """One v1 request with the native `failover` array."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What to convert, and how; the defaults are those of the gateway's settings."""

    origin: Origin = Origin.DISPATCH
    target: Target = Target.STEPS
    switches: Switches = DEFAULT_SWITCHES
    default_locale: str | None = None
    authentication_templates: frozenset[str] = frozenset()
    max_steps: int | None = USUAL_MAX_STEPS
    """`None` for any length."""
    with_ttl: bool = False
    undeliverable_fails_over: bool = False
    pass_v1_codes: bool = False
    reply_as_text: bool = False
    user_id_form: str = "both"
    as_invalid_template: bool = False
    dispatch_uuid: str | None = None
    """Which dispatch the links of status callbacks name; `None` leaves the links out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Converted:
    """What became of one document.

    `members` are the members of the result that this conversion has beside those of all (`source`,
    `ok`, `diagnostics`), in their order. All of them are `None` when there is no value.
    """

    members: Mapping[str, object] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...]

    @property
    def is_ok(self) -> bool:
        """Tell whether there is a value: no diagnostic is an error."""
        return not any(found.severity is Severity.ERROR for found in self.diagnostics)


Convert: TypeAlias = Callable[[bytes, int], Converted]
"""From a document's bytes, and the number of its first line, to what became of it."""


def make_conversion(terms: Terms) -> Convert:
    """Return the conversion that `terms` ask for."""
    match terms.origin:
        case Origin.DISPATCH if terms.target is Target.STEPS:
            return partial(_to_steps, terms)
        case Origin.DISPATCH:
            return partial(_to_failover, terms)
        case Origin.STATUS:
            return partial(_to_callback, terms)
        case Origin.INBOUND:
            return partial(_to_inbound, terms)


def read_plan(terms: Terms, raw: bytes, line: int = 1) -> Translation[DispatchPlan]:
    """Read a dispatch request the way `POST /v0.1/dispatch` does."""
    document = parse_document(raw, line=line)
    if document.errors:
        return Translation(value=None, diagnostics=document.diagnostics)
    plan = translate_dispatch(
        document.value,
        terms.switches,
        max_steps=terms.max_steps,
        default_locale=terms.default_locale,
        authentication_templates=terms.authentication_templates,
    )
    if not document.diagnostics:
        return plan
    return Translation(value=plan.value, diagnostics=document.diagnostics + plan.diagnostics)


def steps_of(plan: DispatchPlan) -> dict[str, object]:
    """Return the calls of a plan, and on what terms each gives way to the next."""
    return {
        "messages": [step.request for step in plan.steps],
        "failover": [
            None
            if step.expiry_s is None
            else {"expiry_time": step.expiry_s, "condition_status": step.condition}
            for step in plan.steps
        ],
    }


def to_json(value: object) -> bytes:
    """Write a result: compact, in insertion order, as the gateway writes its bodies."""
    return orjson.dumps(value)


_NO_STEPS: Final = {"messages": None, "failover": None}


def _to_steps(terms: Terms, raw: bytes, line: int) -> Converted:
    plan = read_plan(terms, raw, line)
    members = _NO_STEPS if plan.value is None else steps_of(plan.value)
    return Converted(members=members, diagnostics=plan.diagnostics)


def _to_failover(terms: Terms, raw: bytes, line: int) -> Converted:
    # Imported here: who asks for steps does not pay for it.
    from translators.native import translate_native  # noqa: PLC0415

    plan = read_plan(terms, raw, line)
    if plan.value is None:
        return Converted(members={"request": None, "verdict": None}, diagnostics=plan.diagnostics)
    native = translate_native(
        plan.value,
        terms.switches,
        with_ttl=terms.with_ttl,
        undeliverable_fails_over=terms.undeliverable_fails_over,
    )
    verdict = {
        "grade": native.verdict.grade,
        "summary": native.verdict.summary,
        "rules": list(dict.fromkeys(reason.rule for reason in native.verdict.reasons)),
    }
    return Converted(
        members={"request": native.translation.value, "verdict": verdict},
        diagnostics=plan.diagnostics + native.translation.diagnostics,
    )


def _to_callback(terms: Terms, raw: bytes, line: int) -> Converted:
    from translators.status import (  # noqa: PLC0415 - as above
        dispatch_links,
        render_status,
        translate_status,
    )
    from translators.user_ids import UserIdForm  # noqa: PLC0415

    document = parse_document(raw, line=line)
    if document.errors:
        return _callback(None, document.diagnostics)
    status = translate_status(
        document.value,
        pass_v1_codes=terms.pass_v1_codes,
        as_invalid_template=terms.as_invalid_template,
    )
    diagnostics = document.diagnostics + status.diagnostics
    if status.value is None:
        return _callback(None, diagnostics)
    links = dispatch_links(terms.dispatch_uuid) if terms.dispatch_uuid else None
    body = render_status(
        status.value,
        to=None,
        sender=None,
        client_ref=None,
        links=links,
        user_ids=UserIdForm(terms.user_id_form),
    )
    return _callback(body, diagnostics)


def _to_inbound(terms: Terms, raw: bytes, line: int) -> Converted:
    from translators.inbound import translate_inbound  # noqa: PLC0415 - as above
    from translators.user_ids import UserIdForm  # noqa: PLC0415

    document: Translation[JsonValue] = parse_document(raw, line=line)
    if document.errors:
        return _callback(None, document.diagnostics)
    inbound = translate_inbound(
        document.value,
        reply_as_text=terms.reply_as_text,
        user_ids=UserIdForm(terms.user_id_form),
    )
    return _callback(inbound.value, document.diagnostics + inbound.diagnostics)


def _callback(body: JsonObject | None, diagnostics: tuple[Diagnostic, ...]) -> Converted:
    return Converted(members={"callback": body}, diagnostics=diagnostics)
