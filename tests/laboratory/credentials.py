"""The accounts of a world, and the settings that its gateways start with."""

from __future__ import annotations

import base64
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.settings import Settings, load_settings

PUBLIC_URL: Final = "https://gateway.example.com"
RECEIVER: Final = "https://application.example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What a caller and the vendor know of an account."""

    api_key: str
    api_secret: str
    signature_secret: str

    @property
    def basic(self) -> str:
        """The `Authorization` of its callers."""
        pair = f"{self.api_key}:{self.api_secret}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


ACCOUNTS: Final = (
    Account(
        api_key="abcd1234",
        api_secret="api-secret-of-the-first",
        signature_secret="signature-secret-of-the-first-0001",
    ),
    Account(
        api_key="efgh5678",
        api_secret="api-secret-of-the-second",
        signature_secret="signature-secret-of-the-second-0002",
    ),
)
_WRONG: Final = "signature-secret-of-nobody-at-all-0003"
_QUERY: Final = "key=secret-of-the-receiver"
SECRETS: Final = (
    _WRONG,
    _QUERY,
    *(
        secret
        for account in ACCOUNTS
        for secret in (
            account.api_secret,
            account.signature_secret,
            account.basic.removeprefix("Basic "),
        )
    ),
)
"""What nobody may be told."""
_CONFIG: Final = f"""
[[applications]]
api_key = "{ACCOUNTS[1].api_key}"
api_secret = "{ACCOUNTS[1].api_secret}"
signature_secret = "%s"
status_url = "{RECEIVER}/second?{_QUERY}"
"""


@functools.lru_cache(maxsize=16)
def settings_of(
    environ: tuple[tuple[str, str], ...],
    *,
    has_public_url: bool,
    wrong_account: int | None,
    folder: Path,
) -> Settings:
    """Return the settings of a gateway, of which the signature secret of one account is wrong."""
    first = ACCOUNTS[0]
    secrets = [account.signature_secret for account in ACCOUNTS]
    if wrong_account is not None:
        secrets[wrong_account] = _WRONG
    config = folder / "gateway.toml"
    config.write_text(_CONFIG % secrets[1])
    return load_settings(
        {
            "GATEWAY_STORE": f"sqlite:///{folder / 'gateway.db'}",
            "GATEWAY_UPSTREAM": "https://upstream.example.com",
            "GATEWAY_STATUS_URL": f"{RECEIVER}/first?{_QUERY}",
            "GATEWAY_CLOCK": "own",
            "GATEWAY_STANDARD_WEBHOOKS": "true",
            "GATEWAY_SQLITE_WRITER": "loop",
            "GATEWAY_DRAIN": "5",
            "VONAGE_API_KEY": first.api_key,
            "VONAGE_API_SECRET": first.api_secret,
            "VONAGE_SIGNATURE_SECRET": secrets[0],
            **({"GATEWAY_PUBLIC_URL": PUBLIC_URL} if has_public_url else {}),
            **dict(environ),
        },
        config,
    )
