"""`make power-test`: let the power go at every change that a store makes to its files.

A store runs (`workload.py`), and what it does to its files and tells its callers is taken down
(`trace.py`). At each change the power is cut: of what was not synced a drawn part is left
(`unsynced.py`), the next owner opens the store, and everything in it is compared (`replay.py`,
`whole.py`). How changes are heard is in `vfs.py`, and how a process dies in `disk.py`.

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
        disk.fail_sync_after(3)                      # the 4th sync from now fails, as disks do it

A dead store raises `StoreUnavailable` from every call, and whoever waited for it waits for ever.
`kill` and `cut` may be called at any await of the store's methods. They give the event loop no
turn; the cancelled task of the checkpoints ends in the next one. A change costs some 4
microseconds, a cut about a millisecond for a store of a few hundred kilobytes; no descriptor is
left open.
"""
