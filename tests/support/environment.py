"""The settings of the gateways that tests lay out or start."""

from __future__ import annotations

from pathlib import Path

from tests.support.world import API_KEY, API_SECRET, PUBLIC_URL, SIGNATURE_SECRET

SECOND_ACCOUNT = """
[[applications]]
api_key = "second"
api_secret = "secret-of-the-second"
status_url = "{receiver}/second"
"""
"""A settings file with one more application; `{receiver}` stands for the receiver's URL."""


def environment(folder: Path, upstream: str, receiver: str) -> dict[str, str]:
    """Return the settings of a gateway whose store lies in `folder`."""
    return {
        "GATEWAY_STORE": f"sqlite:///{folder / 'gateway.db'}",
        "GATEWAY_UPSTREAM": upstream,
        "GATEWAY_PUBLIC_URL": PUBLIC_URL,
        "GATEWAY_STATUS_URL": f"{receiver}/webhooks/status",
        "GATEWAY_ALLOW_PRIVATE_CALLBACKS": "true",
        "GATEWAY_SEND_RATE": "0",
        "GATEWAY_CLOCK": "own",  # the tests' clock is years behind the upstream's
        "VONAGE_API_KEY": API_KEY,
        "VONAGE_API_SECRET": API_SECRET,
        "VONAGE_SIGNATURE_SECRET": SIGNATURE_SECRET,
    }
