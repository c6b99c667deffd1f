"""The README's call on the networks that deployments have: the gateway is a real process."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from tests.kill.processes import free_ports
from tests.support.authority import Authority
from tests.support.loopback import WAIT_S, Loopback, Seen
from tests.support.peers import accepting
from tests.support.process import Process, a_process
from tests.support.world import API_KEY, API_SECRET, WHATSAPP_THEN_SMS

pytestmark = pytest.mark.slow

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@pytest.fixture
async def upstream() -> AsyncIterator[Loopback]:
    async with Loopback(accepting).listening() as upstream:
        yield upstream


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def calling(
    url: str, *, trusting: Authority | None = None, socket: Path | None = None
) -> httpx2.AsyncClient:
    """Return a caller with good credentials."""
    transport = httpx2.AsyncHTTPTransport(
        verify=trusting.client() if trusting else False,
        uds=str(socket) if socket else None,
        trust_env=False,
    )
    return httpx2.AsyncClient(
        base_url=url, auth=(API_KEY, API_SECRET), transport=transport, timeout=WAIT_S
    )


async def message_sent(http: httpx2.AsyncClient, upstream: Loopback) -> Seen:
    """Make the README's call, and wait for its first message; return it."""
    answer = await http.post("/v0.1/dispatch", json=WHATSAPP_THEN_SMS)
    assert answer.status_code == 202, answer.text
    return (await upstream.wait_for(1))[0]


# TLS of its own, behind nothing


@asynccontextmanager
async def with_tls(
    folder: Path, upstream: Loopback, pair: tuple[Path, Path], **environ: str
) -> AsyncIterator[Process]:
    cert, key = pair
    settings = {"GATEWAY_TLS_CERT": str(cert), "GATEWAY_TLS_KEY": str(key), **environ}
    async with a_process(folder, upstream.url, **settings) as process:
        yield process


async def test_with_tls_of_its_own_behind_nothing(
    tmp_path: Path, upstream: Loopback, authority: Authority
) -> None:
    async with (
        with_tls(tmp_path, upstream, authority.issue()) as process,
        calling(process.url, trusting=authority) as http,
    ):
        assert process.url.startswith("https://")
        await message_sent(http, upstream)
        figures = await process.admin.get("/metrics")
    assert "gateway_certificate_days 90.0" in figures.text


async def test_nothing_is_answered_without_tls_where_it_is_on(
    tmp_path: Path, upstream: Loopback, authority: Authority
) -> None:
    async with with_tls(tmp_path, upstream, authority.issue()) as process:
        plain = process.url.replace("https:", "http:")
        async with calling(plain) as http:
            with pytest.raises(httpx2.TransportError):
                await http.get("/livez")
        async with calling(process.url, trusting=authority) as http:
            assert (await http.get("/livez")).status_code == 200


async def test_an_old_tls_is_refused(
    tmp_path: Path, upstream: Loopback, authority: Authority
) -> None:
    context = authority.client()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with with_tls(tmp_path, upstream, authority.issue()) as process:
        host, _, port = process.url.removeprefix("https://").rpartition(":")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection(host, int(port), ssl=context)


@pytest.mark.parametrize("asks", [True, False])
async def test_a_renewed_certificate_is_shown_without_a_restart(
    tmp_path: Path, upstream: Loopback, authority: Authority, asks: bool
) -> None:
    async with with_tls(tmp_path, upstream, authority.issue(13)) as process:
        alarm = await process.admin.get("/readyz")
        authority.issue(90)
        if asks:
            os.kill(process.pid, signal.SIGHUP)
        await process.until_logged("certificate.renewed")
        async with calling(process.url, trusting=authority) as http:
            await message_sent(http, upstream)
        calm = await process.admin.get("/readyz")
        figures = await process.admin.get("/metrics")
    assert "certificate: " in alarm.text
    assert calm.text == "ready\n"
    assert "gateway_certificate_days 90.0" in figures.text


async def test_a_half_written_pair_does_not_keep_a_hangup_from_renewing_secrets(
    tmp_path: Path, upstream: Loopback, authority: Authority
) -> None:
    cert, key = authority.issue()
    async with with_tls(tmp_path, upstream, (cert, key)) as process:
        cert.write_text("half")
        os.kill(process.pid, signal.SIGHUP)
        await process.until_logged("settings.reloaded")
        async with calling(process.url, trusting=authority) as http:
            assert (await http.get("/livez")).status_code == 200


# Behind nginx


def nginx_config(folder: Path, port: int, upstream: str, pair: tuple[Path, Path]) -> str:
    """Return the configuration of docs/operations.md, on ports and files of the tests."""
    page = (Path(__file__).parents[3] / "docs" / "operations.md").read_text(encoding="utf-8")
    _, _, rest = page.partition("```nginx\n")
    server, _, _ = rest.partition("```")
    replaced = {
        "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
        "listen [::]:443 ssl;": "",
        "gateway.example.com": "localhost",
        "/etc/ssl/gateway.crt": str(pair[0]),
        "/etc/ssl/gateway.key": str(pair[1]),
        "unix:/run/dispatch-gateway/http.sock": upstream,
    }
    for old, new in replaced.items():
        assert old in server
        server = server.replace(old, new)
    temporary = "\n".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # Its workers would drop the rights that the tests have.
    user = "user root;" if os.geteuid() == 0 else ""
    return f"""
        {user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
        events {{ worker_connections 64; }}
        http {{ access_log off; {temporary} {server} }}
    """


