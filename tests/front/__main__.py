"""`python -m tests.front`: every flood against a real gateway; ends with 1 if a promise broke.

Beside each flood runs real traffic: workflows, signed webhooks, health checks. What is promised:
no request of it fails, its p99 at most doubles, the process stays below 150 MB, and who sends too
little is cut within 20 s.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import orjson

from tests.front.stranger import MANY, SCENES
from tests.front.traffic import Faring, Traffic
from tests.kill.processes import environment, free_ports, start, until_alive
from tests.support.environment import environment as settings
from tests.support.loopback import Loopback
from tests.support.peers import accepting, receiving
from translators.diagnostics import JsonObject

_CALM_S: Final = 15.0
_RSS_MB: Final = 150.0
_CUT_S: Final = 20.0
_SLACK_S: Final = 1.0
"""A connection is there for its client before the gateway has taken it."""
_LEAST_P99_MS: Final = 50.0
"""Below it, a doubling is noise of the machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One flood, or none, and how everybody fared."""

    name: str
    rss_mb: float
    """At its peak."""
    faring: Faring
    stranger: JsonObject


def broken(phase: Phase, calm: Phase) -> list[str]:
    """Return which promises a phase broke."""
    faults = [f"{count} x {answer}" for answer, count in phase.faring.failures.items()]
    if phase.rss_mb > _RSS_MB:
        faults.append(f"more than {_RSS_MB:.0f} MB")
    if phase.faring.p99_ms > max(2 * calm.faring.p99_ms, _LEAST_P99_MS):
        faults.append("p99 more than doubled")
    if float(str(phase.stranger.get("longest_s", 0))) > _CUT_S + _SLACK_S:
        faults.append("cut late")
    if phase.stranger.get("left"):
        faults.append(f"{phase.stranger['left']} never cut")
    return faults


def row(phase: Phase, faults: list[str]) -> str:
    """Return one line of the table."""
    stranger = phase.stranger
    size = f"{int(str(stranger['bytes'])) / 1e6:.1f} MB" if "bytes" in stranger else ""
    longest = f"{float(str(stranger['longest_s'])):.1f} s" if "longest_s" in stranger else ""
    asked = len(phase.faring.took_ms)
    cells = [
        f"{phase.name:34}",
        f"{stranger.get('opened', '')!s:>6}",
        f"{size:>10}",
        f"{longest:>8}",
        f"{phase.rss_mb:7.1f}",
        f"{phase.faring.p99_ms:8.1f}",
        f"{asked:6}",
        "; ".join(faults) or "ok",
    ]
    return " ".join(cells)


async def play(names: list[str]) -> int:
    """Play these scenes; return the exit code."""
    port, admin_port = free_ports(2)
    with tempfile.TemporaryDirectory() as folder:
        upstream, receiver = Loopback(accepting), Loopback(receiving)
        async with upstream.listening(), receiver.listening(), aiohttp.ClientSession() as http:
            process = await start(
                "serve",
                environ=environment(
                    **settings(Path(folder), upstream.url, receiver.url),
                    GATEWAY_PORT=str(port),
                    GATEWAY_ADMIN_PORT=str(admin_port),
                    GATEWAY_LOG_LEVEL="error",
                ),
                folder=Path(folder),
                stderr=subprocess.DEVNULL,
            )
            try:
                await until_alive(process, http, f"http://127.0.0.1:{port}")
                return await _play_on(process.pid, port, names)
            finally:
                process.terminate()
                await process.wait()


async def _play_on(pid: int, port: int, names: list[str]) -> int:
    traffic = Traffic(f"http://127.0.0.1:{port}")
    heads = ["", "opened", "taken", "longest", "RSS MB", "p99 ms", "asked", ""]
    widths = (34, 6, 10, 8, 7, 8, 6, 0)
    print(" ".join(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True)))
    is_broken = False
    async with traffic.flowing():
        await asyncio.sleep(2)  # the first requests open files and connections
        calm = await _phase("nothing", traffic, pid, port)
        print(row(calm, broken(calm, calm)), flush=True)
        for name in names:
            phase = await _phase(name, traffic, pid, port)
            faults = broken(phase, calm)
            is_broken = is_broken or bool(faults)
            print(row(phase, faults), flush=True)
    return 1 if is_broken else 0


async def _phase(name: str, traffic: Traffic, pid: int, port: int) -> Phase:
    _forget_peak(pid)
    traffic.now = faring = Faring()
    stranger: JsonObject = {}
    if name in SCENES:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.front.stranger", name, "127.0.0.1", str(port)),
            stdout=subprocess.PIPE,
        )
        output, _ = await process.communicate()
        stranger = orjson.loads(output)
    else:
        await asyncio.sleep(_CALM_S)
    return Phase(name=name, rss_mb=_peak_mb(pid), faring=faring, stranger=stranger)


def _forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def _peak_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(peak) / 1024


def main() -> int:
    """Run with the arguments of the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.front", description=__doc__)
    parser.add_argument("--only", metavar="WORD", default="", help="scenes that have this word")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < 2 * MANY:
        print(f"The limit of open files is {most}; {2 * MANY} are needed.", file=sys.stderr)
        return 2
    return asyncio.run(play([name for name in SCENES if options.only in name]))


if __name__ == "__main__":
    sys.exit(main())
