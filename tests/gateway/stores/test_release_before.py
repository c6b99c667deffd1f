"""A store that the release before wrote opens, is finished, and nobody gets anything twice.

`fixtures/stores/schema-1.db.gz` has dispatches in every state; `schema-1.seen.json` is what the
upstream and the application had seen by then, so that both lives can be counted together. The
story is told once: the store is opened, webhooks come, time passes until every dispatch is closed.
"""

from __future__ import annotations

import asyncio
import gzip
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from structlog.testing import capture_logs

from gateway.tokens import TokenMint
from tests.support.clock import ManualClock
from tests.support.lives import Lives
from tests.support.world import API_KEY, API_SECRET, PUBLIC_URL, WHATSAPP_THEN_SMS, World
from translators.diagnostics import JsonObject

STORES: Final = Path(__file__).parents[3] / "fixtures" / "stores"
SEEN: Final[dict[str, Any]] = orjson.loads((STORES / "schema-1.seen.json").read_bytes())
UUIDS: Final[dict[str, str]] = SEEN["dispatches"]
NAMES: Final = {uuid: name for name, uuid in UUIDS.items()}
RECEIVER: Final = "http://receiver.example"

APPLICATIONS: Final = """
[[applications]]
api_key = "second"
api_secret = "secret-of-the-second"
status_url = "{receiver}/second"
final_report_url = "{receiver}/second/reports"

[[applications]]
api_key = "third"
api_secret = "secret-of-the-third"
signature_secret = "signature-secret-of-the-third-0003"
status_url = "{receiver}/third"
"""

ROUND_S: Final = 60
ROUNDS: Final = 90
REFUSALS: Final = frozenset({410, 422, 429, 503})
"""Who answered this did not take what it was sent."""
WAIT_S: Final = 60.0

PROVED: Final = {
    "waiting for read": "read",
    "waiting for any status": "delivered",
    "in doubt, to be proved": "read",
    "in doubt at the end, to be proved": "delivered",
    "left": "read",
    "of the second, waiting": "read",
    "of the third, waiting": "read",
}
"""The webhooks that come after the upgrade; the last one is signed by the wrong account."""

STANDINGS: Final = {
    "a dead report": "completed: met",
    "a dead status": "completed: met pending",
    "a failed status": "completed: met",
    "a failed status of the second": "completed: met",
    "a status from the dead": "error: expired",
    "accepted": "error: expired expired",
    "accepted of the second": "error: expired expired expired expired",
    "an untold status": "completed: met",
    "begun": "error: expired expired",
    "begun at the end": "error: expired",
    "claimed again": "error: expired expired",
    "closed by the horizon": "error: expired",
    "completed": "completed: met pending pending",
    "completed by its second step": "completed: rejected met",
    "every channel": "error: expired expired expired expired",
    "in doubt": "error: expired expired",
    "in doubt at the end": "error: expired",
    "in doubt at the end, to be proved": "completed: met",
    "in doubt with a second chance": "error: expired",
    "in doubt with a short grace": "error: expired",
    "in doubt, to be proved": "completed: met pending",
    "keyed": "error: expired expired",
    "keyed and unsent": "error: expired",
    "last of three": "error: rejected rejected expired",
    "late after its failover": "completed: expired met",
    "left": "completed: met pending",
    "left at the end": "error: expired",
    "not permitted": "error: expired expired",
    "of the second, waiting": "completed: met pending",
    "of the third, waiting": "error: expired expired",
    "read before a crash": "completed: met pending",
    "read before it was accepted": "completed: met pending",
    "refused": "error: rejected rejected",
    "refused, its second step unsent": "error: rejected expired",
    "second of three": "error: rejected expired expired",
    "throttled": "error: expired expired",
    "waiting": "error: expired expired",
    "waiting for any status": "completed: met",
    "waiting for read": "completed: met pending",
    "waiting with a short horizon": "error: expired",
    "waiting, delivered": "error: expired expired",
    "waiting, submitted": "error: expired",
    "wiped": "completed: met pending",
    "wiped in doubt": "error: expired",
}


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What both lives came to."""

    standings: dict[str, str] = field(default_factory=dict)
    sends: list[tuple[str, int]] = field(default_factory=list)
    """The dispatch, by name, and the step of each POST to the upstream, the first life's first."""
    sent_before: int = 0
    """How many of `sends` the first life saw."""
    told: list[JsonObject] = field(default_factory=list)
    """The callbacks that the application received."""
    answers: dict[str, Any] = field(default_factory=dict)
    """What requests of the second life were answered."""
    held_before: int = 0
    held: int = 0
    dead: list[str] = field(default_factory=list)

    def told_of(self, name: str) -> list[str]:
        """Return the statuses and the reports that the application received of a dispatch."""
        return [str(body["status"]) for body in self.told if _dispatch_of(body) == UUIDS[name]]


