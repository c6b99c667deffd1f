"""The bodies of callbacks, from what the machine knows and what the upstream told.

Pure, so that an offline command shows to the byte what the gateway would post. Besides `render`,
this is where the machine and the translators meet.
"""

from __future__ import annotations

import hashlib
import uuid
from decimal import Decimal

from gateway.core.events import StatusReport
from gateway.core.state import Dispatch, DispatchStatus, Step, StepStatus, Terms
from gateway.core.state import Usage as Charge
from translators.diagnostics import JsonObject
from translators.dispatch import DispatchPlan
from translators.report import ReportMessage, render_report
from translators.status import (
    LinkStyle,
    MessageStatus,
    StatusError,
    Usage,
    dispatch_links,
    format_timestamp,
    render_status,
)
from translators.user_ids import UserIdForm


def new_dispatch(dispatch_uuid: str, plan: DispatchPlan, terms: Terms) -> Dispatch:
    """Return the state before a dispatch's first event."""
    return Dispatch(
        dispatch_uuid=dispatch_uuid,
        terms=terms,
        steps=tuple(
            Step(channel=step.channel, condition=step.condition, expiry_s=step.expiry_s)
            for step in plan.steps
        ),
    )


def status_body(
    state: Dispatch,
    plan: DispatchPlan | None,
    step: int,
    report: StatusReport,
    *,
    told: MessageStatus | None,
    links: LinkStyle,
    now_ms: int,
    user_ids: UserIdForm = UserIdForm.BOTH,
) -> JsonObject:
    """Return the body of a status callback.

    Args:
        plan: the accepted plan; None once retention wiped it, then the addresses are `told`'s.
        told: the status webhook behind it; None for a refusal at submission.
        now_ms: the instant of the decision, Unix milliseconds.
        user_ids: how a WhatsApp user id is shown that only `told` knows.
    """
    planned = plan.steps[step] if plan is not None else None
    status = told or _own_status(state, step, report, now_ms)
    return render_status(
        status,
        to=planned.to if planned else None,
        sender=planned.sender if planned else None,
        client_ref=planned.client_ref if planned else status.client_ref,
        links=dispatch_links(state.dispatch_uuid, links),
        arrived_ms=now_ms,
        user_ids=user_ids,
    )


def status_facts(status: MessageStatus) -> StatusReport:
    """Return what the machine is told of a status: the same facts for whoever tells it."""
    usage, error = status.usage, status.error
    return StatusReport(
        status=status.status,
        message_uuid=status.message_uuid,
        timestamp=status.timestamp,
        usage=Charge(currency=usage.currency, price=usage.price) if usage else None,
        error_code=error.code if error else None,
        error_reason=error.reason if error else None,
        client_ref=status.client_ref,
    )


def report_body(
    state: Dispatch, status: DispatchStatus, *, fee: Decimal, message_href_prefix: str
) -> JsonObject:
    """Return the body of the final report of a dispatch that ends now."""
    body = render_report(
        dispatch_uuid=state.dispatch_uuid,
        template="failover",
        status=status.value,
        timestamp=format_timestamp(state.changed_ms),
        messages=report_messages(state),
        fee=fee,
        message_href_prefix=message_href_prefix,
    ).value
    assert body is not None, "a report always has a value"  # noqa: S101
    return body


def report_messages(state: Dispatch) -> list[ReportMessage]:
    """Return one entry per attempted step, in order: what the final report lists.

    Source: docs/wire.md section 5.4.
    """
    return [
        ReportMessage(
            message_uuid=message_uuid_of(state, index),
            channel=step.channel,
            status=step.reported,
            usage=Usage(currency=step.usage.currency, price=step.usage.price)
            if step.usage
            else None,
        )
        for index, step in enumerate(state.steps)
        if step.status is not StepStatus.PENDING
    ]


def message_uuid_of(state: Dispatch, index: int) -> str:
    """Return the message id of an attempted step.

    A step that the upstream refused, or whose send is in doubt, has none; v0.1 has no shape
    without one, so it gets an id derived from the dispatch and the step, in the form of a UUIDv4.
    """
    known = state.steps[index].message_uuid
    if known is not None:
        return known
    seed = hashlib.sha256(f"{state.dispatch_uuid}/{index}".encode()).digest()
    return str(uuid.UUID(bytes=seed[:16], version=4))


def _own_status(state: Dispatch, step: int, report: StatusReport, now_ms: int) -> MessageStatus:
    """Write a status that no webhook told: a refusal at submission."""
    error = None
    if report.error_code is not None:
        error = StatusError(code=report.error_code, reason=report.error_reason or "")
    return MessageStatus(
        message_uuid=report.message_uuid or message_uuid_of(state, step),
        status=report.status,
        timestamp=report.timestamp or format_timestamp(now_ms),
        channel=state.steps[step].channel,
        to=None,
        sender=None,
        error=error,
        usage=None,
        client_ref=report.client_ref,
    )