@asynccontextmanager
async def nginx(folder: Path, upstream: str, authority: Authority) -> AsyncIterator[str]:
    """Run nginx before a gateway; yields the URL that callers have."""
    if NGINX is None:
        pytest.skip("nginx is not installed")
    (port,) = free_ports(1)
    config = folder / "nginx.conf"
    config.write_text(nginx_config(folder, port, upstream, authority.issue(name="nginx")))
    process = await asyncio.create_subprocess_exec(
        *(NGINX, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)),
        stderr=subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(WAIT_S):
            while process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    break
        assert process.returncode is None, (folder / "error.log").read_text()
        yield f"https://localhost:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_behind_nginx_on_a_port(
    tmp_path: Path, upstream: Loopback, authority: Authority
) -> None:
    environ = {"GATEWAY_HOSTS": "localhost", "GATEWAY_TRUSTED_PROXIES": "127.0.0.1"}
    async with (
        a_process(tmp_path, upstream.url, **environ) as process,
        nginx(tmp_path, process.url.removeprefix("http://"), authority) as url,
        calling(url, trusting=authority) as http,
    ):
        await message_sent(http, upstream)
        hidden = await http.get("/metrics")
    assert hidden.status_code == 404


async def test_behind_nginx_on_a_unix_socket(
    tmp_path: Path, upstream: Loopback, authority: Authority
) -> None:
    socket = tmp_path / "http.sock"
    async with (
        a_process(tmp_path, upstream.url, GATEWAY_HOST=f"unix:{socket}"),
        nginx(tmp_path, f"unix:{socket}", authority) as url,
        calling(url, trusting=authority) as http,
    ):
        await message_sent(http, upstream)


# Addresses and sockets


@pytest.mark.parametrize("host", ["::1", "[::1]", "::"])
async def test_on_ipv6(tmp_path: Path, upstream: Loopback, host: str) -> None:
    async with a_process(tmp_path, upstream.url, GATEWAY_HOST=host) as process:
        port = process.started["port"]
        async with calling(f"http://[::1]:{port}") as http:
            await message_sent(http, upstream)


async def test_on_both_families_with_one_address(tmp_path: Path, upstream: Loopback) -> None:
    async with a_process(tmp_path, upstream.url, GATEWAY_HOST="::") as process:
        port = process.started["port"]
        async with calling(f"http://127.0.0.1:{port}") as http:
            await message_sent(http, upstream)


async def test_on_several_addresses_by_the_option(tmp_path: Path, upstream: Loopback) -> None:
    socket = tmp_path / "http.sock"
    options = ("--host", f"127.0.0.1,::1,unix:{socket}")
    async with a_process(tmp_path, upstream.url, *options) as process:
        listeners = process.started["listeners"]
        port = process.started["port"]
        async with calling(f"http://[::1]:{port}") as http:
            assert (await http.get("/livez")).status_code == 200
        async with calling("http://localhost", socket=socket) as http:
            assert (await http.get("/livez")).status_code == 200
        async with calling(f"http://127.0.0.1:{port}") as http:
            await message_sent(http, upstream)
    assert listeners == [f"127.0.0.1:{port}", f"[::1]:{port}", f"unix:{socket}"]


async def test_on_a_unix_socket(tmp_path: Path, upstream: Loopback) -> None:
    socket = tmp_path / "http.sock"
    async with a_process(tmp_path, upstream.url, GATEWAY_HOST=f"unix:{socket}") as process:
        async with calling("http://localhost", socket=socket) as http:
            await message_sent(http, upstream)
        os.kill(process.pid, signal.SIGTERM)
        code = await process.exit_code()
    assert (code, socket.exists()) == (0, False)


async def test_a_unix_socket_that_a_killed_process_left_is_taken_over(
    tmp_path: Path, upstream: Loopback
) -> None:
    socket = tmp_path / "http.sock"
    async with a_process(tmp_path, upstream.url, GATEWAY_HOST=f"unix:{socket}") as process:
        os.kill(process.pid, signal.SIGKILL)
        await process.exit_code()
    async with (
        a_process(tmp_path, upstream.url, GATEWAY_HOST=f"unix:{socket}"),
        calling("http://localhost", socket=socket) as http,
    ):
        await message_sent(http, upstream)


async def test_tls_and_a_unix_socket_side_by_side(
    tmp_path: Path, upstream: Loopback, authority: Authority
) -> None:
    socket = tmp_path / "http.sock"
    environ = {"GATEWAY_HOST": f"localhost,unix:{socket}"}
    async with with_tls(tmp_path, upstream, authority.issue(), **environ) as process:
        async with calling("http://localhost", socket=socket) as http:
            assert (await http.get("/livez")).status_code == 200
        async with calling(process.url, trusting=authority) as http:
            await message_sent(http, upstream)