def _dispatch_of(body: Any) -> object:
    """Return the dispatch that a callback speaks of; None for an inbound message."""
    if "dispatch_uuid" in body:
        return body["dispatch_uuid"]
    return body.get("_links", {}).get("dispatch", {}).get("dispatch_uuid")


class Story:
    """The second life."""

    def __init__(self, folder: Path) -> None:
        self.lives = Lives(folder=folder, clock=ManualClock(SEEN["now_ms"], seed=1))
        self.outcome = Outcome()
        self._told_submitted = 0

    async def tell(self) -> Outcome:
        """Open the store, let everything end, and return what came of it."""
        lives, outcome = self.lives, self.outcome
        async with lives.upstream.listening(), lives.receiver.listening():
            self._unpack()
            config = lives.folder / "gateway.toml"
            config.write_text(APPLICATIONS.replace("{receiver}", lives.receiver.url))
            environ = {
                "GATEWAY_CONFIG": str(config),
                "GATEWAY_INBOUND_URL": f"{lives.receiver.url}/inbound",
                "GATEWAY_CLOCK": "own",  # the store is of another year, and says so
            }
            async with lives.whole(**environ) as world:
                self._read_before(world)
                lives.clock.advance(6)  # what failed just before is due again
                await self._settle(world)
                await self._hear(world)
                await self._ask(world)
                await self._pass(world)
                await self._collect(world)
                await self._operate(world)
        return outcome

    def _unpack(self) -> None:
        """Put the store where the gateway looks for it, and the receiver where the store does."""
        path = self.lives.folder / "gateway.db"
        path.write_bytes(gzip.decompress((STORES / "schema-1.db.gz").read_bytes()))
        connection = sqlite3.connect(path)
        for table in ("outbox", "dead_letter"):
            connection.execute(
                f"UPDATE {table} SET url = replace(url, ?, ?)",  # noqa: S608
                (RECEIVER, self.lives.receiver.url),
            )
        (self.outcome.held_before,) = connection.execute(
            "SELECT count(*) FROM held_webhook"
        ).fetchone()
        connection.commit()
        connection.close()

    def _read_before(self, world: World) -> None:
        self._mint = TokenMint(world.gateway.store.secret())
        seen = [each["body"] for each in SEEN["sends"] if each["answered"] not in REFUSALS]
        self._sends = {self._address(send): send for send in seen}
        self.outcome.sends += [self._address(send) for send in seen]
        self.outcome.sent_before = len(seen)
        self.outcome.told += [
            each["body"] for each in SEEN["callbacks"] if each["answered"] not in REFUSALS
        ]

    def _address(self, send: JsonObject) -> tuple[str, int]:
        token = str(send["webhook_url"]).removeprefix(f"{PUBLIC_URL}/webhooks/status/")
        address = self._mint.read(token)
        assert address is not None
        return NAMES[address.dispatch_uuid], address.step

    async def _settle(self, world: World) -> None:
        """Wait until nothing is due and nothing is under way."""
        store = world.gateway.store
        async with asyncio.timeout(WAIT_S):
            while True:
                counts = await store.counts()
                due = await store.due_timers(now_ms=self.lives.clock.now_ms(), limit=1)
                if not (due or counts.pending_sends or counts.pending_callbacks):
                    return
                await asyncio.sleep(0.005)

    async def _hear(self, world: World) -> None:
        """Receive what the upstream has to say about the messages of the first life."""
        for name, word in PROVED.items():
            answer = await world.webhook(self._sends[name, 0], word)
            self.outcome.answers[f"webhook of {name}"] = answer.status_code
        # Said before: it is known again.
        await world.webhook(self._sends["waiting, submitted", 0], "submitted")
        # Said for the first time, of what has no plan any more.
        late = {"timestamp": "2025-02-11T12:00:00Z"}
        await world.webhook(self._sends["wiped in doubt", 0], "delivered", **late)
        await world.webhook(self._sends["wiped", 0], "read", path="/webhooks/status", **late)
        await self._settle(world)

    async def _ask(self, world: World) -> None:
        """Repeat what callers and the upstream asked of the first life."""
        answers = self.outcome.answers
        again = await world.post(WHATSAPP_THEN_SMS, **{"Idempotency-Key": "order-42"})
        answers["key again"] = (again.status_code, again.json().get("dispatch_uuid"))
        other = await world.post(WHATSAPP_THEN_SMS, **{"Idempotency-Key": "order-43"})
        answers["key of another body"] = other.status_code
        inbound = orjson.dumps(
            {
                "channel": "sms",
                "message_uuid": "dddddddd-bbbb-4ccc-8ddd-0123456789ab",
                "to": "447700900001",
                "from": "447700900000",
                "timestamp": "2025-02-03T12:14:25Z",
                "message_type": "text",
                "text": "Hello",
            }
        )
        relayed = await world.http.post(
            "/webhooks/inbound", content=inbound, headers=world.signed(inbound)
        )
        answers["inbound again"] = relayed.status_code
        answers["state of the wiped"] = await world.state(UUIDS["wiped"])

    async def _pass(self, world: World) -> None:
        """Let time pass until every dispatch is closed, in small steps, as timers fall due."""
        store, clock = world.gateway.store, self.lives.clock
        # Expiries and graces, and the holds that may keep them waiting; then the horizons.
        for _ in range(ROUNDS):
            clock.advance(ROUND_S)
            await self._settle(world)
            await self._tell_submitted(world)
        clock.advance(72 * 3600)
        for _ in range(ROUNDS):
            await self._settle(world)
            if not (await store.counts()).open_dispatches:
                break
            clock.advance(ROUND_S)

    async def _tell_submitted(self, world: World) -> None:
        """Have the upstream say that it took what was sent, or the gateway would feel unheard."""
        for seen in world.upstream.seen[self._told_submitted :]:
            name, _ = self._address(seen.json())
            if "third" not in name:
                await world.webhook(seen.json(), "submitted")
        self._told_submitted = len(world.upstream.seen)
        await self._settle(world)

    async def _collect(self, world: World) -> None:
        lives, outcome, store = self.lives, self.outcome, world.gateway.store
        for name, uuid in UUIDS.items():
            record = await store.load(uuid)
            assert record is not None
            steps = " ".join(step.status for step in record.state.steps)
            outcome.standings[name] = f"{record.state.status}: {steps}"
        outcome.sends += [self._address(seen.json()) for seen in lives.upstream.seen]
        outcome.told += [seen.json() for seen in lives.receiver.seen]
        outcome.held = (await store.counts()).held_webhooks
        for application in ("abcd1234", "second"):
            letters = await store.dead_letters(application, limit=99)
            outcome.dead += [NAMES[letter.item.item_id.owner] for letter in letters]

    async def _operate(self, world: World) -> None:
        """Do what an operator does with what the first life left lying."""
        answers, auth = self.outcome.answers, (API_KEY, API_SECRET)
        parked = (await world.http.get("/parked", auth=auth)).json()["parked"]
        answers["parked"] = [each["reason"] for each in parked]
        before = len(self.lives.receiver.seen)
        (inbound,) = [each["id"] for each in parked if each["reason"] == "unusable"]
        answers["released"] = (await world.http.post(f"/parked/{inbound}", auth=auth)).json()
        letters = await world.http.get("/dead-letters", auth=auth)
        answers["dead letters"] = letters.json()["dead_letters"]
        replayed = await world.http.post("/dead-letters/replay?reason=client-error", auth=auth)
        answers["replay"] = replayed.status_code
        await self._settle(world)
        answers["told at last"] = [
            body.get("status") or body["message_uuid"]
            for body in (seen.json() for seen in self.lives.receiver.seen[before:])
        ]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """Tell the story once."""
    with capture_logs(), asyncio.Runner() as runner:
        yield runner.run(Story(tmp_path_factory.mktemp("before")).tell())


