"""Taking a place to listen on, and giving it back."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from gateway.settings.places import Place, TcpPlace, UnixPlace

BACKLOG: Final = 2048
_UMASK: Final = 0o117
"""The user and the group may connect: a proxy joins the group."""
_PROBE_S: Final = 1.0


class CannotListen(Exception):
    """A place is not to be had; the text says which and why."""

    def __init__(self, place: Place, error: OSError) -> None:
        # The system's own text repeats the address in brackets.
        why = (error.strerror or str(error)).partition(" (while ")[0]
        super().__init__(f"cannot listen on {place}: {why}")
        self.place = place
        self.why = why
        self.is_taken = error.errno == errno.EADDRINUSE
        self._code = error.errno

    def remedy(self, choice: str) -> str:
        """Return what to do: what was chosen wrongly is named by `choice`."""
        if self.is_taken:
            return f"{choice}, or stop what listens there"
        if isinstance(self.place, UnixPlace) and self._code in {errno.ENOENT, errno.EACCES}:
            return f"{choice}, or make its directory, where this user may write"
        return choice


@contextlib.contextmanager
def listening(places: Sequence[Place]) -> Iterator[list[socket.socket]]:
    """Listen on every place until the block ends.

    Where the port is 0, all addresses get the same free one.

    Raises:
        CannotListen: one of them is not to be had; then none is held.
    """
    with contextlib.ExitStack() as stack:
        listeners: list[socket.socket] = []
        port = 0
        for place in places:
            if isinstance(place, TcpPlace) and place.port == 0:
                place = replace(place, port=port)  # noqa: PLW2901
            try:
                listener = stack.enter_context(listen(place))
            except OSError as error:
                raise CannotListen(place, error) from None
            if isinstance(place, UnixPlace):
                stack.enter_context(_removed_at_the_end(Path(place.path)))
            else:
                port = listener.getsockname()[1]
            listeners.append(listener)
        yield listeners


def listen(place: Place) -> socket.socket:
    """Return a socket that listens on one place.

    Raises:
        OSError: the place is taken, not ours, or not to be had without more rights.
    """
    if isinstance(place, UnixPlace):
        return _listen_in_the_file_system(Path(place.path))
    is_ipv6 = ":" in place.host
    listener = socket.create_server(
        (place.host, place.port),
        family=socket.AF_INET6 if is_ipv6 else socket.AF_INET,
        backlog=BACKLOG,
        dualstack_ipv6=place.is_dual_stack and socket.has_dualstack_ipv6(),
    )
    # Answers are small; without it each one may wait for the acknowledgement of the last.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _listen_in_the_file_system(path: Path) -> socket.socket:
    if _was_left_behind(path):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The mode of a socket is what is left of it when it is made: a later chmod would come too late.
    before = os.umask(_UMASK)
    try:
        listener.bind(str(path))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def _was_left_behind(path: Path) -> bool:
    """Tell whether a socket is there that nobody listens on any more.

    Raises:
        OSError: something else is there, or somebody listens, or may.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(errno.EEXIST, "Something that is no socket is there")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_S)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
        except FileNotFoundError:
            return False
        except BlockingIOError:
            pass  # its backlog is full, so it is listened on
    raise OSError(errno.EADDRINUSE, "Another process listens there")


@contextlib.contextmanager
def _removed_at_the_end(path: Path) -> Iterator[None]:
    made = path.lstat()
    try:
        yield
    finally:
        # The next process may have put its own there already.
        with contextlib.suppress(OSError):
            found = path.lstat()
            if (found.st_dev, found.st_ino) == (made.st_dev, made.st_ino):
                path.unlink()
