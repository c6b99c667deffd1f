"""What must hold of a run, each promise a function over the evidence.

Source: docs/adr/0002-one-commit-with-its-cause.md, docs/adr/0003-in-doubt-sends.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Final

from tests.kill.evidence import Callback, Evidence, first_occurrences
from translators.diagnostics import JsonObject, JsonValue

KILLED: Final = "holder-lost"
"""Why a step is in doubt whose sender died with the process."""

_PROVES_NOTHING_LEFT: Final = frozenset({"429"})
"""Answers after which a step may be POSTed again (docs/wire.md section 3.7)."""
_REFUSALS: Final = _PROVES_NOTHING_LEFT | {"402"}
_SUCCESSES: Final = frozenset({"delivered", "read"})
_CLOSED: Final = frozenset({"completed", "error"})


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken promise; `dispatch_uuid` is None where no dispatch is to be named."""

    dispatch_uuid: str | None
    told: str


def violations(evidence: Evidence) -> list[Violation]:
    """Return every broken promise, none when all hold."""
    return [found for check in CHECKS for found in check(evidence)]


def acceptance(evidence: Evidence) -> Iterator[Violation]:
    """Each workflow got one 202, however often it was posted, and no answer but 202 and 503."""
    told: dict[int, set[str]] = {number: set() for number in evidence.workflows}
    for attempt in evidence.attempts:
        if attempt.dispatch_uuid is not None:
            told[attempt.number].add(attempt.dispatch_uuid)
        elif attempt.http_status not in (None, 503):
            yield Violation(None, f"workflow {attempt.number} was answered {attempt.http_status}")
    for number, uuids in told.items():
        if len(uuids) != 1:
            yield Violation(min(uuids, default=None), f"workflow {number} got {len(uuids)} ids")
    if len(evidence.accepted) != len(evidence.workflows):
        yield Violation(None, "two workflows got one id")


def reports(evidence: Evidence) -> Iterator[Violation]:
    """Each accepted dispatch has exactly one final report, and it was taken by the receiver."""
    for uuid in evidence.accepted:
        found = [one for one in evidence.callbacks_of.get(uuid, ()) if one.is_report]
        count = len({one.webhook_id for one in found})
        if count != 1:
            yield Violation(uuid, f"has {count} final reports")
        elif not any(one.was_taken for one in found):
            yield Violation(uuid, "its final report was never taken")
        elif found[0].text("dispatch_uuid") != uuid or found[0].text("status") not in _CLOSED:
            yield Violation(uuid, "its final report speaks of something else")


def bodies(evidence: Evidence) -> Iterator[Violation]:
    """A callback that comes again comes with the same bytes."""
    known: dict[str, bytes] = {}
    for callback in evidence.callbacks:
        if known.setdefault(callback.webhook_id, callback.body) != callback.body:
            yield Violation(callback.owner, f"{callback.webhook_id} came with two bodies")


def order(evidence: Evidence) -> Iterator[Violation]:
    """Callbacks of a dispatch come in order, none before the one ahead of it was taken."""
    for uuid, callbacks in evidence.callbacks_of.items():
        taken_ms: dict[str, float] = {}  # endless for one that was not taken yet
        latest = -1
        for callback in callbacks:
            known = taken_ms.get(callback.webhook_id)
            if known is None:
                if callback.position < latest:
                    yield Violation(uuid, f"{callback.webhook_id} came after a later one")
                if any(callback.at_ms < each for each in taken_ms.values()):
                    yield Violation(uuid, f"{callback.webhook_id} overtook one that was not taken")
                latest = max(latest, callback.position)
            told_ms = callback.answered_ms if callback.was_taken else inf
            taken_ms[callback.webhook_id] = told_ms if known is None else min(known, told_ms)
        if inf in taken_ms.values():
            yield Violation(uuid, "a callback was never taken")


def report_follows_its_cause(evidence: Evidence) -> Iterator[Violation]:
    """`completed` comes after the status that completed it, `error` after the last step only."""
    for uuid, workflow in evidence.accepted.items():
        successes: set[str] = set()
        for callback in first_occurrences(evidence.callbacks_of.get(uuid, ())):
            if not callback.is_report:
                if callback.text("status") in _SUCCESSES:
                    successes.add(callback.text("message_uuid"))
                continue
            listed = [str(message["message_uuid"]) for message in listed_messages(callback)]
            if callback.text("status") == "completed" and listed[-1] not in successes:
                yield Violation(uuid, "was reported completed before its success was")
            if callback.text("status") == "error" and len(listed) < len(workflow.scenario.turns):
                yield Violation(uuid, "was reported failed with a step left to try")


def webhooks(evidence: Evidence) -> Iterator[Violation]:
    """Each webhook that was answered 2xx has one callback, and no callback is made up."""
    taken = {(one.message_uuid, one.status) for one in evidence.webhooks if one.was_taken}
    owners = _owner_of_message(evidence)
    forwarded: Counter[tuple[str, str]] = Counter()
    for uuid, callbacks in evidence.callbacks_of.items():
        for callback in first_occurrences(callbacks):
            if callback.is_report:
                continue
            said = callback.text("message_uuid"), callback.text("status")
            forwarded[said] += 1
            if said not in taken and not _is_refusal(evidence, callback):
                yield Violation(uuid, f"was told {said[1]}, which nobody said")
    for said in sorted(taken | forwarded.keys()):
        if forwarded[said] != 1:
            times = forwarded[said]
            yield Violation(owners.get(said[0]), f"{said[1]} of {said[0]} has {times} callbacks")


