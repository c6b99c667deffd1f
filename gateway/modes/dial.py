"""The dial: the share of workflows that this gateway serves, which can be turned while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from gateway.clock import Clock
from gateway.settings.mode_values import WHOLE, read_share, read_share_file
from gateway.settings.values import Unusable

REREAD_MS: Final = 1_000
"""How often a file is looked at, at most."""


class Dial:
    """A percentage that stands in the settings, or in a file that they name.

    A file that cannot be read, or holds no percentage, leaves the dial where it is: who writes a
    file without moving it into place empties it for a moment.
    """

    def __init__(self, setting: str, clock: Clock) -> None:
        """Read the dial for the first time.

        Args:
            setting: a percentage, or the absolute path of a file that holds one.
            clock: says when a second has passed.

        Raises:
            Unusable: there is no percentage to begin with.
        """
        self._clock = clock
        self._path = Path(setting) if setting.startswith("/") else None
        self._share = read_share(setting) if self._path is None else read_share_file(self._path)
        self._looked_ms = clock.now_ms()
        self.fault: str | None = None
        """Why the file was not followed the last time it was looked at."""

    def share(self) -> int:
        """Return where the dial stands, in parts of a million."""
        now_ms = self._clock.now_ms()
        if self._path is not None and now_ms - self._looked_ms >= REREAD_MS:
            self._looked_ms = now_ms
            try:
                self._share = read_share_file(self._path)
                self.fault = None
            except Unusable as unusable:
                self.fault = unusable.problem
        return self._share


def show_share(share: int) -> str:
    """Write a share as a percentage."""
    return f"{100 * share / WHOLE:g} %"
