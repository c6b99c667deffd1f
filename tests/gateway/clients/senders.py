"""A client for sends as the tests use it: over loopback, with short limits."""

from __future__ import annotations

from gateway.clients.egress import Egress
from gateway.clients.guard import AddressPolicy
from gateway.clients.messages import MessagesClient
from gateway.clock import SystemClock
from tests.gateway.clients.peers import LOOPBACK, StubResolver

BODY = b'{"text":"hello"}'
ACCEPTED = b'HTTP/1.1 202 Accepted\r\nContent-Length: 20\r\n\r\n{"message_uuid":"m"}'


def client(
    base_url: str,
    *,
    policy: AddressPolicy = LOOPBACK,
    resolver: StubResolver | None = None,
    deadline_s: float = 5.0,
    connect_s: float = 1.0,
    egress: Egress | None = None,
) -> MessagesClient:
    return MessagesClient(
        base_url=base_url,
        policy=policy,
        clock=SystemClock(),
        deadline_s=deadline_s,
        connect_s=connect_s,
        resolver=resolver or StubResolver(["127.0.0.1"]),
        egress=egress,
    )
