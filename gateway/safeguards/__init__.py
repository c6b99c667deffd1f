"""Safeguards: a mistake of the operator, or a bad hour of the vendor, must not reach people.

A timer acts on silence. What is here knows when silence means nothing, and holds the timers it
concerns: `hearing` (down, stalled, without a store), `deafness` (webhooks that cannot be verified),
`unheard` (no webhooks at all) and `clock_check` (an hour that may be wrong). `holds` keeps what is
held, in the store; `safeguards` is what the routes and the workers see of all of it.

Source: docs/operations.md, "Holds" and "The clock"; docs/adr/0016-who-cannot-hear-does-not-act.md.
"""
