"""The parts of the modes, wired from the settings: none of them where no mode asks for it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from gateway.clients.egress import Egress
from gateway.clients.guard import AddressPolicy
from gateway.clock import Clock
from gateway.core.decide import Decision
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.modes.explain import Explainer
from gateway.modes.finisher import Finisher
from gateway.modes.forward import Forwarder
from gateway.modes.judging import Judge
from gateway.modes.observe import Observer
from gateway.modes.paired import Pairing
from gateway.modes.recorder import Recorder
from gateway.modes.splitter import Splitter
from gateway.settings import Settings
from gateway.settings.choices import callback_options, request_options
from gateway.settings.mode_rules import PAIRED, SPLIT
from gateway.settings.terms import terms_of
from gateway.stores.base import Commit
from gateway.traces.files import TraceWriter
from gateway.traces.pseudonyms import KEY_SIZE, Pseudonyms

log = get_logger()

LEGACY: Final = "https://api.nexmo.com"
"""Where Dispatch is, unless `GATEWAY_LEGACY` says otherwise."""
OBSERVE: Final = "observe"
EXPLAIN: Final = "explain"
_GATEWAY: Final = "gateway"
_RECORDED: Final = frozenset({OBSERVE, EXPLAIN, SPLIT, PAIRED})
_FORWARDED: Final = frozenset({OBSERVE, SPLIT, PAIRED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Modes:
    """What is there besides the gateway itself."""

    recorder: Recorder | None
    observer: Observer | None
    splitter: Splitter | None = None
    pairing: Pairing | None = None
    legacy: str | None = None
    """Where Dispatch is, if anything is passed on to it."""
    split_accounts: frozenset[str] = frozenset()
    """Those of the applications whose workflows are split."""
    names: frozenset[str] = frozenset({_GATEWAY})
    """The modes of all applications."""

    @property
    def standing(self) -> dict[str, str | list[str]]:
        """Who serves, as a start is told: the modes, where Dispatch is, and the dial."""
        told: dict[str, str | list[str]] = {"modes": sorted(self.names)}
        if self.legacy is not None:
            told["legacy"] = self.legacy
        if self.splitter is not None:
            told["share"] = self.splitter.served
        return told

    @property
    def witness(self) -> Callable[[Commit, Decision], None] | None:
        """What the engine tells its commits; `None` costs it nothing."""
        witnesses = [each.witness for each in (self.recorder, self.splitter) if each is not None]
        if len(witnesses) < 2:
            return witnesses[0] if witnesses else None

        def tell(commit: Commit, decision: Decision) -> None:
            for witness in witnesses:
                witness(commit, decision)

        return tell

    def became_mute(self, account: str) -> None:
        """Take that the sends of an account cannot be made: a split steps back."""
        if self.splitter is not None and account in self.split_accounts:
            self.splitter.became_mute()

    def describe_legacy(self) -> str:
        """Return what readiness says about the two paths; empty when there is nothing to say."""
        # What a split says of itself names it.
        is_plain = self.names in ({_GATEWAY}, {SPLIT})
        word = "mode" if len(self.names) == 1 else "modes"
        told = ["" if is_plain else f"{word} {', '.join(sorted(self.names))}"]
        told += [each.describe() for each in (self.observer, self.splitter) if each is not None]
        return "; ".join(each for each in told if each)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Record until left."""
        async with contextlib.AsyncExitStack() as stack:
            if self.observer is not None:
                stack.push_async_callback(self.observer.close)
            if self.splitter is not None:
                stack.callback(self.splitter.close)
            if self.recorder is not None:
                await stack.enter_async_context(self.recorder.running())
            yield


def build_modes(
    settings: Settings,
    *,
    policy: AddressPolicy,
    egress: Egress,
    secret: bytes,
    clock: Clock,
    metrics: Metrics,
) -> Modes:
    """Build what the modes of the applications need.

    Args:
        secret: as old as the store; the key of people's places under a dial.

    Raises:
        StoreUnavailable: what a split has to remember cannot be kept.
    """
    modes = {application.mode for application in settings.applications}
    # Who was cut over still has workflows with Dispatch, whose callbacks have to get through.
    has_legacy = bool(settings.legacy) or not modes.isdisjoint(_FORWARDED)
    if settings.trace is None and not has_legacy and modes.isdisjoint(_RECORDED):
        return Modes(recorder=None, observer=None)
    splitter = Splitter.of(settings, secret=secret, clock=clock, metrics=metrics)
    recorder = Recorder(
        finisher=_finisher(settings, clock),
        clock=clock,
        metrics=metrics,
        queue_limit=settings.trace_queue,
        linger_s=settings.trace_linger_s,
        applications=frozenset(
            application.name
            for application in settings.applications
            if settings.trace is not None or application.mode in _RECORDED
        ),
        heed=None if splitter is None else splitter.judged,
    )
    if not has_legacy:
        return Modes(recorder=recorder, observer=None, names=frozenset(modes))
    legacy = settings.legacy or LEGACY
    observer = Observer(
        legacy=legacy,
        takes_over=settings.legacy_gone == "gateway",
        forwarder=Forwarder(policy=policy, egress=egress, deadline_s=settings.legacy_timeout_s),
        relay=Forwarder(
            policy=policy,
            egress=egress,
            deadline_s=settings.callback_timeout_s,
            status_decides=True,
        ),
        recorder=recorder,
        clock=clock,
        metrics=metrics,
    )
    return Modes(
        recorder=recorder,
        observer=observer,
        splitter=splitter,
        split_accounts=frozenset(
            each.account for each in settings.applications if each.mode == SPLIT
        ),
        pairing=Pairing.of(settings),
        legacy=legacy,
        names=frozenset(modes),
    )


def _finisher(settings: Settings, clock: Clock) -> Finisher:
    if settings.trace_key is not None:
        key = settings.trace_key.reveal().encode()
    else:
        key = clock.draw_token(KEY_SIZE)
    if settings.trace is not None and settings.trace_key is None:
        log.info(
            "trace.key_drawn",
            remedy="traces of different runs do not share pseudonyms; set GATEWAY_TRACE_KEY",
        )
    return Finisher(
        pseudonyms=Pseudonyms(key),
        open_writer=None if settings.trace is None else partial(TraceWriter, Path(settings.trace)),
        translate=request_options(settings).translate,
        judges=judges_of(settings),
    )


def judges_of(settings: Settings) -> dict[str, Judge]:
    """Return what finished traces are held against, by their origin."""
    requests, terms = request_options(settings), partial(terms_of, settings)
    modes = {application.mode for application in settings.applications}
    judges: dict[str, Judge] = {}
    for mode in modes & {OBSERVE, SPLIT}:
        from gateway.compare.pairing import Rules  # noqa: PLC0415 - only needed here
        from gateway.modes.predict import Predictor  # noqa: PLC0415

        rules = Rules(requests=requests, callbacks=callback_options(settings), terms=terms)
        judges[mode] = Predictor(rules)
    if PAIRED in modes:
        from gateway.modes.pair_judge import PairJudge  # noqa: PLC0415 - only needed here

        judges[PAIRED] = PairJudge()
    if EXPLAIN in modes:
        judges[EXPLAIN] = Explainer(requests, terms)
    return judges
