"""Splitting: each workflow on one path, by the dial, and back to Dispatch when it goes wrong.

A path is pledged in the ledger before anything is sent, so that whatever happens in between,
nobody is handed to the other path. A request in doubt keeps its pledge.
"""

from __future__ import annotations

import contextlib
from typing import Final

import orjson

from gateway.clock import Clock
from gateway.core.decide import Decision
from gateway.core.events import SendAccepted, SendRefused, SendUnconfirmed
from gateway.core.state import DispatchStatus, Reason
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.modes.dial import Dial, show_share
from gateway.modes.facts import Told
from gateway.modes.judging import Judgement
from gateway.modes.ledger import Ledger, ledger_beside
from gateway.modes.pledges import Claim, Pledges, Route, Subjects, place_on_dial
from gateway.modes.split import Choice, Places, Standing, Why, choose
from gateway.modes.stepback import Cause, Watch
from gateway.settings import Settings
from gateway.settings.mode_rules import SPLIT
from gateway.settings.mode_values import WHOLE
from gateway.settings.terms import longest_horizon_s
from gateway.stores.base import Commit, StoreUnavailable
from gateway.traces.model import Path

log = get_logger()

_JUDGED: Final = {"gateway": Path.LEGACY, "replay": Path.GATEWAY}
"""Whose decisions were compared, by the candidate that they were held against."""
# What is the upstream's fault or ours, and not the message's: throttled or unreachable for the
# whole budget, and credentials or a request that it does not take (docs/wire.md section 5.6).
_CRITICAL: Final = frozenset({"wrong-recipient", "wrong-content"})
_FAULT_CODES: Final = frozenset({1000, 1030, 1100, 1140})


