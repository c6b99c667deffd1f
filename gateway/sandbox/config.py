"""What a sandbox is told at its start."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """The settings of one simulated upstream."""

    webhook_url: str | None = None
    """Where the statuses of messages go that name no URL of their own."""
    signature_secret: str | None = field(default=None, repr=False)
    """Signs webhooks; `None` sends them unsigned."""
    api_key: str | None = None
    """The only key that Basic credentials may name, and the `api_key` of signed webhooks."""
    api_secret: str | None = field(default=None, repr=False)
    """The only secret that Basic credentials may have; `None` takes any."""
    application_id: str | None = None
    """The `application_id` of signed webhooks."""
    pace: float = 1.0
    """A factor on the delays of webhooks and their retries; 0.1 is ten times faster."""
    fixed_pace: float = 1.0
    """The same for what `pace` leaves alone: delays measured against someone else's timer."""
    remembered: int = 100_000
    """How many POSTs the ledger keeps."""

    def __post_init__(self) -> None:
        if self.signature_secret is not None and not self.api_key:
            raise ValueError("a signed webhook names an api_key: set one beside the secret")
        if self.pace <= 0 or self.fixed_pace <= 0:
            raise ValueError("a pace is greater than zero")
        if self.remembered < 1:
            raise ValueError("the ledger keeps at least one POST")
