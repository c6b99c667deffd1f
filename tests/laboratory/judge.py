"""The judge: every promise that a world must have kept, told from what was seen outside.

Each check is one promise. docs/evidence.md has the list, with the invariants that they stand for.
"""

from __future__ import annotations

import math
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, Final

from gateway.core.effects import PostStatus, SetTimer
from gateway.core.events import ExpiryReached, HorizonReached, SendUnconfirmed
from gateway.core.state import DispatchStatus, StepStatus
from tests.laboratory.bounds import Bounds
from tests.laboratory.credentials import SECRETS
from tests.laboratory.left import Left, LeftDispatch, Move
from tests.laboratory.outcomes import SATISFYING, Outcomes
from tests.laboratory.reasons import Reasons
from tests.laboratory.seen import Posted, Received
from tests.laboratory.sightings import note_line, note_sightings
from tests.laboratory.silence import Silence
from tests.laboratory.world import BEGIN_MS, World

_MAY_BE_REPEATED: Final = frozenset({"throttle", "unauthorised"})
"""Answers that prove that nothing was sent."""
_FAULTS: Final = frozenset({"worker.item_failed", "timer.failed", "worker.died"})
_DEATHS: Final = frozenset({"kill", "power", "store-unknown", "end", "stop", "store-down"})
_HORIZON_S: Final = 72 * 3600.0
_IN_DOUBT_S: Final = 900.0
_INTENT_S: Final = 0.5
"""How long before a POST arrives it can have been intended."""
_PROMPT_S: Final = 1.5
_SLOWING: Final = frozenset(
    {"GATEWAY_CLOCK", "GATEWAY_SEND_CONCURRENCY", "GATEWAY_CALLBACK_CONCURRENCY"}
)
_PRIVATE: Final = ("4477009", "text of dispatch", *SECRETS)
_POSITIONS_PER_REVISION: Final = 8
"""A callback's position tells by which revision it was made."""
_REFUSALS: Final = frozenset({400, 410})
"""Of the simulated answers, those that speak about the callback: 404 may be a deployment."""
_SETTLING_S: Final = 0.05
"""Within which the store hears at the latest that a callback was taken."""
_SLACK_S: Final = 0.002
"""For instants that were rounded to a millisecond on their way."""
_BEGIN_S: Final = BEGIN_MS / 1000


def hear(world: World, line: dict[str, Any]) -> None:
    """Look at one log line of a gateway: what failed inside, and what must never be told."""
    note_line(world, line)
    if line["event"] in _FAULTS:
        told = traceback.format_exc(limit=-6) if line.pop("exc_info", None) else ""
        world.violations.append(f"{line['event']}: {line} {told}")
    if _is_private(line):
        world.violations.append(f"{line['event']} tells what is private")


def overhear(world: World, path: str, status: int, said: bytes) -> None:
    """Look at the answer to a request or webhook: what is refused must not be told either."""
    if status >= 400 and _is_private(said):
        world.violations.append(f"the {status} to {path} tells what is private")


def _is_private(told: Any) -> bool:
    """Tell whether a number, a text, a secret or the query of a URL is in it, however deep."""
    words = told.decode() if isinstance(told, bytes) else repr(told)
    return any(private in words for private in _PRIVATE)


def judge(world: World, left: Left, *, is_done: bool) -> list[str]:
    """Return every broken promise; none when all were kept."""
    note_sightings(world, left)
    checks = _Checks(world, left)
    found = [] if is_done else ["not everything came to its end in time"]
    for check in (
        checks.answers,
        checks.ends,
        checks.replay,
        checks.messages,
        checks.failovers,
        checks.webhooks,
        checks.callbacks,
        checks.order,
        checks.reports,
        checks.promptness,
        checks.reasons.refusals,
        checks.reasons.patience,
        checks.reasons.strangers,
        checks.reasons.doubts,
        checks.reasons.contradictions,
        checks.repetitions,
        checks.reasons.parking,
        checks.reasons.clocks,
        checks.outcomes.recipients,
        checks.outcomes.bodies,
        checks.outcomes.successors,
        checks.outcomes.conditions,
        checks.outcomes.reported,
        checks.bounds.liveness,
        checks.bounds.pace,
    ):
        found += [f"{check.__name__}: {told}" for told in check()]
    return found


