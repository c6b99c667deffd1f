"""Reports of earlier runs: they hold samples of payloads, which must not be counted again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from gateway.offline.inputs import Input, Trouble

_HEAD: Final = 512
_REPORT: Final = (
    rb"<!doctype html>.*<title>Migration report: Dispatch"
    rb'|\{\s*"version": \d+,\s*"made_by": "dispatch-gateway'
    rb"|grade,payloads,steps,"
    rb"|[\d,]+ of [\d,]+ workflows? \(|No payload was found\."
)
_MADE_HERE: Final = re.compile(_REPORT, re.DOTALL)
REPORTS: Final = re.compile(_REPORT + rb"|\s*\Z", re.DOTALL)
"""How the first 512 bytes of a report begin; or of the file that the shell has made for one."""


def without_earlier(
    found: Iterable[Input | Trouble], named: Sequence[str]
) -> Iterator[Input | Trouble]:
    """Yield `found`; a report that was not named itself is told and left out."""
    for each in found:
        if isinstance(each, Input) and each.path not in named and _is_report(each):
            problem = "is a report of an earlier run; not read"
            yield Trouble(path=each.path, problem=problem, is_loss=False)
        else:
            yield each


def _is_report(source: Input) -> bool:
    if source.size is None:
        return False  # a pipe can be read once only
    try:
        with Path(source.path).open("rb") as file:
            return _MADE_HERE.match(file.read(_HEAD)) is not None
    except OSError:
        return False  # reading it tells why
