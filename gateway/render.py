"""From a decision to the commit that makes it durable: effects become final wire bodies.

The other place where the machine and the translators meet is `api/dispatch`. Bodies are made
here once; every retry sends the same bytes.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

import orjson

from gateway.core.decide import Decision
from gateway.core.effects import (
    BindMessage,
    CancelTimer,
    PostReport,
    PostStatus,
    SendStep,
    SetTimer,
)
from gateway.core.events import Event, StatusReport
from gateway.core.state import Dispatch, DispatchStatus, StepStatus
from gateway.settings import Application
from gateway.stores.base import (
    Cause,
    Commit,
    HistoryEntry,
    NewOutboxItem,
    OutboxItemId,
    OutboxKind,
    Timer,
)
from gateway.tokens import StepAddress, TokenMint
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

REPORT_STEP = -1
"""The `step` of an outbox item that speaks of the whole dispatch."""

_POSITIONS_PER_REVISION = 8  # a decision asks for at most three outbox items


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """The choices that shape outgoing bodies."""

    public_url: str | None = None
    links: LinkStyle = LinkStyle.BOTH
    workflow_fee: Decimal = Decimal(0)
    message_href_prefix: str = ""


class Renderer:
    """Turns decisions into commits for the applications of one gateway."""

    def __init__(
        self, applications: Mapping[str, Application], mint: TokenMint, options: RenderOptions
    ) -> None:
        self._applications = applications
        self._mint = mint
        self._options = options

    def render(
        self,
        *,
        application: str,
        decision: Decision,
        event: Event,
        cause: Cause,
        plan: DispatchPlan | None,
        told: MessageStatus | None = None,
        now_ms: int,
    ) -> Commit:
        """Return the commit of `decision`.

        Args:
            application: the name of the application the dispatch belongs to.
            plan: the accepted plan; None once retention wiped it, which happens to closed
                dispatches only, so that nothing is left to send.
            told: the status webhook that caused the decision, if one did.
            now_ms: the instant of the decision, Unix milliseconds.

        Raises:
            KeyError: the application is no longer configured.
        """
        state = decision.state
        timers_set: list[Timer] = []
        timers_dropped: list[Timer] = []
        outbox: list[NewOutboxItem] = []
        bindings: list[tuple[str, int]] = []
        for effect in decision.effects:
            match effect:
                case SetTimer():
                    timers_set.append(_timer(state, effect))
                case CancelTimer():
                    timers_dropped.append(_timer(state, effect))
                case BindMessage(step=step, message_uuid=message_uuid):
                    bindings.append((message_uuid, step))
                case SendStep(step=step):
                    body = self._send_body(state, plan, step)
                    outbox.append(
                        _item(state, outbox, OutboxKind.SEND, application, "", step, body)
                    )
                case PostStatus(step=step, report=report):
                    url = self._applications[application].status_url
                    body = self._status_body(state, plan, step, report, told, now_ms)
                    outbox.append(
                        _item(state, outbox, OutboxKind.CALLBACK, application, url, step, body)
                    )
                case PostReport(status=status):
                    url = self._applications[application].final_report_url
                    body = self._report_body(state, status)
                    outbox.append(
                        _item(
                            state, outbox, OutboxKind.CALLBACK, application, url, REPORT_STEP, body
                        )
                    )
                case _:  # pragma: no cover
                    assert_never(effect)
        return Commit(
            application=application,
            state=state,
            cause=cause,
            plan=plan if state.revision == 1 else None,
            history=HistoryEntry(
                revision=state.revision, at_ms=now_ms, event=event, ignored=decision.ignored
            ),
            timers_set=timers_set,
            timers_dropped=timers_dropped,
            outbox=outbox,
            bindings=bindings,
        )

    def _send_body(self, state: Dispatch, plan: DispatchPlan | None, step: int) -> bytes:
        assert plan is not None, "an open dispatch keeps its plan"  # noqa: S101
        # docs/wire.md section 3.6: both fields on every send, so that the shape and the address
        # of webhooks do not depend on the state of somebody's dashboard.
        request = dict(plan.steps[step].request)
        if self._options.public_url is not None:
            token = self._mint.mint(StepAddress(dispatch_uuid=state.dispatch_uuid, step=step))
            request["webhook_url"] = f"{self._options.public_url}/webhooks/status/{token}"
        request["webhook_version"] = "v1"
        return orjson.dumps(request)

    def _status_body(
        self,
        state: Dispatch,
        plan: DispatchPlan | None,
        step: int,
        report: StatusReport,
        told: MessageStatus | None,
        now_ms: int,
    ) -> bytes:
        planned = plan.steps[step] if plan is not None else None
        status = told or _own_status(state, step, report, now_ms)
        return orjson.dumps(
            render_status(
                status,
                to=planned.to if planned else None,
                sender=planned.sender if planned else None,
                client_ref=planned.client_ref if planned else status.client_ref,
                links=dispatch_links(state.dispatch_uuid, self._options.links),
            )
        )

    def _report_body(self, state: Dispatch, status: DispatchStatus) -> bytes:
        report = render_report(
            dispatch_uuid=state.dispatch_uuid,
            template="failover",
            status=status.value,
            timestamp=format_timestamp(state.changed_ms),
            messages=report_messages(state),
            fee=self._options.workflow_fee,
            message_href_prefix=self._options.message_href_prefix,
        ).value
        return orjson.dumps(report)


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


def _timer(state: Dispatch, effect: SetTimer | CancelTimer) -> Timer:
    return Timer(
        dispatch_uuid=state.dispatch_uuid,
        step=effect.step,
        kind=effect.kind,
        due_ms=effect.due_ms,
    )


def _item(
    state: Dispatch,
    before: list[NewOutboxItem],
    kind: OutboxKind,
    application: str,
    url: str,
    step: int,
    body: bytes,
) -> NewOutboxItem:
    position = state.revision * _POSITIONS_PER_REVISION + len(before)
    return NewOutboxItem(
        item_id=OutboxItemId(owner=state.dispatch_uuid, position=position),
        kind=kind,
        application=application,
        url=url,
        step=step,
        body=body,
    )
