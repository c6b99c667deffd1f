"""A plan to one v1 request with a native `failover` array, and how far that is from a dispatch.

Nothing is sent this way by the gateway: v1 fails over on `rejected` only. It is what a workflow
becomes that leaves the gateway. Source: docs/wire.md sections 3.2, 3.5 and 4.4.
"""

from __future__ import annotations

from dataclasses import dataclass

from translators.channels import CHANNELS, Channel, Ttl
from translators.diagnostics import Diagnostic, JsonObject, Severity, Translation
from translators.dispatch import DispatchPlan, StepPlan
from translators.grades import Verdict, judge
from translators.rules import DEFAULT_SWITCHES, Rule, Switches, report
from translators.rules_native import (
    EXPIRY_AS_TTL,
    EXPIRY_DROPPED,
    FINAL_REPORT_MISSING,
    IDS_REPLACED,
    READ_INEXPRESSIBLE,
    REFUSED_AT_SUBMIT,
    TTL_BELOW_ADVICE,
    TTL_OF_CALLER,
    TTL_RAISED,
    TTL_UNAVAILABLE,
    UNDELIVERABLE_ASSUMED,
    UNDELIVERABLE_ENDS_WORKFLOW,
    WEBHOOKS_OF_ONE_KIND,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NativeOutcome:
    """What became of one workflow."""

    translation: Translation[JsonObject]
    """The request: the first step's, with the others in `failover`."""
    verdict: Verdict


class _Findings:
    """The diagnostics of one workflow, in the making: step by step, then those of the whole."""

    __slots__ = ("_switches", "listed")

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self.listed: list[Diagnostic] = []

    def add(self, rule: Rule, pointer: str, detail: str) -> None:
        self.listed.append(report(rule, pointer, detail, self._switches))


def translate_native(
    plan: DispatchPlan,
    switches: Switches = DEFAULT_SWITCHES,
    *,
    with_ttl: bool = False,
    undeliverable_fails_over: bool = False,
) -> NativeOutcome:
    """Translate a workflow to one v1 request. Total: any plan has an answer.

    Args:
        switches: `ttl-unavailable` and `read-inexpressible` can be accepted.
        with_ttl: put a ttl in place of each expiry, where the channel takes one. It changes the
            request and what is said about it, not the grade.
        undeliverable_fails_over: assume that v1 fails over on `undeliverable`, too.

    Returns:
        The request, or what keeps the workflow on the gateway, and in either case a verdict.
        Pointers lead into the v0.1 document. The plan's requests are shared, never changed.
    """
    found = _Findings(switches)
    first, *others = (
        _carry(found, step, f"/workflow/{index}", with_ttl) for index, step in enumerate(plan.steps)
    )
    _tell_what_holds_for_all(found, bool(others), undeliverable_fails_over)
    diagnostics = tuple(found.listed)
    request: JsonObject | None = {**first, "failover": [*others]} if others else first
    if any(finding.severity is Severity.ERROR for finding in diagnostics):
        request = None
    return NativeOutcome(
        translation=Translation(value=request, diagnostics=diagnostics),
        verdict=judge(diagnostics),
    )


def _carry(found: _Findings, step: StepPlan, at: str, with_ttl: bool) -> JsonObject:
    """Make the message of one step, and say what becomes of its terms.

    The last step has none and gets no ttl: that would end a message which nothing follows.
    """
    request, channel = {**step.request}, CHANNELS[step.channel]
    if step.expiry_s is None:
        return request
    if step.condition == "read":
        detail = _why_read_is_inexpressible(channel)
        found.add(READ_INEXPRESSIBLE, f"{at}/failover/condition_status", detail)
    if channel.ttl is None:
        detail = (
            f"is dropped, and {channel.name} has no ttl to take its place:"
            " a message that is never delivered never fails over"
        )
        found.add(TTL_UNAVAILABLE, f"{at}/failover/expiry_time", detail)
        return request
    given = request.get(channel.v1_name)
    options = given if isinstance(given, dict) else {}
    wait = _Wait(at=at, channel=channel.name, ttl=channel.ttl, expiry_s=step.expiry_s)
    own_ttl = options.get("ttl")
    ttl = _replace_expiry(found, wait, own_ttl if isinstance(own_ttl, int) else None, with_ttl)
    if ttl is None:
        return request
    if channel.ttl.among_options:
        request[channel.v1_name] = {**options, "ttl": ttl}
    else:
        request["ttl"] = ttl
    return request


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wait:
    """How long one step waits, and what v1 could be told of it."""

    at: str
    channel: str
    ttl: Ttl
    expiry_s: int


def _replace_expiry(
    found: _Findings, wait: _Wait, own_ttl: int | None, with_ttl: bool
) -> int | None:
    """Say what becomes of an expiry; return the ttl to send for it, `None` to leave things be.

    Args:
        own_ttl: the one that the caller put into the message.
    """
    pointer = f"{wait.at}/failover/expiry_time"
    own_pointer = f"{wait.at}/message/{wait.channel}/ttl"
    # Dispatch would fail over at the end of the caller's ttl, too, so the shorter one counts.
    if own_ttl is not None and own_ttl <= wait.expiry_s:
        detail = (
            f"ends no later than the expiry of {wait.expiry_s} seconds and takes its place:"
            " the next message follows once v1 reports this one as rejected"
        )
        found.add(TTL_OF_CALLER, own_pointer, detail)
        return None
    # No expiry is as long as the longest ttl of any channel.
    ttl = max(wait.expiry_s, wait.ttl.minimum)
    if ttl > wait.expiry_s:
        detail = (
            f"is less than the {ttl} seconds that {wait.channel} takes as ttl:"
            f" the next message comes at best {ttl - wait.expiry_s} seconds later than asked for"
        )
        found.add(TTL_RAISED, pointer, detail)
    if not with_ttl:
        when = _when_given_up(wait.ttl, own_ttl)
        detail = (
            f"is dropped: as emitted, a message that just stays undelivered {when};"
            f" --ttl sends ttl {ttl}"
        )
        found.add(EXPIRY_DROPPED, pointer, detail)
        return None
    detail = (
        f"is sent as ttl {ttl}: the next message follows once v1 reports this one as rejected,"
        " and this one no longer comes late"
    )
    found.add(EXPIRY_AS_TTL, pointer, detail)
    if own_ttl is not None:
        detail = f"gives way to the expiry, which ends first: ttl {ttl} is sent, not {own_ttl}"
        found.add(TTL_OF_CALLER, own_pointer, detail)
    if wait.ttl.advised is not None and ttl < wait.ttl.advised:
        detail = f"makes a ttl below the {wait.ttl.advised} seconds advised for {wait.channel}"
        found.add(TTL_BELOW_ADVICE, pointer, detail)
    return ttl


def _when_given_up(ttl: Ttl, own_ttl: int | None) -> str:
    """Say when v1 goes on from a message that stays undelivered, if nothing was added to it."""
    if own_ttl is not None:
        return f"fails over after its ttl of {own_ttl}"
    if ttl.usual is None:
        return "never fails over"
    return f"never fails over, unless v1 rejects it at the end of its usual {ttl.usual} seconds"


def _why_read_is_inexpressible(channel: Channel) -> str:
    if channel.reports_read:
        return (
            "is read: v1 fails over on rejected only,"
            " so a message that is delivered and not read never fails over"
        )
    return (
        f"is read, which {channel.name} never reports: Dispatch sends the next message even if"
        " this one is delivered, v1 only if it is rejected"
    )


def _tell_what_holds_for_all(
    found: _Findings, has_others: bool, undeliverable_fails_over: bool
) -> None:
    """Say once what is true of every workflow, whatever its steps are."""
    if has_others:
        if undeliverable_fails_over:
            detail = "is assumed to go on when a message is reported undeliverable"
            found.add(UNDELIVERABLE_ASSUMED, "", detail)
        else:
            detail = "ends when a message is reported undeliverable: the next one is never sent"
            found.add(UNDELIVERABLE_ENDS_WORKFLOW, "", detail)
        detail = (
            "sends nothing if v1 refuses a message at submission, where Dispatch goes on with the"
            " next"
        )
        found.add(REFUSED_AT_SUBMIT, "", detail)
    detail = "gets no final report: how it ended is told by the statuses of its messages"
    found.add(FINAL_REPORT_MISSING, "", detail)
    place = "workflow.items_number tells which message they are about"
    detail = f"gets v1 statuses only, flat and without _links{f'; {place}' if has_others else ''}"
    found.add(WEBHOOKS_OF_ONE_KIND, "", detail)
    ids = "workflow_id, and its first message by message_uuid" if has_others else "message_uuid"
    found.add(IDS_REPLACED, "", f"is known by {ids}; there is no dispatch_uuid")
