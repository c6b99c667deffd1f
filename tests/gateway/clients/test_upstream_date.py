"""What time the upstream says it is, asked over the wire."""

from __future__ import annotations

import pytest

from gateway.clients.guard import AddressPolicy
from gateway.clients.upstream_date import UpstreamDate
from tests.support.loopback import Loopback, Reply

DATE = "Mon, 03 Feb 2025 12:14:25 GMT"
HERE = AddressPolicy(allow_private=True)


async def told_s(reply: Reply, policy: AddressPolicy = HERE) -> int | None:
    async with Loopback(lambda seen: reply).listening() as upstream:
        return await UpstreamDate(base_url=upstream.url, policy=policy).read_s()


@pytest.mark.parametrize("status", [200, 301, 404, 503])
async def test_the_date_of_any_answer_counts(status: int) -> None:
    assert await told_s(Reply(status=status, headers={"Date": DATE})) == 1_738_584_865


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Feb 2025 12:14:25 GMT"])
async def test_a_date_that_cannot_be_read_is_none(date: str) -> None:
    assert await told_s(Reply(headers={"Date": date})) is None


async def test_who_hangs_up_tells_no_date() -> None:
    assert await told_s(Reply(hangs_up=True)) is None


async def test_nobody_is_asked_past_the_guard() -> None:
    assert await told_s(Reply(headers={"Date": DATE}), AddressPolicy()) is None


async def test_the_question_carries_no_credentials_and_no_body() -> None:
    async with Loopback(lambda seen: Reply(headers={"Date": DATE})).listening() as upstream:
        await UpstreamDate(base_url=upstream.url, policy=HERE).read_s()
    (seen,) = upstream.seen
    assert (seen.path, seen.body, "authorization" in seen.headers) == ("/", b"", False)
