"""Reading files of traces to their end, and pairing them; what cannot be read never ends the rest.

Both know where each trace stands, so that a report can say where to look.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.offline.apart import keep_apart
from gateway.offline.inputs import (
    JSON_SUFFIXES,
    STANDARD_INPUT,
    Block,
    Input,
    Kind,
    Trouble,
    find_inputs,
    read_blocks,
)
from gateway.offline.log_bodies import is_payload
from gateway.offline.log_joining import read_log
from gateway.offline.log_records import Record
from gateway.offline.progress import Progress, make_progress
from gateway.traces.codec import TraceFault, from_line
from gateway.traces.log_lines import is_of_a_log
from gateway.traces.model import Path as Sender
from gateway.traces.model import Trace
from translators.documents import parse_document

MOST_TOLD: Final = 100
"""How many troubles are told one by one, and kept for the report."""
_IS_A_LOG: Final = (
    "is a line of a log, not a trace, and perhaps not the only one;"
    " run `dispatch-gateway compare import` on the log first"
)


_IS_A_REQUEST: Final = (
    "is a request, not a trace of one;"
    " `dispatch-gateway translate`, `simulate` and `assess` take it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One trace, and where it stands."""

    place: str
    """The path, with the line if the file has several."""
    trace: Trace


@dataclass(slots=True, kw_only=True)
class Troubles:
    """What was not read: told on standard error as it comes, the first of it kept."""

    told: list[Trouble] = field(default_factory=list)
    losses: int = 0
    progress: Progress | None = None
    logs: set[str] = field(default_factory=set)
    """Files of which it was told that they are logs."""

    def add_fault(self, path: str, place: str, line: bytes, fault: TraceFault) -> None:
        """Count a line that is no trace; that a file is a log is told once for all its lines."""
        if path == place and is_payload(parse_document(line).value):
            self.add(Trouble(path=place, problem=_IS_A_REQUEST))
        elif not is_of_a_log(line):
            self.add(Trouble(path=place, problem=fault.problem))
        elif path not in self.logs:
            self.logs.add(path)
            self.add(Trouble(path=place, problem=_IS_A_LOG))

    def add(self, trouble: Trouble) -> None:
        """Count a trouble, and tell it unless there were too many."""
        self.losses += trouble.is_loss
        if len(self.told) < MOST_TOLD:
            self.told.append(trouble)
            self.say(str(trouble))
        elif trouble.is_loss and self.losses == MOST_TOLD + 1:
            self.say("there are more like these; they are counted")

    def say(self, line: str) -> None:
        """Write a line to standard error, above the bar if there is one."""
        progress = self.progress or make_progress(0, is_wanted=False)
        progress.say(f"dispatch-gateway: {_printable(line)}")


