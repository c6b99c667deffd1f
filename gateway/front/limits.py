"""The numbers of the front door, and how many connections the process can have."""

from __future__ import annotations

import resource
from dataclasses import dataclass, replace
from typing import Final

_OWN_DESCRIPTORS: Final = 512
"""What the process opens itself: the store, connections to the upstream and to receivers."""
_FEWEST_CONNECTIONS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a connection may take, in time, bytes and places."""

    handshake_s: float = 10
    """Until TLS is spoken, where it is to be."""
    goodbye_s: float = 5
    """How long the end of TLS may take."""
    head_s: float = 10
    """Until the head of a request is there, counted from its first byte or the connection's."""
    body_s: float = 20
    """Until the body is there, counted from its head."""
    idle_s: float = 5
    """How long a connection is kept between two requests."""
    unread_s: float = 20
    """How long a client may leave its answers unread."""
    ending_s: float = 2
    """How long a connection that ends may take to read its last answer."""
    sweep_s: float = 0.5
    """How often deadlines are looked at: each passes up to one sweep early, and never late."""

    head_bytes: int = 32 * 1024
    target_bytes: int = 16 * 1024
    headers: int = 100
    body_bytes: int = 256 * 1024
    framing_bytes: int = 16 * 1024
    """What chunk sizes, chunk extensions and trailers may take, beside eight times the body."""
    pipelined: int = 64
    """Requests of one connection that wait for their turn; it ends after them if more come."""
    ending_bytes: int = 1024 * 1024
    """What is read and thrown away so that a client sees the answer before the end."""
    pipeline_s: float = 0.005
    """How long such a request waits after the answer to the one before."""
    held_bytes: int = 32 * 1024 * 1024
    """Of all bodies that are not whole yet, together."""

    connections: int = 2000
    callers: int = 1000
    """Requests that are answered at once, but for webhooks and health."""
    webhooks: int = 500
    health: int = 64


def within_descriptors(limits: Limits) -> Limits:
    """Return the limits that the open files allowed to this process leave room for."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return limits
    # The other half is for those that the event loop takes at once, before anybody is shown out.
    room = max(_FEWEST_CONNECTIONS, (soft - _OWN_DESCRIPTORS) // 2)
    connections = min(limits.connections, room)
    return replace(
        limits,
        connections=connections,
        callers=min(limits.callers, connections // 2),
        webhooks=min(limits.webhooks, connections // 4),
        health=min(limits.health, max(4, connections // 16)),
    )