class _Checks:
    def __init__(self, world: World, left: Left) -> None:
        self.world = world
        self.left = left
        self.of_number: dict[int, list[LeftDispatch]] = defaultdict(list)
        for one in left.dispatches:
            self.of_number[one.number].append(one)
        self.of_uuid = {one.uuid: one for one in left.dispatches}
        self.reasons = Reasons(world, left)
        self.outcomes = Outcomes(world, left)
        self.bounds = Bounds(world, left)
        self.received: dict[str, list[Received]] = defaultdict(list)
        for callback in world.seen.received:
            self.received[callback.webhook_id].append(callback)
        self._clock_was_wrong = any(one.kind == "clock-wrong" for one in world.plan.faults)
        self._has_deaths = any(one.kind in _DEATHS for one in world.plan.faults)
        self.letters = {f"msg_{letter.item.item_id}" for letter in left.letters}
        self.posted: dict[tuple[int, int], list[Posted]] = defaultdict(list)
        for posted in world.seen.posted:
            self.posted[posted.dispatch, posted.step].append(posted)

    def answers(self) -> Iterator[str]:
        """A 202 is kept for ever, a key is one dispatch, and "nothing" means nothing."""
        told: dict[int, set[str]] = defaultdict(set)
        for asked in self.world.seen.asked:
            if asked.dispatch_uuid is not None:
                told[asked.dispatch].add(asked.dispatch_uuid)
        for number, plan in enumerate(self.world.plan.dispatches):
            there = {one.uuid for one in self.of_number[number]}
            if told[number] - there:
                yield f"d{number} was answered 202 and is lost"
            if len(told[number] | there) > 1:
                yield f"d{number} became {len(there)} dispatches, and was told {told[number]}"
            mine = [one for one in self.world.seen.asked if one.dispatch == number]
            nothing = mine and all("Nothing was accepted" in one.told for one in mine)
            if nothing and there:
                yield f"d{number} was refused with nothing accepted, and is there"
            if plan.has_key and not told[number]:
                yield f"d{number} never got its 202"

    def ends(self) -> Iterator[str]:
        """Every dispatch ended, nothing of it is pending, and none took too long."""
        counts = self.left.counts
        for one in self.left.dispatches:
            if one.state.status is DispatchStatus.OPEN:
                steps = " ".join(step.status for step in one.state.steps)
                yield f"d{one.number} is open: {steps}"
        if counts.pending_timers or counts.held_timers:
            yield f"{counts.pending_timers} timers are left"
        if counts.pending_sends or counts.pending_callbacks:
            yield f"{counts.pending_sends} sends, {counts.pending_callbacks} callbacks are left"

    def replay(self) -> Iterator[str]:
        """The history of a dispatch, decided again, gives the dispatch; a closed one stays so."""
        for one in self.left.dispatches:
            if one.moves[-1].decision.state != one.state:
                yield f"d{one.number}: its history does not give its state"
            under_way = (StepStatus.SENDING, StepStatus.WAITING, StepStatus.UNKNOWN)
            for move in one.moves:
                after = move.decision.state
                if sum(step.status in under_way for step in after.steps) > 1:
                    yield f"d{one.number}: two steps are under way at revision {after.revision}"

    def messages(self) -> Iterator[str]:
        """No step is POSTed again once it may have left, and no attempt is without its intent."""
        for (number, step), posts in self.posted.items():
            dispatch = self.of_number[number]
            if not dispatch:
                yield f"d{number} s{step} was sent and nobody knows it"
                continue
            terms, is_last = dispatch[0].state.terms, dispatch[0].state.is_last(step)
            final = [one for one in posts if one.kind not in _MAY_BE_REPEATED]
            permitted = 2 if terms.resends_in_doubt and is_last else 1
            if len(final) > permitted:
                kinds = ", ".join(one.kind for one in posts)
                yield f"d{number} s{step} was POSTed again: {kinds}"
            elif len(final) == permitted and posts[-1] is not final[-1]:
                yield f"d{number} s{step} was POSTed after it may have left"
            got = [one for one in posts if one.message_uuid is not None]
            if len(got) > 1 and permitted == 1:
                yield f"d{number} s{step}: a person got it {len(got)} times"

    def failovers(self) -> Iterator[str]:
        """A step fails only when told so, or silent for long enough, and the next waits for it."""
        silence = Silence(self.world)
        for one in self.left.dispatches:
            for step in range(len(one.state.steps)):
                for move in one.moves:
                    is_timer = isinstance(move.event, ExpiryReached | HorizonReached)
                    if is_timer and move.event.step == step and _acted(move):
                        yield from self._expiry(one, step, move, silence)
                later = self.posted[one.number, step + 1]
                ended = [
                    move.at_s
                    for move in one.moves
                    if move.moves(step, StepStatus.EXPIRED) or move.moves(step, StepStatus.REJECTED)
                ]
                if later and not ended:
                    yield f"d{one.number} s{step + 1} was sent though s{step} had not failed"

    def _expiry(self, one: LeftDispatch, step: int, move: Move, silence: Silence) -> Iterator[str]:
        where = f"d{one.number} s{step}"
        fired_s = move.at_s - _BEGIN_S
        plan = self.world.plan.dispatches[one.number].steps[step]
        assert isinstance(move.event, ExpiryReached | HorizonReached)
        begun_s = self._begun_s(one.number, step, fired_s)
        patience_s = (
            self._last_patience_s(one, step, fired_s)
            if plan.expiry_s is None
            else float(plan.expiry_s)
        )
        if not silence.clock_was_wrong and begun_s is not None:
            if fired_s + _SLACK_S < begun_s + patience_s:
                yield f"{where} expired {fired_s - begun_s:.3f} s after it was sent"
            if move.event.due_ms > move.entry.at_ms:
                yield f"{where} expired before its time"
        good = SATISFYING[plan.condition or "delivered"]
        sent_s = {post.message_uuid: post.at_s for post in self.posted[one.number, step]}
        for told in self.world.seen.told:
            if told.message_uuid not in sent_s or told.status not in good or told.at_s > fired_s:
                continue
            is_known = told.message_uuid in self.left.bound
            ended_s = told.ended_s if told.ended_s is not None else fired_s
            was_taken = told.http_status == 200 and ended_s < fired_s - _SLACK_S
            # Without a public URL a webhook may come before anybody knows whose it is.
            if was_taken and is_known and self.world.plan.has_public_url:
                yield f"{where} expired at {fired_s:.3f} though {told.status} was taken"
            earliest_s = silence.earliest_s(told, sent_s[told.message_uuid], fired_s)
            if earliest_s is not None and fired_s + _SLACK_S < earliest_s:
                yield (
                    f"{where} expired at {fired_s:.3f}; {told.status} was missed at"
                    f" {told.at_s:.3f}, and is waited for until {earliest_s:.3f}"
                )

    def _last_patience_s(self, one: LeftDispatch, step: int, fired_s: float) -> float:
        """Return how long a last step is waited for at least, from its send on."""
        environ = self.world.plan.environ
        horizon_s = float(environ.get("GATEWAY_HORIZON", _HORIZON_S))
        is_doubted = any(
            isinstance(move.event, SendUnconfirmed) and move.event.step == step
            for move in one.moves
        )
        # An answer that was seen leaves no doubt, unless who saw it died.
        posts = self._posts_before(one.number, step, fired_s)
        if posts and self._was_heard(posts[-1]) and not (is_doubted and self._has_deaths):
            return horizon_s
        return min(horizon_s, float(environ.get("GATEWAY_IN_DOUBT_GRACE", _IN_DOUBT_S)))

    def _begun_s(self, number: int, step: int, fired_s: float) -> float | None:
        """Return the earliest instant from which an expiry may count; None if nothing arrived."""
        posts = self._posts_before(number, step, fired_s)
        if not posts:
            return None
        arrived_s = posts[-1].at_s
        if posts[-1].kind != "accept" or "GATEWAY_EXPIRY_STARTS" in self.world.plan.environ:
            return arrived_s - _INTENT_S
        heard = [
            one.at_s
            for one in self.world.seen.told
            if (one.dispatch, one.step) == (number, step) and one.http_status == 200
        ]
        answered_s = posts[-1].answered_s
        # A sender that died before the answer left the step in doubt: it counts from the intent.
        if answered_s is None or not self._was_heard(posts[-1]) or self._has_deaths:
            return arrived_s - _INTENT_S
        return min([answered_s, *heard])

    def _was_heard(self, post: Posted) -> bool:
        """Tell whether an answer came, and while somebody was there since the POST to hear it."""
        return post.answered_s is not None and any(
            life.from_s <= post.at_s and (life.until_s is None or life.until_s >= post.answered_s)
            for life in self.world.seen.lives
        )

    def _posts_before(self, number: int, step: int, at_s: float) -> list[Posted]:
        return [post for post in self.posted[number, step] if post.at_s < at_s - _SLACK_S]

    def promptness(self) -> Iterator[str]:
        """Where nothing went wrong, nothing waits: no send, no timer, no callback."""
        plan = self.world.plan
        is_slowed = (
            bool(_SLOWING & plan.environ.keys()) or plan.environ.get("GATEWAY_SEND_RATE") == "2"
        )
        if plan.faults or plan.detours or is_slowed:
            return
        limit_s = plan.tick_s + _PROMPT_S
        was_unheard = self.world.sometimes.counts["an account was unheard"]
        for one in self.left.dispatches:
            set_ms: dict[int, int] = {}  # a timer may be due when it is set
            for move in one.moves:
                for effect in move.decision.effects:
                    if isinstance(effect, SetTimer):
                        set_ms[effect.due_ms] = move.entry.at_ms
                if isinstance(move.event, ExpiryReached | HorizonReached) and not was_unheard:
                    due_ms = move.event.due_ms
                    late_s = (move.entry.at_ms - due_ms) / 1000
                    # A simulated poll does not wake for what was due before it slept.
                    if late_s > limit_s and set_ms[due_ms] <= due_ms:
                        yield f"d{one.number}: a timer fired {late_s:.3f} s late"
        for webhook_id, received in self.received.items():
            owner, _, position = webhook_id.removeprefix("msg_").rpartition(".")
            late_s = received[0].at_s - self._made_s(owner, int(position))
            if late_s > limit_s:
                yield f"{webhook_id} came {late_s:.3f} s late"

    def webhooks(self) -> Iterator[str]:
        """What was taken from the vendor was told to the caller, once; and nothing is made up."""
        said = {(one.message_uuid, one.status) for one in self.world.seen.told}
        taken = {
            (one.message_uuid, one.status) for one in self.world.seen.told if one.http_status == 200
        }
        forwarded: Counter[tuple[str, str]] = Counter()
        for one in self.left.dispatches:
            refusals = Counter[int]()
            for move in one.moves:
                for report, step in _statuses(move):
                    if report.message_uuid is None:
                        refusals[step] += 1
                        continue
                    word = (report.message_uuid, report.status)
                    forwarded[word] += 1
                    if word not in said:
                        yield f"d{one.number}: told {report.status}, which nobody said"
            if any(count > 1 for count in refusals.values()):
                yield f"d{one.number}: a refusal was told twice"
        parked = {uuid for uuid, _ in self.left.parked}
        for word in sorted(taken):
            if not forwarded[word] and word[0] not in parked:
                yield f"{word[1]} of {word[0]} was taken, and told to nobody"
        for word, count in forwarded.items():
            if count > 1:
                yield f"{word[1]} of {word[0]} was told {count} times"

    def callbacks(self) -> Iterator[str]:
        """Accepted is delivered or buried: no callback is missing, none is made up or changed."""
        of_owner: dict[str, set[str]] = defaultdict(set)
        for webhook_id, received in self.received.items():
            if len({one.body for one in received}) > 1:
                yield f"{webhook_id} came with two bodies"
            if any(one.was_taken for one in received) or webhook_id in self.letters:
                of_owner[_owner(webhook_id)].add(webhook_id)
        for webhook_id in self.letters:
            of_owner[_owner(webhook_id)].add(webhook_id)
        for one in self.left.dispatches:
            ended = len(of_owner.pop(one.uuid, ()))
            if ended != one.callbacks:
                yield f"d{one.number} asked for {one.callbacks} callbacks, {ended} came to an end"
        if of_owner:
            yield f"callbacks of nobody: {sorted(of_owner)}"

    def repetitions(self) -> Iterator[str]:
        """What a receiver took is not posted again."""
        return self.reasons.repetitions(self.received)

    def order(self) -> Iterator[str]:
        """A callback waits for the one before it, as long as the settings say."""
        patience = self.world.plan.environ.get("GATEWAY_ORDER_PATIENCE", "30")
        lanes: dict[tuple[str, str], dict[int, list[Received]]] = defaultdict(dict)
        for webhook_id, received in self.received.items():
            lane = lanes[_owner(webhook_id), received[0].path]
            lane[int(webhook_id.rpartition(".")[2])] = received
        for (owner, _), lane in lanes.items():
            passes_s: dict[int, float] = {}
            for position in sorted(lane):
                attempts = lane[position]
                first_s = attempts[0].at_s + _SLACK_S
                waiting = [lane[one] for one in passes_s if not _is_through(lane[one], first_s)]
                # A clock that was wrong dates it after its first attempt.
                made_s = min(self._made_s(owner, position), first_s)
                out_of_turn_s = self._out_of_turn_s(lane, passes_s, made_s)
                may_go = not waiting
                if patience != "strict" and waiting:
                    was_refused = all(_was_refused(one, first_s) for one in waiting)
                    # A clock that is set ahead ends the patience with it.
                    may_go = was_refused or out_of_turn_s <= first_s or self._clock_was_wrong
                    if may_go:
                        self.world.happened("a lane went on without its oldest callback")
                if not may_go:
                    yield f"{owner}.{position} came at {first_s:.3f}, before its turn"
                patience_s = math.inf if patience == "strict" else float(patience)
                passes_s[position] = min(out_of_turn_s, _first_failed_s(attempts) + patience_s)

    def _out_of_turn_s(
        self, lane: dict[int, list[Received]], passes_s: dict[int, float], made_s: float
    ) -> float:
        """Return from when on a callback need not wait for those before it.

        One patience a lane: once it is over, nobody waits until all are through that others were
        handed out before; and those are, in their turn, such (gateway/stores/base.py).
        """
        return min(
            (
                since_s
                for one, pass_s in passes_s.items()
                if not _is_through(lane[one], (since_s := max(pass_s, made_s)) - _SETTLING_S)
            ),
            default=math.inf,
        )

    def _made_s(self, owner: str, position: int) -> float:
        """Return when a callback was made."""
        made = self.of_uuid[owner].moves[position // _POSITIONS_PER_REVISION - 1]
        return made.at_s - _BEGIN_S

    def reports(self) -> Iterator[str]:
        """Each dispatch has one final report, which says how it ended; a correction at most."""
        for one in self.left.dispatches:
            mine = [
                received[0]
                for webhook_id, received in self.received.items()
                if _owner(webhook_id) == one.uuid and "dispatch_uuid" in received[0].document
            ]
            buried = [
                letter
                for letter in self.left.letters
                if letter.item.item_id.owner == one.uuid and letter.item.step < 0
            ]
            first = {each.webhook_id for each in mine if not each.is_correction}
            first |= {f"msg_{each.item.item_id}" for each in buried if each.item.step == -1}
            if len(first) != 1:
                yield f"d{one.number} has {len(first)} final reports"
            corrections = [each for each in mine if each.is_correction]
            if corrections and not one.state.terms.corrects_reports:
                yield f"d{one.number} was corrected, though nobody asked for it"
            for report in mine:
                if report.document["dispatch_uuid"] != one.uuid:
                    yield f"d{one.number}: its report speaks of another"
            said = {str(each.document["status"]) for each in mine if not each.is_correction}
            ended = (
                next(
                    move.decision.state.status
                    for move in one.moves
                    if move.decision.state.status is not DispatchStatus.OPEN
                )
                if one.state.status is not DispatchStatus.OPEN
                else None
            )
            if said and ended is not None and said != {ended.value}:
                yield f"d{one.number} ended {ended.value}, and was reported {said}"


def _acted(move: Move) -> bool:
    """Tell whether a timer ended its step, or had it sent again."""
    step = move.event.step
    return move.moves(step, StepStatus.EXPIRED) or move.moves(step, StepStatus.SENDING)


def _statuses(move: Move) -> Iterator[tuple[Any, int]]:
    for effect in move.decision.effects:
        if isinstance(effect, PostStatus):
            yield effect.report, effect.step


def _is_through(attempts: list[Received], at_s: float) -> bool:
    """Tell whether a callback was taken, or given up for good, before an instant.

    One that is attempted later on was not: whoever had it taken died before it was written down.
    """
    last = attempts[-1]
    return last.at_s < at_s and (last.was_taken or last.http_status == 410)


def _first_failed_s(attempts: list[Received]) -> float:
    return min((one.at_s for one in attempts if not one.was_taken), default=math.inf)


def _was_refused(attempts: list[Received], at_s: float) -> bool:
    """Tell whether the receiver spoke about this callback: then the lane goes on without it."""
    return any(one.at_s < at_s and one.http_status in _REFUSALS for one in attempts)


def _owner(webhook_id: str) -> str:
    return webhook_id.removeprefix("msg_").rpartition(".")[0]