def test_every_dispatch_of_before_ends_as_it_should(outcome: Outcome) -> None:
    assert outcome.standings == STANDINGS


def test_no_step_is_sent_twice(outcome: Outcome) -> None:
    often = {send for send, count in Counter(outcome.sends).items() if count > 1}
    # Accepted under the setting that sends an in-doubt last step once more.
    assert often == {("in doubt with a second chance", 0)}
    assert outcome.sends.count(("in doubt with a second chance", 0)) == 2


def test_every_step_that_left_pending_is_sent_once_but_those_that_were_begun(
    outcome: Outcome,
) -> None:
    asked = {
        (name, index)
        for name, standing in outcome.standings.items()
        for index, step in enumerate(standing.split(": ")[1].split())
        if step != "pending"
    }
    unsent = asked - set(outcome.sends)
    # The last one was proved sent by a webhook, before its send was made.
    refused = {(name, index) for name, index in unsent if _is_rejected(outcome, name, index)}
    assert unsent - refused == {
        ("begun", 0),
        ("begun at the end", 0),
        ("read before a crash", 0),
    }


def _is_rejected(outcome: Outcome, name: str, index: int) -> bool:
    return outcome.standings[name].split(": ")[1].split()[index] == "rejected"


def test_what_had_left_is_never_sent_again(outcome: Outcome) -> None:
    again = outcome.sends[outcome.sent_before :]
    assert {("left", 0), ("left at the end", 0)}.isdisjoint(again)


