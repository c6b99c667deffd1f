"""Files of traces: JSON Lines, of which any line may be read alone and only whole ones count."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from gateway.offline.inputs import Kind, Trouble, find_inputs, lines_of, read_blocks
from gateway.traces.codec import TraceFault, from_line, to_line
from gateway.traces.model import Trace


def read_traces(paths: Sequence[str]) -> Iterator[Trace | Trouble]:
    """Yield the traces of files, directories and `-`, in order; standard input if none is named.

    A line that is no trace is a `Trouble` with its place, and never ends the rest.
    """
    for source in find_inputs(paths):
        if isinstance(source, Trouble):
            yield source
            continue
        for block in read_blocks(source):
            if isinstance(block, Trouble):
                yield block
            elif block.kind is Kind.DOCUMENT:
                yield _read(block.path, block.raw)
            else:
                for number, line in lines_of(block):
                    yield _read(f"{block.path}:{number}", line)


def _read(place: str, raw: bytes) -> Trace | Trouble:
    read = from_line(raw)
    return Trouble(path=place, problem=read.problem) if isinstance(read, TraceFault) else read


class TraceWriter:
    """Adds traces to the end of a file, each as one whole line in one write.

    What a crash left of a last line is not added to: the next trace starts on a line of its own,
    and a reader is told of the torn one. A new file is readable by its owner alone. Not for use
    by several threads at once; several processes may write one file.

    Raises:
        OSError: the file cannot be opened, or (by `write` and `close`) written.
    """

    def __init__(self, path: Path) -> None:
        flags = os.O_CREAT | os.O_APPEND
        is_file = not path.exists() or path.is_file()
        # What is there is looked at only where there can be something.
        self._file: int | None = os.open(
            path, flags | (os.O_RDWR if is_file else os.O_WRONLY), 0o600
        )
        self._is_torn = False
        if is_file:
            size = os.fstat(self._file).st_size
            self._is_torn = size > 0 and os.pread(self._file, 1, size - 1) != b"\n"

    def write(self, trace: Trace) -> None:
        """Add a trace.

        Raises:
            OSError: it was not written, or not whole; the next one starts on a line of its own.
            ValueError: the file is closed.
        """
        if self._file is None:
            raise ValueError("the file of traces is closed")
        line = to_line(trace)
        whole = b"\n" + line if self._is_torn else line
        self._is_torn = True
        written = os.write(self._file, whole)
        while written < len(whole):
            written += os.write(self._file, whole[written:])
        self._is_torn = False

    def close(self) -> None:
        """Close the file once what was written is on the disk. More than once does no harm."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            if stat.S_ISREG(os.fstat(file).st_mode):
                os.fsync(file)
        finally:
            os.close(file)

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
