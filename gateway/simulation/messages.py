"""The messages of a run: derived ids, the v1 webhooks about them, and where each one got.

Nothing is drawn, so that the same workflow and script print the same twice.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Final

from gateway.simulation.fates import ARRIVED, FAILED, Fate, Happening, charged_status
from gateway.simulation.trace import Message, Reached
from translators.diagnostics import JsonObject
from translators.dispatch import DispatchPlan, StepPlan
from translators.error_codes import ERROR_CODES, UNKNOWN
from translators.status import format_timestamp
from translators.usage import DEFAULT_CURRENCY, Usage

BIRTH_MS: Final = 1_735_689_600_000
"""The instant in Unix milliseconds that counts as 0: 2025-01-01T00:00:00Z, so that a timestamp
shows at a glance how far into the run it is."""

PRICE: Final = "0.01"
"""What every message costs: made up, because no document gives prices."""

_ERRORS: Final = "https://developer.vonage.com/api-errors/messages#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message on its way, and all that will happen to it."""

    step: int
    plan: StepPlan
    message_uuid: str
    sent_ms: int
    fate: Fate
    workflow: JsonObject | None = None
    """What v1 says of the native failover that it is part of."""

    def webhook(self, happening: Happening) -> JsonObject:
        """Return the body of the v1 webhook that tells `happening`.

        Source: docs/wire.md sections 5.2, 5.5 and 5.6.
        """
        request = self.plan.request
        told_ms = happening.after_ms if happening.stamped_ms is None else happening.stamped_ms
        body: JsonObject = {
            "message_uuid": self.message_uuid,
            "to": request["to"],
            "from": request["from"],
            "timestamp": format_timestamp(BIRTH_MS + self.sent_ms + told_ms),
            "status": happening.status,
        }
        if happening.code is not None:
            error = ERROR_CODES.get(happening.code, ERROR_CODES[UNKNOWN])
            body["error"] = {
                "type": f"{_ERRORS}{happening.code}",
                "title": str(happening.code),
                "detail": f"{error.name} - {error.meaning}",
                "instance": self.message_uuid.replace("-", ""),
            }
        charge = self._charge(happening)
        if charge is not None:
            body["usage"] = {"currency": charge.currency, "price": charge.price}
        if self.plan.client_ref is not None:
            body["client_ref"] = self.plan.client_ref
        body["channel"] = request["channel"]
        if self.workflow is not None:
            body["workflow"] = self.workflow
        return body

    def _charge(self, happening: Happening) -> Usage | None:
        if self.fate.is_recorded:
            return happening.charge
        is_charged = happening.status == charged_status(self.plan.channel, self.fate)
        return Usage(currency=DEFAULT_CURRENCY, price=PRICE) if is_charged else None

    def outcome(self) -> Message | None:
        """Return where the message got in the end; `None` if it was never on its way."""
        if not self.fate.is_sent:
            return None
        statuses = {each.status for each in self.fate.happenings}
        arrivals = [each.after_ms for each in self.fate.happenings if each.status in ARRIVED]
        reached = Reached.UNCONFIRMED
        if arrivals:
            reached = Reached.YES
        elif statuses & FAILED:
            reached = Reached.NO
        return Message(
            step=self.step,
            channel=self.plan.channel,
            sent_ms=self.sent_ms,
            reached=reached,
            reached_ms=self.sent_ms + min(arrivals) if arrivals else None,
            is_charged=charged_status(self.plan.channel, self.fate) is not None,
        )


def dispatch_uuid_of(plan: DispatchPlan) -> str:
    """Derive the id of a dispatch from its plan."""
    terms = [(step.expiry_s, step.condition) for step in plan.steps]
    said = json.dumps([[step.request for step in plan.steps], terms], sort_keys=True)
    return _uuid(said)


def message_uuid_for(dispatch_uuid: str, step: int, attempt: int = 1) -> str:
    """Derive the id of a message from those of its dispatch, step and attempt."""
    return _uuid(f"{dispatch_uuid}/message/{step}/{attempt}")


def workflow_id_of(dispatch_uuid: str) -> str:
    """Derive the id of a native failover: opaque, 55 characters.

    Source: docs/wire.md section 3.4.
    """
    return hashlib.sha256(f"{dispatch_uuid}/workflow".encode()).hexdigest()[:55]


def _uuid(said: str) -> str:
    return str(uuid.UUID(bytes=hashlib.sha256(said.encode()).digest()[:16], version=4))
