"""The ways in which a log wraps a payload, told by how the quotes around a name are written.

    "workflow"            as it is
    \\"workflow\\"          as text within JSON, or in a quoted field of a log
    \\u0022workflow\\u0022  the same, by a serializer that is careful with HTML
    ""workflow""          in a quoted field of CSV
    %22workflow%22        in a URL or a form
    \\x22workflow\\x22      by web servers that log the body of a request
    &quot;workflow&quot;  in HTML

Each can hold another. What is undone here is one wrapping; it takes time in proportion to the text.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

# The quote after the name; the one before it has to be the same. Bounded: it may be hostile.
_MEMBER: Final = r"""(?P<name>{})(?:
        (?P<quote> [\\"']{{1,64}}) \s*(?::|=>)\s* (?P<bracket> \[?)
      | (?P<code> (?:%(?:25){{0,7}}22){{1,4}}
                | (?:\\{{1,31}}u0022){{1,4}}
                | (?:\\{{1,31}}x22){{1,4}}
                | (?:&(?:amp;){{0,7}}(?:quot|\#34);){{1,4}}))"""


def member_pattern(*names: str) -> re.Pattern[str]:
    """Return what matches the end of one of these names, where it is that of a member.

    Its groups are the `name`, and the `quote` as it is or escaped, or the `code` if it is encoded.
    """
    return re.compile(_MEMBER.format("|".join(map(re.escape, names))), re.VERBOSE)


_ESCAPE: Final = re.compile(r'\\(?:(["\\/])|u00(2[27]|5[cC]))')
_HEX: Final = re.compile(rb"\\+x([0-9A-Fa-f]{2})")
_QUOTES: Final = re.compile('"+')
_URL_END: Final = re.compile(r'[\s"<>\\]')
_LENIENT: Final = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A text without its wrapping, and where the wrapped one ended."""

    text: str
    end: int


def unwrap(text: str, left: int, at: int, quote: str) -> Unwrapped:
    """Undo the outermost wrapping of the name that begins at `at`.

    Args:
        left: what stands before it is not looked at.
        quote: how the quotes around the name are written; not as they are.
    """
    if quote.startswith("%"):
        return _from_url(text, left, at)
    if quote.startswith("&"):
        return Unwrapped(html.unescape(text[left:]), len(text))
    if quote.endswith("x22"):
        return Unwrapped(_from_hex(text[left:]), len(text))
    if quote.endswith('""'):
        return _from_csv(text, left, at - len(quote))
    return _from_json(text, left, at - len(quote))


def encode(text: str) -> bytes:
    """Undo the decoding; half characters become bytes that `parse_document` refuses as such."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")


def _from_json(text: str, left: int, at: int) -> Unwrapped:
    """Take the text of the string that encloses `at`."""
    quote = text.rfind('"', left, at)
    while quote > left and text[quote - 1] == "\\":
        quote = text.rfind('"', left, quote - 1)
    if quote >= left:
        try:
            inside, end = _LENIENT.raw_decode(text, quote)
        except ValueError:
            inside, end = None, 0
        if end > at and isinstance(inside, str):
            return Unwrapped(inside, int(end))
    # In no quotes at all, or with escapes that are not JSON's.
    return Unwrapped(_ESCAPE.sub(_unescaped, text[left:]), len(text))


def _unescaped(escape: re.Match[str]) -> str:
    return escape[1] or chr(int(escape[2], 16))


def _from_csv(text: str, left: int, at: int) -> Unwrapped:
    """Take the field that encloses `at`: within it every quote stands twice, at its ends once."""
    start, end = left, len(text)
    for quotes in _QUOTES.finditer(text, left, at):
        if len(quotes[0]) % 2:
            start = quotes.start() + 1
    for quotes in _QUOTES.finditer(text, at):
        if len(quotes[0]) % 2:
            end = quotes.end()
            break
    return Unwrapped(text[start:end].replace('""', '"'), end)


def _from_url(text: str, left: int, at: int) -> Unwrapped:
    """Take the part of a URL or a form that encloses `at`."""
    start = max(left, *(text.rfind(mark, left, at) + 1 for mark in ' \t\r\n"<>\\'))
    stop = _URL_END.search(text, at)
    end = stop.start() if stop else len(text)
    part = text[start:end]
    if "%20" not in part:
        part = part.replace("+", " ")  # as forms write a space; where it is %20, a plus is one
    return Unwrapped(unquote_to_bytes(encode(part)).decode(errors="surrogateescape"), end)


def _from_hex(text: str) -> str:
    raw = _HEX.sub(lambda code: bytes.fromhex(code[1].decode()), encode(text))
    return raw.decode(errors="surrogateescape")
