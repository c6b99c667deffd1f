"""Reading the settings anew while the gateway runs: what a SIGHUP asks for.

The same checks as at the start decide. With any fault everything stays as it was, and the log says
why; without one, the secrets that changed take effect between two requests.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from typing import Final

from gateway.app import Gateway
from gateway.logs import get_logger
from gateway.settings import Fault, Reading
from gateway.settings.renewal import Renewal

log = get_logger()

HANGUP: Final = getattr(signal, "SIGHUP", None)
"""The signal that asks; not every system has it."""


class Reloader:
    """Reads the settings anew when it is asked to, one time after the other."""

    def __init__(
        self,
        gateway: Gateway,
        read: Callable[[], Reading],
        asked: threading.Event,
        *,
        also: Callable[[], None] | None = None,
    ) -> None:
        """Prepare it.

        Args:
            read: reads the settings as at the start; it may take its time, in a thread.
            asked: set when somebody asked before there was anything to reload.
            also: what else is read anew, by itself.
        """
        self._gateway = gateway
        self._read = read
        self._asked_early = asked
        self._asked = asyncio.Event()
        self._also = also

    def listen(self) -> None:
        """Hear the signal from now on, inside the running loop."""
        if HANGUP is not None:
            asyncio.get_running_loop().add_signal_handler(HANGUP, self._asked.set)
        if self._asked_early.is_set():
            self._asked.set()

    async def run(self) -> None:
        """Serve until cancelled. However often it is asked meanwhile, it reads once more."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            if self._also is not None:
                self._also()
            try:
                await self.reload()
            except Exception as error:
                log.error("settings.refused", error_type=type(error).__name__, exc_info=True)

    async def reload(self) -> Renewal | None:
        """Read the settings anew, and take over what can be; `None` when they have a fault."""
        # Files are read and keys are checked, which takes longer than the loop may stand still.
        reading = await asyncio.to_thread(self._read)
        if reading.faults:
            _tell_refused(reading.faults)
            return None
        renewal = self._gateway.reload(reading.settings)
        if renewal.faults:
            _tell_refused(renewal.faults)
            return None
        for name in renewal.needs_restart:
            log.warning(
                "settings.restart_needed",
                setting=name,
                remedy="it cannot change while running: start the gateway anew",
            )
        for doubt in reading.settings.warnings:
            log.warning(
                "setting.doubted", setting=doubt.name, problem=doubt.problem, remedy=doubt.remedy
            )
        for each in renewal.renewed:
            log.info(
                "settings.secret_renewed",
                application=each.application.name,
                account=each.application.account,
                changed=list(each.variables),
            )
        log.info("settings.reloaded", applications=len(renewal.renewed))
        return renewal


def _tell_refused(faults: tuple[Fault, ...]) -> None:
    for fault in faults:
        log.error(
            "settings.refused", setting=fault.name, problem=fault.problem, remedy=fault.remedy
        )
