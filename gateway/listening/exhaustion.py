"""Noticing that the process may open no more files: new connections are closed unheard then.

The event loop does so without a word (libuv, `uv__emfile_trick`), so the process looks by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import resource
from typing import Final

from gateway.clock import Clock
from gateway.logs import get_logger

log = get_logger()

_LOOK_EVERY_S: Final = 1.0
_QUIET_MS: Final = 60_000
_ENOUGH: Final = 16_384
"""Open files that are asked for: more than every connection in and out together."""


def raise_file_limit() -> None:
    """Let the process open as many files as it may need and the system allows.

    The usual 1024 are fewer than the connections that the gateway takes.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class FileLimitWatch:
    """Tells, once a minute, that no more files can be opened."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told_ms = -_QUIET_MS

    async def run(self) -> None:
        """Look once a second until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(_LOOK_EVERY_S)

    def look(self) -> None:
        """Try to open one."""
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                self._tell()

    def _tell(self) -> None:
        now_ms = self._clock.now_ms()
        if 0 <= now_ms - self._told_ms < _QUIET_MS:
            return
        self._told_ms = now_ms
        log.error(
            "listener.starved",
            why="No more files can be opened: new connections are closed unheard.",
            remedy="Raise the limit of open files (ulimit -n, LimitNOFILE) of this process.",
        )
