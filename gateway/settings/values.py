"""How the value of a setting is read: one parser per kind of value.

A parser takes what the environment (always text) or the TOML file (text, number, boolean, list)
holds and returns the value, or raises `Unusable` with the two things an operator needs: what is
wrong and what to write instead. The value itself is never repeated: it may be a secret, or a URL
that holds one.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias, TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
Parser: TypeAlias = Callable[[object], T]

MASK: Final = "********"
STRICT: Final = "strict"
"""Callbacks wait for the one before without an end."""

PEM_MARK: Final = "-----BEGIN"
_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0"})
_DAY_S: Final = 24 * 3600
_MIN_RSA_BITS: Final = 2048
_MIN_TRACE_KEY: Final = 16
_MAX_URL: Final = 2048
_MAX_DIGITS: Final = 40


class Unusable(Exception):
    """A value cannot be used: what is wrong with it, and what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.problem = problem
        self.remedy = remedy


class Secret:
    """A text that shows itself to nobody by accident: not in a `repr`, a log or a traceback.

    Not a dataclass on purpose: `dataclasses.asdict` of the settings must not open it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    __str__ = __repr__


def text(raw: object) -> str:
    """Read a text without line breaks or control characters."""
    if not isinstance(raw, str):
        raise Unusable("is not a text", "write it in quotes")
    value = raw.strip()
    if not value.isprintable() or not value:
        raise Unusable("is empty or holds control characters", "write one line of text")
    return value


def secret(raw: object) -> Secret:
    """Read a secret of one line."""
    return Secret(text(raw))


def trace_key(raw: object) -> Secret:
    """Read the key of pseudonyms: whoever can guess it can tell who is meant."""
    value = secret(raw)
    if len(value.reveal()) < _MIN_TRACE_KEY:
        raise Unusable(
            f"is shorter than {_MIN_TRACE_KEY} characters", "draw one: openssl rand -hex 32"
        )
    return value


def private_key(raw: object) -> Secret:
    """Read an RSA private key in PEM text; line breaks written as `\\n` are accepted."""
    # Imported here: the commands that read no key start without it.
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    pem = raw if isinstance(raw, str) else ""
    if "\n" not in pem.strip():
        pem = pem.replace("\\n", "\n")
    if "PUBLIC KEY" in pem:
        raise Unusable("is a public key", "give the private key of the application")
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except TypeError:
        raise Unusable("is protected by a passphrase", "store it without one") from None
    except Exception:  # the library documents no closed set of errors
        raise Unusable(
            "is not a private key", "give a PEM text or the path of a PEM file"
        ) from None
    if not isinstance(key, RSAPrivateKey):
        raise Unusable("is not an RSA key", "give the key the application was created with")
    if key.key_size < _MIN_RSA_BITS:
        raise Unusable(f"is shorter than {_MIN_RSA_BITS} bits", "create a new key pair")
    return Secret(pem)


def identifier(raw: object) -> str:
    """Read a UUID; returned in lower case with hyphens."""
    try:
        return str(uuid.UUID(text(raw)))
    except ValueError:
        raise Unusable("is not a UUID", "copy the application's id") from None


def flag(raw: object) -> bool:
    """Read a yes or no."""
    if isinstance(raw, bool):
        return raw
    word = raw.strip().lower() if isinstance(raw, str) else ""
    if word not in _TRUE | _FALSE:
        raise Unusable("is neither true nor false", "write true or false")
    return word in _TRUE


def whole(low: int, high: int) -> Parser[int]:
    """Make a parser of whole numbers from `low` to `high`."""

    def parse(raw: object) -> int:
        value = _number(raw)
        if value is None or value != value.to_integral_value() or not low <= value <= high:
            raise Unusable(
                "is not a whole number within its limits", f"write a number from {low} to {high}"
            )
        return int(value)

    return parse


def decimal(low: float, high: float) -> Parser[float]:
    """Make a parser of numbers from `low` to `high`; fractions are accepted."""
    # By way of `str`: the float 0.1 is more than the number 0.1, which would be refused.
    least, most = Decimal(str(low)), Decimal(str(high))

    def parse(raw: object) -> float:
        value = _number(raw)
        if value is None or not least <= value <= most:
            raise Unusable(
                "is not a number within its limits", f"write a number from {low:g} to {high:g}"
            )
        return float(value)

    return parse


def order_patience(raw: object) -> float | str:
    """Read how many seconds a lane waits for a callback that fails, or the word for no end."""
    if isinstance(raw, str) and raw.strip().lower() == STRICT:
        return STRICT
    try:
        return decimal(0, _DAY_S)(raw)
    except Unusable:
        raise Unusable(
            "is neither a number of seconds nor a known word",
            f"write a number from 0 to {_DAY_S}, or {STRICT}",
        ) from None


def amount(raw: object) -> Decimal:
    """Read an amount of money, exactly."""
    value = _number(raw)
    if value is None or not 0 <= value <= 1000:
        raise Unusable("is not an amount", "write a decimal number, as in 0.002")
    return value


def choice(*words: str) -> Parser[str]:
    """Make a parser that accepts exactly `words`, in any case."""

    def parse(raw: object) -> str:
        word = raw.strip().lower() if isinstance(raw, str) else ""
        if word not in words:
            raise Unusable("is not one of the possible words", f"write {' or '.join(words)}")
        return word

    return parse


def names(raw: object) -> frozenset[str]:
    """Read a list of names: comma-separated text, or a TOML list."""
    parts = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise Unusable("is not a list of names", "write names separated by commas")
    return frozenset(part.strip() for part in parts if part.strip())


def ports(raw: object) -> frozenset[int]:
    """Read a list of port numbers: comma-separated text, or a TOML list."""
    parts: Iterable[object] = (raw,) if isinstance(raw, int) else ()
    if isinstance(raw, str):
        parts = [part for part in raw.split(",") if part.strip()]
    elif isinstance(raw, list):
        parts = raw
    try:
        return frozenset(whole(1, 65535)(part) for part in parts)
    except Unusable:
        raise Unusable(
            "is not a list of port numbers", "write numbers from 1 to 65535, separated by commas"
        ) from None


def url(raw: object, example: str = "https://example.com/status") -> str:
    """Read an absolute http or https URL. Where it leads is judged by the address guard."""
    value = text(raw)
    if len(value) > _MAX_URL or " " in value or "\\" in value:
        raise Unusable("is not a URL", "write an http or https URL")
    try:
        parts = urlsplit(value)
        is_complete = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_complete = False
    if not is_complete:
        raise Unusable("is not an http or https URL", f"write it as in {example}")
    if "@" in parts.netloc or "#" in value:
        raise Unusable("holds credentials or a fragment", "leave them out")
    try:
        has_port_in_range = parts.port != 0
    except ValueError:
        has_port_in_range = False
    if not has_port_in_range:
        raise Unusable("has a port out of range", "write 1 to 65535")
    return value


def base_url(raw: object, example: str = "https://gateway.example.com") -> str:
    """Read a URL that paths are appended to; returned without a trailing slash."""
    value = url(raw, example)
    if "?" in value:
        raise Unusable("has a query string", "leave it out: paths are appended to this URL")
    return value.rstrip("/")


def upstream_url(raw: object) -> str:
    """Read the base URL of Messages v1, without the path of the send call."""
    value = base_url(raw, "https://api.nexmo.com")
    if value.endswith("/v1/messages"):
        raise Unusable("ends in /v1/messages", "leave the path out: the gateway appends it")
    return value


def legacy_url(raw: object) -> str:
    """Read the base URL of the legacy service, without the path of its one endpoint."""
    value = base_url(raw, "https://api.nexmo.com")
    if value.endswith("/v0.1/dispatch"):
        raise Unusable("ends in /v0.1/dispatch", "leave the path out: the gateway appends it")
    return value


def store_url(raw: object) -> str:
    """Read the URL of the store: `sqlite:///relative.db` or `sqlite:////absolute/path.db`."""
    value = text(raw)
    scheme, mark, rest = value.partition("://")
    if scheme == "rediss" or scheme.startswith("redis"):
        raise Unusable("is not available in this version", "use sqlite:///dispatch-gateway.db")
    if not mark or scheme != "sqlite" or not rest.startswith("/"):
        raise Unusable("is not the URL of a store", "write it as in sqlite:///dispatch-gateway.db")
    path = rest[1:]
    if ":memory:" in path:
        raise Unusable("keeps nothing: accepted dispatches would be lost", "name a file")
    if not path or path.endswith("/") or "?" in path or "#" in path:
        raise Unusable("does not name a file", "write it as in sqlite:////var/lib/gateway.db")
    return value


def _number(raw: object) -> Decimal | None:
    """Read a finite number in plain notation; None for anything else."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal | str):
        return None
    # By way of `str`, a float keeps the digits that were written.
    digits = str(raw).strip()
    try:
        value = Decimal(digits if len(digits) <= _MAX_DIGITS else "nan")
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
