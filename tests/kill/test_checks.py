"""Evidence of a whole run has no violation; whatever is tampered with in it is found and named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from tests.kill.checks import KILLED, Violation, violations
from tests.kill.evidence import Attempt, Callback, Evidence, Send, Webhook
from tests.kill.telling import repeats, timeline
from tests.kill.workflows import Scenario, Turn, Workflow
from translators.diagnostics import JsonObject, JsonValue

ONE: Final = "00000000-0000-7000-8000-000000000001"
OTHER: Final = "00000000-0000-7000-8000-000000000002"
FIRST, SECOND = "first-message", "second-message"
ENDED: Final = "2025-02-03T12:14:25.000Z"
FAILED_OVER: Final = Workflow(
    number=7,
    scenario=Scenario(1, "rejected, delivered", (Turn("whatsapp", "03"), Turn("sms", "00"))),
)


def callback(position: int, body: JsonObject, owner: str = ONE) -> Callback:
    return Callback(
        at_ms=position,
        answered_ms=position + 1,
        webhook_id=f"msg_{owner}.{position}",
        body=orjson.dumps(body),
        was_taken=True,
    )


def status(position: int, message_uuid: str, word: str, step: int) -> Callback:
    ref = FAILED_OVER.client_ref(step)
    return callback(position, {"message_uuid": message_uuid, "status": word, "client_ref": ref})


def report(
    position: int, word: str = "completed", listed: tuple[str, ...] = (FIRST, SECOND)
) -> Callback:
    messages: list[JsonValue] = [{"message_uuid": each} for each in listed]
    return callback(
        position,
        {
            "dispatch_uuid": ONE,
            "status": word,
            "timestamp": ENDED,
            "_links": {"messages": messages},
        },
    )


def send(step: int, message_uuid: str | None, answer: str = "202", taken: int = 2) -> Send:
    return Send(
        at_ms=step,
        client_ref=FAILED_OVER.client_ref(step),
        answer=answer,
        message_uuid=message_uuid,
        webhook_token=f"token{step}",
        taken=taken,
        given_up=0,
        pending=0,
    )


def webhook(message_uuid: str, word: str, answer: str = "200") -> Webhook:
    return Webhook(at_ms=1, message_uuid=message_uuid, status=word, answer=answer)


def state(status: str = "completed", steps: tuple[str, ...] = ("rejected", "met")) -> JsonObject:
    return {
        "status": status,
        "timestamp": ENDED,
        "workflow": [{"step": each} for each in steps],
    }


ATTEMPTS: Final = [
    Attempt(at_ms=0, number=7, http_status=None),
    Attempt(at_ms=1, number=7, http_status=202, dispatch_uuid=ONE),
]
SENDS: Final = [send(0, FIRST), send(1, SECOND)]
WEBHOOKS: Final = [
    webhook(FIRST, "submitted", "no answer"),
    *(webhook(FIRST, word) for word in ("submitted", "rejected")),
    *(webhook(SECOND, word) for word in ("submitted", "delivered")),
]
CALLBACKS: Final = [
    status(16, FIRST, "submitted", 0),
    status(24, FIRST, "rejected", 0),
    status(40, SECOND, "submitted", 1),
    status(48, SECOND, "delivered", 1),
    report(49),
]
WHOLE: Final = Evidence(
    workflows={7: FAILED_OVER},
    attempts=ATTEMPTS,
    sends=SENDS,
    webhooks=WEBHOOKS,
    callbacks=CALLBACKS,
    states={ONE: state()},
)
THROTTLED: Final = send(1, None, answer="429", taken=0)
REFUSED: Final = send(0, None, answer="402", taken=0)


def with_(**changes: Any) -> Evidence:
    return replace(WHOLE, **changes)


FINE: Final = {
    "a whole run": WHOLE,
    "a callback that came again": with_(callbacks=[*CALLBACKS, CALLBACKS[0]]),
    "a refused callback that came again": with_(
        callbacks=[replace(CALLBACKS[0], was_taken=False), *CALLBACKS]
    ),
    "a throttled send": with_(sends=[SENDS[0], THROTTLED, SENDS[1]]),
    "a step that the upstream refused": with_(
        sends=[REFUSED, SENDS[1]],
        webhooks=WEBHOOKS[3:],
        callbacks=[status(24, "derived", "rejected", 0), *CALLBACKS[2:]],
    ),
    "a step that a kill kept from leaving": with_(
        sends=[SENDS[1]],
        webhooks=WEBHOOKS[3:],
        callbacks=CALLBACKS[2:],
        doubts={(ONE, 0): KILLED},
    ),
    "a status after the report": with_(
        callbacks=[*CALLBACKS[:1], *CALLBACKS[2:], status(56, FIRST, "rejected", 0)]
    ),
}
BROKEN: Final = {
    "no 202": (with_(attempts=ATTEMPTS[:1]), "workflow 7 got 0 ids"),
    "two ids": (
        with_(attempts=[*ATTEMPTS, replace(ATTEMPTS[1], dispatch_uuid=OTHER)]),
        "workflow 7 got 2 ids",
    ),
    "a refusal": (
        with_(attempts=[*ATTEMPTS, replace(ATTEMPTS[0], http_status=500)]),
        "workflow 7 was answered 500",
    ),
    "no report": (with_(callbacks=CALLBACKS[:-1]), "has 0 final reports"),
    "two reports": (with_(callbacks=[*CALLBACKS, report(57)]), "has 2 final reports"),
    "two bodies": (
        with_(callbacks=[*CALLBACKS, status(48, SECOND, "read", 1)]),
        f"msg_{ONE}.48 came with two bodies",
    ),
    "another order": (
        with_(callbacks=[CALLBACKS[1], CALLBACKS[0], *CALLBACKS[2:]]),
        f"msg_{ONE}.16 came after a later one",
    ),
    "no patience": (
        with_(
            callbacks=[replace(CALLBACKS[0], was_taken=False), *CALLBACKS[1:], CALLBACKS[0]],
        ),
        f"msg_{ONE}.24 overtook one that was not taken",
    ),
    "no patience for the answer": (
        with_(callbacks=[replace(CALLBACKS[0], answered_ms=25), *CALLBACKS[1:]]),
        f"msg_{ONE}.24 overtook one that was not taken",
    ),
    "a callback that never arrived": (
        with_(callbacks=[*CALLBACKS[:-1], replace(CALLBACKS[-1], was_taken=False)]),
        "a callback was never taken",
    ),
    "a report before its cause": (
        with_(callbacks=[*CALLBACKS[:3], report(47), CALLBACKS[3]]),
        "was reported completed before its success was",
    ),
    "an early end": (
        with_(callbacks=[*CALLBACKS[:2], report(25, "error", (FIRST,)), *CALLBACKS[2:4]]),
        "was reported failed with a step left to try",
    ),
    "a lost webhook": (
        with_(callbacks=[CALLBACKS[0], *CALLBACKS[2:]]),
        f"rejected of {FIRST} has 0 callbacks",
    ),
    "a webhook told twice": (
        with_(callbacks=[*CALLBACKS[:2], status(32, FIRST, "rejected", 0), *CALLBACKS[2:]]),
        f"rejected of {FIRST} has 2 callbacks",
    ),
    "a made-up status": (
        with_(callbacks=[*CALLBACKS, status(56, SECOND, "read", 1)]),
        "was told read, which nobody said",
    ),
    "a refused webhook": (
        with_(sends=[replace(SENDS[0], given_up=1), SENDS[1]]),
        "1 webhooks were refused, 0 are still to be taken",
    ),
    "two records": (
        with_(sends=[replace(SENDS[0], taken=3), SENDS[1]]),
        "the ledger counts 3 webhooks taken, the log 2",
    ),
    "a double": (with_(sent_twice=1), "the ledger says that 1 were messaged twice"),
    "a second POST": (
        with_(sends=[*SENDS, replace(THROTTLED, answer="none")]),
        f"{FAILED_OVER.client_ref(1)} was POSTed 2 times: ['202', 'none']",
    ),
    "two dispatches of one request": (
        with_(sends=[SENDS[0], replace(THROTTLED, webhook_token="other"), SENDS[1]]),
        f"{FAILED_OVER.client_ref(1)} was POSTed for two dispatches",
    ),
    "a POST of nobody's": (
        with_(sends=[*SENDS, replace(THROTTLED, client_ref=None)]),
        "the upstream was sent a step that is nobody's: ",
    ),
    "a stranger": (
        with_(callbacks=[*CALLBACKS, callback(8, {"status": "read"}, OTHER)]),
        "sent callbacks, and no caller was told of it",
    ),
    "a step of another": (
        with_(callbacks=[*CALLBACKS, callback(56, {"message_uuid": FIRST, "status": "rejected"})]),
        "was told of a step of another dispatch",
    ),
    "a lost dispatch": (with_(states={}), "is unknown to the gateway"),
    "another end": (
        with_(states={ONE: state(status="error")}),
        "GET shows another end than its final report",
    ),
    "a step that shows as pending": (
        with_(states={ONE: state(steps=("met", "pending"))}),
        "step 1 was POSTed and shows as pending",
    ),
    "a silence": (with_(sends=SENDS[:1]), "step 1 was never POSTed, and no kill explains it"),
    "a damaged file": (with_(integrity="page 7"), "the file is damaged: page 7"),
    "work left": (with_(leftovers={"timers": 2, "sends": 0}), "timers is 2 in the end"),
    "a death": (with_(deaths=[3]), "the gateway ended with 3"),
}


@pytest.mark.parametrize("evidence", FINE.values(), ids=FINE)
def test_what_is_permitted_is_no_violation(evidence: Evidence) -> None:
    assert violations(evidence) == []


@pytest.mark.parametrize(("evidence", "told"), BROKEN.values(), ids=BROKEN)
def test_a_broken_promise_is_found(evidence: Evidence, told: str) -> None:
    assert told in [found.told for found in violations(evidence)]


def test_a_violation_names_the_dispatch() -> None:
    lost = with_(callbacks=CALLBACKS[:-1])
    assert Violation(ONE, "has 0 final reports") in violations(lost)


def test_only_what_was_taken_counts_as_repeated() -> None:
    refused = replace(CALLBACKS[0], was_taken=False)
    assert repeats(with_(callbacks=[refused, *CALLBACKS, CALLBACKS[1]])) == 1


def test_a_timeline_tells_what_everybody_saw(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    line = orjson.dumps(
        {
            "event": "dispatch.accepted",
            "dispatch_uuid": ONE,
            "steps": 2,
            "timestamp": "1970-01-01T00:00:00.001Z",
        }
    )
    cut_off_by_a_kill = line[:-9]
    log.write_bytes(line + b"\n" + cut_off_by_a_kill)
    assert timeline(WHOLE, ONE, log)[:6] == [
        "00:00:00.000  caller   was answered nothing",
        "00:00:00.000  upstream got step 0 -> 202 first-message",
        "00:00:00.001  caller   was answered 202",
        "00:00:00.001  gateway  dispatch.accepted steps=2",
        "00:00:00.001  upstream got step 1 -> 202 second-message",
        "00:00:00.001  webhook  step 0 rejected -> 200",
    ]
