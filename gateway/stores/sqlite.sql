-- The embedded store's schema, as numbered migrations: forward only, each run in one transaction.
-- A migration that was released is never edited; the next one goes below it.
--
-- `uuid`, `owner` and message ids are 16 bytes when they are UUIDs and text when they are not.
-- A dispatch has a small number of its own, because five tables refer to it. What grows with a
-- dispatch (state, history) and what never changes (plan) are kept apart: pages of plans stay
-- full, and wiping a plan frees space.

-- migration 1

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE application (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE dispatch (
    id INTEGER PRIMARY KEY,
    uuid ANY NOT NULL UNIQUE,
    application INTEGER NOT NULL REFERENCES application,
    revision INTEGER NOT NULL,
    is_open INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    is_wipeable INTEGER NOT NULL,   -- it is closed and its plan is still there
    state BLOB NOT NULL
) STRICT;

CREATE INDEX dispatch_wipeable ON dispatch (changed_ms) WHERE is_wipeable;

CREATE TABLE plan (
    dispatch INTEGER PRIMARY KEY REFERENCES dispatch,
    body BLOB NOT NULL
) STRICT;

CREATE TABLE history (
    dispatch INTEGER NOT NULL REFERENCES dispatch,
    revision INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    entry BLOB NOT NULL,
    PRIMARY KEY (dispatch, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE timer (
    due_ms INTEGER NOT NULL,
    dispatch INTEGER NOT NULL REFERENCES dispatch,
    step INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    PRIMARY KEY (due_ms, dispatch, step, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE message (
    uuid ANY NOT NULL PRIMARY KEY,
    dispatch INTEGER NOT NULL REFERENCES dispatch,
    step INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Spent causes. A spent timer or send is a row that is gone; the others must be remembered.
-- Those of requests and of inbound messages are swept in the order of their numbers.

CREATE TABLE webhook_cause (
    dispatch INTEGER NOT NULL REFERENCES dispatch,
    digest BLOB NOT NULL,
    PRIMARY KEY (dispatch, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE request_cause (
    id INTEGER PRIMARY KEY,
    application INTEGER NOT NULL REFERENCES application,
    key BLOB NOT NULL,
    dispatch INTEGER NOT NULL REFERENCES dispatch,
    fingerprint TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    UNIQUE (application, key)
) STRICT;

CREATE TABLE inbound_cause (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    at_ms INTEGER NOT NULL
) STRICT;

-- One column tells when an item can be claimed: the end of its lease, the instant it was released
-- until, or never (NULL) while it waits for another item of its lane.

CREATE TABLE outbox (
    owner ANY NOT NULL,
    position INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    application INTEGER NOT NULL REFERENCES application,
    url TEXT NOT NULL,
    step INTEGER NOT NULL,
    due_ms INTEGER,
    is_leased INTEGER NOT NULL,
    is_alone INTEGER NOT NULL,      -- belongs to no lane: waits for nothing, nothing waits for it
    fence INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    begun_ms INTEGER,
    created_ms INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (owner, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX outbox_due ON outbox (kind, due_ms) WHERE due_ms IS NOT NULL;

CREATE TABLE dead_letter (
    owner ANY NOT NULL,
    position INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    application INTEGER NOT NULL REFERENCES application,
    url TEXT NOT NULL,
    step INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    reason TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    died_ms INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (owner, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX dead_letter_latest ON dead_letter (application, died_ms);

CREATE TABLE held_webhook (
    id INTEGER PRIMARY KEY AUTOINCREMENT,  -- a stale id must not name another webhook
    application INTEGER NOT NULL REFERENCES application,
    reason TEXT NOT NULL,
    message_uuid ANY,
    digest BLOB NOT NULL,
    received_ms INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (application, digest)
) STRICT;

CREATE INDEX held_webhook_waiting ON held_webhook (message_uuid) WHERE reason = 'unmatched';

-- migration 2

-- A lane waits for an item that fails until `holds_until_ms`, or for ever (NULL). An item that
-- waits for its turn is due at the instant until which its lane waits for the oldest one.

ALTER TABLE outbox ADD COLUMN is_waiting INTEGER NOT NULL DEFAULT 0;

ALTER TABLE outbox ADD COLUMN holds_until_ms INTEGER;

UPDATE outbox SET is_waiting = 1 WHERE due_ms IS NULL;

-- migration 3
--
-- Timers that are due and must not fire are set aside, out of the index of what is due, and come
-- back with their due instants. A store of before has its latest commit for a sign of life.

CREATE TABLE hold (
    scope TEXT NOT NULL,
    reason TEXT NOT NULL,
    account TEXT NOT NULL,
    dispatch ANY,                   -- a uuid; NULL when the whole account is held
    step INTEGER,
    since_ms INTEGER NOT NULL,
    until_ms INTEGER,
    latest_ms INTEGER NOT NULL,
    secrets TEXT NOT NULL,
    PRIMARY KEY (scope, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE timer_aside (
    scope TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    dispatch INTEGER NOT NULL REFERENCES dispatch,
    step INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    PRIMARY KEY (scope, due_ms, dispatch, step, kind)
) STRICT, WITHOUT ROWID;

CREATE INDEX timer_aside_of ON timer_aside (dispatch);

INSERT INTO meta (name, value)
SELECT 'signed_ms', max(at_ms) FROM history HAVING max(at_ms) IS NOT NULL;

-- migration 4

-- Callbacks that are posted again together form a lane of their own (`is_replayed`), and remember
-- when they were made (`made_ms`; else at `created_ms`).

ALTER TABLE outbox ADD COLUMN is_replayed INTEGER NOT NULL DEFAULT 0;

ALTER TABLE outbox ADD COLUMN made_ms INTEGER;

ALTER TABLE dead_letter ADD COLUMN http_status INTEGER;

DROP INDEX dead_letter_latest;

CREATE INDEX dead_letter_oldest ON dead_letter (application, created_ms);

-- migration 5
--
-- A send that cannot be made is suspended for its account: due when its patience ends, and taken up
-- before that, in the order of acceptance, when the account can send again.

ALTER TABLE outbox ADD COLUMN refused_ms INTEGER;
ALTER TABLE outbox ADD COLUMN suspended_for TEXT;
ALTER TABLE outbox ADD COLUMN accepted INTEGER;  -- the number of its dispatch, once suspended

CREATE INDEX outbox_suspended ON outbox (suspended_for, accepted)
    WHERE suspended_for IS NOT NULL;

-- Sends that wait for nothing but their turn.
CREATE INDEX outbox_waiting ON outbox (application, created_ms)
    WHERE kind = 0 AND refused_ms IS NULL;

-- migration 6

-- Whose dispatches are open is asked on the event loop, after every stall.
CREATE INDEX dispatch_open ON dispatch (application) WHERE is_open;

-- migration 7
--
-- The first sends of an account since it was last heard of, as a list of instants.

CREATE TABLE silence (
    account TEXT PRIMARY KEY,
    accepted_ms TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- migration 8

-- Those over the retention are looked for once a minute, by the connection that commits wait for.
CREATE INDEX dead_letter_died ON dead_letter (died_ms);

-- migration 9
--
-- What is due is claimed application by application: what waits of one is in no other's way.

DROP INDEX outbox_due;

CREATE INDEX outbox_due ON outbox (kind, application, due_ms) WHERE due_ms IS NOT NULL;
