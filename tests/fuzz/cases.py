"""Cases: a request or a webhook made of a fixture, by a seed and a number alone."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.fuzz.documents import CANARY, write
from tests.fuzz.mutations import mutate, mutate_bytes

FIXTURES: Final = Path(__file__).parents[2] / "fixtures"
_MOST_MUTATIONS: Final = 4
_MOST_BYTES: Final = 400_000


class Kind(StrEnum):
    """What is mutated."""

    REQUEST = "request"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is sent, but for credentials and signatures."""

    kind: Kind
    number: int
    base: str
    """The fixture that it was made of."""
    method: str
    path: str
    """Of a webhook, with `{token}` where that of a live step goes."""
    headers: dict[str, str]
    body: bytes
    steps: tuple[int, ...] = field(default=())
    """Which of its mutations were made; fewer are made to find out which matter."""


@cache
def bases(kind: Kind) -> Sequence[tuple[str, bytes]]:
    """Return the fixtures of a kind with their names."""
    patterns = {
        Kind.REQUEST: ["requests/**/*.v01.json"],
        Kind.WEBHOOK: ["statuses/**/*.in.json", "inbound/**/*.in.json", "statuses/**/*.v1.json",
                       "inbound/**/*.v1.json"],
    }  # fmt: skip
    found = sorted(path for pattern in patterns[kind] for path in FIXTURES.glob(pattern))
    assert found
    return [(str(path.relative_to(FIXTURES)), path.read_bytes()) for path in found]


def make(kind: Kind, seed: int, number: int, steps: Sequence[int] | None = None) -> Case:
    """Make a case; with `steps`, with these of its mutations only."""
    random = Random(f"{seed}/{kind}/{number}")
    known = bases(kind)
    carried = [each for each in known if "carried" in each[0]]
    name, raw = random.choice(carried if carried and random.random() < 0.6 else known)
    planned = list(range(random.choice((0, 1, 1, 1, 2, 2, 3, _MOST_MUTATIONS))))
    seeds = [random.random() for _ in planned]
    byte_seeds = [random.random() for _ in range(random.choice((0, 0, 0, 1, 2)))]
    document: Any
    try:
        document = json.loads(raw)
    except ValueError:
        document = None  # a fixture of bytes: only those are mutated
    chosen = list(range(len(seeds) + len(byte_seeds))) if steps is None else list(steps)
    if document is not None:
        document = copy.deepcopy(document)
        for step, each in enumerate(seeds):
            if step in chosen:
                document = mutate(document, Random(each))
        text = write(document, ascii_only=random.random() < 0.7)
        body = text.encode("utf-8", "surrogatepass")
    else:
        body = raw
    for step, each in enumerate(byte_seeds, len(seeds)):
        if step in chosen:
            body = mutate_bytes(body, Random(each))
    method, path, headers = _around(kind, random)
    return Case(
        kind=kind,
        number=number,
        base=name,
        method=method,
        path=path,
        headers=headers,
        body=body[:_MOST_BYTES],
        steps=tuple(chosen),
    )


def _around(kind: Kind, random: Random) -> tuple[str, str, dict[str, str]]:
    """Return method, path and headers."""
    if kind is Kind.WEBHOOK:
        slash = random.choice(("", "", "/"))
        path = random.choice(
            ("/webhooks/status", "/webhooks/status/{token}", "/webhooks/status/{token}",
             "/webhooks/inbound", f"/webhooks/status/{CANARY}")
        )  # fmt: skip
        return "POST", path + slash, {"Content-Type": random.choice(_WEBHOOK_TYPES)}
    path = random.choice(_PATHS)
    headers = {"Content-Type": random.choice(_TYPES)}
    for name, values in _HEADERS.items():
        if random.random() < 0.03:
            headers[name] = random.choice(values)
    return random.choice(_METHODS), path, headers


_PATHS: Final = (
    *("/v0.1/dispatch",) * 80,
    *("/v0.1/dispatch/", "/v0.1/dispatch/plan", "/v0.1/dispatch/plan/", "//v0.1//dispatch"),
    *("/v0.1/dispatch?dry_run=1", f"/v0.1/dispatch?a={CANARY}&dry_run=%00"),
    *("/v0.1/dispatch?validate=maybe", f"/v0.1/dispatch/{CANARY}", "/workflows/%ff"),
    *("/v0.1/dispatch/..%2f..", f"/{CANARY}"),
    *("/dead-letters/replay", f"/dead-letters?{CANARY}=1", f"/dead-letters/replay?since={CANARY}"),
    *("/dead-letters/aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab.9999999999", "/dead-letters/x.y"),
    *("/parked/release", f"/parked/{2**63}", f"/parked?after={CANARY}", "/parked/٣"),
)
_METHODS: Final = (*("POST",) * 90, *("GET",) * 6, "PUT", "DELETE", "HEAD", "PATCH")
_TYPES: Final = (*("application/json",) * 80, "application/json; charset=utf-8", "text/plain", "",
                 "application/json; charset=utf-16", f"multipart/{CANARY}")  # fmt: skip
_WEBHOOK_TYPES: Final = (*("application/json",) * 5, "text/plain", "", CANARY)
_HEADERS: Final = {
    "Accept": ("*/*", "application/json", "text/html", "", CANARY, ";,;", "application/*;q=0"),
    "Idempotency-Key": ("once", "", CANARY, "k" * 255, "k" * 256, "\u00e9", "a\tb"),
    "Prefer": ("dry-run", "dry-run=maybe", f"{CANARY}; dry-run", '"', "," * 5000, "respond-async"),
    "Content-Encoding": ("gzip", "identity", CANARY),
    "X-Forwarded-For": (CANARY, "1.2.3.4, ::1"),
    "Content-Length": ("5", "99999999", "-1", "x"),
}