@dataclass(slots=True, kw_only=True)
class Reading:
    """The files that some paths name, while they are read."""

    paths: Sequence[str]
    progress_is_wanted: bool
    suffixes: frozenset[str] = JSON_SUFFIXES
    """Which files of a directory are read."""
    written: Sequence[Path | None] = ()
    """Where the run writes, which is no input; `None` is standard output."""
    consulted: Sequence[Path | None] = ()
    """What it reads for another purpose."""
    troubles: Troubles = field(default_factory=Troubles)
    files: int = 0
    held: int = 0
    """How many traces or documents were read."""

    def traces(self) -> Iterator[Recorded]:
        """Yield every trace, in order; nothing more is read than is asked for.

        Raises:
            Overwriting: the run would write what it reads; nothing was read.
        """
        for block in self.blocks():
            for place, _, line in _lines(block):
                read = from_line(line)
                if isinstance(read, TraceFault):
                    self.troubles.add_fault(block.path, place, line, read)
                else:
                    self.held += 1
                    yield Recorded(place=place, trace=read)

    def records(self) -> Iterator[Record]:
        """Yield every record of what is read as logs.

        Raises:
            Overwriting: the run would write what it reads; nothing was read.
        """
        for source, progress in self._sources():
            for record in read_log(source):
                if isinstance(record, Trouble):
                    self.troubles.add(record)
                    continue
                self.held += 1
                yield record
                progress.advance(len(record.raw))

    def blocks(self) -> Iterator[Block]:
        """Yield what is read, in pieces of whole lines.

        Raises:
            Overwriting: the run would write what it reads; nothing was read.
        """
        for source, progress in self._sources():
            for block in read_blocks(source):
                if isinstance(block, Trouble):
                    self.troubles.add(block)
                    continue
                yield block
                progress.advance(block.size)

    def _sources(self) -> Iterator[tuple[Input, Progress]]:
        """Yield the files, each with where to say how far its reading is."""
        found = keep_apart(
            list(find_inputs(self.paths, suffixes=self.suffixes)),
            self.paths,
            written=self.written,
            consulted=self.consulted,
        )
        sizes = [each.size for each in found if isinstance(each, Input)]
        known = [size for size in sizes if size is not None]
        total = sum(known) if len(known) == len(sizes) else None
        progress = make_progress(total, is_wanted=self.progress_is_wanted)
        self.troubles.progress = progress
        try:
            for source in found:
                if isinstance(source, Trouble):
                    self.troubles.add(source)
                    continue
                self.files += 1
                yield source, progress
        finally:
            progress.close()
            self.troubles.progress = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a line stands in a file, in bytes."""

    path: str
    start: int
    size: int
    shown: str


class Index:
    """The traces of some files by dispatch and pair, on the disk: only places are in memory.

    Args:
        written: where the run writes; `None` is standard output.

    Raises:
        Overwriting: that is one of the files.
    """

    def __init__(
        self, paths: Sequence[str], troubles: Troubles, *, written: Sequence[Path | None] = ()
    ) -> None:
        self._places: dict[str, _Place] = {}
        self._halves: dict[tuple[str, Sender], str] = {}
        """The dispatches of paired requests, by what they share and who sent them."""
        self._done: set[str] = set()
        """The pairs of which both halves were given."""
        self._troubles = troubles
        if STANDARD_INPUT in paths:
            troubles.add(Trouble(path=STANDARD_INPUT, problem="cannot be read twice; name a file"))
        named = [path for path in paths if path != STANDARD_INPUT]
        found = list(find_inputs(named)) if named else []
        for source in keep_apart(found, named, written=written):
            if isinstance(source, Trouble):
                troubles.add(source)
            else:
                self._add(source)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left in it."""
        return not self._places

    def is_done(self, trace: Trace) -> bool:
        """Tell whether a trace is half of a pair that was given already."""
        return trace.pair in self._done

    def take(self, trace: Trace) -> Recorded | None:
        """Return the other half of a paired trace, or else that of its dispatch; and forget it."""
        dispatch = self._take_half(trace) or trace.dispatch
        place = self._places.pop(dispatch, None)
        if place is None:
            return None
        try:
            with Path(place.path).open("rb") as file:
                file.seek(place.start)
                read = from_line(file.read(place.size))
        except OSError as error:
            read = TraceFault(problem=f"cannot be read: {(error.strerror or str(error)).lower()}")
        if isinstance(read, TraceFault):  # it was another one when it was looked at first
            self._troubles.add(Trouble(path=place.shown, problem=read.problem))
            return None
        return Recorded(place=place.shown, trace=read)

    def _take_half(self, trace: Trace) -> str | None:
        if trace.pair is None:
            return None
        senders = (sender for sender in Sender if sender is not trace.path)
        found = (self._halves.pop((trace.pair, sender), None) for sender in senders)
        dispatch = next((each for each in found if each is not None), None)
        if dispatch is not None:
            self._done.add(trace.pair)
            # The file may hold this half as well.
            self._places.pop(trace.dispatch, None)
        return dispatch

    def rest(self) -> list[str]:
        """Return where the traces are that nobody took."""
        return [place.shown for place in self._places.values()]

    def _add(self, source: Input) -> None:
        passed = 0
        for block in read_blocks(source):
            if isinstance(block, Trouble):
                self._troubles.add(block)
                continue
            # Lines that were too long were skipped before the block, not in it.
            start = passed + block.size - len(block.raw)
            passed += block.size
            for shown, at, line in _lines(block):
                read = from_line(line)
                if isinstance(read, TraceFault):
                    self._troubles.add_fault(source.path, shown, line, read)
                    continue
                if read.dispatch in self._places:
                    problem = "is of a dispatch that came before; this one counts"
                    self._troubles.add(Trouble(path=shown, problem=problem, is_loss=False))
                if read.pair is not None:
                    self._halves[read.pair, read.path] = read.dispatch
                self._places[read.dispatch] = _Place(source.path, start + at, len(line), shown)


def _lines(block: Block) -> Iterator[tuple[str, int, bytes]]:
    """Yield what could be a trace: where it is, for people and in bytes of the block."""
    if block.kind is Kind.DOCUMENT:
        yield block.path, 0, block.raw
        return
    start = 0
    for number, line in enumerate(block.raw.split(b"\n"), block.first_line):
        if line and not line.isspace():
            yield f"{block.path}:{number}", start, line
        start += len(line) + 1


def _printable(text: str) -> str:
    """Keep what is told on one line and away from the terminal's own language."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text)
