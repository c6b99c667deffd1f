"""The settings that stay with a dispatch for life."""

from __future__ import annotations

from gateway.core.state import ExpiryStart, Terms
from gateway.settings.table import Settings


def terms_of(settings: Settings) -> Terms:
    """Return what a dispatch is accepted under now."""
    return Terms(
        horizon_s=settings.horizon_s,
        grace_s=settings.in_doubt_grace_s,
        expiry_start=ExpiryStart(settings.expiry_starts),
        resends_in_doubt=settings.resend_in_doubt == "last-step-once",
    )
