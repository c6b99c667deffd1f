"""Settings that are read anew while the gateway runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.reloading import Reloader
from gateway.settings import Fault, Reading, Secret, Settings
from gateway.signatures import verify_body
from tests.support.world import (
    API_KEY,
    API_SECRET,
    World,
    a_world,
    step,
    workflow,
)

NEW_SIGNATURE = "signature-secret-of-the-tests-0002"
FAULT = Fault(name="VONAGE_API_SECRET", problem="is wrong", remedy="mend it")


def with_secrets(settings: Settings, **secrets: object) -> Settings:
    (application,) = settings.applications
    return replace(settings, applications=(replace(application, **secrets),))  # type: ignore[arg-type]


def reading(settings: Settings, *faults: Fault) -> Callable[[], Reading]:
    return lambda: Reading(settings=settings, entries=(), faults=faults)


async def reload(world: World, read: Callable[[], Reading]) -> list[dict[str, object]]:
    """Have the settings read anew; return what the log says."""
    with capture_logs() as lines:
        await Reloader(world.gateway, read, threading.Event()).reload()
    return [dict(line) for line in lines]


async def status_of(world: World, secret: str) -> int:
    answer = await world.http.post("/v0.1/dispatch", json=workflow(step()), auth=(API_KEY, secret))
    return int(answer.status_code)


async def test_callers_need_the_new_secret_at_once(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await reload(world, reading(with_secrets(world.settings, api_secret=Secret("new"))))
        codes = [await status_of(world, secret) for secret in (API_SECRET, "new")]
    assert codes == [401, 202]


async def test_sends_authenticate_with_the_new_secret(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        await world.dispatch(workflow(step()))
        await world.sends(1)
        await reload(world, reading(with_secrets(world.settings, api_secret=Secret("new"))))
        await status_of(world, "new")
        first, second = await world.upstream.wait_for(2)
    assert first.headers["authorization"] != second.headers["authorization"]


async def test_webhooks_are_verified_and_callbacks_signed_with_the_new_secret(
    tmp_path: Path,
) -> None:
    changed = {"signature_secrets": (Secret(NEW_SIGNATURE),)}
    async with a_world(tmp_path) as world:
        await world.dispatch(workflow(step()))
        (send,) = await world.sends(1)
        await reload(world, reading(with_secrets(world.settings, **changed)))
        world.signature_secret = NEW_SIGNATURE
        answer = await world.webhook(send, "submitted")
        (callback,) = await world.receiver.wait_for(1)
    claims = verify_body(
        callback.headers["authorization"],
        callback.body,
        secrets_of=lambda key: [NEW_SIGNATURE],
        now_s=world.clock.wall_s(),
    )
    assert (answer.status_code, getattr(claims, "api_key", claims)) == (200, API_KEY)


async def test_the_old_signature_secret_is_good_no_more(tmp_path: Path) -> None:
    changed = {"signature_secrets": (Secret(NEW_SIGNATURE),)}
    async with a_world(tmp_path) as world:
        await world.dispatch(workflow(step()))
        (send,) = await world.sends(1)
        await reload(world, reading(with_secrets(world.settings, **changed)))
        answer = await world.webhook(send, "submitted")
    assert answer.status_code in (401, 503)


async def test_the_log_names_what_changed_without_its_value(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        lines = await reload(
            world, reading(with_secrets(world.settings, api_secret=Secret("new-secret")))
        )
    assert [line["event"] for line in lines] == ["settings.secret_renewed", "settings.reloaded"]
    assert lines[0]["changed"] == ["VONAGE_API_SECRET"]
    assert "new-secret" not in str(lines)


async def test_a_fault_leaves_everything_as_it_was_and_is_told(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        bad = with_secrets(world.settings, api_secret=Secret("new"))
        lines = await reload(world, reading(bad, FAULT))
        codes = [await status_of(world, secret) for secret in (API_SECRET, "new")]
    assert codes == [202, 401]
    assert [(line["event"], line["setting"], line["remedy"]) for line in lines] == [
        ("settings.refused", "VONAGE_API_SECRET", "mend it")
    ]


async def test_what_cannot_change_while_running_is_named(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        lines = await reload(world, reading(replace(world.settings, port=1234)))
    assert [(line["event"], line.get("setting")) for line in lines] == [
        ("settings.restart_needed", "GATEWAY_PORT"),
        ("settings.reloaded", None),
    ]


@pytest.mark.parametrize(("secret", "told"), [("new", [frozenset({API_KEY})]), (API_SECRET, [])])
async def test_who_waits_for_other_secrets_is_told_of_the_accounts_that_have_some(
    tmp_path: Path, secret: str, told: list[frozenset[str]]
) -> None:
    heard: list[frozenset[str]] = []
    async with a_world(tmp_path) as world:
        world.gateway.on_secrets_changed.append(heard.append)
        await reload(world, reading(with_secrets(world.settings, api_secret=Secret(secret))))
    assert heard == told
