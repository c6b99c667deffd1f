"""The environment of a command: what the machine has set must not leak into tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.gateway.restoring import logging_restored

MINIMAL = {
    "VONAGE_API_KEY": "a1b2c3d",
    "VONAGE_API_SECRET": "s3cret-of-the-account",
    "VONAGE_SIGNATURE_SECRET": "gateway-test-signature-secret-0001",
    "GATEWAY_STATUS_URL": "https://shop.example.com/status",
    "GATEWAY_PUBLIC_URL": "https://gateway.example.com",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set the least that a gateway needs and nothing else."""
    for name in os.environ:
        if name.startswith(("GATEWAY_", "VONAGE_")):
            monkeypatch.delenv(name)
    for name, text in MINIMAL.items():
        monkeypatch.setenv(name, text)
    return monkeypatch


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Undo what a command does to logging."""
    with logging_restored():
        yield
