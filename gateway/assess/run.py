"""Reading a corpus to its end: what cannot be read is told at once and never ends the rest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gateway.assess.earlier import REPORTS, without_earlier
from gateway.assess.judging import Assumptions
from gateway.assess.masks import printable
from gateway.assess.tally import MAX_TROUBLES, Tally
from gateway.offline.apart import keep_apart
from gateway.offline.inputs import Input, Trouble, find_inputs
from gateway.offline.log_joining import read_log
from gateway.offline.log_records import Record
from gateway.offline.progress import make_progress

_STEP: Final = 1 << 18
"""Bytes between two looks at the progress bar."""


def assess(
    paths: Sequence[str],
    assumptions: Assumptions,
    *,
    progress_is_wanted: bool,
    written: Sequence[Path | None] = (),
    shows_paths: bool = True,
) -> Tally:
    """Read everything that `paths` name and count it.

    Args:
        written: where the report will go; `None` is standard output. It is no input.
        shows_paths: whether the report names files; else it numbers them.

    Raises:
        Overwriting: the report would overwrite an input.
    """
    inputs = list(find_inputs(paths, suffixes=None))
    apart = keep_apart(inputs, paths, written=written, results=REPORTS)
    found = list(without_earlier(apart, paths))
    sizes = [each.size for each in found if isinstance(each, Input)]
    known = [size for size in sizes if size is not None]
    total = sum(known) if len(known) == len(sizes) else None
    tally = Tally(assumptions, shows_paths=shows_paths)
    progress = make_progress(total, is_wanted=progress_is_wanted)
    told = 0

    def tell(trouble: Trouble) -> None:
        nonlocal told
        told += 1
        if told <= MAX_TROUBLES:
            progress.say(f"dispatch-gateway: {printable(str(trouble))}")

    try:
        for tally.current, each in enumerate(found, 1):
            if isinstance(each, Trouble):
                tally.add_trouble(each)
                tell(each)
                continue
            tally.files += 1
            read = 0
            for record in read_log(each):
                if isinstance(record, Record):
                    trouble = tally.add_record(record)
                    read += len(record.raw)
                else:
                    trouble = record
                    tally.add_trouble(record, is_record=record.line is not None)
                if trouble is not None:
                    tell(trouble)
                if read >= _STEP:
                    progress.advance(read)
                    read = 0
            progress.advance(read)
        if told > MAX_TROUBLES:
            progress.say(f"dispatch-gateway: and {told - MAX_TROUBLES} more like these")
    finally:
        progress.close()
    return tally
