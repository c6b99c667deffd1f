"""Log lines that strangers can cause at will: the first one at once, then one a minute."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from gateway.clock import Clock
from gateway.logs import get_logger

log = get_logger()

_EVERY_MS: Final = 60_000

_Key: TypeAlias = tuple[str, str, tuple[tuple[str, object], ...]]


@dataclass(slots=True, kw_only=True)
class _Kind:
    told_ms: int
    since: int = 0
    """How many there were since the last line."""
    latest: dict[str, object] = field(default_factory=dict)


class RepeatedLines:
    """Writes lines of one kind once a minute at most, with how many they stand for.

    What lines say must be of closed sets: each combination is a kind, and is kept.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kinds: dict[_Key, _Kind] = {}

    def write(self, level: str, event: str, *, latest: dict[str, object], **said: object) -> None:
        """Write a line, now or with others of its kind within the minute.

        Args:
            level: the name of a logger's method.
            latest: what differs from line to line; of several, that of the last one is told.
            said: what makes the kind, with the event.
        """
        key = (level, event, tuple(said.items()))
        kind = self._kinds.get(key)
        now_ms = self._clock.now_ms()
        if kind is None or not kind.told_ms <= now_ms < kind.told_ms + _EVERY_MS:
            times = 1 + (0 if kind is None else kind.since)
            self._kinds[key] = _Kind(told_ms=now_ms)
            _write(key, latest, times)
        else:
            kind.since += 1
            kind.latest = latest

    async def flush(self) -> None:
        """Write what was not told for a minute; called now and then."""
        now_ms = self._clock.now_ms()
        for key, kind in list(self._kinds.items()):
            if now_ms >= kind.told_ms + _EVERY_MS:
                del self._kinds[key]
                if kind.since:
                    _write(key, kind.latest, kind.since)


def _write(key: _Key, latest: dict[str, object], times: int) -> None:
    level, event, said = key
    getattr(log, level)(event, **dict(said), **latest, times=times)
