"""Every planted bug. Names are unique; add one where its kind is."""

from __future__ import annotations

from typing import Final

from tests.laboratory.planted import callbacks, intake, sends, timers, webhooks
from tests.laboratory.planted.edits import Bug

BUGS: Final[tuple[Bug, ...]] = (
    *intake.BUGS,
    *sends.BUGS,
    *webhooks.BUGS,
    *timers.BUGS,
    *callbacks.BUGS,
)
