"""What the settings are to the core."""

from __future__ import annotations

from gateway.core.answers import Order
from gateway.core.state import ExpiryStart, Terms
from gateway.settings.table import Settings
from gateway.settings.values import STRICT


def terms_of(settings: Settings) -> Terms:
    """Return what a dispatch is accepted under now, and keeps for life."""
    return Terms(
        horizon_s=settings.horizon_s,
        grace_s=settings.in_doubt_grace_s,
        expiry_start=ExpiryStart(settings.expiry_starts),
        resends_in_doubt=settings.resend_in_doubt == "last-step-once",
    )


def order_of(settings: Settings) -> Order:
    """Return how long a lane of callbacks waits for one that fails."""
    patience = settings.order_patience
    return Order(patience_ms=None if patience == STRICT else int(float(patience) * 1000))
