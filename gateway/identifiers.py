"""Identifiers in the form of a UUID version 4: ordered by time, and placed in a partition.

    48 bits      Unix milliseconds, so that inserts stay at the right edge of a store's index
    4 bits       version 4: validators of the years of Dispatch know the versions 1 to 5, and its
                 own ids were of version 4
    12 bits      chance
    2 bits       the variant of RFC 4122
    56 bits      chance
    6 bits       the partition

Ids of version 7, which the gateway drew before, have the same bits in the same places, so both
are read alike. Pure: time and chance are handed in. Source: docs/adr/0014-identifiers.md.
"""

from __future__ import annotations

import hashlib
import uuid
from typing import Final

PARTITIONS: Final = 64
"""A power of two; recorded in every id, so it never changes."""

CHANCE_BYTES: Final = 10

_VERSION_4: Final = 4 << 76
_VARIANT: Final = 0b10 << 62
_CHANCE: Final = 0xFFF << 64 | (1 << 62) - 1


def time_ordered_uuid(now_ms: int, chance: bytes) -> uuid.UUID:
    """Return the identifier of an instant, in a partition that chance chose.

    Args:
        now_ms: Unix milliseconds.
        chance: `CHANCE_BYTES` unguessable bytes; 74 bits of them are used.
    """
    drawn = int.from_bytes(chance[:CHANCE_BYTES], "big") & _CHANCE
    return uuid.UUID(int=(now_ms & (1 << 48) - 1) << 80 | _VERSION_4 | _VARIANT | drawn)


def earliest_id(since_ms: int) -> uuid.UUID:
    """Return what no identifier that was drawn at that instant, or later, is smaller than."""
    return uuid.UUID(int=(since_ms & (1 << 48) - 1) << 80)


def partition_of(identifier: uuid.UUID | str) -> int:
    """Return the partition, 0 to 63, that an identifier of any version lies in."""
    value = identifier if isinstance(identifier, uuid.UUID) else uuid.UUID(identifier)
    return value.int % PARTITIONS


def partition_of_key(application: str, idempotency_key: str) -> int:
    """Return the partition of what an application's key begins.

    A store that is cut into partitions finds the key's answer and the dispatch in the same one,
    so that both become durable in one transaction.
    """
    named = f"{application}\0{idempotency_key}".encode()
    return hashlib.sha256(named).digest()[0] % PARTITIONS


def placed(identifier: uuid.UUID, partition: int) -> uuid.UUID:
    """Return the identifier moved into a partition; all its other bits stay."""
    return uuid.UUID(int=identifier.int - partition_of(identifier) + partition)
