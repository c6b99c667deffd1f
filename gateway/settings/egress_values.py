"""How the settings of the way out are read: a forward proxy, and files of certificates."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from gateway.settings.values import Secret, Unusable, text

_EXAMPLE: Final = "write it as in http://proxy.example.com:3128"


def egress_proxy(raw: object) -> Secret:
    """Read the URL of a forward proxy; user and password may stand in it, percent-encoded."""
    value = text(raw)
    try:
        parts = urlsplit(value)
        is_complete = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_complete = False
    if not is_complete or " " in value or "\\" in value:
        raise Unusable("is not the URL of an HTTP proxy", _EXAMPLE)
    if parts.path not in ("", "/") or "?" in value or "#" in value:
        raise Unusable("has a path, a query or a fragment", _EXAMPLE)
    try:
        has_port = parts.port != 0
    except ValueError:
        has_port = False
    if not has_port:
        raise Unusable("has a port out of range", "write 1 to 65535")
    if parts.username is not None and ":" in parts.username:
        raise Unusable("has a user with a colon", "no HTTP proxy can be told one")
    return Secret(value)
