"""What is wrong right now and needs a person: one list that readiness, state, figures and log show.

A fence raises an alarm and takes it back; it stays until then, however often it is raised. Alarms
live in memory: whatever must survive a restart is in the store, and is raised again from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.logs import get_logger
from gateway.metrics import Metrics

log = get_logger()


class AlarmKind(StrEnum):
    """What can be wrong; a closed list, fit for a metric's label."""

    DEAF = "deaf"
    """Webhooks of an account arrive and cannot be verified."""
    UNHEARD = "unheard"
    """Sends of an account are accepted and no webhook comes."""
    MUTE = "mute"
    """Sends of an account cannot be made."""
    CROWDED = "crowded"
    """More of an account waits than can be sent in time; new workflows are answered 429."""
    GAP = "gap"
    """Webhooks may have been missed for a while; timers wait for their repetition."""
    CLOCK = "clock"
    """The clock disagrees with the upstream's, or with the store's high-water mark."""
    STORE = "store"
    """What is committed would not be there after a restart."""
    CERTIFICATE = "certificate"
    """The certificate of the gateway's own listeners ends soon, or has ended."""
    SMS_API = "sms-api"
    """Webhooks arrive in the form of the SMS API: a setting of the account is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One thing that is wrong. `why` and `remedy` are sentences without personal data."""

    kind: AlarmKind
    subject: str
    """Whom it concerns: an account (`Application.account`), or "" for the whole gateway."""
    since_ms: int
    why: str
    remedy: str
    until_ms: int | None = None
    """When it ends by itself, if nothing ends it before; None when nobody knows."""
    blocks_intake: bool = False
    """Whether new workflows of the subject are answered 503 meanwhile."""


class Alarms:
    """The alarms that stand, one for each kind and subject."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._standing: dict[tuple[AlarmKind, str], Alarm] = {}

    def raise_alarm(self, alarm: Alarm) -> None:
        """Let an alarm stand, in place of an earlier one of its kind and subject."""
        key = (alarm.kind, alarm.subject)
        known = self._standing.get(key)
        self._standing[key] = alarm
        if known is None or known.why != alarm.why:
            # A gap ends by itself, and every restart under load makes one.
            report = log.warning if alarm.kind is AlarmKind.GAP else log.error
            report(
                "alarm.raised",
                alarm=alarm.kind.value,
                account=alarm.subject,
                why=alarm.why,
                remedy=alarm.remedy,
            )
        if known is None:
            self._metrics.alarms_raised.labels(alarm.kind.value).inc()
            self._count(alarm.kind)

    def clear(self, kind: AlarmKind, subject: str = "") -> None:
        """Take an alarm back; does nothing when it does not stand."""
        if self._standing.pop((kind, subject), None) is not None:
            log.warning("alarm.cleared", alarm=kind.value, account=subject)
            self._count(kind)

    def standing(self, subject: str | None = None) -> Sequence[Alarm]:
        """Return the alarms that stand, the oldest first; with a subject, what concerns it."""
        concerned = [
            alarm
            for alarm in self._standing.values()
            if subject is None or alarm.subject in ("", subject)
        ]
        return sorted(concerned, key=lambda alarm: alarm.since_ms)

    def _count(self, kind: AlarmKind) -> None:
        count = sum(alarm.kind is kind for alarm in self._standing.values())
        self._metrics.alarms.labels(kind.value).set(count)
