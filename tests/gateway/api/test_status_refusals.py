"""`POST /webhooks/status`: what is refused is stored nowhere; rows S of the catalogue."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import jwt
import orjson
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway.api.statuses import (
    STRANGE_UUID,
    assert_taken,
    first_step,
    path_of,
    sent,
    status_of,
)
from tests.gateway.api.surface import (
    JSON,
    OTHER_ID,
    OTHER_KEY,
    OTHER_SIGNATURE_SECRET,
    bearing,
    claims_of,
    hang_up_on,
    in_module_loop,
    levels,
    lines,
    problem,
    read_only,
    stored,
    two_tenants,
)
from tests.gateway.api.tokens import NOW
from tests.gateway.keys import private_pem
from tests.support.world import (
    World,
)
from translators.diagnostics import JsonObject

# What is refused


@dataclass(frozen=True, slots=True)
class Guarded:
    """A gateway with two tenants and one message under way; forged webhooks change nothing."""

    world: World
    folder: Path
    send: JsonObject

    async def refused(
        self, http_status: int, body: bytes, headers: dict[str, str]
    ) -> httpx2.Response:
        """Have a webhook refused on both ways in, and see that nothing came of it."""
        before = stored(self.folder) | {"hold": 0}
        for path in (path_of(self.send), "/webhooks/status"):
            answer = await self.world.http.post(path, content=body, headers=headers)
            problem(answer, http_status)
        assert stored(self.folder) | {"hold": 0} == before
        return answer

    async def forged(self, body: bytes, headers: dict[str, str]) -> None:
        """Have a webhook refused that cannot be verified, and see that nothing came of it.

        Without our token it is a forgery. With it, it is the vendor's and must come again; its
        step is held meanwhile.
        """
        before = stored(self.folder) | {"hold": 0}
        answer = await self.world.http.post("/webhooks/status", content=body, headers=headers)
        problem(answer, 401)
        answer = await self.world.http.post(path_of(self.send), content=body, headers=headers)
        problem(answer, 503)
        assert stored(self.folder) | {"hold": 0} == before


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    async with two_tenants(folder) as (world, _):
        yield Guarded(world, folder, await sent(world))


UNSIGNED = {"no header": {}, "an empty token": {"Authorization": "Bearer "}}


@in_module_loop
@pytest.mark.parametrize("row", UNSIGNED)
async def test_s1_an_unsigned_webhook_is_a_503_so_that_it_comes_again(
    guarded: Guarded, row: str
) -> None:
    body = status_of(guarded.send)
    headers = {**JSON, **UNSIGNED[row]}
    answer = await guarded.world.http.post("/webhooks/status", content=body, headers=headers)
    problem(answer, 503)
    assert answer.headers["Retry-After"] == "2"


CHANGED_CLAIMS: dict[str, dict[str, object]] = {
    "S5 unknown api_key": {"api_key": "stranger"},
    "S5 no api_key": {"api_key": None},
    "S6 no payload_hash": {"payload_hash": None},
    "S7 hash of another body": {"payload_hash": "0" * 64},
    "S10 26 hours old": {"iat": NOW - 26 * 3600},
    "S11 10 minutes ahead": {"iat": NOW + 600},
    "iat missing": {"iat": None},
    "S14 another issuer": {"iss": "vonage.example"},
}
CONTRADICTING_CLAIMS: dict[str, dict[str, object]] = {
    "S15 application of another tenant": {"application_id": OTHER_ID},
    "S15 in upper case": {"application_id": OTHER_ID.upper()},
}


@in_module_loop
@pytest.mark.parametrize("row", CHANGED_CLAIMS)
async def test_claims_that_do_not_fit_are_a_401_and_with_our_token_a_503(
    guarded: Guarded, row: str
) -> None:
    body = status_of(guarded.send)
    claims = claims_of(guarded.world, body, **CHANGED_CLAIMS[row])
    await guarded.forged(body, bearing(claims))


@in_module_loop
@pytest.mark.parametrize("row", CONTRADICTING_CLAIMS)
async def test_a_good_signature_that_names_another_tenant_is_a_401_on_every_way_in(
    guarded: Guarded, row: str
) -> None:
    body = status_of(guarded.send)
    claims = claims_of(guarded.world, body, **CONTRADICTING_CLAIMS[row])
    await guarded.refused(401, body, bearing(claims))


@in_module_loop
@pytest.mark.parametrize("secret", ["another-secret-of-32-bytes-or-more", OTHER_SIGNATURE_SECRET])
async def test_s2_s4_another_secret_is_a_401_and_with_our_token_a_503(
    guarded: Guarded, secret: str
) -> None:
    body = status_of(guarded.send)
    await guarded.forged(body, bearing(claims_of(guarded.world, body), secret))


@in_module_loop
async def test_s3_an_unsigned_token_is_a_401_and_with_our_token_a_503(guarded: Guarded) -> None:
    body = status_of(guarded.send)
    token = jwt.encode(claims_of(guarded.world, body), "", algorithm="none")
    await guarded.forged(body, {**JSON, "Authorization": f"Bearer {token}"})


@in_module_loop
async def test_s3_a_token_of_another_algorithm_is_a_401_and_with_our_token_a_503(
    guarded: Guarded,
) -> None:
    body = status_of(guarded.send)
    token = jwt.encode(claims_of(guarded.world, body), private_pem(), algorithm="RS256")
    await guarded.forged(body, {**JSON, "Authorization": f"Bearer {token}"})


@in_module_loop
async def test_s9_a_body_written_anew_is_a_401_and_with_our_token_a_503(guarded: Guarded) -> None:
    body = status_of(guarded.send)
    rewritten = json.dumps(orjson.loads(body)).encode()
    await guarded.forged(rewritten, bearing(claims_of(guarded.world, body)))


@in_module_loop
async def test_s13_a_token_for_another_body_is_a_401_and_with_our_token_a_503(
    guarded: Guarded,
) -> None:
    claims = claims_of(guarded.world, status_of(guarded.send, "submitted"))
    await guarded.forged(status_of(guarded.send, "delivered"), bearing(claims))


@in_module_loop
async def test_s15_another_tenant_s_webhook_about_our_message_is_a_401(guarded: Guarded) -> None:
    body = status_of(guarded.send)
    claims = claims_of(guarded.world, body, api_key=OTHER_KEY)
    await guarded.refused(401, body, bearing(claims, OTHER_SIGNATURE_SECRET))


@in_module_loop
async def test_s28_a_webhook_too_large_is_a_413(guarded: Guarded) -> None:
    body = b" " * 300_000
    await guarded.refused(413, body, bearing(claims_of(guarded.world, body)))


@in_module_loop
async def test_a_compressed_webhook_is_a_415(guarded: Guarded) -> None:
    body = status_of(guarded.send)
    headers = {**bearing(claims_of(guarded.world, body)), "Content-Encoding": "gzip"}
    await guarded.refused(415, body, headers)


@in_module_loop
@pytest.mark.parametrize("path", ["/webhooks/status", "/webhooks/status/token"])
async def test_s30_get_is_a_405(guarded: Guarded, path: str) -> None:
    answer = await guarded.world.http.get(path)
    problem(answer, 405)
    assert answer.headers["Allow"] == "POST"


async def test_a_forged_webhook_is_an_alarm_in_the_log(log: io.BytesIO, world: World) -> None:
    body = status_of(await sent(world))
    claims = claims_of(world, body, iat=world.clock.wall_s() - 26 * 3600)
    await world.http.post("/webhooks/status", content=body, headers=bearing(claims))
    assert [(line["level"], line["reason"]) for line in lines(log, "webhook.refused")] == [
        ("error", "stale")
    ]


async def test_s15_a_signer_who_names_another_tenant_s_application_is_an_alarm(
    log: io.BytesIO, tmp_path: Path
) -> None:
    async with two_tenants(tmp_path) as (world, _):
        body = status_of(await sent(world))
        claims = claims_of(world, body, application_id=OTHER_ID)
        await world.http.post("/webhooks/status", content=body, headers=bearing(claims))
    assert [(line["level"], line["reason"]) for line in lines(log, "webhook.refused")] == [
        ("error", "application")
    ]


async def test_s15_a_webhook_about_another_tenant_s_message_is_an_alarm(
    log: io.BytesIO, tmp_path: Path
) -> None:
    async with two_tenants(tmp_path) as (world, _):
        body = status_of(await sent(world))
        claims = claims_of(world, body, api_key=OTHER_KEY)
        headers = bearing(claims, OTHER_SIGNATURE_SECRET)
        await world.http.post("/webhooks/status", content=body, headers=headers)
    assert [(line["level"], line["reason"]) for line in lines(log, "webhook.refused")] == [
        ("error", "not-permitted")
    ]


async def test_a_store_that_cannot_write_means_503_and_the_webhook_counts_when_it_comes_again(
    world: World,
) -> None:
    send = await sent(world)
    async with read_only(world):
        problem(await world.webhook(send, "delivered"), 503)
    assert_taken(await world.webhook(send, "delivered"))
    assert (await first_step(world))["step"] == "met"


async def test_h36_a_vendor_that_hangs_up_in_its_body_causes_no_alarm(
    log: io.BytesIO, world: World, tmp_path: Path
) -> None:
    before = stored(tmp_path)
    await hang_up_on(world, "/webhooks/status", world.signed(b""))
    assert levels(log).isdisjoint({"warning", "error", "critical"})
    assert stored(tmp_path) == before


# Anything at all

documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message_uuid", "to", "from", "status", "usage", "error", "title"])
            | st.text(max_size=8),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)
statuses = st.fixed_dictionaries(
    {"message_uuid": st.just(STRANGE_UUID), "status": documents},
    optional=dict.fromkeys(("to", "channel", "timestamp", "usage", "error"), documents),
)


@in_module_loop
@settings(max_examples=50, deadline=None)
@given(
    body=st.binary(max_size=200) | (documents | statuses).map(lambda it: json.dumps(it).encode())
)
async def test_whatever_is_signed_is_answered_200(guarded: Guarded, body: bytes) -> None:
    headers = bearing(claims_of(guarded.world, body))
    assert_taken(await guarded.world.http.post("/webhooks/status", content=body, headers=headers))
