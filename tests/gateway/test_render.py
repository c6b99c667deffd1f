"""Effects become a commit: what it holds, and that it is always the same."""

from __future__ import annotations

import pytest

from gateway.core.decide import decide
from gateway.core.events import (
    ExpiryReached,
)
from gateway.core.state import TimerKind
from gateway.render import (
    Renderer,
    RenderOptions,
)
from gateway.stores.base import OutboxKind, RequestCause, Timer
from gateway.tokens import StepAddress
from tests.gateway.rendering import (
    ACCEPTED,
    DISPATCH,
    MESSAGE,
    MINT,
    NOW,
    PLAN,
    PUBLIC_URL,
    begin,
    told,
)

# The commit


def test_the_first_commit_keeps_the_plan_and_no_later_one_does() -> None:
    story = begin()
    first = story.last
    assert (first.plan, story.then(ACCEPTED).plan) == (PLAN, None)


def test_rendering_again_gives_the_same_commit() -> None:
    story = begin()
    decision = decide(story.state, ACCEPTED, NOW)
    again = [
        story.renderer.render(
            application="shop",
            decision=decision,
            event=ACCEPTED,
            cause=RequestCause(application="shop"),
            plan=PLAN,
            now_ms=NOW,
        )
        for _ in range(2)
    ]
    assert again[0] == again[1]


def test_an_acceptance_binds_the_message_and_sets_the_timer() -> None:
    commit = begin().then(ACCEPTED)
    timer = Timer(dispatch_uuid=DISPATCH, step=0, kind=TimerKind.EXPIRY, due_ms=NOW + 600_000)
    assert (commit.bindings, commit.timers_set, commit.timers_dropped) == (
        [(MESSAGE, 0)],
        [timer],
        [],
    )


def test_a_met_condition_drops_the_timer() -> None:
    story = begin()
    set_before = story.then(ACCEPTED).timers_set
    assert story.then(*told()).timers_dropped == set_before


def test_the_history_says_what_happened_and_when() -> None:
    history = begin().then(ACCEPTED).history
    assert (history.revision, history.at_ms, history.event, history.ignored) == (
        2,
        NOW,
        ACCEPTED,
        None,
    )


def test_items_of_one_dispatch_are_numbered_in_the_order_they_were_asked_for() -> None:
    story = begin()
    items = [*story.last.outbox, *story.then(ACCEPTED).outbox, *story.then(*told()).outbox]
    positions = [item.item_id.position for item in items]
    assert {item.item_id.owner for item in items} == {DISPATCH}
    assert (len(positions), positions) == (3, sorted(set(positions)))


def test_an_application_that_is_gone_is_named_by_the_error() -> None:
    story = begin()
    story.renderer = Renderer({}, MINT, RenderOptions())
    story.then(ACCEPTED)
    with pytest.raises(KeyError, match="shop"):
        story.then(*told())


# Sends


def test_a_send_is_the_plan_s_request_with_the_two_webhook_fields() -> None:
    (body,) = begin().bodies()
    token = MINT.mint(StepAddress(dispatch_uuid=DISPATCH, step=0))
    assert body == {
        **PLAN.steps[0].request,
        "webhook_url": f"{PUBLIC_URL}/webhooks/status/{token}",
        "webhook_version": "v1",
    }


def test_without_a_public_url_a_send_names_no_webhook_url() -> None:
    (body,) = begin(RenderOptions()).bodies()
    assert body == {**PLAN.steps[0].request, "webhook_version": "v1"}


def test_the_next_step_has_its_own_request_and_token() -> None:
    story = begin()
    story.then(ACCEPTED)
    story.then(ExpiryReached(step=0, due_ms=NOW + 600_000))
    (body,) = story.bodies()
    token = str(body["webhook_url"]).rpartition("/")[2]
    assert MINT.read(token) == StepAddress(dispatch_uuid=DISPATCH, step=1)
    assert body["channel"] == "sms"


def test_rendering_leaves_the_plan_as_it_was() -> None:
    begin()
    assert "webhook_version" not in PLAN.steps[0].request


def test_a_send_is_an_item_of_its_step_without_a_url() -> None:
    (item,) = begin().last.outbox
    assert (item.kind, item.application, item.url, item.step) == (OutboxKind.SEND, "shop", "", 0)
