"""Settings to start from, and short ways to load them."""

from __future__ import annotations

from pathlib import Path

from gateway.settings import Settings, load_settings, read_settings

APP_ID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
SIGNATURE_SECRET = "gateway-test-signature-secret-0001"
MINIMAL = {
    "VONAGE_API_KEY": "a1b2c3d",
    "VONAGE_API_SECRET": "s3cret-of-the-account",
    "VONAGE_SIGNATURE_SECRET": SIGNATURE_SECRET,
    "GATEWAY_STATUS_URL": "https://shop.example.com/status",
    "GATEWAY_PUBLIC_URL": "https://gateway.example.com",
}
TWO_TABLES = f"""
public_url = "https://gateway.example.com"
[[applications]]
api_key = "a1b2c3d"
api_secret = "one"
status_url = "https://one.example.com/status"

[[applications]]
application_id = "{APP_ID.upper()}"
api_key = "a1b2c3d"
api_secret = "one"
status_url = "https://two.example.com/status"
inbound_url = "https://two.example.com/inbound"
"""


def load(**variables: str) -> Settings:
    return load_settings({**MINIMAL, **variables})


def faults_of(variables: dict[str, str], config: Path | None = None) -> list[str]:
    return [str(fault) for fault in read_settings(variables, config).faults]


def fault_of(**variables: str) -> str:
    (fault,) = faults_of({**MINIMAL, **variables})
    return fault


def toml(folder: Path, text: str) -> Path:
    path = folder / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return path
