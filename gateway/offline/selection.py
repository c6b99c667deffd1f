"""Which findings count: what was selected, what is accepted, and from which severity on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from gateway.offline.documents import Finding
from gateway.offline.output import write_whole
from translators.diagnostics import Severity

_VERSION: Final = 1
_COUNTED: Final = frozenset({Severity.WARNING, Severity.ERROR})


class Key(NamedTuple):
    """What tells one accepted finding from another.

    The document's digest, not its path and line: a finding stays accepted when its document moves,
    and comes back when the document changes.
    """

    document: str
    rule: str
    pointer: str


class BaselineFault(Exception):
    """A baseline file cannot be used; the text says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which findings are told and counted. Results carry all of them, whatever this says."""

    selected: tuple[str, ...] = ()
    """Beginnings of rule codes; none means all."""
    ignored: tuple[str, ...] = ()
    """Likewise; stronger than `selected`."""
    accepted: frozenset[Key] = field(default_factory=frozenset)
    """The baseline."""
    is_strict: bool = False
    """Warnings count as errors do."""

    def tells(self, finding: Finding) -> bool:
        """Tell whether the finding is selected, in the baseline or not."""
        return self.tells_rule(finding.diagnostic.rule)

    def tells_rule(self, code: str) -> bool:
        """Tell whether findings of this rule are selected."""
        if self.ignored and code.startswith(self.ignored):
            return False
        return not self.selected or code.startswith(self.selected)

    def counts(self, severity: Severity) -> bool:
        """Tell whether a finding of this severity makes the command fail."""
        return severity is Severity.ERROR or (self.is_strict and severity is Severity.WARNING)


def key_of(finding: Finding) -> Key:
    """Return what a baseline knows the finding by."""
    diagnostic = finding.diagnostic
    return Key(finding.document.digest, diagnostic.rule, diagnostic.pointer)


def is_acceptable(finding: Finding) -> bool:
    """Tell whether a baseline holds findings like this one: notes never fail a command."""
    return finding.diagnostic.severity in _COUNTED


def load_baseline(path: Path) -> Mapping[Key, str]:
    """Read a baseline: for each accepted finding, where it was.

    Raises:
        BaselineFault: the file cannot be read, or is no baseline.
    """
    try:
        document = json.loads(path.read_bytes())
        if document["version"] != _VERSION:
            raise BaselineFault(
                f"{path}: has version {document['version']}; this program reads version {_VERSION}"
            )
        return {
            Key(*(str(entry[member]) for member in Key._fields)): str(entry["source"])
            for entry in document["findings"]
        }
    except OSError as error:
        problem = (error.strerror or str(error)).lower()
        raise BaselineFault(
            f"{path}: cannot be read: {problem}; make one with --write-baseline"
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BaselineFault(f"{path}: is not a baseline; make one with --write-baseline") from None


def write_baseline(path: Path, findings: Iterable[tuple[Key, str]]) -> int:
    """Write a baseline of these findings, each with where it is; return how many there are.

    One finding is one line, in an order that does not depend on where documents lie, so that a
    version control system shows what was added and what went.

    Raises:
        OSError: it could not be written; a file that was there is as it was.
    """
    entries = sorted(dict(findings).items())
    lines = [
        json.dumps(
            {
                "rule": key.rule,
                "pointer": key.pointer,
                "document": key.document,
                "source": source,
            },
            ensure_ascii=False,
        )
        for key, source in entries
    ]
    listed = ",\n  ".join(lines)
    inner = f"\n  {listed}\n " if lines else ""
    write_whole(path, f'{{"version": {_VERSION}, "findings": [{inner}]}}\n'.encode())
    return len(entries)
