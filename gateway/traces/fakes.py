"""Single values and what stands for them in a trace: same form, same length, another content.

Every fake is drawn from the key and the value, so one value has one fake wherever it stands, and
nobody without the key can tell whether a guess is right. Nothing is remembered.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from typing import Final

from gateway.traces.permutation import permuted
from translators.diagnostics import JsonValue
from translators.documents import LIMITS
from translators.user_ids import is_documented, is_user_id

KEY_SIZE: Final = 32
"""How many bytes a new key has."""
_LEAST_KEY: Final = 16

# Of the country codes 280 to 289, 830 to 839 and 890 to 899 the ITU has given none to anybody. A
# fake that finds its way into a request reaches nobody.
_NOWHERE: Final = ("28", "83", "89")
_NUMBER: Final = re.compile(r"[1-9][0-9]{6,14}")
_DIGITS: Final = re.compile(r"(0*)([0-9]*)")
_NO_COUNTRY: Final = "ZZ"  # ISO 3166 leaves it to users
_PARENT: Final = "ENT."
_SPACE: Final = " \t\r\n"
_GAPS: Final = re.compile(r"[\s().\-/]")

# What a text message is charged by. Source: 3GPP TS 23.038 sections 6.2.1 and 6.2.1.1.
_GSM: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED: Final = frozenset("^{}\\[~]|€\f")
_WITHOUT_GSM: Final = str.maketrans("", "", _GSM)

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_BRACKETS: Final = "[]{}"
_CYRILLIC: Final = "".join(map(chr, range(0x430, 0x450)))
_FACES: Final = "".join(map(chr, range(0x1F600, 0x1F640)))
_TEN: Final = "0123456789"
_UNSEEN: Final = "\u200b"

_URL: Final = re.compile(r"(https?://)(.+)", re.IGNORECASE | re.DOTALL)
_LONGEST_LABEL: Final = 40
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_MAX_INTEGER: Final = LIMITS.max_integer
# What any writer of JSON can still write and no reader of requests takes.
_TOO_LARGE: Final = 2**64 - 1
_TOO_SMALL: Final = -(2**63)


class Fakes:
    """Draws fakes under one key.

    Args:
        key: secret and random, at least 16 bytes. Who has it can tell which fake is whose.

    Raises:
        ValueError: the key is too short to be one.
    """

    __slots__ = ("_digits_key", "_key")

    def __init__(self, key: bytes) -> None:
        if len(key) < _LEAST_KEY:
            raise ValueError(f"a key has at least {_LEAST_KEY} bytes, not {len(key)}")
        self._key = key
        self._digits_key = hmac.digest(key, b"digits", "sha256")

    def number(self, digits: str) -> str:
        """Return the fake of a phone number of 7 to 15 digits: one of a country that is not.

        Two numbers that begin with the same two digits never have the same fake.
        """
        (drawn,) = self._draw("number", digits, 1)
        country = digits[:2]
        nowhere = _NOWHERE[drawn % len(_NOWHERE)]
        return nowhere + permuted(digits[2:], key=self._digits_key, kind=f"number/{country}")

    def address(self, text: str) -> str:
        """Return the fake of an address, whatever its form.

        White space around it, a leading `+` or `00`, and what stands between digits stay, so a
        person is the same person however their number is written.
        """
        inner = text.strip(_SPACE)
        before, _, after = text.partition(inner) if inner else (text, "", "")
        return f"{before}{self._trimmed_address(inner)}{after}"

    def text(self, text: str) -> str:
        """Return letters of the same number and classes, sorted by class.

        The classes are those that decide what an SMS costs: the basic GSM alphabet, its
        extension, other characters, and those that take two places of UTF-16.
        """
        rest = text.translate(_WITHOUT_GSM)
        extended = sum(character in _GSM_EXTENDED for character in rest)
        astral = sum(character > "\uffff" for character in rest)
        counts = (len(text) - len(rest), extended, len(rest) - extended - astral, astral)
        drawn = self._draw("text", text, len(text))
        fake = ""
        for count, letters in zip(counts, (_LETTERS, _BRACKETS, _CYRILLIC, _FACES), strict=True):
            fake += _spelt(drawn[len(fake) : len(fake) + count], letters)
        return fake

    def url(self, text: str) -> str:
        """Return a URL of the same scheme and length at a host that no name service knows."""
        parts = _URL.fullmatch(text)
        scheme, rest = (parts[1], parts[2]) if parts else ("", text)
        fake = _spelt(self._draw("url", text, len(rest)), _LETTERS)
        if len(fake) > _LONGEST_LABEL:
            fake = f"{fake[: _LONGEST_LABEL - 1]}/{fake[_LONGEST_LABEL:]}"
        if not text.isprintable():
            fake = f"{fake[:-1]}{_UNSEEN}"
        return f"{scheme}{fake}"

    def uuid(self, text: str) -> str:
        """Return a UUID for a UUID, the same for capitals; a text for whatever else is an id."""
        return self.identity(text.lower()) if _UUID.fullmatch(text) else self.text(text)

    def identity(self, seed: str) -> str:
        """Return the UUID that belongs to `seed`."""
        return str(uuid.UUID(bytes=self._draw("uuid", seed, 16), version=4))

    def name(self, text: str) -> str:
        """Return what stands for the name of a member that is not ours to show."""
        return f"unknown-{self._draw('name', text, 5).hex()}"

    def integer(self, value: int) -> int:
        """Return an integer of as many digits; an address if it is read as one."""
        if abs(value) > _MAX_INTEGER:
            return _TOO_LARGE if value > 0 else _TOO_SMALL
        fake = min(int(self._digits(str(abs(value)))), _MAX_INTEGER)
        return fake if value >= 0 else -fake

    def fraction(self, value: float) -> float:
        """Return a fraction of the same sign, with an exponent exactly if the value has one."""
        written = repr(value)
        if "e" in written or "n" in written:
            fake = 1e-07 if abs(value) < 1 else 1e22
        else:
            drawn = self._draw("fraction", written, 4)
            fake = int.from_bytes(drawn) % 10**8 / 1000 + 0.0005
        return -fake if value < 0 else fake

    def blank(self, value: JsonValue) -> JsonValue:
        """Return a value of the same type with nothing in it that could be recognised."""
        match value:
            case str():
                return self.text(value)
            case bool() | None:
                return value
            case int():
                return self.integer(value)
            case float():
                return self.fraction(value)
            case dict():
                return {}
            case list():
                return []

    def _trimmed_address(self, text: str) -> str:
        prefix = ""
        if text.startswith("+"):
            prefix = "+"
        elif text.startswith("00") and _NUMBER.fullmatch(_GAPS.sub("", text[2:])):
            prefix = "00"
        bare = text[len(prefix) :]
        digits = _GAPS.sub("", bare)
        if digits.isascii() and digits.isdigit():
            fake = iter(self._digits(digits))
            return prefix + "".join(next(fake) if each in _TEN else each for each in bare)
        drawn = self._draw("address", bare, len(bare))
        shown = "".join(_like(*pair) for pair in zip(bare, drawn, strict=True))
        if is_documented(text):
            # The form decides what is said of a user id; of no country, it is nobody's.
            head = f"{_NO_COUNTRY}.{_PARENT}" if _PARENT in text else f"{_NO_COUNTRY}."
            return head + shown[len(head) :]
        if is_user_id(text):
            # A symbol that no number is written with, so that it stays one.
            shown = shown.replace("-", "_")
        return prefix + shown

    def _digits(self, digits: str) -> str:
        """Return as many digits, other ones for others; zeros that lead stay."""
        parts = _DIGITS.fullmatch(digits)
        assert parts is not None, "made of digits"  # noqa: S101
        zeros, rest = parts.groups()
        if _NUMBER.fullmatch(rest):
            return zeros + self.number(rest)
        if len(rest) < 2:
            return zeros + _spelt(self._draw("digits", rest, len(rest)), _TEN[1:])
        # On and on until no zero leads: that is a permutation of those without a leading zero.
        fake = permuted(rest, key=self._digits_key, kind="digits")
        while fake.startswith("0"):
            fake = permuted(fake, key=self._digits_key, kind="digits")
        return zeros + fake

    def _draw(self, kind: str, value: str, size: int) -> bytes:
        """Return `size` bytes that nobody without the key can foresee."""
        about = f"{kind}\0{value}".encode(errors="surrogatepass")
        seed = hmac.digest(self._key, about, "sha256")
        return hashlib.shake_256(seed).digest(size)


def _spelt(drawn: bytes, letters: str) -> str:
    count = len(letters)
    return "".join([letters[byte % count] for byte in drawn])


def _like(character: str, byte: int) -> str:
    """Return a character of an address in place of another of its class."""
    if character in _TEN:
        return _TEN[byte % 10]
    if not character.isprintable():
        return _UNSEEN
    if not character.isascii():
        return _CYRILLIC[byte % len(_CYRILLIC)]
    if character.isalpha():
        return _LETTERS[byte % len(_LETTERS)]
    # A placeholder that nobody filled in stays one: that is no user id, and is sent as it is.
    return character if character in "{}<>" else "-"
