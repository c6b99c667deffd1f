"""Who cannot prove who he is: refused, limited when he goes on, and told of in few lines.

A right secret never comes here, whatever else came from the same place or under the same key: an
API key and an application id are no secrets, and whoever knows one must not be able to lock its
owner out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from starlette.types import Scope

from gateway.api.auth import AuthFault, AuthReason
from gateway.api.buckets import Buckets
from gateway.api.repeated_lines import RepeatedLines
from gateway.api.requests import Refusal
from gateway.clock import Clock
from gateway.metrics import Metrics
from gateway.signatures import SignatureFault
from translators.problems import Problem

WRONG_BURST: Final = 50
"""Wrong secrets at once, from one source and for one key, that are answered 401."""
_WRONG_PER_S: Final = WRONG_BURST / 60

_CALLER: Final = "caller"
_WEBHOOK: Final = "webhook"
_TOO_MANY: Final = "Too many wrong credentials. Please wait, then retry your request"

SourceOf: TypeAlias = Callable[[Scope], str]


class Strangers:
    """Answers requests without good credentials."""

    def __init__(
        self, *, source_of: SourceOf, clock: Clock, metrics: Metrics, lines: RepeatedLines
    ) -> None:
        """Prepare; `source_of` names where a request comes from."""
        self._source_of = source_of
        self._metrics = metrics
        self._lines = lines
        self._sources = Buckets(rate_per_s=_WRONG_PER_S, burst=WRONG_BURST, clock=clock)
        self._keys = Buckets(rate_per_s=_WRONG_PER_S, burst=WRONG_BURST, clock=clock)

    def refuse_caller(self, scope: Scope, fault: AuthFault) -> Refusal:
        """Return the answer to bad credentials; what is wrong with them is for the log only."""
        # Who gives no credentials guesses at none: some clients ask like this first.
        wait_s = 0
        if fault.reason is not AuthReason.MISSING:
            wait_s = self._wait_s(scope, _CALLER, fault.claimed)
        return self._refuse(_CALLER, "warning", fault.reason.value, wait_s)

    def refuse_webhook(self, scope: Scope, reason: str, account: str | None) -> Refusal:
        """Return the answer to a forged webhook.

        Args:
            reason: a word of ours.
            account: the one that it claims to be signed by.
        """
        wait_s = self._wait_s(scope, _WEBHOOK, None if account is None else account.encode())
        return self._refuse(_WEBHOOK, "error", reason, wait_s)

    def note_webhook(self, fault: SignatureFault) -> None:
        """Tell of a webhook that cannot be verified and must come again: it is not limited."""
        self._tell(_WEBHOOK, "error", fault.value, "again")

    def _wait_s(self, scope: Scope, kind: str, claimed: bytes | None) -> int:
        """Count a wrong secret; return how many seconds there were too many for, 0 for none."""
        waits = [self._sources.take((kind, self._source_of(scope)))]
        if claimed is not None:
            waits.append(self._keys.take((kind, hash(claimed))))
        return max(waits)

    def _refuse(self, kind: str, level: str, reason: str, wait_s: int) -> Refusal:
        self._tell(kind, level, reason, "limited" if wait_s else "refused")
        if wait_s:
            return Refusal(
                problem=Problem.TOO_MANY_REQUESTS, detail=_TOO_MANY, retry_after_s=wait_s
            )
        return Refusal(problem=Problem.UNAUTHORIZED)

    def _tell(self, kind: str, level: str, reason: str, answer: str) -> None:
        self._metrics.wrong_secrets.labels(kind, reason, answer).inc()
        self._lines.write(level, f"{kind}.refused", reason=reason, latest={})
