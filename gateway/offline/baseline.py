"""The findings that are accepted from now on: their file, and how it compares with a run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

from gateway.offline.documents import visible
from gateway.offline.output import write_whole
from gateway.offline.words import counted
from translators.diagnostics import Severity

_VERSION: Final = 1
_MOST_STALE: Final = 10


class Key(NamedTuple):
    """What tells one accepted finding from another.

    The document's digest, not its path and line: a finding stays accepted when its document moves,
    and comes back when the document changes.
    """

    document: str
    rule: str
    pointer: str


class Entry(NamedTuple):
    """How often a finding was met, and where; documents that are copies have the same ones."""

    source: str
    """As `Document.source`."""
    times: int = 1
    line: int | None = None
    """The line that is meant, which `source` names as well; a file does not say it."""

    def and_then(self, later: Entry) -> Entry:
        """Return what both are together."""
        return later._replace(times=self.times + later.times)


Baseline: TypeAlias = Mapping[Key, Entry]


class BaselineFault(Exception):
    """A baseline file cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surplus:
    """A finding that was met more often than it is accepted."""

    key: Key
    severity: Severity
    met: Entry
    accepted: int

    @property
    def count(self) -> int:
        """How many of them are not accepted."""
        return self.met.times - self.accepted

    @property
    def detail(self) -> str:
        """What is to be said about it, after its place."""
        return (
            f"{self.key.pointer or 'the document'} has it {self.met.times:,} times, in copies of"
            f" one document; the baseline accepts {self.accepted:,}"
        )

    def __str__(self) -> str:
        return visible(f"{self.met.source}: {self.severity} {self.key.rule} {self.detail}")


def load_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        BaselineFault: the file cannot be read, or is no baseline.
    """
    try:
        document = json.loads(path.read_bytes())
        if document["version"] != _VERSION:
            raise BaselineFault(
                f"{path}: has version {document['version']}; this program reads version {_VERSION}"
            )
        entries: dict[Key, Entry] = {}
        for each in document["findings"]:
            key = Key(*(str(each[member]) for member in Key._fields))
            count = each.get("count", 1)
            if not isinstance(count, int):
                raise TypeError(count)
            # What two branches have added is there twice once they are merged.
            known = entries[key].times if key in entries else 0
            entries[key] = Entry(str(each["source"]), max(count, known))
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
        raise BaselineFault(
            f"{path}: cannot be read: {problem}; make one with --write-baseline"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BaselineFault(f"{path}: is not a baseline; make one with --write-baseline") from None
    return entries


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write a baseline.

    One finding is one line, in an order that does not depend on where documents lie, so that a
    version control system shows what was added and what went.

    Raises:
        OSError: it could not be written; a file that was there is as it was.
    """
    lines = [
        json.dumps(
            {
                "rule": key.rule,
                "pointer": key.pointer,
                "document": key.document,
                "source": entry.source,
                **({"count": entry.times} if entry.times > 1 else {}),
            },
            ensure_ascii=False,
        )
        for key, entry in sorted(baseline.items())
    ]
    listed = ",\n  ".join(lines)
    inner = f"\n  {listed}\n " if lines else ""
    write_whole(path, f'{{"version": {_VERSION}, "findings": [{inner}]}}\n'.encode())


def find_surpluses(
    baseline: Baseline, met: Baseline, severities: Mapping[Key, Severity]
) -> list[Surplus]:
    """Return what was met more often than accepted, in the order in which it was met first."""
    return [
        Surplus(key=key, severity=severities[key], met=entry, accepted=baseline[key].times)
        for key, entry in met.items()
        if entry.times > baseline[key].times
    ]


def tell_stale(baseline: Baseline, met: Baseline) -> Iterator[str]:
    """Tell which accepted findings are gone, so that the baseline can shrink.

    Args:
        baseline: without what was not looked for.
    """
    left = {key: met[key].times if key in met else 0 for key in baseline}
    stale = sorted(
        (entry.source, key, entry.times)
        for key, entry in baseline.items()
        if left[key] < entry.times
    )
    if not stale:
        return
    fewer = ", or fewer than it accepts" if any(left[key] for _, key, _ in stale) else ""
    yield (
        f"{counted(len(stale), 'entry', 'entries')} of the baseline met no finding{fewer}: mended,"
        " or changed, or not read this time. --write-baseline makes it anew."
    )
    for source, key, count in stale[:_MOST_STALE]:
        some = f": {left[key]:,} of {count:,}" if left[key] else ""
        yield visible(f"  {source} {key.rule} {key.pointer or '/'}{some}")
    if len(stale) > _MOST_STALE:
        yield f"  and {len(stale) - _MOST_STALE:,} more"
