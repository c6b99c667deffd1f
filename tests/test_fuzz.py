"""The short form of `make fuzz`: nothing that comes is a 5xx, a traceback, or an echo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.logs import get_logger
from tests.fuzz.__main__ import fuzz
from tests.fuzz.cases import Case, Kind, bases, make
from tests.fuzz.documents import CANARY
from tests.fuzz.runner import Fuzzer
from tests.gateway.api.surface import collecting_log
from tests.support.world import a_world

SEED = 20_250_203


@pytest.mark.parametrize(("kind", "count"), [(Kind.REQUEST, 1_500), (Kind.WEBHOOK, 400)])
def test_nothing_that_comes_is_answered_5xx_or_repeated(kind: Kind, count: int) -> None:
    failures, _ = fuzz(kind, SEED, range(count))
    assert "\n".join(map(str, failures)) == ""


def test_every_fixture_is_mutated() -> None:
    made = {make(Kind.REQUEST, SEED, number).base for number in range(5_000)}
    assert made == {name for name, _ in bases(Kind.REQUEST)}


def test_a_case_is_made_of_its_seed_and_number_alone() -> None:
    numbers = range(50)
    first = [make(Kind.REQUEST, SEED, number) for number in numbers]
    assert first == [make(Kind.REQUEST, SEED, number) for number in reversed(numbers)][::-1]
    assert first != [make(Kind.REQUEST, SEED + 1, number) for number in numbers]


def a_gateway_that(
    status: int = 400, body: bytes = b"", *, raises: bool = False, logs: str = ""
) -> Any:
    """Return an application with a fault that the fuzzer must notice."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if raises:
            raise ValueError
        if logs:
            get_logger().error(logs, reason=CANARY)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


PROBLEM = b'{"type":"https://a/","title":"a","detail":"%s","instance":"a"}'
SOUND = PROBLEM % b"a"


@pytest.mark.parametrize(
    ("app", "said"),
    [
        (a_gateway_that(500, SOUND), "was answered 500"),
        (a_gateway_that(400, PROBLEM % CANARY.encode()), "is repeated in its answer"),
        (a_gateway_that(400, PROBLEM % b"447700900000"), "is repeated in its answer"),
        (a_gateway_that(400, b"{}"), "is a required property"),
        (a_gateway_that(418, SOUND), "has no response 418"),
        (a_gateway_that(400, SOUND, logs="request.refused"), "is repeated in the log"),
        (a_gateway_that(400, SOUND, logs="worker.died"), "left worker.died in the log"),
        (a_gateway_that(raises=True), "raised ValueError"),
        (a_gateway_that(400, SOUND), ""),
    ],
)
async def test_the_fuzzer_notices(tmp_path: Path, app: Any, said: str) -> None:
    case = Case(
        kind=Kind.REQUEST,
        number=0,
        base="",
        method="POST",
        path="/v0.1/dispatch",
        headers={},
        body=b"{}",
    )
    with collecting_log() as log:
        async with a_world(tmp_path) as world:
            fuzzer = Fuzzer(world=world, log=log, seed=SEED)
            faults = await fuzzer.faults_of(case, app)
    assert (said in " ".join(faults)) and bool(faults) == bool(said)
