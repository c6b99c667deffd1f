"""Which faults a run goes through: every write and every fsync of what a few requests cause."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

from tests.faults.shim import Fault, Kind, Manner

ERRORS: Final = (errno.EIO, errno.ENOSPC)
WRITES: Final = 40
"""About as many as accepting a round's requests takes; what comes later belongs to their sends."""
SYNCS: Final = 10


def every_fault() -> Iterator[Fault]:
    """Yield each call that can fail, with each error, in each manner."""
    yield from _faults(range(1, SYNCS + 1), Kind.SYNC, tuple(Manner)[:3])
    yield from _faults(range(1, WRITES + 1), Kind.WRITE, (Manner.ONCE,))
    yield from _faults(range(1, WRITES + 1, 3), Kind.WRITE, tuple(Manner)[1:])
    # What takes a failed commit back can fail like everything else.
    yield from _faults(range(1, SYNCS + 1), Kind.SYNC | Kind.TRUNCATE, (Manner.FROM_THEN_ON,))


def some_faults() -> Iterator[Fault]:
    """Yield a few of each kind."""
    yield from _faults((1, 2, 4), Kind.SYNC, (Manner.ONCE,))
    yield from _faults((2,), Kind.SYNC, (Manner.AFTER_DOING_IT,))
    yield from _faults((1,), Kind.SYNC | Kind.TRUNCATE, (Manner.FROM_THEN_ON,))
    yield from _faults((1, 8, 17, 25), Kind.WRITE, (Manner.ONCE,))
    yield from _faults((12,), Kind.WRITE, (Manner.AFTER_DOING_IT, Manner.HALF_WAY))


def _faults(numbers: Iterable[int], kind: Kind, manners: Iterable[Manner]) -> Iterator[Fault]:
    for nth, manner, error in product(numbers, manners, ERRORS):
        yield Fault(kind=kind, nth=nth, error=error, manner=manner)
