"""The gateway as a process: how it begins, and the four ways in which it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from gateway.server import Process as Server
from gateway.server import bind, make_server, serve
from gateway.settings import load_settings
from gateway.stores.open import open_store
from tests.gateway.restoring import logging_restored
from tests.support.bench import a_bench
from tests.support.clock import ManualClock
from tests.support.environment import SECOND_ACCOUNT, environment
from tests.support.loopback import WAIT_S, Loopback, Reply
from tests.support.peers import accepting
from tests.support.process import NOWHERE, Process, a_process
from tests.support.world import API_KEY, WHATSAPP_THEN_SMS, message_uuid_of


@pytest.fixture
def logging() -> Iterator[None]:
    """Leave logging as it was."""
    with logging_restored():
        yield


@pytest.mark.slow
async def test_sigterm_ends_the_process_well_and_finishes_what_is_under_way(
    tmp_path: Path,
) -> None:
    answers = asyncio.Event()
    upstream = Loopback(lambda seen: Reply(status=202, body=accepting(seen).body, holds=answers))
    async with upstream.listening(), a_process(tmp_path, upstream.url) as process:
        dispatch_uuid = await process.dispatch()
        await upstream.wait_for(1)
        os.kill(process.pid, signal.SIGTERM)
        asyncio.get_running_loop().call_later(0.2, answers.set)
        code = await process.exit_code()
        async with a_bench(tmp_path) as bench:
            first = (await bench.steps(dispatch_uuid))[0]
    assert (code, first.message_uuid) == (0, message_uuid_of(upstream.seen[0].json()))


@pytest.mark.slow
async def test_half_sent_requests_and_hanging_receivers_end_within_one_drain(
    tmp_path: Path,
) -> None:
    # One after the other, with the five seconds that requests had on top, they took 11 s of 10.
    never = asyncio.Event()
    hanging = Loopback(lambda seen: Reply(holds=never))
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(hanging.listening())
        environ = {"GATEWAY_STATUS_URL": f"{hanging.url}/status", "GATEWAY_DRAIN": "3"}
        rejecting = Loopback(lambda seen: Reply(status=422))
        await stack.enter_async_context(rejecting.listening())
        process = await stack.enter_async_context(a_process(tmp_path, rejecting.url, **environ))
        await process.dispatch()
        await hanging.wait_for(1)
        host, _, port = process.url.removeprefix("http://").rpartition(":")
        for sent in (b"POST /v0.1/dispatch HT", _HALF_A_BODY, b""):
            _, writer = await asyncio.open_connection(host, int(port))
            stack.callback(writer.close)
            writer.write(sent)
        await process.http.get("/livez")
        os.kill(process.pid, signal.SIGTERM)
        assert await process.exit_code() == 0
        never.set()


_HALF_A_BODY = b"""\
POST /v0.1/dispatch HTTP/1.1\r
Host: gateway\r
Authorization: Basic YWJjZDEyMzQ6YXBpLXNlY3JldC1vZi10aGUtdGVzdHM=\r
Content-Type: application/json\r
Content-Length: 500\r
\r
{"""


@pytest.mark.slow
async def test_a_start_after_a_kill_tells_what_was_left(tmp_path: Path) -> None:
    async with Loopback(accepting).listening() as upstream:
        async with a_process(tmp_path, upstream.url) as process:
            await process.dispatch()
            await upstream.wait_for(1)
            os.kill(process.pid, signal.SIGKILL)
            await process.exit_code()
        async with a_process(tmp_path, upstream.url) as process:
            told = [line for line in process.told if line["event"] == "store.resumed"]
    assert [line["dispatches"] for line in told] == [1]


@pytest.mark.slow
async def test_a_start_tells_who_serves(tmp_path: Path) -> None:
    async with a_process(tmp_path) as process:
        assert process.started["modes"] == ["gateway"]


async def _status_with(process: Process, secret: str) -> int:
    answer = await process.http.post(
        "/v0.1/dispatch/plan", json=WHATSAPP_THEN_SMS, auth=(API_KEY, secret)
    )
    return int(answer.status_code)


@pytest.mark.slow
async def test_a_hangup_reads_the_files_of_secrets_anew(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the-first")
    files = {"VONAGE_API_SECRET": "", "VONAGE_API_SECRET_FILE": str(secret)}
    async with a_process(tmp_path, **files) as process:
        secret.write_text("the-second")
        os.kill(process.pid, signal.SIGHUP)
        renewed = await process.until_logged("settings.secret_renewed")
        codes = [await _status_with(process, each) for each in ("the-first", "the-second")]
    assert (renewed["changed"], codes) == (["VONAGE_API_SECRET"], [401, 200])


@pytest.mark.slow
async def test_a_hangup_reads_the_settings_file_anew_and_names_what_needs_a_restart(
    tmp_path: Path,
) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text('api_secret_previous = "the-old"\ndrain = 3\n')
    async with a_process(tmp_path, NOWHERE, "--config", str(config), GATEWAY_DRAIN="") as process:
        config.write_text('api_secret_previous = "the-older"\ndrain = 4\n')
        os.kill(process.pid, signal.SIGHUP)
        needed = await process.until_logged("settings.restart_needed")
        await process.until_logged("settings.reloaded")
        codes = [await _status_with(process, each) for each in ("the-old", "the-older")]
    assert (needed["setting"], codes) == ("GATEWAY_DRAIN", [401, 200])


@pytest.mark.slow
async def test_what_a_hangup_finds_wrong_leaves_the_old_secrets(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the-first")
    files = {"VONAGE_API_SECRET": "", "VONAGE_API_SECRET_FILE": str(secret)}
    async with a_process(tmp_path, **files) as process:
        secret.write_text("")
        os.kill(process.pid, signal.SIGHUP)
        refused = await process.until_logged("settings.refused", "settings.reloaded")
        code = await _status_with(process, "the-first")
    assert (refused["setting"], refused["problem"], code) == (
        "VONAGE_API_SECRET_FILE",
        "names an empty file",
        200,
    )


@pytest.mark.slow
async def test_a_hangup_while_the_gateway_starts_is_heard_when_it_runs(tmp_path: Path) -> None:
    # This doubt is told before anything starts.
    doubted = {"GATEWAY_SQLITE_SYNCHRONOUS": "normal"}
    async with a_process(tmp_path, hangup_at="setting.doubted", **doubted) as process:
        await process.until_logged("settings.reloaded")
        os.kill(process.pid, signal.SIGTERM)
        assert await process.exit_code() == 0


@pytest.mark.slow
async def test_a_store_that_lost_track_of_its_disk_ends_the_process_with_3(
    tmp_path: Path,
) -> None:
    async with a_process(tmp_path) as process:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, 1))
        await process.http.get("/readyz")
        assert await process.exit_code() == 3


def put_back(folder: Path) -> None:
    """Put the one file that was saved beside a store in its place."""
    (saved,) = folder.glob("gateway.db.rescued-*")
    # What is left of the old file would be taken for the new one's.
    for name in ("gateway.db-wal", "gateway.db-shm"):
        (folder / name).unlink(missing_ok=True)
    saved.rename(folder / "gateway.db")


@pytest.mark.slow
async def test_a_store_whose_file_was_deleted_is_saved_before_the_process_ends_with_3(
    tmp_path: Path,
) -> None:
    async with a_process(tmp_path) as process:
        dispatch_uuid = await process.dispatch()
        (tmp_path / "gateway.db").unlink()
        unready = await process.admin.get("/readyz")
        code = await process.exit_code()
    put_back(tmp_path)
    async with a_bench(tmp_path) as bench:
        assert len(await bench.steps(dispatch_uuid)) == 2
    assert (unready.status_code, code) == (503, 3)


async def test_who_acts_on_silence_is_told_before_nobody_listens_any_more() -> None:
    was_listening: list[bool] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("nobody asks")

    def note() -> None:
        was_listening.extend(each.is_serving() for each in server.servers)

    server = make_server(app, drain_s=1, kind=partial(Server, closing=note))
    server.config.lifespan = "off"
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    with bind("127.0.0.1", 0) as listener:
        await server.startup(sockets=[listener])
        await server.shutdown(sockets=[listener])
    assert was_listening == [True]
    assert not any(each.is_serving() for each in server.servers)


@pytest.mark.slow
async def test_operators_have_a_bind_of_their_own_until_the_end_of_the_drain(
    tmp_path: Path,
) -> None:
    answers = asyncio.Event()
    upstream = Loopback(lambda seen: Reply(status=202, body=accepting(seen).body, holds=answers))
    async with upstream.listening(), a_process(tmp_path, upstream.url) as process:
        figures = await process.admin.get("/metrics")
        strangers = await process.http.get("/metrics")
        await process.dispatch()
        await upstream.wait_for(1)
        os.kill(process.pid, signal.SIGTERM)
        async with asyncio.timeout(WAIT_S):
            while (told := await process.admin.get("/readyz")).text != "draining\n":
                pass
        answers.set()
        code = await process.exit_code()
    assert (figures.status_code, strangers.status_code, told.status_code) == (200, 404, 503)
    assert code == 0


@pytest.mark.usefixtures("logging")
def test_an_admin_port_that_is_taken_is_one_line_with_the_remedy_and_2(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environ = environment(tmp_path, NOWHERE, NOWHERE)
        environ |= {"GATEWAY_PORT": "0", "GATEWAY_ADMIN_PORT": str(port)}
        code = serve(load_settings(environ))
    (line,) = capfd.readouterr().err.splitlines()
    assert code == 2
    assert line.startswith(f"dispatch-gateway: cannot listen on 127.0.0.1:{port} for operators: ")
    assert "GATEWAY_ADMIN_PORT (0 takes a free port, off does without)" in line


@pytest.mark.slow
async def test_a_gateway_can_do_without_an_admin_bind(tmp_path: Path) -> None:
    async with a_process(tmp_path, GATEWAY_ADMIN_PORT="off") as process:
        answer = await process.http.get("/readyz")
    assert (answer.text, process.started["admin_port"]) == ("ready\n", None)


@pytest.mark.usefixtures("logging")
def test_a_port_that_is_taken_is_one_line_and_2(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        environ = environment(tmp_path, NOWHERE, NOWHERE) | {"GATEWAY_PORT": str(port)}
        code = serve(load_settings(environ))
    lines = capfd.readouterr().err.splitlines()
    assert (code, len(lines)) == (2, 1)
    assert lines[0].startswith(f"dispatch-gateway: cannot listen on 127.0.0.1:{port}: ")


@pytest.mark.usefixtures("logging")
def test_a_store_in_use_is_one_line_and_2(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings(environment(tmp_path, NOWHERE, NOWHERE) | {"GATEWAY_PORT": "0"})
    with asyncio.Runner() as owner:
        store = owner.run(open_store(settings.store, clock=ManualClock()))
        code = serve(settings)
        owner.run(store.close())
    lines = capfd.readouterr().err.splitlines()
    assert (code, len(lines)) == (2, 1)
    assert f"belongs to the running process {os.getpid()}" in lines[0]


@pytest.mark.usefixtures("logging")
def test_a_store_that_cannot_be_a_file_is_one_line_and_2(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gateway.db").mkdir()
    settings = load_settings(environment(tmp_path, NOWHERE, NOWHERE) | {"GATEWAY_PORT": "0"})
    code = serve(settings)
    lines = capfd.readouterr().err.splitlines()
    assert (code, len(lines)) == (2, 1)
    assert "Is a directory" in lines[0]


@pytest.mark.usefixtures("logging")
def test_unfinished_work_of_an_application_that_is_gone_is_one_line_and_2(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(leave_unfinished(tmp_path))
    settings = load_settings(environment(tmp_path, NOWHERE, NOWHERE) | {"GATEWAY_PORT": "0"})
    code = serve(settings)
    lines = [line for line in capfd.readouterr().err.splitlines() if "gateway.stopped" not in line]
    assert (code, len(lines)) == (2, 1)
    assert "unfinished work of second, which is not configured" in lines[0]


async def leave_unfinished(folder: Path) -> None:
    """Leave a dispatch of the second account open."""
    async with a_bench(folder, config=SECOND_ACCOUNT) as bench:
        await bench.dispatch(of=1)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_free_port_is_taken_when_none_is_named(host: str) -> None:
    with bind(host, 0) as listener:
        assert listener.getsockname()[1] > 0
