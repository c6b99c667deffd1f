"""File descriptors: how many connections they allow, and what happens without any.

Limits are those of a process, so each test has one of its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def in_a_process(script: str) -> list[str]:
    """Run a script; return the words that it prints."""
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return run.stdout.split()


ALLOWED = """
import resource
from gateway.front.limits import Limits, within_descriptors
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, hard))
allowed = within_descriptors(Limits())
print(allowed.connections, allowed.callers + allowed.webhooks + allowed.health)
"""


@pytest.mark.parametrize(
    ("soft", "told"), [(8192, ["2000", "1564"]), (1024, ["256", "208"]), (256, ["64", "52"])]
)
def test_the_limit_of_open_files_bounds_connections(soft: int, told: list[str]) -> None:
    assert in_a_process(ALLOWED.format(soft=soft)) == told


WITHOUT_ANY = """
import contextlib, os, resource, socket
from dataclasses import replace
from gateway.front.limits import Limits
from tests.gateway.front.apps import Echo
from tests.gateway.front.requests import get
from tests.gateway.front.served import nothing_around, served
from tests.support.wire import connected, wait_until

with served(lambda: nothing_around(Echo()), replace(Limits(), sweep_s=0.02)) as running:
    with connected(running.address) as kept:
        kept.send(get())
        kept.answer()
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(socket.socket()) for _ in range(30)]
            spare = os.dup(2)
            os.close(spare)
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (spare + 3, hard))
            for client in clients:
                client.connect(running.address)
            wait_until(lambda: running.front.places.count > 1)
            kept.send(get())
            print(kept.answer().status)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with connected(running.address) as wire:
        wire.send(get())
        print(wire.answer().status)
"""


def test_a_process_without_descriptors_serves_on() -> None:
    assert in_a_process(WITHOUT_ANY)[-2:] == ["200", "200"]
