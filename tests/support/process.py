"""`dispatch-gateway serve` as a process of its own, on a free port of loopback unless told else."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import orjson

from tests.support.environment import environment
from tests.support.loopback import WAIT_S
from tests.support.world import API_KEY, API_SECRET, WHATSAPP_THEN_SMS
from translators.diagnostics import JsonValue

NOWHERE = "http://127.0.0.1:9"


class Process:
    """A running `dispatch-gateway serve`."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, admin_url: str) -> None:
        self._process = process
        assert process.stderr is not None
        self._log = process.stderr
        self.pid = process.pid
        self.started: dict[str, JsonValue] = {}
        self.told: list[dict[str, JsonValue]] = []
        """What was logged up to its start."""
        self.url = url
        self.http = httpx2.AsyncClient(base_url=url, auth=(API_KEY, API_SECRET))
        self.admin = httpx2.AsyncClient(base_url=admin_url)

    async def dispatch(self, document: JsonValue = WHATSAPP_THEN_SMS) -> str:
        """Have a workflow accepted."""
        answered = await self.http.post("/v0.1/dispatch", json=document)
        return str(answered.json()["dispatch_uuid"])

    async def until_logged(self, *events: str) -> dict[str, JsonValue]:
        """Wait for a line of one of these events; return it."""
        return await _until_logged(self._log, *events)

    async def exit_code(self) -> int:
        """Wait for the end."""
        async with asyncio.timeout(WAIT_S):
            await self._process.communicate()
        assert self._process.returncode is not None
        return self._process.returncode


async def _until_logged(
    log: asyncio.StreamReader, *events: str, told: list[dict[str, JsonValue]] | None = None
) -> dict[str, JsonValue]:
    async with asyncio.timeout(WAIT_S):
        while True:
            line: dict[str, JsonValue] = orjson.loads(await log.readline())
            if told is not None:
                told.append(line)
            if line["event"] in events:
                return line


@contextlib.asynccontextmanager
async def a_process(
    folder: Path,
    upstream: str = NOWHERE,
    *options: str,
    hangup_at: str = "",
    **environ: str,
) -> AsyncIterator[Process]:
    """Run the command on a store in `folder`.

    Args:
        options: more of the command line.
        hangup_at: the first line of the log at which the process gets a SIGHUP, if any.
        environ: settings over the usual ones; "" leaves one out.
    """
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway", "serve", "--port", "0", *options),
        env={
            **inherited,
            **environment(folder, upstream, NOWHERE),
            "GATEWAY_LOG_FORMAT": "json",
            "GATEWAY_DRAIN": "5",
            **environ,
        },
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        if hangup_at:
            await _until_logged(process.stderr, hangup_at)
            process.send_signal(signal.SIGHUP)
        told: list[dict[str, JsonValue]] = []
        line = await _until_logged(process.stderr, "gateway.started", told=told)
        admin = f"http://{line['admin_host']}:{line['admin_port']}" if line["admin_port"] else ""
        scheme = "https" if line["tls"] else "http"
        host = f"[{line['host']}]" if ":" in str(line["host"]) else line["host"]
        url = f"{scheme}://{host}:{line['port']}" if line["port"] else ""
        running = Process(process, url, admin)
        async with running.http, running.admin:
            running.started, running.told = line, told
            yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
