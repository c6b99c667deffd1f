"""A process that has the gateway loaded and starts one after the other: each is a fork of it.

A line on standard input is a JSON object of settings, for which a gateway is started: its process
id is the answer. An empty line waits for its end, and its exit code, or minus the signal, is the
answer. Run as `python -m tests.faults.nursery LOG`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import orjson

from gateway.server import serve
from gateway.settings import load_settings


def main() -> None:
    """Start gateways until there is no more input."""
    with open(sys.argv[1], "ab") as log:  # noqa: PTH123
        os.dup2(log.fileno(), 2)
    process = 0
    for line in sys.stdin:
        if not line.strip():
            _, status = os.waitpid(process, 0)
            print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201
            continue
        process = os.fork()
        if not process:
            _be_a_gateway(orjson.loads(line))
        print(process, flush=True)  # noqa: T201


def _be_a_gateway(environ: Mapping[str, str]) -> None:
    code = 70
    try:
        # What it prints is nobody's answer, and it reads nothing.
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 0)
        os.dup2(nothing, 1)
        code = serve(load_settings(environ))
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
