"""The settings of one application: each field of `Application` is one row of the table."""

# ruff: noqa: RUF009 - `row` and `gathered` declare fields, as `dataclasses.field` does

from __future__ import annotations

from dataclasses import dataclass

from gateway.settings.rows import gathered, row
from gateway.settings.values import (
    Secret,
    choice,
    decimal,
    identifier,
    private_key,
    secret,
    text,
    url,
    whole,
)


# A table is read by its rows, so the formatter is kept off it.
# fmt: off
@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """One application of the account: who may call us for it, and where its callbacks go."""

    api_key: str | None = row(
        None, "VONAGE_API_KEY", text,
        "the account; with its secret, Basic authentication of callers, and of our sends when"
        " there is no private key",
    )
    api_secret: Secret | None = row(
        None, "VONAGE_API_SECRET", secret,
        "the secret of the account",
        is_secret=True,
    )
    api_secret_previous: Secret | None = row(
        None, "VONAGE_API_SECRET_PREVIOUS", secret,
        "the account's other secret: callers may use it, too, while the secret is being changed;"
        " our sends use the first",
        is_secret=True,
    )
    application_id: str | None = row(
        None, "VONAGE_APPLICATION_ID", identifier,
        "the application, a UUID",
    )
    private_key_pem: Secret | None = row(
        None, "VONAGE_PRIVATE_KEY", private_key,
        "the application's key, as PEM text or a path; callers' JWTs are verified with the"
        " matching public key, ours are signed with it",
        is_secret=True, may_be_path=True,
    )
    signature_secrets: tuple[Secret, ...] = gathered(
        secret,
        ("VONAGE_SIGNATURE_SECRET", "verifies v1 webhooks, signs v0.1 callbacks"),
        ("VONAGE_SIGNATURE_SECRET_PREVIOUS",
         "still verifies v1 webhooks while the secret is being changed"),
        is_secret=True,
    )
    status_url: str = row(
        "", "GATEWAY_STATUS_URL", url,
        "the status URL of the legacy integration",
        default_note="none, required",
    )
    final_report_url: str = row(
        "", "GATEWAY_FINAL_REPORT_URL", url,
        "where final reports go",
        default_note="the status URL",
    )
    inbound_url: str | None = row(
        None, "GATEWAY_INBOUND_URL", url,
        "where rewritten inbound messages go",
    )
    mode: str = row(
        "gateway", "GATEWAY_MODE", choice("gateway", "observe", "explain", "split", "paired"),
        "who serves workflows: `gateway` is us; `observe` leaves them to `GATEWAY_LEGACY` and"
        " compares; `explain` is us, and tells where Dispatch and native v1 would have differed;"
        " `split` is one of the two for each workflow; `paired` is both, for test handsets only",
    )
    request_rate: float = row(
        0.0, "GATEWAY_REQUEST_RATE", decimal(0, 100_000),
        "requests a second that callers may make for the application, rehearsals and questions"
        " included; more are answered 429. 0 sets no limit",
    )
    request_burst: int | None = row(
        None, "GATEWAY_REQUEST_BURST", whole(1, 1_000_000),
        "how many of them may come at once",
        default_note="those of two seconds",
    )
    daily_dispatches: int = row(
        0, "GATEWAY_DAILY_DISPATCHES", whole(0, 1_000_000_000),
        "dispatches that may be accepted in a day of UTC; more are answered 429. 0 sets no limit",
    )

    name: str = ""
    """The identity of the application in the store and in logs; it must not change.

    Empty: its application id, or its API key when it has none.
    """

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name or self.application_id or self.api_key or "")

    @property
    def api_secrets(self) -> tuple[Secret, ...]:
        """The secrets a caller may have: an account has up to two, valid at once."""
        return tuple(filter(None, (self.api_secret, self.api_secret_previous)))

    @property
    def account(self) -> str:
        """Whose secrets, send rate and webhooks these are: applications of one API key share them.

        Without an API key an application is an account of its own.
        """
        return self.api_key or self.name
# fmt: on