def test_every_dispatch_has_one_report(outcome: Outcome) -> None:
    reports = Counter(NAMES[str(_dispatch_of(body))] for body in outcome.told if "template" in body)
    assert set(UUIDS) - set(reports) == {"a dead report"}
    assert set(reports.values()) == {1}


def test_the_report_says_how_the_dispatch_ended(outcome: Outcome) -> None:
    said = {
        NAMES[str(_dispatch_of(body))]: body["status"]
        for body in outcome.told
        if "template" in body
    }
    assert said == {name: outcome.standings[name].split(":")[0] for name in said}


def test_no_status_is_told_twice(outcome: Outcome) -> None:
    statuses = Counter(
        (body["message_uuid"], body["status"], body["timestamp"])
        for body in outcome.told
        if "message_uuid" in body and "status" in body
    )
    assert [status for status, count in statuses.items() if count > 1] == []


def test_callbacks_that_waited_behind_a_failed_one_follow_it_in_order(outcome: Outcome) -> None:
    assert outcome.told_of("a failed status") == ["submitted", "delivered", "completed"]


def test_a_callback_that_nobody_had_tried_is_delivered(outcome: Outcome) -> None:
    assert outcome.told_of("an untold status") == ["delivered", "completed"]


def test_a_dead_letter_that_was_put_back_is_delivered(outcome: Outcome) -> None:
    assert outcome.told_of("a status from the dead") == ["submitted", "error"]


def test_dead_letters_are_still_there(outcome: Outcome) -> None:
    assert sorted(outcome.dead) == ["a dead report", "a dead status"]


def test_held_webhooks_are_used_or_still_held(outcome: Outcome) -> None:
    assert (outcome.held_before, outcome.held) == (10, 8)


def test_an_idempotency_key_gives_its_first_answer(outcome: Outcome) -> None:
    assert outcome.answers["key again"] == (202, UUIDS["keyed"])


def test_an_idempotency_key_of_another_body_is_a_conflict(outcome: Outcome) -> None:
    assert outcome.answers["key of another body"] == 409


def test_an_inbound_message_of_before_is_not_relayed_again(outcome: Outcome) -> None:
    assert outcome.answers["inbound again"] == 200
    messages = [body["message_uuid"] for body in outcome.told if "message" in body]
    assert len(messages) == len(set(messages))


def test_an_inbound_message_that_was_owed_is_relayed(outcome: Outcome) -> None:
    assert {"message_uuid": "eeeeeeee-bbbb-4ccc-8ddd-0123456789ab", "text": "Hello"} in outcome.told


def test_a_status_of_a_dispatch_without_plan_is_told(outcome: Outcome) -> None:
    assert outcome.told_of("wiped") == ["submitted", "delivered", "read", "completed", "read"]
    assert outcome.told_of("wiped in doubt") == ["error", "delivered"]


def test_a_dispatch_without_plan_shows_its_state(outcome: Outcome) -> None:
    assert outcome.answers["state of the wiped"]["usage"] == {"price": "0.0333", "currency": "EUR"}


def test_a_stranger_still_cannot_speak_for_a_dispatch(outcome: Outcome) -> None:
    assert outcome.answers["webhook of of the third, waiting"] == 401


def test_what_was_kept_is_listed_with_its_reason(outcome: Outcome) -> None:
    assert sorted(outcome.answers["parked"]) == [
        "failed",
        "not-sent-yet",
        "other-message",
        "unmatched",
        "unusable",
        "unusable:STS206",
    ]


def test_an_inbound_message_in_the_shape_of_v01_that_was_kept_can_be_released(
    outcome: Outcome,
) -> None:
    assert outcome.answers["released"]["disposition"] == "applied"
    assert "cccccccc-bbbb-4ccc-8ddd-0123456789ab" in outcome.answers["told at last"]


def test_a_dead_letter_of_before_is_listed_and_delivered_by_a_replay(outcome: Outcome) -> None:
    (letter,) = outcome.answers["dead letters"]
    assert (letter["dispatch_uuid"], letter["kind"]) == (UUIDS["a dead status"], "status")
    assert outcome.answers["replay"] == 202
    assert "submitted" in outcome.answers["told at last"]
