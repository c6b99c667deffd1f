"""Observing: the legacy service serves, we pass everything on and look.

Nothing is sent from here that did not come in, and nothing that came in is passed on twice. What
is seen goes to the recorder after it was answered.
"""

from __future__ import annotations

from typing import Final, assert_never

import orjson

from gateway.clock import Clock
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.modes.facts import Answered, LegacyEnded, Told
from gateway.modes.forward import Forwarder, Headers, NotPassed, Passed, PassedInDoubt, Passing
from gateway.modes.handed import HandedKeys
from gateway.modes.recorder import Recorder
from gateway.settings import Application
from gateway.settings.mode_rules import SPLIT
from gateway.traces.model import Path

log = get_logger()

ENDING_ANSWERS: Final = 3
ENDING_MS: Final = 60_000
"""The legacy service is gone for good when it answers 404 or 410 at least three times in a row and
for at least a minute: a deploy that went wrong is quicker noticed, or not that quick."""

_GONE: Final = frozenset({404, 410})
# Whoever is served otherwise has workflows with Dispatch from before this process: no trace of it
# could take in what they tell.
_TRACED: Final = frozenset({"observe", SPLIT})
# About the workflow itself; all else (credentials, pace, faults) says nothing about it.
_ABOUT_THE_WORKFLOW: Final = frozenset({400, 422})


class Ending:
    """Whether the legacy service has come to its end."""

    def __init__(self, *, stays: bool) -> None:
        """Begin with a service that lives.

        Args:
            stays: whether an end that was seen is final; else another answer revokes it.
        """
        self.has_come = False
        self._stays = stays
        self._first_ms: int | None = None
        self._answers = 0

    def note(self, http_status: int, now_ms: int) -> bool:
        """Take in an answer; return whether it changes what is known."""
        if self.has_come and self._stays:
            return False
        if http_status not in _GONE:
            was, self.has_come, self._first_ms, self._answers = self.has_come, False, None, 0
            return was
        self._first_ms = now_ms if self._first_ms is None else self._first_ms
        self._answers += 1
        was = self.has_come
        self.has_come = self._answers >= ENDING_ANSWERS and now_ms - self._first_ms >= ENDING_MS
        return self.has_come and not was


