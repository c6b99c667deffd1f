"""What must have become of each dispatch, derived from what was seen outside, and not by `decide`.

The rules of the promise stand here a second time, in figures of their own: which word satisfies
which condition, what a failure does, and who is told what. Where nobody outside can know who came
first, at one instant or while a process died, nothing is held against the gateway.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from gateway.core.events import SendRefused, SendUnconfirmed
from gateway.core.state import StepStatus
from tests.laboratory.left import Left, LeftDispatch
from tests.laboratory.seen import Posted, Told
from tests.laboratory.world import BEGIN_MS, World

_RANKS: Final = {"submitted": 1, "rejected": 2, "undeliverable": 2, "delivered": 3, "read": 4}
"""How much a word tells; of two words a report shows the one that tells more."""
SATISFYING: Final = {"delivered": frozenset({"delivered", "read"}), "read": frozenset({"read"})}
_FAILURES: Final = frozenset({"rejected", "undeliverable"})
_SUCCESSES: Final = frozenset({"delivered", "read"})
_PATHS: Final = ("/first", "/second")
"""Where the receiver of each account listens."""
_UNSENT: Final = frozenset({"reject", "throttle", "unauthorised"})
"""Answers of the upstream by which nobody was messaged, for certain."""
_ENDS: Final = (StepStatus.MET, StepStatus.EXPIRED, StepStatus.REJECTED)
_STALE_S: Final = 24 * 3600.0
_SLACK_S: Final = 0.002
_BEGIN_S: Final = BEGIN_MS / 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Callback:
    owner: str
    path: str
    document: dict[str, Any]


class Outcomes:
    """Derives what must have come of a world, and compares."""

    def __init__(self, world: World, left: Left) -> None:
        self._world = world
        self._left = left
        self._plan = world.plan
        self._clock_was_wrong = any(fault.kind == "clock-wrong" for fault in world.plan.faults)
        self._stale_s = float(world.plan.environ.get("GATEWAY_STALE_AFTER", _STALE_S))
        self._resends = "GATEWAY_RESEND_IN_DOUBT" in world.plan.environ
        self._posted: dict[tuple[int, int], list[Posted]] = defaultdict(list)
        for posted in world.seen.posted:
            self._posted[posted.dispatch, posted.step].append(posted)
        self._told: dict[tuple[int, int], list[Told]] = defaultdict(list)
        for told in world.seen.told:
            self._told[told.dispatch, told.step].append(told)
        self._callbacks = dict(self._all_callbacks())

    def _all_callbacks(self) -> Iterator[tuple[str, _Callback]]:
        """Yield the callbacks by their id, also those that nobody took and that were buried."""
        for letter in self._left.letters:
            item = letter.item
            body = orjson.loads(item.body)
            path = "/" + item.url.rpartition("/")[2]
            yield (
                f"msg_{item.item_id}",
                _Callback(owner=item.item_id.owner, path=path, document=body),
            )
        for received in self._world.seen.received:
            owner = received.webhook_id.removeprefix("msg_").rpartition(".")[0]
            yield (
                received.webhook_id,
                _Callback(owner=owner, path=received.path, document=received.document),
            )

    def recipients(self) -> Iterator[str]:
        """Each POST goes to the person and by the channel of its step, for its account."""
        for posted in self._world.seen.posted:
            plan = self._plan.dispatches[posted.dispatch]
            channel = plan.steps[posted.step].channel.removesuffix("_msg")
            where = f"d{posted.dispatch} s{posted.step}"
            if posted.to != _person(posted.dispatch):
                yield f"{where} was sent to somebody else"
            if posted.channel != channel:
                yield f"{where} was sent by {posted.channel}, not by {channel}"
            if posted.account != plan.account:
                yield f"{where} was sent for another account"

    def bodies(self) -> Iterator[str]:
        """Each word of the vendor that was taken reaches its caller, as it was said."""
        said: dict[tuple[str, str], Told] = {}
        for told in self._world.seen.told:
            said.setdefault((told.message_uuid, told.status), told)
        arrived: Counter[tuple[str, str]] = Counter()
        own: Counter[tuple[int, str]] = Counter()
        numbers = {one.uuid: one.number for one in self._left.dispatches}
        for webhook_id, callback in self._callbacks.items():
            number = numbers.get(callback.owner)
            if number is None:
                continue  # `callbacks` tells of it
            plan = self._plan.dispatches[number]
            if callback.path != _PATHS[plan.account]:
                yield f"{webhook_id} of d{number} was posted to {callback.path}"
            document = callback.document
            if document["_links"].get("dispatch", {}).get("dispatch_uuid") != callback.owner and (
                "dispatch_uuid" not in document
            ):
                yield f"{webhook_id} of d{number} speaks of another dispatch"
            if "dispatch_uuid" in document:
                continue  # a report
            word = (str(document["message_uuid"]), str(document["status"]))
            source = said.get(word)
            if source is None:
                own[number, str(document["to"].get("type"))] += 1
                if word[1] != "rejected":
                    yield f"{webhook_id} of d{number} tells {word[1]}, which nobody said"
                continue
            arrived[word] += 1
            if source.dispatch != number:
                yield f"{webhook_id} tells d{number} what was said of d{source.dispatch}"
                continue
            channel = plan.steps[source.step].channel
            key = "id" if channel == "messenger" else "number"
            if document["to"] != {"type": channel, key: _person(number)}:
                yield f"{webhook_id} of d{number} names another recipient: {document['to']}"
        for word, count in arrived.items():
            if count > 1:
                yield f"{word[1]} of {word[0]} has {count} callbacks"
        parked = {uuid for uuid, _ in self._left.parked}
        for told in self._world.seen.told:
            word = (told.message_uuid, told.status)
            if told.http_status == 200 and not arrived[word] and word[0] not in parked:
                yield f"{word[1]} of {word[0]} was taken, and no callback of it arrived"
        yield from self._own_words(own)

    def _own_words(self, own: Counter[tuple[int, str]]) -> Iterator[str]:
        """Only a step that was refused or given up is told as refused by the gateway itself."""
        for (number, channel), count in own.items():
            steps = self._plan.dispatches[number].steps
            unsent = sum(
                step.channel == channel
                and (
                    all(post.kind in _UNSENT for post in self._posted[number, index][-1:])
                    # A second message of a last step may be given up, whatever came of the first.
                    or (self._resends and index == len(steps) - 1)
                )
                for index, step in enumerate(steps)
            )
            if count > unsent:
                yield f"d{number} was told of {count} refusals by {channel}, had {unsent}"

    def successors(self) -> Iterator[str]:
        """After a step that failed the next one is sent, or there is a reason why not."""
        for one in self._left.dispatches:
            tried = {move.event.step for move in one.moves if _is_unsent(move.event)}
            for step in range(len(one.state.steps) - 1):
                end = self._end(one, step)
                if end is None or end.status is StepStatus.MET:
                    continue
                if self._posted[one.number, step + 1] or step + 1 in tried:
                    continue
                if not self._is_outdated(one, step, end.at_s):
                    yield f"d{one.number} s{step} failed, and s{step + 1} was never sent"

    def _is_outdated(self, one: LeftDispatch, step: int, ended_s: float) -> bool:
        """Tell whether so much time has passed that nothing may be sent any more."""
        if self._clock_was_wrong:
            return True
        posts = self._posted[one.number, step]
        begun_s = next(
            move.at_s
            for move in one.moves
            if move.decision.state.steps[step].status is StepStatus.SENDING
        )
        if posts and posts[-1].kind not in _UNSENT:
            begun_s = posts[-1].at_s + (self._plan.dispatches[one.number].steps[step].expiry_s or 0)
        else:
            begun_s -= _BEGIN_S
        return ended_s - begun_s >= self._stale_s - 1

    def _end(self, one: LeftDispatch, step: int) -> _End | None:
        """Return how and when a step ended; a later correction is left out."""
        for move in one.moves:
            for status in _ENDS:
                if move.moves(step, status):
                    return _End(status=status, at_s=move.at_s - _BEGIN_S)
        return None

    def conditions(self) -> Iterator[str]:
        """A step is met by a word that satisfies it, and fails by none that came after one."""
        if self._clock_was_wrong:
            return
        for one in self._left.dispatches:
            for step, plan in enumerate(self._plan.dispatches[one.number].steps):
                good = SATISFYING[plan.condition or "delivered"]
                words = self._told[one.number, step]
                end = self._end(one, step)
                if end is not None:
                    where = f"d{one.number} s{step} was {end.status} at {end.at_s:.3f}"
                    yield from self._condition(where, one, step, end, good, words)

    def _condition(
        self,
        where: str,
        one: LeftDispatch,
        step: int,
        end: _End,
        good: frozenset[str],
        words: list[Told],
    ) -> Iterator[str]:
        heard = [told for told in words if not told.was_lost and told.at_s <= end.at_s + _SLACK_S]
        if end.status is StepStatus.MET and not any(told.status in good for told in heard):
            yield f"{where}, and nobody had said {' or '.join(sorted(good))}"
        taken = [told for told in heard if self._was_taken_before(told, one, step, end.at_s)]
        if end.status is not StepStatus.MET:
            for told in taken:
                if told.status in good:
                    yield f"{where}, though {told.status} was taken at {told.ended_s:.3f}"
        for told in taken:
            ended_s = told.ended_s or 0.0
            was_better = any(
                other.status in _SUCCESSES and other.at_s <= ended_s + _SLACK_S for other in heard
            )
            if told.status in _FAILURES and not was_better:
                yield f"{where}, and {told.status} had ended it at {ended_s:.3f}"

    def _was_taken_before(self, told: Told, one: LeftDispatch, step: int, at_s: float) -> bool:
        """Tell whether the gateway had for certain heard a word of a message that it knows."""
        return (
            told.http_status == 200
            and told.ended_s is not None
            and told.ended_s < at_s - _SLACK_S
            # Without a public URL a webhook may come before anybody knows whose it is.
            and self._plan.has_public_url
            and self._left.bound.get(told.message_uuid) == (one.uuid, step)
        )

    def reported(self) -> Iterator[str]:
        """A final report says what the words of the vendor make of the dispatch and its steps."""
        if self._clock_was_wrong:
            return
        corrections = {
            received.webhook_id for received in self._world.seen.received if received.is_correction
        } | {f"msg_{each.item.item_id}" for each in self._left.letters if each.item.step == -2}
        of_uuid = {one.uuid: one for one in self._left.dispatches}
        for webhook_id, callback in self._callbacks.items():
            one = of_uuid.get(callback.owner)
            if one is None or "dispatch_uuid" not in callback.document:
                continue
            if webhook_id not in corrections:
                yield from self._report(one, callback.document)

    def _report(self, one: LeftDispatch, document: dict[str, Any]) -> Iterator[str]:
        plan = self._plan.dispatches[one.number]
        entries = document["_links"]["messages"]
        made_s = max(
            (
                end.at_s
                for step in range(len(plan.steps))
                if (end := self._end(one, step)) is not None
            ),
            default=0.0,
        )
        sent = [step for step in range(len(plan.steps)) if self._posted[one.number, step]]
        tail = len(entries) - 1
        if sent and tail < sent[-1]:
            yield f"d{one.number} was reported with {len(entries)} messages, s{sent[-1]} was sent"
            return
        if not 0 <= tail < len(plan.steps):
            yield f"d{one.number} was reported with {len(entries)} messages"
            return
        good = SATISFYING[plan.steps[tail].condition or "delivered"]
        words = self._told[one.number, tail]
        could = any(
            told.status in good and not told.was_lost and told.at_s <= made_s + _SLACK_S
            for told in words
        )
        must = any(
            told.status in good and self._was_taken_before(told, one, tail, made_s)
            for told in words
        )
        if document["status"] == "completed" and not could:
            yield f"d{one.number} was reported completed, and nobody had said so"
        if document["status"] != "completed" and must:
            yield f"d{one.number} was reported {document['status']}, and s{tail} was met"
        for step, entry in enumerate(entries):
            yield from self._entry(one, step, entry, made_s)

    def _entry(
        self, one: LeftDispatch, step: int, entry: dict[str, Any], made_s: float
    ) -> Iterator[str]:
        where = f"d{one.number}: the report's entry of s{step}"
        if entry["channel"] != self._plan.dispatches[one.number].steps[step].channel:
            yield f"{where} names {entry['channel']}"
        posts = self._posted[one.number, step]
        uuids = {post.message_uuid for post in posts if post.message_uuid is not None}
        words = self._told[one.number, step]
        known = [told for told in words if self._was_taken_before(told, one, step, made_s)]
        was_answered = any(
            self._left.bound.get(told.message_uuid) == (one.uuid, step) for told in known
        )
        if was_answered and entry["message_uuid"] not in uuids:
            yield f"{where} has a message id that nobody gave"
        others = {
            post.message_uuid
            for place, found in self._posted.items()
            for post in found
            if place != (one.number, step)
        }
        if entry["message_uuid"] in others:
            yield f"{where} has the message id of another"
        shown = entry["status"]
        said = {told.status for told in words if told.at_s <= made_s + _SLACK_S}
        if shown not in said | {"submitted", "rejected"}:
            yield f"{where} says {shown}, which nobody had said"
        if shown == "rejected" and "rejected" not in said and uuids and not self._resends:
            yield f"{where} says rejected, and nobody had said so"
        least = max((_RANKS[told.status] for told in known), default=0)
        if _RANKS[shown] < least:
            yield f"{where} says {shown}, and more was known"


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    status: StepStatus
    at_s: float


def _person(dispatch: int) -> str:
    return f"4477009{dispatch:05}"


def _is_unsent(event: object) -> bool:
    """Tell whether a send ended in a way that the upstream need not have seen."""
    return isinstance(event, SendRefused | SendUnconfirmed)
