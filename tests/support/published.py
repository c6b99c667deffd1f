"""The workflows that the vendor's documents publish, byte for byte, and what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from translators.diagnostics import JsonObject

FIXTURES: Final = Path(__file__).parents[2] / "fixtures" / "requests" / "carried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A published request, and the messages it means."""

    name: str
    body: bytes
    messages: list[JsonObject]
    failover: list[Any]

    @classmethod
    def read(cls, path: Path) -> Document:
        """Read a request and its golden translation."""
        meant = orjson.loads(path.with_name(path.name.replace(".v01.", ".v1.")).read_bytes())
        name = path.name.removeprefix("published-").removesuffix(".v01.json")
        return cls(name=name, body=path.read_bytes(), **meant)


DOCUMENTS: Final = [Document.read(path) for path in sorted(FIXTURES.glob("published-*.v01.json"))]
TWO_STEPS: Final = [document for document in DOCUMENTS if len(document.messages) == 2]
(THREE_STEPS,) = [document for document in DOCUMENTS if len(document.messages) == 3]
(GUIDE,) = [document for document in DOCUMENTS if "guide" in document.name]
