"""Where this gateway itself is asked: whatever it called there would come back to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from gateway.clients.addresses import Place
from gateway.settings import Settings
from gateway.settings.places import TcpPlace

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - read, not bound
_USUAL: Final = {"http": 80, "https": 443}


def own_places(settings: Settings) -> frozenset[Place]:
    """Return every place that leads to this gateway, as far as its settings tell.

    These are what it listens on, the names it is asked under, and its public URL. Of that URL the
    path counts, too: a proxy may share a host between the gateway and the integration.
    """
    return frozenset(_places(settings))


def _places(settings: Settings) -> Iterator[Place]:
    for each in (*settings.places, *settings.admin_places):
        if isinstance(each, TcpPlace):
            yield from _bound(each.host, each.port)
    shared = settings.hosts - {urlsplit(settings.public_url or "").hostname}
    for port in {settings.port, *_USUAL.values()}:
        yield from (Place(host=name, port=port, path="") for name in shared)
    if settings.public_url is not None:
        parts = urlsplit(settings.public_url)
        yield Place(
            host=(parts.hostname or "").rstrip("."),
            port=parts.port or _USUAL[parts.scheme],
            path=parts.path.rstrip("/"),
        )


def _bound(host: str, port: int) -> Iterator[Place]:
    bound = host.lower()
    names = {bound} | (_LOOPBACK if bound in _LOOPBACK | _EVERYWHERE else frozenset())
    yield from (Place(host=name, port=port, path="") for name in names)