def ledger(evidence: Evidence) -> Iterator[Violation]:
    """The upstream got rid of every webhook, and both of its records say the same."""
    owners = _owner_of_message(evidence)
    for send in evidence.sends:
        uuid = owners.get(send.message_uuid or "")
        if send.given_up or send.pending:
            lost, waiting = send.given_up, send.pending
            yield Violation(uuid, f"{lost} webhooks were refused, {waiting} are still to be taken")
        taken = sum(one.was_taken for one in evidence.webhooks_of.get(send.message_uuid or "", ()))
        if taken != send.taken:
            yield Violation(uuid, f"the ledger counts {send.taken} webhooks taken, the log {taken}")


def sends(evidence: Evidence) -> Iterator[Violation]:
    """No step is POSTed again, unless the answer proved that nothing was sent."""
    if evidence.sent_twice:
        yield Violation(None, f"the ledger says that {evidence.sent_twice} were messaged twice")
    owners = {
        workflow.client_ref(step): uuid
        for uuid, workflow in evidence.accepted.items()
        for step in range(len(workflow.scenario.turns))
    }
    for client_ref, attempts in evidence.sends_of.items():
        uuid = owners.get(client_ref)
        if uuid is None:
            yield Violation(None, f"the upstream was sent a step that is nobody's: {client_ref}")
        answers = [one.answer for one in attempts]
        if not _PROVES_NOTHING_LEFT.issuperset(answers[:-1]):
            yield Violation(uuid, f"{client_ref} was POSTed {len(answers)} times: {answers}")
        if len({one.webhook_token for one in attempts}) != 1:
            yield Violation(uuid, f"{client_ref} was POSTed for two dispatches")


def strangers(evidence: Evidence) -> Iterator[Violation]:
    """Every callback is about a dispatch that some caller was told of, and its own."""
    for uuid, callbacks in evidence.callbacks_of.items():
        workflow = evidence.accepted.get(uuid)
        if workflow is None:
            yield Violation(uuid, "sent callbacks, and no caller was told of it")
            continue
        refs = {workflow.client_ref(step) for step in range(len(workflow.scenario.turns))}
        if any(not one.is_report and one.text("client_ref") not in refs for one in callbacks):
            yield Violation(uuid, "was told of a step of another dispatch")


def states(evidence: Evidence) -> Iterator[Violation]:
    """GET agrees with the report, and a step that never left is in doubt because of a kill."""
    for uuid, workflow in evidence.accepted.items():
        state = evidence.states.get(uuid)
        if state is None:
            yield Violation(uuid, "is unknown to the gateway")
            continue
        steps = shown_steps(state)
        attempted = [index for index, step in enumerate(steps) if step["step"] != "pending"]
        shown = [state["status"], state["timestamp"], len(attempted)]
        for callback in evidence.callbacks_of.get(uuid, ()):
            if callback.is_report and _end(callback) != shown:
                yield Violation(uuid, "GET shows another end than its final report")
        for index in range(len(steps)):
            was_sent = workflow.client_ref(index) in evidence.sends_of
            if was_sent and index not in attempted:
                yield Violation(uuid, f"step {index} was POSTed and shows as pending")
            if index in attempted and not was_sent and evidence.doubts.get((uuid, index)) != KILLED:
                yield Violation(uuid, f"step {index} was never POSTed, and no kill explains it")


def store(evidence: Evidence) -> Iterator[Violation]:
    """The file is whole, nothing is left to do, and the gateway ended only when it was ended."""
    if evidence.integrity != "ok":
        yield Violation(None, f"the file is damaged: {evidence.integrity}")
    for name, count in evidence.leftovers.items():
        if count:
            yield Violation(None, f"{name} is {count} in the end")
    for code in evidence.deaths:
        yield Violation(None, f"the gateway ended with {code}")


CHECKS: Final = (
    acceptance,
    reports,
    bodies,
    order,
    report_follows_its_cause,
    webhooks,
    ledger,
    sends,
    strangers,
    states,
    store,
)


def listed_messages(report: Callback) -> list[JsonObject]:
    """Return the messages of a final report."""
    links = report.document["_links"]
    return _objects(links["messages"] if isinstance(links, dict) else None)


def shown_steps(state: JsonObject) -> list[JsonObject]:
    """Return the steps that GET shows."""
    return _objects(state["workflow"])


def _end(report: Callback) -> list[JsonValue]:
    document = report.document
    return [document["status"], document["timestamp"], len(listed_messages(report))]


def _objects(value: JsonValue) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _owner_of_message(evidence: Evidence) -> dict[str, str]:
    """Return the dispatch of each message that the upstream accepted."""
    refs = {
        workflow.client_ref(step): uuid
        for uuid, workflow in evidence.accepted.items()
        for step in range(len(workflow.scenario.turns))
    }
    return {
        send.message_uuid: refs[send.client_ref]
        for send in evidence.sends
        if send.message_uuid is not None and send.client_ref in refs
    }


def _is_refusal(evidence: Evidence, callback: Callback) -> bool:
    """Tell whether the gateway itself had to say it: the upstream refused the POST."""
    answers = [one.answer for one in evidence.sends_of.get(callback.text("client_ref"), ())]
    return callback.text("status") == "rejected" and bool(answers) and answers[-1] in _REFUSALS
