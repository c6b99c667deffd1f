"""An entry for each kind of difference between two traces, for `explain`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.compare.kinds import KINDS, DifferenceKind, weight_of
from gateway.offline.entries import Entry

FAMILY: Final = "Differences between two traces"
_WEIGHTS: Final = {
    "critical": "One of it is enough to answer no; it cannot be ignored.",
    "semantic": "The caller or the recipient would notice it.",
    "cosmetic": "The same is told in another form: it does not weigh.",
}


def kind_entries() -> Iterator[Entry]:
    """Yield them in the order of their codes."""
    return map(_entry, KINDS)


def _entry(kind: DifferenceKind) -> Entry:
    weight = weight_of(kind)
    return Entry(
        code=kind.code,
        name=kind.name,
        family=FAMILY,
        kind=weight,
        told=(
            ("Why", kind.why),
            ("Remedy", kind.remedy.replace("`", "")),
            ("Weight", _WEIGHTS[weight]),
            (
                "Sides",
                "The reference is what really happened, Dispatch or a record; the candidate is the"
                " other side, mostly this gateway, replayed.",
            ),
            ("Source", f"docs/compare.md; since {kind.since}"),
        ),
    )
