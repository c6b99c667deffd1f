"""How webhooks travel: signed, retried, in order, and where to."""

from __future__ import annotations

import dataclasses
import hashlib

import jwt
import pytest

from gateway.sandbox.config import SandboxConfig
from tests.gateway.sandbox.conftest import (
    API_KEY,
    APPLICATION_ID,
    FAST,
    SECRET,
    Upstream,
    running_upstream,
)


async def test_a_webhook_is_signed_over_its_bytes(upstream: Upstream) -> None:
    message = upstream.message("00")
    await upstream.post(message)
    (webhook, *_) = await upstream.receiver.wait_for(str(message["webhook_url"]), 1)
    scheme, _, token = (webhook.authorization or "").partition(" ")
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], issuer="Vonage")
    assert scheme == "Bearer"
    assert claims["payload_hash"] == hashlib.sha256(webhook.body).hexdigest()
    assert claims["api_key"] == API_KEY
    assert claims["application_id"] == APPLICATION_ID


async def test_without_a_secret_webhooks_are_not_signed(config: SandboxConfig) -> None:
    async with running_upstream(config) as upstream:
        message = upstream.message("00")
        await upstream.post(message)
        (webhook, *_) = await upstream.receiver.wait_for(str(message["webhook_url"]), 1)
    assert webhook.authorization is None


async def test_a_message_without_a_url_uses_the_configured_one(config: SandboxConfig) -> None:
    async with running_upstream(config) as sender:
        url = sender.receiver.new_url()
        async with running_upstream(dataclasses.replace(config, webhook_url=url)) as upstream:
            await upstream.post(upstream.message("02", webhook_url=None))
            (webhook,) = await sender.receiver.wait_for(url, 1)
    assert webhook.document["status"] == "submitted"


@pytest.mark.parametrize("http_status", [429, 500, 503])
async def test_a_webhook_is_sent_again_until_it_is_taken(
    http_status: int, upstream: Upstream
) -> None:
    url = upstream.receiver.new_url(http_status, http_status)
    message = upstream.message("02", webhook_url=url)
    await upstream.post(message)
    entry = await upstream.entry(message)
    received = upstream.receiver.at(url)
    assert len({webhook.body for webhook in received}) == 1
    assert len({webhook.authorization for webhook in received}) == 3
    assert entry["webhooks"] == {"pending": 0, "delivered": 1, "given_up": 0, "attempts": 3}


@pytest.mark.parametrize("http_status", [302, 400, 404, 410])
async def test_any_other_answer_ends_a_webhook(http_status: int, upstream: Upstream) -> None:
    message = upstream.message("02", webhook_url=upstream.receiver.new_url(http_status))
    await upstream.post(message)
    entry = await upstream.entry(message)
    assert entry["webhooks"] == {"pending": 0, "delivered": 0, "given_up": 1, "attempts": 1}


async def test_a_later_status_waits_for_the_earlier_one(upstream: Upstream) -> None:
    url = upstream.receiver.new_url(503, 503, 503)
    message = upstream.message("00", webhook_url=url)
    await upstream.post(message)
    statuses = [status["status"] for status in await upstream.statuses(message, 5)]
    assert statuses == ["submitted"] * 4 + ["delivered"]


async def test_a_later_status_follows_one_that_was_given_up(upstream: Upstream) -> None:
    message = upstream.message("00", webhook_url=upstream.receiver.new_url(400))
    await upstream.post(message)
    statuses = [status["status"] for status in await upstream.statuses(message, 2)]
    assert statuses == ["submitted", "delivered"]


async def test_a_receiver_that_is_not_there_is_given_up_after_a_day(config: SandboxConfig) -> None:
    # A day of this pace lasts 43 ms.
    hasty = dataclasses.replace(config, pace=5e-7)
    async with running_upstream(hasty) as upstream:
        message = upstream.message("02", webhook_url="http://127.0.0.1:1/status/nobody")
        await upstream.post(message)
        entry = await upstream.entry(message)
    assert entry["webhooks"]["given_up"] == 1  # type: ignore[index,call-overload]


async def test_a_url_nobody_can_dial_is_given_up(config: SandboxConfig) -> None:
    hasty = dataclasses.replace(config, pace=5e-7)
    async with running_upstream(hasty) as upstream:
        message = upstream.message("02", webhook_url="http://host:99999/status/nobody")
        await upstream.post(message)
        entry = await upstream.entry(message)
    assert entry["webhooks"]["delivered"] == 0  # type: ignore[index,call-overload]


async def test_one_message_does_not_wait_for_another(upstream: Upstream) -> None:
    stuck = upstream.message("00", webhook_url=upstream.receiver.new_url(*[503] * 200))
    free = upstream.message("00")
    await upstream.post(stuck)
    await upstream.post(free)
    assert len(await upstream.statuses(free, 2)) == 2


async def test_a_reset_drops_what_is_pending() -> None:
    async with running_upstream(SandboxConfig(pace=1000, fixed_pace=FAST)) as upstream:
        await upstream.post(upstream.message("00"))
        before = (await upstream.client.get("/sandbox/messages")).json()
        await upstream.client.delete("/sandbox/messages")
        after = (await upstream.client.get("/sandbox/messages")).json()
    assert (before["webhooks_pending"], after["webhooks_pending"]) == (2, 0)


async def test_without_any_url_nothing_is_pending(config: SandboxConfig) -> None:
    async with running_upstream(config) as upstream:
        assert await upstream.post(upstream.message("17", webhook_url=None)) == 202
        ledger = (await upstream.client.get("/sandbox/messages")).json()
    assert ledger["webhooks_pending"] == 0


@pytest.mark.parametrize(
    "wrong",
    [{"signature_secret": SECRET}, {"pace": 0.0}, {"fixed_pace": -1.0}, {"remembered": 0}],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"webhook|pace|ledger"):
        SandboxConfig(**wrong)  # type: ignore[arg-type]
