"""Bugs of accepting: a 202 that is not kept, or a request that becomes two dispatches."""

from __future__ import annotations

from typing import Final

from gateway.api import requests
from gateway.engine import Engine
from gateway.stores import sqlite_commit
from tests.laboratory.planted.edits import Bug, Edit
from tests.support.model_store import ModelStore

BUGS: Final = (
    Bug(
        name="answer-before-commit",
        fault="A workflow is answered 202 while its commit is still on the way to the store.",
        edits=(
            Edit(
                function=Engine.accept,
                before="await self._commit(commit, now_ms)",
                after="asyncio.ensure_future(self._commit(commit, now_ms))",
            ),
        ),
    ),
    Bug(
        name="key-is-not-kept",
        fault="An Idempotency-Key is compared, and never remembered.",
        edits=(
            Edit(
                function=ModelStore._spend,
                before="if cause.idempotency_key is not None:",
                after="if cause.idempotency_key == '':",
            ),
            Edit(
                function=sqlite_commit._spend_cause,
                before="if key is not None:",
                after="if key == '':",
            ),
        ),
    ),
    Bug(
        name="key-is-compared-before-the-commit",
        fault="Whether a key was used is asked first, and not again by the commit.",
        edits=(
            Edit(
                function=Engine.accept,
                before="    now_ms = self._clock.now_ms()\n",
                after="    used = await self._first_answer("
                "application, idempotency_key, fingerprint)\n"
                "    if used is not None:\n"
                "        return used\n"
                "    now_ms = self._clock.now_ms()\n",
            ),
            Edit(
                function=ModelStore._is_spent,
                before="return (cause.application, cause.idempotency_key) in self._requests",
                after="return False",
            ),
            Edit(
                function=sqlite_commit._check_cause,
                before="is_spent = key is not None and bool(",
                after="is_spent = key == '' and bool(",
            ),
            Edit(
                function=sqlite_commit._spend_cause,
                before='"INSERT INTO request_cause',
                after='"INSERT OR REPLACE INTO request_cause',
            ),
        ),
    ),
    Bug(
        name="unknown-is-told-as-nothing",
        fault="Of a commit whose outcome is not known the caller hears that nothing was accepted.",
        edits=(
            Edit(
                function=requests.refuse_unkept,
                before="if isinstance(error, OutcomeUnknown):",
                after="if isinstance(error, OutcomeUnknown) and has_key:",
            ),
        ),
    ),
)