class Splitter:
    """Routes requests, and watches what becomes of them."""

    def __init__(
        self,
        *,
        dial: Dial,
        ledger: Ledger,
        places: Places,
        watch: Watch,
        clock: Clock,
        metrics: Metrics,
        applications: frozenset[str],
        horizon_s: int,
    ) -> None:
        """Begin where the ledger says the dial stood.

        Args:
            applications: names of those whose workflows are split.
            horizon_s: how long the last message of a workflow may still arrive.

        Raises:
            StoreUnavailable: the ledger cannot be used.
        """
        self._dial = dial
        self._ledger = ledger
        self._pledges = Pledges(
            ledger=ledger, places=places, applications=applications, horizon_s=horizon_s
        )
        self._watch = watch
        self._clock = clock
        self._metrics = metrics
        self._applications = applications
        self._share = dial.share()
        self._standing, self._reason = ledger.turn(self._share, clock.now_ms())
        self._doubted: str | None = None
        if ledger.is_new and self._share:
            log.warning(
                "split.ledger_began",
                share=show_share(self._share),
                remedy="leave the dial at 0 for three days: who has open workflows is not known",
            )
        self._show()

    @classmethod
    def of(
        cls, settings: Settings, *, secret: bytes, clock: Clock, metrics: Metrics
    ) -> Splitter | None:
        """Return the splitter of these settings; `None` where nothing is split.

        Args:
            secret: as old as the store: the places of people are for life.

        Raises:
            StoreUnavailable: the ledger, which lies beside the store, cannot be used.
        """
        split = frozenset(each.name for each in settings.applications if each.mode == SPLIT)
        if not split:
            return None
        return cls(
            dial=Dial(settings.split, clock),
            ledger=Ledger(ledger_beside(settings.store, SPLIT)),
            places=Places(secret),
            watch=Watch(),
            clock=clock,
            metrics=metrics,
            applications=split,
            horizon_s=longest_horizon_s(settings),
        )

    @property
    def applications(self) -> frozenset[str]:
        """Names of those whose workflows are split."""
        return self._applications

    def subjects(self, claim: Claim) -> Subjects:
        """Return whom a request concerns. Pure: it may be asked in any thread."""
        return self._pledges.subjects(claim)

    def route(
        self, claim: Claim, *, subjects: Subjects | None = None, has_legacy: bool = True
    ) -> Route:
        """Choose the path of a request and pledge it, before anything of it is sent.

        Args:
            claim: what is asked.
            subjects: whom it concerns, where that was looked up already.
            has_legacy: whether Dispatch is still there.

        Raises:
            StoreUnavailable: it may not be pledged, and nothing may be sent.
        """
        now_ms = self._clock.now_ms()
        standing = self._stand(now_ms)
        subjects = subjects or self.subjects(claim)
        choice = choose(
            standing,
            self._pledges.holds(claim, subjects, now_ms),
            place=place_on_dial(subjects),
            is_servable=claim.is_servable,
            has_legacy=has_legacy,
            now_ms=now_ms,
        )
        is_repeated = choice.why is Why.REPEATED
        route = self._pledges.bind(
            claim, subjects, choice.path, is_repeated=is_repeated, now_ms=now_ms
        )
        self._count(choice)
        return route

    def answered(self, route: Route, http_status: int | None, dispatch_uuid: str | None) -> None:
        """Take how a routed request was answered. Never raises: the answer has to be given.

        Args:
            route: of the request.
            http_status: `None` if it is in doubt: then the pledge stays as it is, for its life.
            dispatch_uuid: of the dispatch that it became, if it did.
        """
        self._pledges.answered(route, http_status, dispatch_uuid)

    def unsent(self, route: Route) -> None:
        """Take that provably not one byte of a routed request left. Never raises."""
        self._pledges.unsent(route)

    def witness(self, commit: Commit, decision: Decision) -> None:
        """Take a commit of the engine."""
        if commit.application not in self._applications:
            return
        event, state = commit.history.event, commit.state
        match event:
            case SendAccepted():
                self._heed(self._watch.sent(is_fault=False))
            case SendUnconfirmed():
                self._heed(self._watch.sent(is_fault=True))
            case SendRefused(code=code):
                self._heed(self._watch.sent(is_fault=code in _FAULT_CODES))
            case _:
                pass
        if decision.ignored is Reason.OTHER_MESSAGE:
            self._heed(self._watch.doubled())
        if state.status is not DispatchStatus.OPEN:
            self.ended(state.dispatch_uuid, is_error=state.status is DispatchStatus.ERROR)

    def became_mute(self) -> None:
        """Take that our sends cannot be made: what cannot leave here leaves with Dispatch."""
        self._heed(Cause.UPSTREAM)

    def told(self, body: bytes) -> None:
        """Take a callback of Dispatch that the application accepted."""
        about = Told(at_ms=0, body=body, is_taken=True).about
        if about is not None and about[1]:
            is_error = orjson.loads(body).get("status") == DispatchStatus.ERROR.value
            self.ended(about[0], is_error=is_error)

    def ended(self, dispatch_uuid: str, *, is_error: bool) -> None:
        """Take the final report of a dispatch, of either path; the first one counts."""
        try:
            pledge = self._ledger.end(dispatch_uuid)
        except StoreUnavailable:
            return  # it is held for longer than it needs to be
        if pledge is not None:
            self._heed(self._watch.ended(pledge.path, pledge.half, is_error=is_error))

    def judged(self, judgement: Judgement) -> None:
        """Take the comparison of a finished workflow with what this gateway would have done."""
        path = _JUDGED.get(judgement.candidate)
        if path is not None:
            is_semantic = judgement.outcome == "semantic"
            is_critical = judgement.kind in _CRITICAL
            cause = self._watch.compared(
                is_semantic=is_semantic, is_critical=is_critical, path=path
            )
            self._heed(cause)

    def describe(self) -> str:
        """Return what readiness says about the split; where nobody calls, this turns the dial."""
        with contextlib.suppress(StoreUnavailable):
            self._stand(self._clock.now_ms())
        doubt = "" if self._dial.fault is None else f"; the dial's file {self._dial.fault}"
        if self._standing.has_stepped_back:
            at = show_share(self._share)
            return f"split stepped back from {at} to 0 % for {self._reason}{doubt}"
        return f"split serves {show_share(self._standing.share)} here{doubt}"

    @property
    def served(self) -> str:
        """The percentage of recipients that are served here, as it is shown."""
        return show_share(self._standing.share)

    def close(self) -> None:
        """Let go of the ledger."""
        self._ledger.close()

    def _stand(self, now_ms: int) -> Standing:
        """Look at the dial, and return where it stands."""
        share = self._dial.share()
        if self._dial.fault != self._doubted:
            self._doubted = self._dial.fault
            if self._doubted is not None:
                log.warning("split.dial_unreadable", reason=self._doubted)
        if share != self._share:
            self._standing, self._reason = self._ledger.turn(share, now_ms)
            self._share = share
            self._watch.forget()
            log.info("split.dial_turned", share=show_share(share))
            self._show()
        return self._standing

    def _heed(self, cause: Cause | None) -> None:
        """Step back, once, if there is a cause and anything to step back from."""
        if cause is None or self._standing.has_stepped_back or not self._standing.share:
            return
        now_ms = self._clock.now_ms()
        self._reason = cause.value
        try:
            self._standing = self._ledger.step_back(cause.value, now_ms)
        except StoreUnavailable:
            # It steps back all the same; only a restart would not know.
            self._standing = Standing(share=0, turned_ms=now_ms, has_stepped_back=True)
        self._watch.forget()
        self._metrics.split_step_backs.labels(cause.value).inc()
        log.critical(
            "split.stepped_back",
            reason=cause.value,
            share=show_share(self._share),
            remedy="find the reason, then turn the dial to another value",
        )
        self._show()

    def _count(self, choice: Choice) -> None:
        self._metrics.split_workflows.labels(choice.path.value, choice.why.value).inc()
        if choice.is_crossing:
            self._metrics.split_crossings.inc()
            log.warning("split.crossed", path=choice.path.value, reason=choice.why.value)

    def _show(self) -> None:
        self._metrics.split_share.set(self._standing.share / WHOLE)
        self._metrics.split_stepped_back.set(self._standing.has_stepped_back)
