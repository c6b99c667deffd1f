"""Asking the gateway of these settings at its own places on this machine, and nobody else."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

import orjson

from gateway.clients.connection import Exchange
from gateway.clients.egress import Egress
from gateway.clients.faults import Fault
from gateway.clients.guard import AddressPolicy
from gateway.doctor.visit import Visitor, visiting
from gateway.listening.certificates import load_pair, pair_of
from gateway.presence import PATH
from gateway.settings import Settings
from gateway.settings.places import TcpPlace


class Own:
    """What listens where the settings say."""

    def __init__(self, settings: Settings, visitor: Visitor) -> None:
        self._visitor = visitor
        scheme = "https" if pair_of(settings) is not None else "http"
        self._public = [each.url(scheme) for each in settings.places if isinstance(each, TcpPlace)]
        self._admin = [each.url("http") for each in settings.admin_places if each.port]
        # Under an address it answers only where any name will do.
        name = urlsplit(settings.public_url or "").hostname or min(settings.hosts, default="")
        self._headers = {"Host": name} if settings.hosts else {}

    async def proof(self, nonce: str) -> str | None:
        """Return the proof of what listens; on a Unix socket only, that of the admin bind."""
        if not self._public:
            return await self.proof_of_admin(nonce)
        return proof_in(await self.ask_public(f"{PATH}{nonce}"))

    async def proof_of_admin(self, nonce: str) -> str | None:
        """Return the proof of the admin bind, if there is one."""
        return proof_in(await self.ask_admin(f"{PATH}{nonce}"))

    async def ask_public(self, path: str) -> Exchange:
        """GET something of the first public address."""
        return await self._ask(self._public, path)

    async def ask_admin(self, path: str) -> Exchange:
        """GET something of the admin bind."""
        return await self._ask(self._admin, path)

    async def _ask(self, urls: list[str], path: str) -> Exchange:
        if not urls:
            return Exchange(fault=Fault.CONNECTION_REFUSED)
        headers = self._headers if urls is self._public else {}
        return await self._visitor.ask("GET", f"{urls[0]}{path}", headers=headers)


@contextlib.asynccontextmanager
async def visiting_here() -> AsyncIterator[Visitor]:
    """Open what visits to this machine need.

    The certificate is for the name that the world uses, and an address is asked: who answers is
    told by the proof.
    """
    async with visiting(AddressPolicy(allow_private=True), _ToThisMachine()) as visitor:
        yield visitor


@dataclass(frozen=True, kw_only=True)
class _ToThisMachine(Egress):
    """No proxy on the way, and no certificate is asked for a name."""

    @cached_property
    def tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


def own_certificate(settings: Settings) -> ssl.SSLContext | None:
    """Return what to listen with in the gateway's place."""
    pair = pair_of(settings)
    return load_pair(*pair).context if pair is not None else None


def proof_in(seen: Exchange) -> str | None:
    """Return the proof in an answer; `None` for what no gateway would say."""
    try:
        body = orjson.loads(bytes(seen.body)) if seen.http_status == 200 else None
    except orjson.JSONDecodeError:
        return None
    proof = body.get("proof") if isinstance(body, dict) else None
    return proof if isinstance(proof, str) else None
