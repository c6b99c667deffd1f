"""By permission of a setting, a last step in doubt is sent once more: better twice than never."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.bench import UNHEARD_OF, Bench, a_bench
from tests.support.loopback import Reply
from tests.support.world import step, workflow

LAST_STEP = workflow(step("sms"))
GRACE_S = 900


@pytest.fixture
async def permitting(tmp_path: Path) -> AsyncIterator[Bench]:
    """A bench that may send a last step once more."""
    async with a_bench(tmp_path, {"GATEWAY_RESEND_IN_DOUBT": "last-step-once"}) as bench:
        bench.upstream.replies.append(Reply(hangs_up=True))
        yield bench


async def test_a_last_step_in_doubt_is_sent_once_more_and_no_more(permitting: Bench) -> None:
    permitting.upstream.replies.append(Reply(hangs_up=True))
    dispatch_uuid = await permitting.dispatch(LAST_STEP)
    for _ in range(3):
        await permitting.send()
        await permitting.fire_after(GRACE_S)
    assert (len(permitting.upstream.seen), await permitting.standing(dispatch_uuid)) == (
        2,
        "error: expired",
    )


async def test_a_step_that_is_not_the_last_is_not_sent_again(permitting: Bench) -> None:
    await permitting.dispatch()
    await permitting.send()
    await permitting.fire_after(600)
    await permitting.send()
    assert [seen.json()["channel"] for seen in permitting.upstream.seen] == ["whatsapp", "sms"]


async def test_the_second_chance_sends_the_same_bytes(permitting: Bench) -> None:
    await permitting.dispatch(LAST_STEP)
    await permitting.send()
    await permitting.fire_after(GRACE_S)
    await permitting.send()
    first, second = permitting.upstream.seen
    assert first.body == second.body


async def test_the_first_message_of_the_two_completes_the_dispatch(permitting: Bench) -> None:
    dispatch_uuid = await permitting.dispatch(LAST_STEP)
    await permitting.send()
    await permitting.fire_after(GRACE_S)
    await permitting.send()
    await permitting.hear(dispatch_uuid, "delivered", message_uuid=UNHEARD_OF)
    assert await permitting.standing(dispatch_uuid) == "completed: met"


async def test_the_second_message_of_the_two_completes_the_dispatch(permitting: Bench) -> None:
    dispatch_uuid = await permitting.dispatch(LAST_STEP)
    await permitting.send()
    await permitting.fire_after(GRACE_S)
    await permitting.send()
    await permitting.hear(dispatch_uuid, "delivered")
    assert await permitting.standing(dispatch_uuid) == "completed: met"


async def test_a_webhook_within_the_grace_takes_the_second_chance_away(permitting: Bench) -> None:
    dispatch_uuid = await permitting.dispatch(LAST_STEP)
    await permitting.send()
    await permitting.hear(dispatch_uuid, "submitted", message_uuid=UNHEARD_OF)
    await permitting.fire_after(GRACE_S)
    await permitting.send()
    assert len(permitting.upstream.seen) == 1
