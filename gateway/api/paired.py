"""What is asked of applications in the mode `paired`: both paths, for test handsets only.

The request goes to Dispatch first; only when its answer is there do we serve it, too. The caller
gets our answer and our callbacks. Those of Dispatch are recorded and go no further.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from gateway.api.legacy import LegacyApi
from gateway.api.requests import Asked, Refusal
from gateway.clock import Clock
from gateway.modes.forward import Passed
from gateway.modes.paired import Locked, Pairing
from gateway.settings import Application, Settings
from gateway.settings.mode_rules import PAIRED
from gateway.stores.base import StoreUnavailable
from translators.diagnostics import JsonObject
from translators.dispatch import DispatchPlan
from translators.documents import parse_document
from translators.problems import Problem

Locks: TypeAlias = Callable[[JsonObject, DispatchPlan, tuple[str, ...], int], Locked | None]

# Dispatch took it, or refused the workflow itself: what we do then is worth comparing.
_TAKEN: Final = 202
_COMPARABLE: Final = frozenset({_TAKEN, 400, 422})
_HALF: Final = Refusal(
    problem=Problem.GATEWAY_TIMEOUT,
    detail="Dispatch took the request, and this gateway may not have kept it. Do not send it again,"
    " or the handset gets one more message.",
)


class PairedApi:
    """Serves each request of a paired application twice, if it passes the locks."""

    def __init__(
        self,
        *,
        pairing: Pairing,
        legacy: LegacyApi,
        applications: Sequence[Application],
        clock: Clock,
    ) -> None:
        self._pairing = pairing
        self._legacy = legacy
        self._clock = clock
        self._paired = {each.name for each in applications if each.mode == PAIRED}

    @classmethod
    def of(
        cls,
        settings: Settings,
        pairing: Pairing | None,
        legacy: LegacyApi | None,
        clock: Clock,
    ) -> PairedApi | None:
        """Return the double service of these settings; `None` where nothing is paired."""
        if pairing is None or legacy is None:
            return None
        return cls(pairing=pairing, legacy=legacy, applications=settings.applications, clock=clock)

    def takes(self, caller: Application) -> bool:
        """Tell whether the workflows of `caller` are paired."""
        return caller.name in self._paired

    def rehearse(self, asked: Asked) -> Refusal | None:
        """Say why a request would not be sent; `None` if the cap may allow it. Counts nothing."""
        return self._pass(asked, self._pairing.judge)

    def _pass(self, asked: Asked, locks: Locks) -> Refusal | None:
        if asked.key is not None:
            return _refuse(
                "A paired request takes no Idempotency-Key: Dispatch would send it again."
            )
        document = parse_document(asked.body).value
        assert isinstance(document, dict)  # noqa: S101 - it has a plan
        locked = locks(document, asked.plan, asked.codes, self._clock.now_ms())
        if locked is None:
            return None
        return Refusal(
            problem=Problem.INVALID_PARAMETERS, detail=locked.detail, invalid=locked.invalid
        )

    async def create(
        self,
        request: Request,
        asked: Asked,
        *,
        accept: Callable[[str], Awaitable[Response | Refusal]],
    ) -> Response | Refusal:
        """Answer one POST; nothing leaves before the locks are passed.

        Args:
            asked: the request, as we read it.
            accept: serves it here, under the id of the pair.

        Raises:
            StoreUnavailable: nothing was accepted, neither here nor by Dispatch.
            OutcomeUnknown: Dispatch refused it, and we may have accepted it.
        """
        if request.scope["query_string"]:
            return _refuse("A paired request takes no query: Dispatch may read a recipient in it.")
        if (refusal := self._pass(asked, self._pairing.admit)) is not None:
            return refusal
        pair = str(self._clock.draw_uuid())
        passing, answer = await self._legacy.pass_on(request, asked.body, origin=PAIRED, pair=pair)
        if not isinstance(passing, Passed) or passing.http_status not in _COMPARABLE:
            return answer
        try:
            return await accept(pair)
        except StoreUnavailable:
            if passing.http_status != _TAKEN:
                raise  # Dispatch accepted nothing, and the error says what we did
            return _HALF


def _refuse(detail: str) -> Refusal:
    return Refusal(problem=Problem.INVALID_PARAMETERS, detail=f"{detail} Nothing was sent.")
