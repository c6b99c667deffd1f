"""Where this gateway itself is asked: whatever it called there would come back to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from gateway.clients.addresses import Place
from gateway.settings import Settings

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104 - read, not bound
_USUAL: Final = {"http": 80, "https": 443}


def own_places(settings: Settings) -> frozenset[Place]:
    """Return every place that leads to this gateway, as far as its settings tell.

    These are what it listens on and its public URL. Of that URL the path counts, too: a proxy may
    share a host between the gateway and the integration.
    """
    return frozenset(_places(settings))


def _places(settings: Settings) -> Iterator[Place]:
    bound = settings.host.lower()
    names = {bound} | (_LOOPBACK if bound in _LOOPBACK | _EVERYWHERE else frozenset())
    yield from (Place(host=name, port=settings.port, path="") for name in names)
    if settings.public_url is not None:
        parts = urlsplit(settings.public_url)
        yield Place(
            host=(parts.hostname or "").rstrip("."),
            port=parts.port or _USUAL[parts.scheme],
            path=parts.path.rstrip("/"),
        )
