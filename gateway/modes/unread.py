"""Who may be meant by a body that we cannot read as a request. Pure.

Dispatch may be less strict, or read something else into it. So the bytes are read in every way that
comes to mind (encodings, escapes, numbers as floats, comments, quotes of any kind), and whatever
could be somebody's number or id counts: those of senders, and digits of a text, too. To hold too
many is safe: nothing but the path of their next workflows hangs on it. To miss one is not: the
same request in plain form would go the other way, and a person would be messaged twice.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
import zlib
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Final
from urllib.parse import unquote_plus

MOST_SUBJECTS: Final = 2_000
"""More than a workflow of the most steps has, in all their readings."""

_MOST_READINGS: Final = 50_000
_MOST_STEPS: Final = 64
_LONGEST_EXPIRY_S: Final = 86_400
_MOST_INFLATED: Final = 1 << 18
_MOST_QUOTED: Final = 1 << 15
"""How much of a text is looked through for what stands in quotes: quotes can be many."""
_MOST_DIGITS: Final = 40
"""Longer than any number or id that there is."""

_NAMED: Final = re.compile(
    r"""["']?(?:number|id)["']?\s*[:=]\s*(?:"((?:[^"\\]|\\.){1,100})"|'((?:[^'\\]|\\.){1,100})'"""
    r"""|([\w.+-]{1,100}))""",
    re.IGNORECASE,
)
_LITERAL: Final = re.compile(r'"((?:[^"\\]|\\.){1,150})"|\'((?:[^\'\\]|\\.){1,150})\'')
_ESCAPE: Final = re.compile(r"\\u\{?([0-9a-fA-F]{4})\}?|\\x([0-9a-fA-F]{2})|\\(.)", re.DOTALL)
# Between the digits of one number stand blanks, dashes, dots, brackets and what nobody sees, but
# nothing that JSON is made of.
_GROUP: Final = re.compile(r"[0-9]+(?:(?:[^\w\"'{}\[\]:;,<>=&%\\]|_){1,4}[0-9]+)*")
_DIGITS: Final = re.compile(r"[0-9]+")
_DECIMAL: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?")
_HEXADECIMAL: Final = re.compile(r"0[xX]([0-9a-fA-F]{5,20})")
_LONG_REFERENCE: Final = re.compile(r"&#([0-9]{8,})")
_MOST_PIECES: Final = 8
_OTHER_DIGIT: Final = re.compile(r"(?![0-9])\d")
_UNSEEN: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


def normal(address: str, *, is_phone: bool) -> str:
    """Return the one spelling of an address; two that are equal are one person.

    A number is the same person on every channel; an id of Messenger is somebody we cannot tie to
    a number.
    """
    digits = "".join(c for c in address if c.isascii() and c.isdigit())
    if not is_phone or not digits:
        return f"id:{address}"
    return digits.removeprefix("00")


def recipients_in(raw: bytes) -> tuple[str, ...]:
    """Return who could be a recipient in a body that we cannot read, the likeliest first."""
    readings = islice(_subjects(raw), _MOST_READINGS)
    return tuple(islice(dict.fromkeys(readings), MOST_SUBJECTS))


def life_of_unread_ms(raw: bytes, horizon_s: int) -> int:
    """Return how long such a body can go on messaging people, at most, in milliseconds."""
    addresses = max(
        (sum(1 for _ in islice(_NAMED.finditer(text), 2 * _MOST_STEPS)) for text in _texts(raw)),
        default=0,
    )
    steps = max(1, (1 + addresses) // 2)  # each has a sender and a recipient
    return 1000 * (steps * _LONGEST_EXPIRY_S + horizon_s)


def _subjects(raw: bytes) -> Iterator[str]:
    texts = list(_texts(raw))
    for text in texts:
        for found in _NAMED.finditer(text):
            yield from _readings(_unescaped(next(filter(None, found.groups()))))
    for text in texts:
        for found in _GROUP.finditer(text):
            yield from _numbers_in(found[0])
        for found in _DECIMAL.finditer(text):
            yield from _whole(found[0])
        for found in _HEXADECIMAL.finditer(text):
            yield from _numbers(str(int(found[1], 16)))
    for text in texts:
        for found in _LITERAL.finditer(text, 0, _MOST_QUOTED):
            yield from _readings(_unescaped(found[1] or found[2] or ""))


def _readings(literal: str) -> Iterator[str]:
    """Yield what a text could be as an address: a number, whatever is written in it, and an id."""
    address = literal.strip()
    yield normal(address, is_phone=True)
    yield normal(address, is_phone=False)
    yield from _numbers("".join(_DIGITS.findall(address)))
    yield from _whole(address)


def _numbers_in(group: str) -> Iterator[str]:
    """Yield what digits with something between them could be: each piece, and neighbours joined.

    A point may stand between two parts of a number, or before the fraction of one.
    """
    pieces = _DIGITS.findall(group)
    for first in range(len(pieces)):
        for end in range(first + 1, min(first + _MOST_PIECES, len(pieces)) + 1):
            yield from _numbers("".join(pieces[first:end]))


def _numbers(digits: str) -> Iterator[str]:
    if 3 <= len(digits) <= _MOST_DIGITS:
        yield digits.removeprefix("00")
        yield digits.lstrip("0")
        yield f"id:{digits}"


def _whole(text: str) -> Iterator[str]:
    """Yield a number that is written with a fraction or an exponent, without them."""
    if text.isdigit() or not _DECIMAL.fullmatch(text):
        return
    try:
        value = Decimal(text)
    except InvalidOperation:
        return
    if -1 < value.adjusted() < _MOST_DIGITS:
        yield from _numbers(str(int(value)))


def _texts(raw: bytes) -> Iterator[str]:
    """Yield the body as text, in every way it may be meant; each reading once."""
    yield from dict.fromkeys(
        text for decoded in _decoded(raw) for text in _unwrapped(_plain_digits(decoded))
    )


def _decoded(raw: bytes) -> Iterator[str]:
    for body in (raw, *_inflated(raw)):
        yield body.decode("utf-8-sig", "replace")
        if not _is_utf8(body):
            yield body.decode("latin-1")
        if b"\0" in body:
            # Whatever the width and the order of the bytes, ASCII is what is not NUL.
            yield body.replace(b"\0", b"").decode("utf-8", "replace")
            yield body.decode("utf-16-le", "replace")
            yield body.decode("utf-16-be", "replace")


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _inflated(raw: bytes) -> Iterator[bytes]:
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):  # gzip or zlib, and bare deflate
        try:
            body = zlib.decompressobj(window).decompress(raw, _MOST_INFLATED)
        except zlib.error:
            continue
        if body:
            yield body


def _unwrapped(text: str) -> Iterator[str]:
    """Yield a text as it is, and without escapes: those of JSON, of URLs and of XML."""
    yield text
    if "\\" in text:
        yield _plain_digits(_ESCAPE.sub(_meant, text))
    if "%" in text or "+" in text:
        yield _plain_digits(unquote_plus(text))
    if "&" in text:
        yield _plain_digits(html.unescape(_LONG_REFERENCE.sub(_shortened, text)))


def _plain_digits(text: str) -> str:
    """Return a text with the digits of all scripts as ASCII, and without what nobody sees."""
    if text.isascii():
        return text
    return _OTHER_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), _UNSEEN.sub("", text))


def _meant(escape: re.Match[str]) -> str:
    code = escape[1] or escape[2]
    return escape[3] if code is None else chr(int(code, 16))


def _shortened(reference: re.Match[str]) -> str:
    """Return a decimal character reference without leading zeros, of eight digits at most.

    More stand for no character, and of some thousands Python makes no integer.
    """
    return f"&#{reference[1].lstrip('0')[:8] or '0'}"


def _unescaped(literal: str) -> str:
    if "\\" not in literal:
        return literal
    try:
        return str(json.loads(f'"{literal}"', strict=False))
    except ValueError:
        return _ESCAPE.sub(_meant, literal)
