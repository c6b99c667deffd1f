"""Starting the servers under test, each on its own port, pinned to a core of its own."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

SERVER_CORE, LOAD_CORE = 0, 1

ACCOUNT = "bench-key"
SECRET = "bench-secret"
SIGNATURE_SECRET = "bench-signature-secret-of-32-bytes-or-more"


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def pin(pid: int, core: int) -> None:
    """Keep a process on one core, where the machine has more than one."""
    cores = sorted(os.sched_getaffinity(0) | {0})
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > core and cores:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(pid, {core})


@contextlib.contextmanager
def running(
    arguments: list[str], port: int, environ: dict[str, str] | None = None
) -> Iterator[int]:
    """Run a server until the block ends; yields its process id once it listens."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env={**os.environ, **(environ or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    pin(process.pid, SERVER_CORE)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            if process.poll() is not None:
                raise RuntimeError(f"{arguments} ended with {process.returncode}")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def gateway_environ(folder: Path, port: int, stub_port: int, **extra: str) -> dict[str, str]:
    """Return the variables of a gateway whose upstream and receiver are the stub."""
    return {
        "GATEWAY_PORT": str(port),
        "GATEWAY_ADMIN_PORT": "0",
        "GATEWAY_STORE": f"sqlite:///{folder / 'bench.db'}",
        "GATEWAY_UPSTREAM": f"http://127.0.0.1:{stub_port}",
        "GATEWAY_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "GATEWAY_STATUS_URL": f"http://127.0.0.1:{stub_port}/callback",
        "GATEWAY_ALLOW_PRIVATE_CALLBACKS": "true",
        "GATEWAY_SEND_RATE": "0",
        "GATEWAY_CALLBACK_CONCURRENCY": "64",
        # The yardsticks log nothing; a line costs about a tenth of a request.
        "GATEWAY_LOG_LEVEL": "warning",
        "VONAGE_API_KEY": ACCOUNT,
        "VONAGE_API_SECRET": SECRET,
        "VONAGE_SIGNATURE_SECRET": SIGNATURE_SECRET,
        **extra,
    }
