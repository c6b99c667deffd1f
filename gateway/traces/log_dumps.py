"""Dumps of HTTP with their headers, line by line: what the heads say of the bodies below them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from gateway.offline.log_times import time_in
from gateway.traces.instants import instant_ms
from gateway.traces.log_lines import Form, LogLine

# curl marks what it sends and what it receives.
_MARK: Final = rb"(?:[<>] ?)?"
_REQUEST: Final = re.compile(_MARK + rb"[A-Z]{3,7} \S+ HTTP/[0-9.]+")
_RESPONSE: Final = re.compile(_MARK + rb"HTTP/[0-9.]+ ([1-5][0-9]{2})(?: [\w '-]*)?")
_HEADER: Final = re.compile(_MARK + rb"([A-Za-z][A-Za-z0-9-]*): ?(.*)", re.DOTALL)
_END_OF_HEAD: Final = re.compile(rb"[<>]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """The head of a message of which the body is still to come."""

    status: int | None = None
    """`None` for a request."""
    follows: bool = False
    """Whether it answers the message before it in its file."""
    at_ms: int | None = None


class Dumps:
    """The heads that were read last, one for each file."""

    def __init__(self) -> None:
        self._heads: dict[str, _Head] = {}
        self._asked: set[str] = set()
        """Files of which the last message was a request."""

    def takes(self, path: str, text: bytes) -> bool:
        """Take a line that is of a head; False for any other."""
        if _REQUEST.fullmatch(text):
            self._heads[path] = _Head()
            self._asked.add(path)
            return True
        if found := _RESPONSE.fullmatch(text):
            self._heads[path] = _Head(status=int(found[1]), follows=path in self._asked)
            self._asked.discard(path)
            return True
        head = self._heads.get(path)
        if head is None:
            return False
        if _END_OF_HEAD.fullmatch(text):
            return True
        header = _HEADER.fullmatch(text)
        if header is None:
            return False
        if header[1].lower() == b"date":
            at_ms = instant_ms(time_in(header[2].decode(errors="replace")))
            self._heads[path] = replace(head, at_ms=at_ms)
        return True

    def completed(self, path: str, line: LogLine) -> LogLine:
        """Return a line with what the head above it says and it does not."""
        head = self._heads.pop(path, None)
        if head is None:
            return line
        answered = (Form.ANSWER, Form.REFUSAL)
        found = tuple(
            replace(each, http_status=head.status)
            if each.form in answered and each.http_status is None
            else each
            for each in line.found
        )
        at_ms = head.at_ms if line.at_ms is None else line.at_ms
        return replace(line, found=found, at_ms=at_ms, follows_its_request=head.follows)
