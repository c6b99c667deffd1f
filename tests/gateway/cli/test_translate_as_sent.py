"""`translate` says what the gateway does: its messages are the bodies that the upstream receives.

One gateway serves all cases that have the same settings. Its upstream refuses every message, so
that every step is sent, one after the other, without waiting for anything.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from tests.gateway.cli.translating import translate
from tests.support.golden import beside, golden_cases
from tests.support.loopback import Seen
from tests.support.peers import answer
from tests.support.world import API_KEY, API_SECRET, World, a_world

CARRIED: Final = golden_cases("requests/carried", ".v01.json")
# Read otherwise than a request body: two documents on two lines are JSON Lines, and an empty file
# is no input.
ELSEWHERE: Final = ("data-after-document", "body-empty")
REFUSED: Final = [
    case for case in golden_cases("requests/refused", ".v01.json") if case.id not in ELSEWHERE
]
GATEWAY: Final = ("webhook_url", "webhook_version")
"""What says where the gateway lives."""
SETTINGS: Final = {
    "accepted": ("GATEWAY_ACCEPT", "--accept"),
    "refused": ("GATEWAY_REFUSE", "--refuse"),
    "default_locale": ("GATEWAY_DEFAULT_LOCALE", "--default-locale"),
    "authentication_templates": (
        "GATEWAY_AUTHENTICATION_TEMPLATES",
        "--authentication-templates",
    ),
    "max_steps": ("GATEWAY_MAX_STEPS", "--max-steps"),
}
"""Of each setting of a case: how the gateway and how the command is told."""


class Worlds:
    """Gateways, one for each set of settings, begun when first asked for."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._worlds: dict[str, World] = {}

    async def with_settings(self, environ: Mapping[str, str]) -> World:
        """Return the gateway that has these settings."""
        name = json.dumps(environ)
        if name not in self._worlds:
            folder = self._folder / str(len(self._worlds))
            folder.mkdir()
            self._worlds[name] = await self._stack.enter_async_context(a_world(folder, environ))
        return self._worlds[name]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worlds(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Worlds]:
    """The gateways of this module."""
    with capture_logs():
        async with AsyncExitStack() as stack:
            yield Worlds(tmp_path_factory.mktemp("worlds"), stack)


def settings_of(path: Path) -> list[tuple[str, str, str]]:
    """Return the settings of a case: variable, option and value of each."""
    file = beside(path, ".settings.json")
    settings = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return [
        (*SETTINGS[name], ",".join(value) if isinstance(value, list) else str(value))
        for name, value in settings.items()
    ]


async def world_of(worlds: Worlds, path: Path) -> World:
    """Return the gateway with the settings of a case."""
    return await worlds.with_settings({name: value for name, _, value in settings_of(path)})


async def post(world: World, path: Path) -> httpx2.Response:
    """POST the bytes of a case as they are."""
    body = path.read_bytes()  # noqa: ASYNC240 - a small file
    return await world.http.post(
        "/v0.1/dispatch",
        content=body,
        headers={"Content-Type": "application/json"},
        auth=(API_KEY, API_SECRET),
    )


def translated(path: Path) -> dict[str, Any]:
    options = [word for _, option, value in settings_of(path) for word in (option, value)]
    result: dict[str, Any] = json.loads(translate(path, *options).stdout)
    return result


def as_sent(seen: Seen) -> str:
    """Return a body that was sent, without what says where the gateway lives."""
    return json.dumps({name: seen.json()[name] for name in seen.json() if name not in GATEWAY})


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("path", CARRIED)
async def test_the_messages_are_what_the_gateway_sends(worlds: Worlds, path: Path) -> None:
    messages = translated(path)["messages"]
    world = await world_of(worlds, path)
    sent_before = len(world.upstream.seen)
    refusal = answer(422, {"title": "Invalid recipient"})
    world.upstream.replies.extend([refusal] * len(messages))
    accepted = await post(world, path)
    await world.upstream.wait_for(sent_before + len(messages))
    await world.until_step(accepted.json()["dispatch_uuid"], len(messages) - 1, "rejected")
    sent = list(map(as_sent, world.upstream.seen[sent_before:]))
    assert sent == list(map(json.dumps, messages))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("path", REFUSED)
async def test_what_the_gateway_refuses_is_refused_by_the_same_rules(
    worlds: Worlds, path: Path
) -> None:
    refused = await post(await world_of(worlds, path), path)
    rules = dict.fromkeys(found["rule"] for found in translated(path)["diagnostics"])
    assert refused.status_code == 400
    assert list(rules) == refused.headers["Gateway-Diagnostics"].split(", ")


@pytest.mark.parametrize("path", REFUSED)
def test_a_refused_request_has_no_messages(path: Path) -> None:
    assert translated(path)["messages"] is None
