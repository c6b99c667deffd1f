"""The one place where a refusal becomes an answer, in the v0.1 error shape."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.repeated_lines import RepeatedLines
from gateway.api.requests import Refusal
from gateway.clock import Clock
from gateway.front.refusals import CHALLENGE
from gateway.logs import get_logger
from translators.problems import Problem, problem_body

log = get_logger()

DIAGNOSTICS_HEADER = "Gateway-Diagnostics"

_RETRY_AFTER_S = 2

_PASSING: Final = frozenset({Problem.UNAVAILABLE, Problem.TOO_MANY_REQUESTS})
"""Problems that say when to ask again."""
_BY_ANYBODY: Final = frozenset(
    {
        *(Problem.UNAUTHORIZED, Problem.TOO_MANY_REQUESTS, Problem.NOT_FOUND, Problem.WRONG_VERB),
        Problem.MISDIRECTED,
    }
)
"""Refusals that need no credentials, or one request after the other of somebody who has some."""

_BY_STATUS = {
    400: Problem.INVALID_PARAMETERS,
    404: Problem.NOT_FOUND,
    405: Problem.WRONG_VERB,
}


class Problems:
    """Makes problem answers, each with an `instance` under which the log knows it, too.

    Of those that anybody can cause at will the log has the first and then one a minute.
    """

    def __init__(self, *, clock: Clock, invalid_as_array: bool, lines: RepeatedLines) -> None:
        self._clock = clock
        self._lines = lines
        self._invalid_as_array = invalid_as_array

    def answer(
        self,
        refusal: Refusal,
        *,
        headers: dict[str, str] | None = None,
        is_repeated: bool = False,
    ) -> Response:
        """Return the answer to a refused request.

        Args:
            is_repeated: anybody can cause it at will, so that not every one has a line in the log.
        """
        instance = self._clock.draw_token(16).hex()
        problem = refusal.problem
        said = {
            "http_status": problem.http_status,
            "problem": problem.name.lower(),
            "outcome": "unknown" if refusal.is_in_doubt else "none",
        }
        if is_repeated or problem in _BY_ANYBODY:
            self._lines.write("info", "request.refused", latest={"instance": instance}, **said)
        else:
            rules = list(refusal.codes)
            log.info("request.refused", **said, rules=rules, instance=instance)
        body = problem_body(
            problem,
            instance=instance,
            detail=refusal.detail,
            invalid=refusal.invalid,
            as_array=self._invalid_as_array,
        )
        answer = Response(
            orjson.dumps(body),
            status_code=problem.http_status,
            media_type="application/json",
            headers=headers,
        )
        if refusal.codes:
            answer.headers[DIAGNOSTICS_HEADER] = ", ".join(refusal.codes)
        if problem is Problem.UNAUTHORIZED:
            answer.headers["WWW-Authenticate"] = CHALLENGE
        if problem in _PASSING and not refusal.is_in_doubt:
            answer.headers["Retry-After"] = str(refusal.retry_after_s or _RETRY_AFTER_S)
        return answer

    def handlers(
        self,
    ) -> dict[int | type[Exception], Callable[[Request, Exception], Awaitable[Response]]]:
        """Return the handlers that give the framework's own refusals the v0.1 shape."""
        return {HTTPException: self._http_exception, Exception: self.answer_unexpected}

    async def _http_exception(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        problem = _BY_STATUS.get(error.status_code, Problem.INVALID_PARAMETERS)
        return self.answer(
            Refusal(problem=problem), headers=dict(error.headers) if error.headers else None
        )

    async def answer_unexpected(self, request: Request, error: Exception) -> Response:
        """Answer what nobody expected: 500 on the wire, class and place of the fault in the log."""
        log.error("request.failed", error_type=type(error).__name__, exc_info=True)
        return self.answer(Refusal(problem=Problem.INTERNAL))
