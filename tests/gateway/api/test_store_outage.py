"""What a caller is told while the store does not work: never more than what is certain."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.alarms import AlarmKind
from gateway.stores.sqlite import SqliteStore
from tests.gateway.api.surface import problem
from tests.support.lives import Lives
from tests.support.world import World, a_world, failing_over, step, workflow
from translators.diagnostics import JsonObject

ONE = workflow(step())
KEY = {"Idempotency-Key": "order-42"}


@contextmanager
def failing_writes() -> Iterator[None]:
    """Let every write to a file fail with an error that is not a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def fill_the_disk(world: World) -> None:
    """Leave no room in the store's file for one more page."""
    store = world.gateway.store
    assert isinstance(store, SqliteStore)
    await store.writer.run_alone(lambda db: db.execute("PRAGMA max_page_count = 1"))


def big() -> JsonObject:
    """Return a workflow that does not fit into what is free."""
    long = [step("whatsapp", "x" * 4000, **failing_over("read")) for _ in range(5)]
    return workflow(*long, step())


async def test_a_workflow_that_could_not_be_kept_is_denied(world: World) -> None:
    with failing_writes():
        answer = await world.post(ONE)
    assert problem(answer, 503)["detail"] == "Nothing was accepted. Send it again shortly."


async def test_what_was_denied_is_not_sent_after_a_restart(tmp_path: Path) -> None:
    lives = Lives(folder=tmp_path)
    async with lives.upstream.listening(), lives.receiver.listening():
        async with lives.whole() as world:
            await world.until_step(await world.dispatch(), 0, "waiting")
            with failing_writes():
                assert (await world.post(ONE)).status_code == 503
        async with lives.whole() as world:
            assert (await world.gateway.store.counts()).pending_sends == 0
            assert (await world.gateway.store.counts()).open_dispatches == 1


async def test_of_a_workflow_that_may_be_kept_nothing_is_claimed(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "gateway.db").unlink()
    answer = await world.post(ONE)
    detail = str(problem(answer, 503)["detail"])
    assert "is not known" in detail
    assert "othing was accepted" not in detail


async def test_nobody_is_asked_to_repeat_what_may_reach_a_person_twice(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "gateway.db").unlink()
    answer = await world.post(ONE)
    assert "Retry-After" not in answer.headers


async def test_with_a_key_the_caller_is_told_to_repeat_it(world: World, tmp_path: Path) -> None:
    (tmp_path / "gateway.db").unlink()
    answer = await world.post(ONE, **KEY)
    assert "Repeat it with the same Idempotency-Key" in str(problem(answer, 503)["detail"])


async def test_of_a_key_only_this_attempt_is_denied(world: World) -> None:
    with failing_writes():
        await world.post(ONE)
        answer = await world.post(ONE, **KEY)
    detail = str(problem(answer, 503)["detail"])
    assert "othing was accepted" not in detail


async def test_a_repeated_key_has_its_first_answer_while_the_disk_is_full(world: World) -> None:
    first = await world.post(ONE, **KEY)
    await fill_the_disk(world)
    assert (await world.post(big())).status_code == 503
    again = await world.post(ONE, **KEY)
    assert (again.status_code, again.json()) == (202, first.json())


async def test_workflows_are_accepted_when_there_is_room_again(world: World) -> None:
    await fill_the_disk(world)
    assert (await world.post(big())).status_code == 503
    store = world.gateway.store
    assert isinstance(store, SqliteStore)
    await store.writer.run_alone(lambda db: db.execute("PRAGMA max_page_count = 100000"))
    assert (await world.post(big())).status_code == 202


async def test_a_webhook_that_may_be_kept_is_asked_for_again(world: World, tmp_path: Path) -> None:
    await world.dispatch()
    (sent,) = await world.sends(1)
    (tmp_path / "gateway.db").unlink()
    answer = await world.webhook(sent, "delivered")
    body = problem(answer, 503)
    assert ("Retry-After" in answer.headers, "counts once" in str(body["detail"])) == (True, True)


async def test_a_lost_file_makes_the_gateway_unready_and_says_why(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "gateway.db").unlink()
    answer = await world.admin.get("/readyz")
    await world.gateway.store.failed.wait()
    again = await world.admin.get("/readyz")
    assert (answer.status_code, again.status_code) == (503, 503)
    assert "was deleted or moved away while the gateway had it open. It is saved to" in again.text


@pytest.mark.parametrize("is_deleted", [True, False], ids=["deleted", "failed"])
async def test_a_failed_store_is_an_alarm(world: World, tmp_path: Path, is_deleted: bool) -> None:
    if is_deleted:
        (tmp_path / "gateway.db").unlink()
    with failing_writes():
        await world.post(ONE)
    await world.admin.get("/readyz")
    (alarm,) = world.gateway.alarms.standing()
    assert (alarm.kind, alarm.blocks_intake) == (AlarmKind.STORE, True)


async def test_a_workflow_after_the_failure_is_denied(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        with failing_writes():
            await world.post(ONE)
        answer = await world.post(ONE)
    assert "othing was accepted" in str(problem(answer, 503)["detail"])
