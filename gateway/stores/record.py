"""How a store writes one thing: a schema number, the identifiers in binary, the rest as JSON.

    byte 0       schema number
    byte 1       how many identifiers follow
    16 each      UUIDs, as bytes
    the rest     compact JSON with short keys, in which such an identifier is its number

A pending dispatch is held for days, by the million, and half of what is written about it would
be the text of UUIDs. Nothing else is squeezed: the JSON stays legible in a database shell.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import orjson

Document: TypeAlias = dict[str, Any]
Upgrade: TypeAlias = Callable[[Document], Document]

_MAX_IDS: Final = 255
_ID_BYTES: Final = 16


class UnreadableRecord(Exception):
    """A record was written by a newer version, or is not a record at all. It is left alone.

    No `StoreUnavailable`: the store works, and trying again would not help this one record.
    """


@functools.lru_cache(maxsize=8192)
def pack_id(text: str) -> bytes | str:
    """Return the 16 bytes of a UUID in its canonical lower-case form; other text as it is.

    Cached, because every statement about a dispatch names it.
    """
    if len(text) != 36:
        return text
    try:
        raw = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        return text
    return raw if len(raw) == _ID_BYTES and unpack_id(raw) == text else text


def unpack_id(stored: bytes | str) -> str:
    """Return the text that `pack_id` was given."""
    if isinstance(stored, str):
        return stored
    text = stored.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class Words:
    """A closed list of frequent words, written as their numbers. Only ever appended to.

    A word that is not in the list is written out, so that the list need not be complete.
    """

    def __init__(self, *words: str) -> None:
        self._words = words
        self._numbers = {word: number for number, word in enumerate(words)}

    def write(self, word: str) -> int | str:
        """Return the word's number, or the word when it has none."""
        return self._numbers.get(word, word)

    def read(self, written: int | str) -> str:
        """Return the word that `write` was given."""
        return self._words[written] if isinstance(written, int) else written


class Ids:
    """The identifiers of one record, collected while it is written."""

    def __init__(self) -> None:
        self.packed: list[bytes] = []

    def write(self, text: str) -> int | str:
        """Return what stands for the identifier in the JSON."""
        raw = pack_id(text)
        if isinstance(raw, str) or len(self.packed) == _MAX_IDS:
            return text
        self.packed.append(raw)
        return len(self.packed) - 1


class Format:
    """One kind of record and its versions.

    `upgrades[n]` turns the document of schema n + 1 into that of schema n + 2; what is written
    has the schema after the last of them.
    """

    def __init__(self, name: str, upgrades: Sequence[Upgrade] = ()) -> None:
        self._name = name
        self._upgrades = tuple(upgrades)
        self.schema = len(self._upgrades) + 1

    def pack(self, document: Document, ids: Sequence[bytes] = ()) -> bytes:
        """Write a document of the current schema."""
        return b"".join((bytes((self.schema, len(ids))), *ids, orjson.dumps(document)))

    def unpack(self, record: bytes) -> tuple[Document, Callable[[int | str], str]]:
        """Read a record of this or an older schema.

        Returns:
            The document in the current schema, and the reader of the identifiers in it.

        Raises:
            UnreadableRecord: a newer version wrote it, or it is damaged.
        """
        try:
            schema, count = record[0], record[1]
            if schema > self.schema:
                raise UnreadableRecord(
                    f"{self._name}: written in schema {schema}, by a newer version; "
                    f"this one reads up to {self.schema}"
                )
            start = 2 + count * _ID_BYTES
            document = orjson.loads(record[start:])
        except (IndexError, orjson.JSONDecodeError):
            raise UnreadableRecord(f"{self._name}: damaged") from None
        for upgrade in self._upgrades[schema - 1 :]:
            document = upgrade(document)

        def read_id(written: int | str) -> str:
            if isinstance(written, str):
                return written
            return unpack_id(record[2 + written * _ID_BYTES : 2 + (written + 1) * _ID_BYTES])

        return document, read_id
