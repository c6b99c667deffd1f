"""`python -m tests.clients`: published clients of Dispatch, unmodified, against this gateway.

Needs node and npm, and curl for the commands of the documentation; what is missing is said and
left out. Each client sends a workflow whose first message is rejected, so that the second goes
out, and one that is refused; a receiver counts what the application is told. Everything runs on
loopback, but for npm, which fetches the packages.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import jwt
import orjson

from gateway.clock import SystemClock
from tests.gateway.keys import private_pem
from tests.kill.processes import environment, free_ports, start, until_alive
from tests.support.loopback import Loopback
from tests.support.peers import receiving
from tests.support.published import DOCUMENTS

HERE: Final = Path(__file__).parent
APPLICATION_ID: Final = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
API_KEY: Final = "abcd1234"
API_SECRET: Final = "api-secret-of-the-client-test"
SIGNATURE_SECRET: Final = "signature-secret-of-the-client-test-01"
CLIENTS: Final = {
    "nexmo": (
        "2.4.1-beta-1",
        "2.4.3-beta-1",
        "2.5.1-beta-1",
        "2.5.4-beta-1",
        "2.6.0-beta-1",
        "2.7.0-beta-1",
    ),
    "@vonage/server-sdk": (
        "2.10.5-beta-2",
        "2.10.7-beta-2",
        "2.12.0-beta.0",
        "2.12.0-beta.2",
        "2.12.0-beta.3",
    ),
}
"""The published versions whose clients have `dispatch`, all of them betas.

2.4.1 and 2.4.2 of the first and 2.10.6-beta2 of the second ship its code, and no client with it.
"""

_TOLD: Final = ["submitted", "rejected", "submitted", "delivered", "completed"]
_WAITS_S: Final = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A gateway on loopback, and who is told by it."""

    port: int
    receiver: Loopback
    key_file: Path

    async def told_of(self, dispatch_uuid: str, last: str) -> list[str]:
        """Wait for the callback that ends a dispatch; return the statuses of all, in order."""
        async with asyncio.timeout(_WAITS_S):
            while True:
                told = [str(body["status"]) for body in self._bodies_of(dispatch_uuid)]
                if told[-1:] == [last]:
                    return told
                await self.receiver.wait_for(len(self.receiver.seen) + 1)

    def _bodies_of(self, dispatch_uuid: str) -> list[Any]:
        return [seen.json() for seen in self.receiver.seen if dispatch_uuid.encode() in seen.body]


async def main() -> int:
    """Run all; return the exit code."""
    missing = [tool for tool in ("node", "npm") if shutil.which(tool) is None]
    with tempfile.TemporaryDirectory(prefix="client-test-") as name:
        async with _stage(Path(name)) as stage:
            faults = 0 if missing else await _clients(stage, Path(name))
            if missing:
                _say(f"skipped: the npm clients, because {' and '.join(missing)} is not here")
            if shutil.which("curl") is None:
                _say("skipped: the documentation's commands, because curl is not here")
            else:
                faults += await _documents(stage)
    return min(faults, 1)


@asynccontextmanager
async def _stage(folder: Path) -> AsyncIterator[Stage]:
    port, upstream = free_ports(2)
    key_file = folder / "private.key"
    key_file.write_text(private_pem())
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(Loopback(receiving).listening())
        http = await stack.enter_async_context(aiohttp.ClientSession())
        log = stack.enter_context((folder / "log").open("wb"))
        sandbox = environment(
            SANDBOX_SIGNATURE_SECRET=SIGNATURE_SECRET,
        )
        gateway = environment(
            GATEWAY_PORT=str(port),
            GATEWAY_ADMIN_PORT="0",
            GATEWAY_STORE=f"sqlite:///{folder / 'gateway.db'}",
            GATEWAY_UPSTREAM=f"http://127.0.0.1:{upstream}",
            GATEWAY_PUBLIC_URL=f"http://127.0.0.1:{port}",
            GATEWAY_STATUS_URL=f"{receiver.url}/status",
            GATEWAY_ALLOW_PRIVATE_CALLBACKS="true",
            GATEWAY_CLOCK="own",
            VONAGE_API_KEY=API_KEY,
            VONAGE_API_SECRET=API_SECRET,
            VONAGE_SIGNATURE_SECRET=SIGNATURE_SECRET,
            VONAGE_APPLICATION_ID=APPLICATION_ID,
            VONAGE_PRIVATE_KEY=str(key_file),
        )
        arguments = ("sandbox", "--port", str(upstream), "--api-key", API_KEY, "--pace", "0.02")
        for environ, command, at in (
            (sandbox, arguments, upstream),
            (gateway, ("serve",), port),
        ):
            process = await start(*command, environ=environ, folder=folder, stderr=log)
            stack.push_async_callback(_end, process)
            await until_alive(process, http, f"http://127.0.0.1:{at}")
        yield Stage(port=port, receiver=receiver, key_file=key_file)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()


async def _clients(stage: Stage, folder: Path) -> int:
    faults = 0
    for package, versions in CLIENTS.items():
        for version in versions:
            at = folder / f"{package.replace('/', '-')}-{version}"
            at.mkdir()
            (at / "package.json").write_text('{"private": true}')
            install = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
            if (await _run(*install, f"{package}@{version}", folder=at))[0] != 0:
                _say(f"skipped: {package} {version}, because npm could not install it")
                continue
            problem = await _judge(stage, at / "node_modules" / package)
            faults += problem is not None
            _say(f"{'ok' if problem is None else 'FAILED'}: {package} {version} {problem or ''}")
    return faults


async def _judge(stage: Stage, package: Path) -> str | None:
    """Drive one client; say what was not as it should be."""
    arguments = (str(package), str(stage.port), APPLICATION_ID, str(stage.key_file))
    status, output = await _run("node", str(HERE / "drive.js"), *arguments, folder=package)
    if status != 0:
        return f"node ended with {status}"
    said = orjson.loads(output.splitlines()[-1])
    if said["dispatch_uuid"] is None:
        return f"the workflow was not accepted: {said['error']}"
    if (said["refused"], said["invalid"] is None) != (400, False):
        return f"the refusal was not understood: {said}"
    told = await stage.told_of(said["dispatch_uuid"], "completed")
    return None if told == _TOLD else f"the application was told {told}"


async def _documents(stage: Stage) -> int:
    """Send the published bodies by curl, as the documentation writes the command."""
    faults = 0
    for document in DOCUMENTS:
        now_s = SystemClock().wall_s()
        claims = {"application_id": APPLICATION_ID, "iat": now_s, "jti": document.name}
        token = jwt.encode(claims, stage.key_file.read_text(), algorithm="RS256")
        status, output = await _run(
            *("curl", "--silent", "--show-error", "-X", "POST"),
            *("-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json"),
            *("-H", "Accept: application/json", "-d", document.body.decode()),
            f"http://127.0.0.1:{stage.port}/v0.1/dispatch",
            folder=HERE,
        )
        is_fine = status == 0 and "dispatch_uuid" in orjson.loads(output)
        faults += not is_fine
        _say(f"{'ok' if is_fine else 'FAILED'}: curl, {document.name}")
    return faults


async def _run(*command: str, folder: Path) -> tuple[int, bytes]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