class Observer:
    """Passes requests on to the legacy service, and its callbacks on to the application."""

    def __init__(
        self,
        *,
        legacy: str,
        takes_over: bool,
        forwarder: Forwarder,
        relay: Forwarder,
        recorder: Recorder,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        """Prepare to observe.

        Args:
            legacy: the base URL of the legacy service.
            takes_over: whether we serve new workflows once it is gone for good.
            forwarder: reaches the legacy service.
            relay: reaches applications.
        """
        self._legacy = legacy
        self._takes_over = takes_over
        self._forwarder = forwarder
        self._relay = relay
        self._recorder = recorder
        self._clock = clock
        self._metrics = metrics
        self._ending = Ending(stays=takes_over)
        self._handed = HandedKeys()

    @property
    def forwards(self) -> bool:
        """Whether new workflows are the legacy service's."""
        return not (self._ending.has_come and self._takes_over)

    def keeps(self, headers: Headers) -> bool:
        """Tell whether a request repeats, by its key, one that the legacy service may have taken.

        It is passed on although the service is gone: served here, it could message people twice.
        """
        return self._handed.hold(headers)

    def describe(self) -> str:
        """Return what readiness says about the legacy service; empty when all is well."""
        if not self._ending.has_come:
            return ""
        then = "new workflows are served here" if self._takes_over else "its answers are passed on"
        return f"the legacy service is gone; {then}"

    async def forward(
        self,
        path: str,
        query: bytes,
        body: bytes,
        headers: Headers,
        *,
        origin: str = "observe",
        pair: str | None = None,
        refusal: int | None = None,
    ) -> Passing:
        """Pass a request on to the legacy service, once.

        Args:
            path: the path as it was called.
            query: the query string, without its question mark.
            origin: the mode that passes it on.
            pair: what its trace shares with the one of our own path, if there is one.
            refusal: the HTTP status with which we would have refused its headers, if we would.
        """
        self._handed.hand(headers)
        url = f"{self._legacy}{path}"
        passing = await self._forwarder.post(url, body, headers, query=query)
        self._handed.settle(headers, passing)
        match passing:
            case Passed():
                self._metrics.forwards.labels("answered").inc()
                self._note_ending(passing.http_status)
                self._record(body, passing, origin, pair, refusal)
            case NotPassed(reason=reason):
                self._metrics.forwards.labels("unsent").inc()
                log.error("legacy.unreachable", reason=reason)
            case PassedInDoubt(reason=reason):
                self._metrics.forwards.labels("in-doubt").inc()
                log.error("legacy.unreachable", reason=reason, outcome="in-doubt")
            case _:  # pragma: no cover
                assert_never(passing)
        return passing

    async def relay(self, application: Application, body: bytes, headers: Headers) -> Passing:
        """Pass a callback on to the application's status URL, once.

        Dispatch tells a status again until it is taken, so it has to see the application's own
        answer (docs/wire.md section 5.1).
        """
        at_ms = self._clock.now_ms()
        passing = await self._relay.post(application.status_url, body, headers)
        is_taken = isinstance(passing, Passed) and 200 <= passing.http_status <= 299
        # A signature that the application does not accept is no word of Dispatch's.
        is_foreign = isinstance(passing, Passed) and passing.http_status in (401, 403)
        self._metrics.relays.labels(_outcome(passing, is_taken=is_taken)).inc()
        if not is_foreign and application.mode in _TRACED:
            self._recorder.put(Told(at_ms=at_ms, body=body, is_taken=is_taken))
        return passing

    def keep(self, body: bytes) -> None:
        """Record a callback that goes no further: the application was told of the other path."""
        self._recorder.put(Told(at_ms=self._clock.now_ms(), body=body, is_taken=True))

    async def close(self) -> None:
        """Close the connections."""
        await self._forwarder.close()
        await self._relay.close()

    def _note_ending(self, http_status: int) -> None:
        if not self._ending.note(http_status, self._clock.now_ms()):
            return
        self._metrics.legacy_gone.set(self._ending.has_come)
        if not self._ending.has_come:
            log.warning("legacy.returned", http_status=http_status)
            return
        log.critical(
            "legacy.ended",
            http_status=http_status,
            remedy="serve the applications here: GATEWAY_MODE=gateway",
        )
        # Nothing more comes of its workflows: a missing report would be no difference.
        self._recorder.put(LegacyEnded())

    def _record(
        self, body: bytes, passed: Passed, origin: str, pair: str | None, refusal: int | None
    ) -> None:
        dispatch_uuid = dispatch_uuid_of(passed) if passed.http_status == 202 else None
        if dispatch_uuid is None and passed.http_status not in _ABOUT_THE_WORKFLOW:
            return
        self._recorder.put(
            Answered(
                path=Path.LEGACY,
                origin=origin,
                at_ms=self._clock.now_ms(),
                body=body,
                http_status=passed.http_status,
                dispatch_uuid=dispatch_uuid,
                pair=pair,
                refusal=refusal,
            )
        )


def dispatch_uuid_of(passed: Passed) -> str | None:
    """Return the id that an answer gives to a workflow, if it does."""
    try:
        document = orjson.loads(passed.body)
    except orjson.JSONDecodeError:
        return None
    found = document.get("dispatch_uuid") if isinstance(document, dict) else None
    return found.lower() if isinstance(found, str) else None


def _outcome(passing: Passing, *, is_taken: bool) -> str:
    match passing:
        case Passed():
            return "taken" if is_taken else "refused"
        case NotPassed():
            return "unsent"
        case PassedInDoubt():
            return "in-doubt"
        case _:  # pragma: no cover
            assert_never(passing)
