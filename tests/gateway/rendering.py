"""A dispatch to which things happen, and what is rendered of them."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from gateway.core.decide import decide
from gateway.core.events import (
    DispatchAccepted,
    Event,
    SendAccepted,
    StatusReceived,
    StatusReport,
)
from gateway.core.state import Dispatch, Step
from gateway.render import (
    Renderer,
    RenderOptions,
)
from gateway.settings import Application
from gateway.stores.base import Commit, RequestCause
from gateway.tokens import TokenMint
from translators.diagnostics import JsonObject
from translators.dispatch import DispatchPlan, StepPlan
from translators.status import MessageStatus, StatusError, Usage

NOW = 1_738_584_865_000
DISPATCH = "0194cbbb-b8e8-7955-9ba9-1faf7a024204"
MESSAGE = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
PUBLIC_URL = "https://gateway.example.com"
MINT = TokenMint(bytes(32))
SHOP = Application(
    name="shop",
    status_url="https://shop.example.com/status",
    final_report_url="https://shop.example.com/report",
)
ACCEPTED = SendAccepted(step=0, message_uuid=MESSAGE, intent_ms=NOW, accepted_ms=NOW)


def step_plan(channel: str, to: str, client_ref: str | None = None) -> StepPlan:
    return StepPlan(
        channel=channel,
        to={"type": channel, "number": to},
        sender={"type": channel, "number": "447700900001"},
        client_ref=client_ref,
        request={"to": to.strip(), "channel": channel, "text": "Grüße"},
        condition=None,
        expiry_s=None,
    )


PLAN = DispatchPlan(
    template="failover",
    # The caller's white space is not sent, and is repeated to the caller.
    steps=(step_plan("whatsapp", "\t447700900000", "order-42"), step_plan("sms", "447700900000")),
)


@dataclass(slots=True)
class Story:
    """A dispatch to which things happen; `last` is the commit of the latest one."""

    renderer: Renderer
    state: Dispatch
    last: Commit

    def then(
        self, event: Event, told: MessageStatus | None = None, plan: DispatchPlan | None = PLAN
    ) -> Commit:
        """Render the commit of the next event."""
        decision = decide(self.state, event, NOW)
        self.last = self.renderer.render(
            application="shop",
            decision=decision,
            event=event,
            cause=RequestCause(application="shop"),
            plan=plan,
            told=told,
            now_ms=NOW,
        )
        self.state = decision.state
        return self.last

    def bodies(self) -> list[JsonObject]:
        """Return the bodies the latest commit asks to be sent."""
        return [orjson.loads(item.body) for item in self.last.outbox]


def begin(options: RenderOptions | None = None, application: Application = SHOP) -> Story:
    """Begin with an accepted dispatch."""
    options = options or RenderOptions(public_url=PUBLIC_URL)
    renderer = Renderer({"shop": application}, MINT, options)
    state = Dispatch(
        dispatch_uuid=DISPATCH,
        steps=(Step(channel="whatsapp", condition="read", expiry_s=600), Step(channel="sms")),
    )
    decision = decide(state, DispatchAccepted(), NOW)
    commit = renderer.render(
        application="shop",
        decision=decision,
        event=DispatchAccepted(),
        cause=RequestCause(application="shop"),
        plan=PLAN,
        now_ms=NOW,
    )
    return Story(renderer, decision.state, commit)


def told(
    word: str = "read", usage: Usage | None = None, client_ref: str | None = None
) -> tuple[StatusReceived, MessageStatus]:
    """Return a status as the machine and as the translator know it."""
    status = MessageStatus(
        message_uuid=MESSAGE,
        status=word,
        timestamp="2025-02-03T12:14:25.000Z",
        channel="whatsapp",
        to="447700900000",
        sender="447700900001",
        error=StatusError(code=1300, reason="No") if word == "rejected" else None,
        usage=usage,
        client_ref=client_ref,
    )
    report = StatusReport(status=word, message_uuid=MESSAGE, timestamp=status.timestamp)
    return StatusReceived(step=0, report=report), status
