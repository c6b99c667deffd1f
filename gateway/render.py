"""From a decision to the commit that makes it durable: effects become final wire bodies.

The other places where the machine and the translators meet are `api/dispatch` and `bodies`, which
makes the callbacks. Bodies are final here; every retry sends the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

import orjson

from gateway.bodies import report_body, status_body
from gateway.core.decide import Decision
from gateway.core.effects import (
    BindMessage,
    CancelTimer,
    PostReport,
    PostStatus,
    SendStep,
    SetTimer,
)
from gateway.core.events import Event
from gateway.core.state import Dispatch
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
from translators.diagnostics import JsonObject
from translators.dispatch import DispatchPlan, StepPlan
from translators.status import LinkStyle, MessageStatus
from translators.user_ids import UserIdForm

REPORT_STEP = -1
"""The `step` of an outbox item that speaks of the whole dispatch."""

CORRECTION_STEP = -2
"""The `step` of a report that puts an earlier one right: its header says so, not its body."""

CORRECTION_HEADER = "Gateway-Report"

LONE_POSITION = 0
"""The position of a callback that belongs to no dispatch; those of dispatches are higher."""

_POSITIONS_PER_REVISION = 8  # a decision asks for at most three outbox items


class CallbackKind(StrEnum):
    """What a callback tells of."""

    STATUS = "status"
    REPORT = "report"
    INBOUND = "inbound"


def callback_kind(item: NewOutboxItem) -> CallbackKind:
    """Return what a callback tells of, by its place: its body may be of any age."""
    if item.item_id.position == LONE_POSITION:
        return CallbackKind.INBOUND
    # A correction is a report, too.
    return CallbackKind.REPORT if item.step < 0 else CallbackKind.STATUS


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """The choices that shape outgoing bodies."""

    public_url: str | None = None
    links: LinkStyle = LinkStyle.BOTH
    user_ids: UserIdForm = UserIdForm.BOTH
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
                    body = orjson.dumps(
                        status_body(
                            state,
                            plan,
                            step,
                            report,
                            told=told,
                            links=self._options.links,
                            user_ids=self._options.user_ids,
                            now_ms=now_ms,
                        )
                    )
                    outbox.append(
                        _item(state, outbox, OutboxKind.CALLBACK, application, url, step, body)
                    )
                case PostReport(status=status, is_correction=is_correction):
                    url = self._applications[application].final_report_url
                    about = CORRECTION_STEP if is_correction else REPORT_STEP
                    body = orjson.dumps(
                        report_body(
                            # Closed for good then; a correction is dated by what it is made of.
                            replace(state, changed_ms=now_ms),
                            status,
                            fee=self._options.workflow_fee,
                            message_href_prefix=self._options.message_href_prefix,
                        )
                    )
                    outbox.append(
                        _item(state, outbox, OutboxKind.CALLBACK, application, url, about, body)
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
        url = None
        if self._options.public_url is not None:
            token = self._mint.mint(StepAddress(dispatch_uuid=state.dispatch_uuid, step=step))
            url = f"{self._options.public_url}/webhooks/status/{token}"
        return orjson.dumps(v1_request(plan.steps[step], url))


def v1_request(step: StepPlan, webhook_url: str | None) -> JsonObject:
    """Return the v1 body of a step, as it is sent."""
    # docs/wire.md section 3.6: both fields on every send, so that the shape and the address
    # of webhooks do not depend on the state of somebody's dashboard.
    request = dict(step.request)
    if webhook_url is not None:
        request["webhook_url"] = webhook_url
    request["webhook_version"] = "v1"
    return request


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
