"""`GET /v0.1/dispatch/{uuid}`: the state that the callbacks' links always promised."""

from __future__ import annotations

import re
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import Response

from gateway.alarms import Alarm, Alarms
from gateway.api.authenticated import Authenticated, json_answer
from gateway.api.requests import Refusal
from gateway.bodies import message_uuid_of, report_messages
from gateway.core.state import Dispatch, DispatchStatus, StepStatus
from gateway.engine import Engine
from gateway.safeguards.safeguards import Safeguards
from gateway.settings import Application
from gateway.stores.base import Hold
from translators.diagnostics import JsonObject
from translators.problems import Problem
from translators.report import render_report
from translators.status import format_timestamp

# An id is checked before anything is built from it; upper case is another spelling of nothing.
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
# Steps that ended: if they have no message id of the upstream's, callbacks named a derived one.
_TOLD = frozenset({StepStatus.REJECTED, StepStatus.EXPIRED})


class WorkflowApi:
    """Shows dispatches to the application they belong to."""

    def __init__(
        self,
        *,
        engine: Engine,
        authenticated: Authenticated,
        alarms: Alarms,
        safeguards: Safeguards,
        workflow_fee: Decimal,
    ) -> None:
        self._engine = engine
        self._store = engine.store
        self._authenticated = authenticated
        self._alarms = alarms
        self._safeguards = safeguards
        self._workflow_fee = workflow_fee

    async def show(self, request: Request) -> Response:
        """Answer with the state of one dispatch; a foreign one is as unknown as any other."""
        return await self._authenticated.answer(request, self._show)

    async def _show(self, request: Request, application: Application) -> Response | Refusal:
        dispatch_uuid = request.path_params["dispatch_uuid"]
        record = await self._store.load(dispatch_uuid) if _UUID.fullmatch(dispatch_uuid) else None
        if record is None or record.application != application.name:
            return Refusal(
                problem=Problem.NOT_FOUND, detail="There is no dispatch with this dispatch_uuid."
            )
        body = state_body(record.state, fee=self._workflow_fee)
        if record.state.status is DispatchStatus.OPEN and (
            alarms := self._alarms.standing(application.account)
        ):
            body["alarms"] = [_alarm_body(alarm) for alarm in alarms]
        if record.state.status is DispatchStatus.OPEN and (
            holds := self._safeguards.concerning(record.application, dispatch_uuid)
        ):
            body["held"] = [_hold_body(hold) for hold in holds]
        return json_answer(200, body)


def _alarm_body(alarm: Alarm) -> JsonObject:
    until = {} if alarm.until_ms is None else {"until": format_timestamp(alarm.until_ms)}
    return {
        "kind": alarm.kind.value,
        "since": format_timestamp(alarm.since_ms),
        **until,
        "why": alarm.why,
        "remedy": alarm.remedy,
    }


def _hold_body(hold: Hold) -> JsonObject:
    body: JsonObject = {"reason": hold.reason.value, "since": format_timestamp(hold.since_ms)}
    if hold.step is not None:
        body["step"] = hold.step + 1
    if hold.until_ms is not None:
        body["until"] = format_timestamp(hold.until_ms)
    return body


def state_body(state: Dispatch, *, fee: Decimal) -> JsonObject:
    """Render what `GET /v0.1/dispatch/{uuid}` answers: the promise of the callbacks' links."""
    workflow: list[JsonObject] = []
    report = render_report(
        dispatch_uuid=state.dispatch_uuid,
        template="failover",
        status=state.status.value,
        timestamp=format_timestamp(state.changed_ms),
        messages=report_messages(state),
        fee=fee,
    ).value
    assert report is not None, "a report always has a value"  # noqa: S101
    for index, step in enumerate(state.steps):
        entry: JsonObject = {"channel": step.channel, "step": step.status.value}
        if step.reported is not None:
            entry["status"] = step.reported
        if step.message_uuid is not None or step.status in _TOLD:
            entry["message_uuid"] = message_uuid_of(state, index)
        if step.deadline_ms is not None:
            entry["expires_at"] = format_timestamp(step.deadline_ms)
        workflow.append(entry)
    return {
        "dispatch_uuid": state.dispatch_uuid,
        "template": "failover",
        "status": state.status.value,
        "timestamp": format_timestamp(state.changed_ms),
        "usage": report["usage"],
        "workflow": list(workflow),
        "_links": {"self": {"href": f"/v0.1/dispatch/{state.dispatch_uuid}"}},
    }
