"""A rehearsal: what would be sent, and when. Nobody gets a message, whatever the mode."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import orjson
import pytest

from gateway.settings.mode_values import ACKNOWLEDGEMENT
from tests.gateway.api.served import GOOD, OURS, Served
from tests.gateway.api.surface import CREDENTIALS, JSON, in_module_loop, problem, stored
from tests.gateway.api.tokens import basic
from tests.support.loopback import Loopback, Reply
from tests.support.world import (
    API_KEY,
    PUBLIC_URL,
    SENDER,
    TO,
    World,
    a_world,
    failing_over,
    step,
    workflow,
)
from translators.diagnostics import JsonObject

CREATE, PLAN = "/v0.1/dispatch", "/v0.1/dispatch/plan"
THREE_STEPS = workflow(
    step("whatsapp", **failing_over("read", after_s=600)),
    step("sms", **failing_over("delivered", after_s=60)),
    step("sms"),
)


async def rehearsed(
    served: Served,
    path: str = PLAN,
    *,
    content: bytes = GOOD,
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
) -> httpx2.Response:
    """POST a workflow, and see that nothing came of it."""
    before, sends = stored(served.folder), len(served.world.upstream.seen)
    answer = await served.http.post(
        path,
        content=content,
        headers=[("Content-Type", "application/json"), *_pairs(headers)],
        auth=CREDENTIALS,
    )
    assert stored(served.folder) == before
    assert len(served.world.upstream.seen) == sends
    return answer


def _pairs(headers: dict[str, str] | list[tuple[str, str]] | None) -> list[tuple[str, str]]:
    return list(headers.items()) if isinstance(headers, dict) else headers or []


# What it says


@in_module_loop
async def test_a_rehearsal_says_what_would_be_sent_and_when(served: Served) -> None:
    answer = await rehearsed(served, content=orjson.dumps(THREE_STEPS))
    webhooks = {"webhook_url": f"{PUBLIC_URL}/webhooks/status", "webhook_version": "v1"}
    message = {"from": SENDER, "to": TO, "message_type": "text", "text": "Hello"}
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "template": "failover",
            "workflow": [
                {
                    "channel": "whatsapp",
                    "message": {**message, "channel": "whatsapp", **webhooks},
                    "failover": {"expiry_time": 600, "condition_status": "read"},
                    "earliest_s": 0,
                    "latest_s": 0,
                },
                {
                    "channel": "sms",
                    "message": {**message, "channel": "sms", **webhooks},
                    "failover": {"expiry_time": 60, "condition_status": "delivered"},
                    "earliest_s": 0,
                    "latest_s": 600,
                },
                {
                    "channel": "sms",
                    "message": {**message, "channel": "sms", **webhooks},
                    "failover": None,
                    "earliest_s": 0,
                    "latest_s": 660,
                },
            ],
            "diagnostics": [],
        },
    )


@in_module_loop
async def test_it_says_what_was_tolerated_and_names_the_rules_in_the_header(
    served: Served,
) -> None:
    loose = step()
    loose["to"] = {"type": "sms", "number": 447700900000}
    answer = await rehearsed(served, content=orjson.dumps(workflow(loose)))
    assert answer.headers["Gateway-Diagnostics"] == "REQ144"
    assert answer.json()["diagnostics"] == [
        {
            "rule": "REQ144",
            "name": "address-as-number",
            "severity": "warning",
            "pointer": "/workflow/0/to/number",
            "detail": "is a JSON number; write it as a string",
        }
    ]


async def test_what_it_shows_is_what_is_sent_but_for_the_token(world: World) -> None:
    shown = (await world.post_to(PLAN)).json()["workflow"][0]["message"]
    await world.dispatch()
    (sent,) = await world.sends(1)
    assert {**sent, "webhook_url": f"{PUBLIC_URL}/webhooks/status"} == shown


async def test_without_a_public_url_no_webhook_url_is_shown(tmp_path: Path) -> None:
    async with a_world(tmp_path, {"GATEWAY_PUBLIC_URL": ""}) as world:
        answer = await world.post_to(PLAN)
    assert "webhook_url" not in answer.json()["workflow"][0]["message"]


# How it is asked for

WISHES = {
    "the route": (PLAN, {}),
    "the route with a slash": (f"{PLAN}/", {}),
    "the route, whatever its query says": (f"{PLAN}?dry_run=false", {}),
    "dry_run": (f"{CREATE}?dry_run=true", {}),
    "dry_run on the path with a slash": (f"{CREATE}/?dry_run=true", {}),
    "validate": (f"{CREATE}?validate=1", {}),
    "a number": (f"{CREATE}?dry_run=1", {}),
    "another word for it": (f"{CREATE}?dry_run=yes", {}),
    "in upper case": (f"{CREATE}?DRY_RUN=TRUE", {}),
    "no value": (f"{CREATE}?dry_run", {}),
    "an empty value": (f"{CREATE}?dry_run=", {}),
    "with a hyphen": (f"{CREATE}?dry-run=true", {}),
    "in camel case": (f"{CREATE}?dryRun=true", {}),
    "escaped": (f"{CREATE}?dry%5Frun=%74rue", {}),
    "behind another": (f"{CREATE}?a=b&dry_run=true", {}),
    "behind a semicolon": (f"{CREATE}?a=b;dry_run=true", {}),
    "said both ways": (f"{CREATE}?dry_run=false&dry_run=true", {}),
    "one of the two": (f"{CREATE}?dry_run=false&validate=true", {}),
    "a list": (f"{CREATE}?dry_run[]=true", {}),
    "Prefer": (CREATE, {"Prefer": "dry-run"}),
    "Prefer on the path with a slash": (f"{CREATE}/", {"Prefer": "dry-run"}),
    "Prefer in upper case": (CREATE, {"prefer": "DRY-RUN"}),
    "Prefer in a list": (CREATE, {"Prefer": 'respond-async, dry-run, wait="10, 20"'}),
    "Prefer with parameters": (CREATE, {"Prefer": "dry-run; strict=1"}),
    "Prefer as a parameter": (CREATE, {"Prefer": "respond-async; dry-run"}),
    "Prefer with a value": (CREATE, {"Prefer": "dry-run=true"}),
    "Prefer with an empty value": (CREATE, {"Prefer": 'dry-run=""'}),
    "Prefer with a quoted value": (CREATE, {"Prefer": 'dry-run="true"'}),
    "Prefer with an underscore": (CREATE, {"Prefer": "dry_run"}),
    "Prefer behind an open quote": (CREATE, {"Prefer": 'foo="bar, dry-run'}),
    "Prefer with the other word": (CREATE, {"Prefer": "validate"}),
    "Prefer against a query": (f"{CREATE}?dry_run=false", {"Prefer": "dry-run"}),
}


@in_module_loop
@pytest.mark.parametrize("wish", WISHES)
async def test_whatever_may_be_meant_as_a_rehearsal_sends_nothing(
    served: Served, wish: str
) -> None:
    path, headers = WISHES[wish]
    answer = await rehearsed(served, path, headers=headers)
    assert (answer.status_code, "dispatch_uuid" in answer.json()) == (200, False)


@in_module_loop
async def test_the_second_of_two_prefer_headers_counts(served: Served) -> None:
    headers = [("Prefer", "wait=10"), ("Prefer", "dry-run")]
    assert (await rehearsed(served, CREATE, headers=headers)).status_code == 200


@in_module_loop
@pytest.mark.parametrize(
    ("path", "headers", "applied"),
    [
        (CREATE, {"Prefer": "dry-run"}, "dry-run"),
        (f"{CREATE}?dry_run=1", {}, None),
        (PLAN, {}, None),
    ],
)
async def test_a_preference_that_was_heeded_is_named(
    served: Served, path: str, headers: dict[str, str], applied: str | None
) -> None:
    answer = await rehearsed(served, path, headers=headers)
    assert answer.headers.get("Preference-Applied") == applied


UNREADABLE = {
    "dry_run": (f"{CREATE}?dry_run=maybe", {}, "dry_run"),
    "a second question mark": (f"{CREATE}?a?dry_run=1", {}, "dry_run"),
    "an escaped equals sign": (f"{CREATE}?dry_run%3Dtrue", {}, "dry_run"),
    "Prefer with a colon": (CREATE, {"Prefer": "dry-run: true"}, "Prefer"),
    "Prefer with a blank": (CREATE, {"Prefer": "dry-run true"}, "Prefer"),
    "validate": (f"{CREATE}?validate=strict", {}, "validate"),
    "one of two": (f"{CREATE}?dry_run=false&validate=2", {}, "validate"),
    "Prefer": (CREATE, {"Prefer": "dry-run=perhaps"}, "Prefer"),
    "Prefer, endless": (CREATE, {"Prefer": "x" * 5000}, "Prefer"),
}


@in_module_loop
@pytest.mark.parametrize("wish", UNREADABLE)
async def test_a_wish_that_cannot_be_read_is_a_400_that_names_it(served: Served, wish: str) -> None:
    path, headers, name = UNREADABLE[wish]
    body = problem(await rehearsed(served, path, headers=headers), 400)
    assert body["detail"] == "Whether this is a rehearsal cannot be told. Nothing was sent."
    assert body["invalid_parameters"] == {"name": name, "reason": "must be true or false"}


EARNEST = {
    "dry_run=false": ("?dry_run=false", {}),
    "dry_run=0": ("?dry_run=0", {}),
    "validate=no": ("?validate=no", {}),
    "another word": ("?run=true&revalidated=1", {}),
    "a value that only holds the word": ("?note=dry_run", {}),
    "Prefer with false": ("", {"Prefer": "dry-run=false"}),
    "another preference": ("", {"Prefer": 'respond-async, note="dry-run, really"'}),
}


@in_module_loop
@pytest.mark.parametrize("wish", EARNEST)
async def test_what_is_no_rehearsal_is_served(accepting: World, wish: str) -> None:
    query, headers = EARNEST[wish]
    answer = await accepting.http.post(
        CREATE + query, content=GOOD, headers={**JSON, **headers}, auth=CREDENTIALS
    )
    assert answer.status_code == 202


# What it shares with a real one

REFUSED: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "a stranger": (401, GOOD, {"Authorization": basic(f"{API_KEY}:wrong")}),
    "another media type": (415, GOOD, {"Content-Type": "text/plain"}),
    "no JSON wanted": (406, GOOD, {"Accept": "text/html"}),
    "too long": (413, b" " * 300_000, {}),
    "no workflow": (400, b"{}", {}),
    "no JSON": (400, b"{", {}),
    "a bad Idempotency-Key": (400, GOOD, {"Idempotency-Key": ""}),
}


@in_module_loop
@pytest.mark.parametrize("path", [PLAN, f"{CREATE}?dry_run=true"])
@pytest.mark.parametrize("row", REFUSED)
async def test_it_is_refused_as_a_real_one_would_be(served: Served, row: str, path: str) -> None:
    code, content, headers = REFUSED[row]
    usual = {"Content-Type": "application/json", "Authorization": OURS}
    answers = [
        await served.http.post(each, content=content, headers={**usual, **headers})
        for each in (CREATE, path)
    ]
    real, rehearsal = (problem(answer, code) for answer in answers)
    assert {**rehearsal, "instance": ""} == {**real, "instance": ""}


async def test_an_idempotency_key_is_not_spent(world: World) -> None:
    await world.post_to(PLAN, **{"Idempotency-Key": "k"})
    answer = await world.post(workflow(step()), **{"Idempotency-Key": "k"})
    assert answer.status_code == 202


async def test_get_shows_no_plan(world: World) -> None:
    assert (await world.http.get(PLAN, auth=CREDENTIALS)).status_code == 404


# Other modes

MODES: dict[str, dict[str, str]] = {
    "observe": {"GATEWAY_MODE": "observe"},
    "explain": {"GATEWAY_MODE": "explain"},
    "split, all served by Dispatch": {"GATEWAY_MODE": "split", "GATEWAY_SPLIT": "0"},
    "split, all served here": {"GATEWAY_MODE": "split", "GATEWAY_SPLIT": "100"},
    "paired": {
        "GATEWAY_MODE": "paired",
        "GATEWAY_PAIRED_ALLOW": TO,
        "GATEWAY_PAIRED_ACKNOWLEDGE": ACKNOWLEDGEMENT,
        "GATEWAY_PAIRED_MAX": "4",
        "GATEWAY_PAIRED_UNTIL": "2025-02-05T00:00:00Z",
    },
}


@contextlib.asynccontextmanager
async def in_mode(folder: Path, mode: str) -> AsyncIterator[tuple[World, Loopback]]:
    """Run a gateway in a mode, and the legacy service that must not hear of a rehearsal."""
    legacy = Loopback(lambda seen: Reply(status=202, body=b"{}"))
    async with legacy.listening():
        environ = {**MODES[mode], "GATEWAY_LEGACY": legacy.url}
        async with a_world(folder, environ) as world:
            yield world, legacy


@pytest.mark.parametrize(
    ("path", "headers"),
    [(PLAN, {}), (f"{CREATE}?validate=1", {}), (CREATE, {"Prefer": "dry-run"})],
    ids=["plan", "query", "preference"],
)
@pytest.mark.parametrize("mode", MODES)
async def test_nothing_is_forwarded_sent_or_stored_in_any_mode(
    tmp_path: Path, mode: str, path: str, headers: dict[str, str]
) -> None:
    async with in_mode(tmp_path, mode) as (world, legacy):
        before = stored(tmp_path)
        answer = await world.post_to(path, **headers)
        assert stored(tmp_path) == before
        seen = [*legacy.seen, *world.upstream.seen, *world.receiver.seen]
    assert (answer.status_code, len(answer.json()["workflow"]), seen) == (200, 2, [])


@pytest.mark.parametrize("mode", ["observe", "split, all served by Dispatch"])
async def test_credentials_that_only_dispatch_knows_are_no_reason_to_forward(
    tmp_path: Path, mode: str
) -> None:
    async with in_mode(tmp_path, mode) as (world, legacy):
        answer = await world.http.post(
            f"{CREATE}?dry_run=true", content=GOOD, headers=JSON, auth=("stranger", "secret")
        )
    assert (answer.status_code, legacy.seen) == (401, [])


@pytest.mark.parametrize("mode", ["observe", "split, all served by Dispatch"])
async def test_an_unreadable_wish_is_not_forwarded(tmp_path: Path, mode: str) -> None:
    async with in_mode(tmp_path, mode) as (world, legacy):
        answer = await world.post_to(f"{CREATE}?dry_run=maybe")
    assert (answer.status_code, legacy.seen) == (400, [])


async def test_a_paired_rehearsal_counts_no_message(tmp_path: Path) -> None:
    async with in_mode(tmp_path, "paired") as (world, _):
        for _ in range(3):  # of four messages each, of which four are allowed
            answer = await world.post_to(PLAN)
    assert answer.status_code == 200


async def test_a_paired_rehearsal_is_refused_where_the_pair_would_be(tmp_path: Path) -> None:
    somebody: JsonObject = step()
    somebody["to"] = {"type": "sms", "number": "447700900999"}
    async with in_mode(tmp_path, "paired") as (world, _):
        answer = await world.post_to(PLAN, workflow(somebody))
    body = problem(answer, 400)
    assert body["detail"] == "A recipient is no test handset of yours. Nothing was sent."
