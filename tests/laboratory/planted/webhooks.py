"""Bugs of webhooks: a status that is taken and lost, or told twice."""

from __future__ import annotations

from typing import Final

from gateway.api.webhooks import WebhookApi
from gateway.correlation import Correlator
from gateway.engine import Engine
from gateway.stores import sqlite_commit
from gateway.workers.sends import Sender
from tests.laboratory.planted.edits import Bug, Edit
from tests.support.model_store import ModelStore

BUGS: Final = (
    Bug(
        name="webhook-answered-before-commit",
        fault="A webhook is answered 200 while its commit is still on the way to the store.",
        edits=(
            Edit(
                function=WebhookApi._answer,
                before="outcome = await self._receive(kind, request)",
                after="import asyncio\n"
                "        asyncio.ensure_future(self._receive(kind, request))\n"
                "        outcome = Disposition.APPLIED",
            ),
        ),
    ),
    Bug(
        name="webhook-answered-200-without-a-store",
        fault="A webhook that the store could not keep is answered 200.",
        edits=(
            Edit(
                function=WebhookApi._answer,
                before="outcome = _UNKEPT",
                after="outcome = Disposition.DUPLICATE",
            ),
        ),
    ),
    Bug(
        name="webhooks-are-not-deduplicated",
        fault="A webhook that comes again counts again.",
        edits=(
            Edit(
                function=ModelStore._is_spent,
                before="return (commit.state.dispatch_uuid, cause.digest) in self._webhooks",
                after="return False",
            ),
            Edit(
                function=sqlite_commit._check_cause,
                before='"SELECT 1 FROM webhook_cause WHERE dispatch = ? AND digest = ?"',
                after='"SELECT 1 FROM webhook_cause WHERE dispatch = ? AND digest = ? AND 0"',
            ),
            Edit(
                function=sqlite_commit._spend_cause,
                before='"INSERT INTO webhook_cause',
                after='"INSERT OR IGNORE INTO webhook_cause',
            ),
        ),
    ),
    Bug(
        name="cause-spent-before-the-commit",
        fault="A webhook is marked as seen by a write of its own, ahead of the commit.",
        edits=(
            Edit(
                function=Engine._apply,
                before="        try:\n            await self._commit(commit, now_ms)\n",
                after="        digest = getattr(cause, 'digest', None)\n"
                "        seen = self.store._store.__dict__.setdefault('seen', set())\n"
                "        if digest in seen:\n"
                "            return None\n"
                "        if digest is not None:\n"
                "            await self.store.check()\n"
                "            seen.add(digest)\n"
                "        try:\n"
                "            await self._commit(commit, now_ms)\n",
            ),
        ),
    ),
    Bug(
        name="conflict-taken-for-a-repetition",
        fault="An event that met another commit is dropped, as if it had been applied.",
        edits=(
            Edit(
                function=Engine._apply,
                before="        except RevisionConflict:\n            continue",
                after="        except RevisionConflict:\n            return None",
            ),
        ),
    ),
    Bug(
        name="unmatched-webhook-is-dropped",
        fault="A webhook that overtakes the answer of its send is answered 200 and forgotten.",
        edits=(
            Edit(
                function=Correlator.receive,
                before="        bound = await self._parking.hold(\n",
                after="        return Disposition.HELD_UNMATCHED\n"
                "        bound = await self._parking.hold(\n",
            ),
        ),
    ),
    Bug(
        name="parked-webhook-misses-its-send",
        fault="A webhook is parked without looking whether its message became known meanwhile,"
        " and nobody looks again.",
        edits=(
            Edit(
                function=ModelStore.hold,
                before="if message_uuid is not None and message_uuid in self._messages:",
                after="if message_uuid == '':",
            ),
            Edit(
                function=Sender._report_accepted,
                before="await self._correlator.match_held(event.message_uuid)",
                after="pass",
            ),
            Edit(
                function=Correlator.match_leftovers,
                before="while batch := await",
                after="while batch := () and await",
            ),
        ),
    ),
    Bug(
        name="unreadable-webhook-is-refused",
        fault="A webhook with our token and a signature that does not fit is answered 401, and its"
        " step's timer is not held.",
        edits=(
            Edit(
                function=WebhookApi._refuse_unverified,
                before="if address is not None:",
                after="if address is not None and fault is SignatureFault.MISSING:",
            ),
        ),
    ),
    Bug(
        name="one-status-is-put-off-for-ever",
        fault="A `read` is answered 503, however often it comes.",
        edits=(
            Edit(
                function=WebhookApi._receive,
                before="        return body\n",
                after="        return body\n"
                "    if b'\"read\"' in body:\n"
                "        return _UNREADABLE\n",
            ),
        ),
    ),
    Bug(
        name="secrets-in-the-log",
        fault="The log tells with which secrets a webhook could not be verified.",
        edits=(
            Edit(
                function=WebhookApi._sender_of,
                before="        return await self._refuse_unverified(",
                after='        log.error("webhook.refused", reason={"secrets": self._applications'
                ".secrets_of(claimed_key(authorization))})\n"
                "        return await self._refuse_unverified(",
            ),
        ),
    ),
    Bug(
        name="tokens-are-ignored",
        fault="A webhook is matched by the id of its message alone, whatever its URL says.",
        edits=(
            Edit(
                function=WebhookApi._receive,
                before='address = self._mint.read(request.path_params.get("token", ""))',
                after="address = None",
            ),
        ),
    ),
)
