"""The two programs under test, each a process of its own, made of nothing but its environment."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import re
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

import aiohttp

from gateway.clock import Clock
from tests.kill.evidence import Kill, Webhook

API_KEY: Final = "abcd1234"
API_SECRET: Final = "api-secret-of-the-kill-test"
SIGNATURE_SECRET: Final = "signature-secret-of-the-kill-test-01"
CREDENTIALS: Final = f"Basic {base64.b64encode(f'{API_KEY}:{API_SECRET}'.encode()).decode()}"

_STARTS_WITHIN_S: Final = 30.0
_ENDS_WITHIN_S: Final = 40.0
_POLL_S: Final = 0.02
_SENT: Final = re.compile(r"webhook  (\S+)  (\S+) -> (\d{3}|no answer)")
_OURS: Final = ("GATEWAY_", "VONAGE_", "SANDBOX_")


class CannotStart(Exception):
    """A program did not come up."""


def free_ports(count: int) -> list[int]:
    """Return ports that are free, and stay so while the gateway is dead.

    They lie below those that the system draws for outgoing connections: one of them would take the
    port sooner or later, even a caller that dials it, and connects to itself.
    """
    found: list[int] = []
    for port in range(12_000 + os.getpid() % 8_000, 32_000):
        if len(found) == count:
            break
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.append(port)
    return found


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of a program: ours, and nothing that would configure it by chance."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(_OURS)}
    return {**inherited, "PYTHONUNBUFFERED": "1", **variables}


async def start(
    *arguments: str, environ: Mapping[str, str], folder: Path, stderr: int | IO[bytes]
) -> asyncio.subprocess.Process:
    """Start `dispatch-gateway` with these arguments."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", *arguments),
        env=environ,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=stderr,
    )


async def until_alive(
    process: asyncio.subprocess.Process, http: aiohttp.ClientSession, base_url: str
) -> None:
    """Wait until a program answers.

    Raises:
        CannotStart: it ended instead, or takes too long.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_STARTS_WITHIN_S):
            while process.returncode is None:
                with contextlib.suppress(aiohttp.ClientError):
                    async with http.get(f"{base_url}/livez"):
                        return
                await asyncio.sleep(_POLL_S)
    raise CannotStart(f"{base_url} does not answer; its exit code is {process.returncode}")


class Gateway:
    """The gateway under test: killed, and started again on the same file."""

    def __init__(
        self,
        *,
        port: int,
        admin_port: int,
        folder: Path,
        environ: Mapping[str, str],
        http: aiohttp.ClientSession,
        clock: Clock,
    ) -> None:
        self.base_url = f"http://127.0.0.1:{port}"
        self.admin_url = f"http://127.0.0.1:{admin_port}"
        self.log = folder / "gateway.log"
        self.kills: list[Kill] = []
        self.deaths: list[int] = []
        """Exit codes of processes that ended without being killed, or not as asked."""
        self._folder = folder
        self._environ = environment(
            GATEWAY_PORT=str(port),
            GATEWAY_ADMIN_PORT=str(admin_port),
            GATEWAY_PUBLIC_URL=self.base_url,
            **environ,
        )
        self._http = http
        self._clock = clock
        self._process: asyncio.subprocess.Process | None = None
        self._coming: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start a process; it answers later (`until_serving`)."""
        with self.log.open("ab") as log:
            self._process = await start(
                "serve", environ=self._environ, folder=self._folder, stderr=log
            )
        self._coming = asyncio.create_task(until_alive(self._process, self._http, self.base_url))

    async def until_serving(self) -> None:
        """Wait until it answers."""
        if self._coming is not None:
            await self._coming

    async def kill(self) -> None:
        """Kill -9, wherever it is, even while it starts."""
        assert self._process is not None and self._coming is not None
        if self._process.returncode is not None:
            self.deaths.append(self._process.returncode)
        was_serving = self._coming.done()
        self._coming.cancel()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self.kills.append(Kill(at_ms=self._clock.now_ms(), was_serving=was_serving))
        await self._process.wait()

    async def restart(self) -> None:
        """Start again at once, and note how long nobody answered."""
        await self.start()
        assert self._coming is not None
        self._coming.add_done_callback(self._note_outage)

    async def revive(self) -> None:
        """Start it again if it ended by itself, which is noted."""
        if self._process is not None and self._process.returncode is not None:
            self.deaths.append(self._process.returncode)
            await self.start()
            await self.until_serving()

    def _note_outage(self, coming: asyncio.Task[None]) -> None:
        if not coming.cancelled() and coming.exception() is None:
            last = self.kills[-1]
            outage_ms = self._clock.now_ms() - last.at_ms
            self.kills[-1] = Kill(
                at_ms=last.at_ms, was_serving=last.was_serving, outage_ms=outage_ms
            )

    async def stop(self) -> None:
        """Ask it to end, as an operator would; anything but a good end is noted."""
        if self._process is None:
            return
        if self._coming is not None:
            self._coming.cancel()
        code = await end(self._process)
        if code:
            self.deaths.append(code)
        self._process = None


class Sandbox:
    """The simulated upstream; it lives through all kills, and so do its webhooks."""

    def __init__(
        self, *, port: int, folder: Path, pace: float, http: aiohttp.ClientSession, clock: Clock
    ) -> None:
        self.base_url = f"http://127.0.0.1:{port}"
        self.webhooks: list[Webhook] = []
        self._folder = folder
        self._pace = pace
        self._http = http
        self._clock = clock
        self._process: asyncio.subprocess.Process | None = None
        self._listening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, and write down every webhook that it tells of."""
        arguments = ("--port", self.base_url.rpartition(":")[2], "--api-key", API_KEY)
        environ = environment(
            SANDBOX_SIGNATURE_SECRET=SIGNATURE_SECRET, SANDBOX_API_SECRET=API_SECRET
        )
        self._process = await start(
            *("sandbox", *arguments, "--pace", str(self._pace)),
            environ=environ,
            folder=self._folder,
            stderr=asyncio.subprocess.PIPE,
        )
        self._listening = asyncio.create_task(self._listen())
        await until_alive(self._process, self._http, self.base_url)

    async def _listen(self) -> None:
        assert self._process is not None and self._process.stderr is not None
        with (self._folder / "sandbox.log").open("wb") as log:
            async for line in self._process.stderr:
                log.write(line)
                if found := _SENT.match(line.decode()):
                    message_uuid, status, answer = found.groups()
                    self.webhooks.append(
                        Webhook(
                            at_ms=self._clock.now_ms(),
                            message_uuid=message_uuid,
                            status=status,
                            answer=answer,
                        )
                    )

    async def stop(self) -> None:
        """End it, and read its last words."""
        if self._process is not None and self._listening is not None:
            await end(self._process)
            await self._listening


async def end(process: asyncio.subprocess.Process) -> int:
    """End a program gracefully, or by force when that takes too long; return its exit code."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(_ENDS_WITHIN_S):
            return await process.wait()
    except TimeoutError:
        process.kill()
        return await process.wait()
