"""How the gateway gets out: whom it trusts, who it is to those who ask, and through which proxy."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gateway.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A forward proxy that connections are asked of by `CONNECT` (RFC 9110 section 9.3.6)."""

    is_tls: bool
    host: str
    port: int
    user: str | None = field(default=None, repr=False)
    password: str = field(default="", repr=False)
    resolves_names: bool = False
    """Whether it is told names, and judges itself where they lead; else checked addresses."""

    @property
    def authorization(self) -> str | None:
        """What `Proxy-Authorization` says, if anything."""
        if self.user is None:
            return None
        credentials = f"{self.user}:{self.password}".encode()
        return f"Basic {base64.b64encode(credentials).decode('ascii')}"


@dataclass(frozen=True, kw_only=True)
class Egress:
    """One way out for everything that the gateway asks of others."""

    ca_file: Path | None = None
    """Authorities that are trusted besides the system's."""
    client_cert: Path | None = None
    """The certificate, with its chain, that is shown to whoever asks for one."""
    client_key: Path | None = None
    """Its key; `None` where it is in the same file."""
    proxy: Proxy | None = None

    @cached_property
    def tls(self) -> ssl.SSLContext:
        """What TLS connections are made with; the files are read at the first one.

        Raises:
            OSError: a file cannot be read, or is not what it should be (`ssl.SSLError` is one).
        """
        # Of OpenSSL's places, or of SSL_CERT_FILE and SSL_CERT_DIR.
        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.ca_file is not None:
            context.load_verify_locations(self.ca_file)
        if self.client_cert is not None:
            context.load_cert_chain(self.client_cert, self.client_key, password="")
        return context


def egress_of(settings: Settings) -> Egress:
    """Return the way out that the settings describe."""
    return Egress(
        ca_file=_path(settings.ca_file),
        client_cert=_path(settings.client_cert),
        client_key=_path(settings.client_key),
        proxy=_proxy(settings),
    )


def _path(file: str | None) -> Path | None:
    return None if file is None else Path(file)


def _proxy(settings: Settings) -> Proxy | None:
    if settings.egress_proxy is None:
        return None
    parts = urlsplit(settings.egress_proxy.reveal())
    is_tls = parts.scheme == "https"
    return Proxy(
        is_tls=is_tls,
        host=parts.hostname or "",
        port=parts.port or (443 if is_tls else 80),
        user=None if parts.username is None else unquote(parts.username),
        password=unquote(parts.password or ""),
        resolves_names=settings.egress_proxy_resolves,
    )
