"""What the head of a request must be: pure, and stricter than the parser below.

llhttp, the parser, refuses most of what smuggles requests past a proxy: Content-Length beside
Transfer-Encoding, two lengths, signs in a length, bare line feeds, folded lines, control
characters. What it lets through is refused here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from gateway.front.refusals import Refusal
from gateway.hosts import host_name

Fields = list[tuple[bytes, bytes]]
"""Names in lower case, and values, in the order in which they came."""

_WATCHED: Final = frozenset(
    {
        b"authorization",
        b"content-length",
        b"expect",
        b"host",
        b"transfer-encoding",
        b"upgrade",
    }
)

_OF_UPGRADES: Final = frozenset({b"connection", b"upgrade", b"http2-settings"})
_LONGEST_HOST: Final = 253 + len(":65535")
_LONGEST_LENGTH: Final = 64
_ABSOLUTE: Final = re.compile(rb"https?://([^/?]*)(/?[^?]*)((?:\?.*)?)", re.IGNORECASE)


@dataclass(slots=True)
class Head:
    """The head of a request that may go on."""

    method: str
    version: str
    path: str
    raw_path: bytes
    query: bytes
    fields: Fields
    length: int
    """Of the body; 0 where there is none or it comes in chunks."""
    expects_continue: bool
    upgrades: bool
    """Whether it offers to speak something else afterwards, which is passed over."""
    keeps_alive: bool = False
    """Whether another request may follow; the parser knows."""


def read_head(method: bytes, version: str, target: bytes, fields: Fields) -> Head | Refusal:
    """Judge the head of a request.

    Args:
        method: as it came.
        version: as the parser tells it; `0.9` for a line without one.
        target: as it came.
        fields: of the head, without trailers.
    """
    if version not in {"1.1", "1.0"}:
        return Refusal.MALFORMED
    if method in {b"CONNECT", b"TRACE"}:
        return Refusal.BAD_METHOD
    host: bytes | None = None
    length = 0
    is_chunked = expects_continue = upgrades = is_authorized = False
    for name, value in fields:
        if name not in _WATCHED:
            continue
        if name == b"host":
            if host is not None or len(value) > _LONGEST_HOST:
                return Refusal.BAD_HOST
            host = value
        elif name == b"content-length":
            # The parser lets digits through, once; of zeros in front, any number of them.
            if len(value) > _LONGEST_LENGTH:
                return Refusal.BAD_FRAMING
            length = int(value)
        elif name == b"authorization":
            if is_authorized:
                return Refusal.TWO_CREDENTIALS
            is_authorized = True
        elif name == b"transfer-encoding":
            if is_chunked or version == "1.0" or value.strip().lower() != b"chunked":
                return Refusal.BAD_FRAMING
            is_chunked = True
        elif name == b"expect":
            if value.strip().lower() != b"100-continue":
                return Refusal.BAD_EXPECTATION
            expects_continue = version == "1.1"
        elif name == b"upgrade":
            if value.strip().lower() == b"websocket":
                return Refusal.BAD_UPGRADE
            upgrades = True
    if host is None:
        if version == "1.1":
            return Refusal.BAD_HOST
        host = b""  # HTTP/1.0 has none
    elif _name_in(host) is None:
        return Refusal.BAD_HOST
    if not target.startswith(b"/"):
        origin = _origin_form(target, host)
        if origin is None:
            return Refusal.BAD_TARGET
        target = origin
    raw_path, _, query = target.partition(b"?")
    if b"#" in target:
        return Refusal.BAD_TARGET
    path = raw_path.decode("ascii")  # the parser refuses the rest
    return Head(
        method.decode("ascii"),
        version,
        unquote(path) if "%" in path else path,
        raw_path,
        query,
        fields,
        length,
        expects_continue,
        upgrades,
    )


def without_upgrade(method: bytes, version: str, target: bytes, fields: Fields) -> bytes:
    """Write a head anew without the offer to speak another protocol."""
    lines = [b"%b %b HTTP/%b" % (method, target, version.encode())]
    lines += [b"%b: %b" % each for each in fields if each[0] not in _OF_UPGRADES]
    if any(name == b"connection" and b"close" in value.lower() for name, value in fields):
        lines.append(b"connection: close")
    return b"\r\n".join([*lines, b"", b""])


@lru_cache(maxsize=256)
def _name_in(host: bytes) -> str | None:
    return host_name(host.decode("latin-1"))


def _origin_form(target: bytes, host: bytes) -> bytes | None:
    """Return the path and query of a target in absolute form, if it names the same host."""
    matched = _ABSOLUTE.fullmatch(target)
    if matched is None or len(matched[1]) > _LONGEST_HOST:
        return None
    # The port may be left out of either; what matters is whom it is for.
    name = _name_in(matched[1])
    if name is None or name != _name_in(host):
        return None
    return (matched[2] or b"/") + matched[3]
