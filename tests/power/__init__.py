"""Loss of power: files that lose what was not synced, and stores that are cut off from them.

For a test or the laboratory, in one process and without a compiler (`CAN_HEAR` tells whether this
Python's SQLite can be heard; where it cannot, `abandon(store)` still is a kill -9 that leaves the
files as they are, and there are no cuts)::

    with Disk(folder) as disk:                       # all that lies there counts as synced
        store = await open_store(f"sqlite:///{disk.folder / 'gateway.db'}", clock=clock)
        ...
        disk.kill(store)                             # kill -9: the cache of the system survives
        store = await open_store(...)                # the same path: nothing of the dead is left
        ...
        disk.cut(store, random.Random(seed))         # power: of what was not synced a drawn part
        store = await open_store(...)
        disk.fail_after(17, then=note)               # the power goes amid the 18th change from now
        ...
        disk.cut(store, random.Random(seed))

A dead store raises `StoreUnavailable` from every call, and whoever waited for it waits for ever.
`kill` and `cut` are called at any await of the store's methods; they take no time of the event
loop, but the cancelled checkpoint task ends in its next turn. A change costs some 4 microseconds, a
cut under a millisecond for a store of a few hundred kilobytes; descriptors are all given back.

Reading order: `unsynced.py` (what may be left), `vfs.py` (how changes are heard), `disk.py` (how a
process dies).
"""
