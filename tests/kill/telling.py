"""What a run came to, in words: the numbers, and the timeline of a dispatch that went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

import orjson

from tests.kill.checks import KILLED
from tests.kill.evidence import Evidence, first_occurrences

_PROVE_NOTHING: Final = frozenset({"none", "500"})


def summary(evidence: Evidence) -> list[str]:
    """Return the numbers of a run, a line for each subject."""
    uuids, kills = evidence.accepted, evidence.kills
    outages = [kill.outage_ms for kill in kills if kill.outage_ms is not None]
    asked = {one.number for one in evidence.attempts if one.dispatch_uuid is None}
    distinct = first_occurrences(evidence.callbacks)
    ends = Counter(one.text("status") for one in distinct if one.is_report)
    doubts = [(cause, _answers(evidence, *step)) for step, cause in evidence.doubts.items()]
    killed = [answers for cause, answers in doubts if cause == KILLED]
    unanswered = [answers for cause, answers in doubts if cause != KILLED]
    proper = sum(bool(_PROVE_NOTHING.intersection(answers)) for answers in unanswered)
    taken = [one for one in evidence.webhooks if one.was_taken]
    return [
        f"kills        {len(kills)}, of them {sum(not one.was_serving for one in kills)} while it"
        f" was starting; it answered again after {median(outages or [0]) / 1000:.2f} s"
        f" (at most {max(outages, default=0) / 1000:.2f} s)",
        f"dispatches   {len(uuids)} accepted of {len(evidence.workflows)};"
        f" {len(asked)} had to be posted more than once",
        f"reports      {ends.total()}: {ends['completed']} completed, {ends['error']} error",
        f"sends        {len(evidence.sends)} POSTs of {len(evidence.sends_of)} steps,"
        f" {evidence.sent_twice} messaged twice",
        f"in doubt     {len(doubts)} steps: {len(killed)} by a kill (of them {killed.count([])} had"
        f" not left yet), {proper} by a lost or useless answer,"
        f" {len(unanswered) - proper} for no reason that shows",
        f"webhooks     {len(taken)} taken, {len(evidence.webhooks) - len(taken)} attempts failed",
        f"callbacks    {len(distinct)}, {repeats(evidence)} of them came again after they had been"
        f" taken; {sum(not one.was_taken for one in evidence.callbacks)} were refused on purpose",
        f"store        integrity {evidence.integrity}",
        f"duration     {evidence.duration_s:.0f} s",
    ]


def _answers(evidence: Evidence, dispatch_uuid: str, step: int) -> list[str]:
    """Return what the upstream answered to the POSTs of a step."""
    client_ref = evidence.accepted[dispatch_uuid].client_ref(step)
    return [send.answer for send in evidence.sends_of.get(client_ref, ())]


def repeats(evidence: Evidence) -> int:
    """Return how many callbacks arrived again though the receiver had taken them."""
    taken: set[str] = set()
    count = 0
    for callback in evidence.callbacks:
        count += callback.webhook_id in taken
        if callback.was_taken:
            taken.add(callback.webhook_id)
    return count


def timeline(evidence: Evidence, dispatch_uuid: str, log: Path) -> list[str]:
    """Return all that anybody saw of a dispatch, and the kills, in the order of time.

    Args:
        log: the log of the gateway, whose lines are told apart by `gateway`.
    """
    told = sorted([*_seen(evidence, dispatch_uuid), *_logged(dispatch_uuid, log)])
    first_ms = next((at_ms for at_ms, what in told if not what.startswith("KILL")), 0)
    last_ms = max((at_ms for at_ms, what in told if not what.startswith("KILL")), default=0)
    return [
        f"{_clock_time(at_ms)}  {what}"
        for at_ms, what in told
        if first_ms - 5_000 <= at_ms <= last_ms + 5_000
    ]


def _seen(evidence: Evidence, dispatch_uuid: str) -> Iterator[tuple[int, str]]:
    for kill in evidence.kills:
        yield kill.at_ms, "KILL -9" if kill.was_serving else "KILL -9, while it was starting"
    for callback in evidence.callbacks_of.get(dispatch_uuid, ()):
        what = "report" if callback.is_report else "status"
        taken = "" if callback.was_taken else ", refused"
        status = callback.text("status")
        message = callback.text("message_uuid")
        yield callback.at_ms, f"callback {callback.position} {what} {status} {message}{taken}"
    workflow = evidence.accepted.get(dispatch_uuid)
    if workflow is None:
        return
    for attempt in evidence.attempts:
        if attempt.number == workflow.number:
            yield attempt.at_ms, f"caller   was answered {attempt.http_status or 'nothing'}"
    for step in range(len(workflow.scenario.turns)):
        for send in evidence.sends_of.get(workflow.client_ref(step), ()):
            yield send.at_ms, f"upstream got step {step} -> {send.answer} {send.message_uuid or ''}"
            for webhook in evidence.webhooks_of.get(send.message_uuid or "", ()):
                yield webhook.at_ms, f"webhook  step {step} {webhook.status} -> {webhook.answer}"


def _logged(dispatch_uuid: str, log: Path) -> Iterator[tuple[int, str]]:
    for line in log.read_bytes().splitlines():
        if dispatch_uuid.encode() not in line:
            continue
        try:
            said = orjson.loads(line)
        except orjson.JSONDecodeError:  # cut off by a kill
            continue
        at_ms = round(datetime.fromisoformat(said.pop("timestamp")).timestamp() * 1000)
        for known in ("dispatch_uuid", "level", "application"):
            said.pop(known, None)
        event = said.pop("event")
        yield at_ms, f"gateway  {event} " + " ".join(f"{key}={said[key]}" for key in said)


def _clock_time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
