"""What the settings are to the core."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.core.answers import Order
from gateway.core.state import ExpiryStart, Terms
from gateway.settings.table import Settings
from gateway.settings.values import STRICT


def terms_of(settings: Settings, channel: str) -> Terms:
    """Return what a dispatch is accepted under now, and keeps for life.

    Args:
        channel: of the last step: only that one has a horizon.
    """
    return Terms(
        horizon_s=horizons_of(settings).get(channel, settings.horizon_s),
        grace_s=settings.in_doubt_grace_s,
        expiry_start=ExpiryStart(settings.expiry_starts),
        resends_in_doubt=settings.resend_in_doubt == "last-step-once",
        corrects_reports=settings.report_corrections,
    )


def horizons_of(settings: Settings) -> Mapping[str, int]:
    """Return the horizons that channels have of their own, in seconds."""
    own = {
        "whatsapp": settings.horizon_whatsapp_s,
        "viber_service_msg": settings.horizon_viber_service_msg_s,
        "messenger": settings.horizon_messenger_s,
        "mms": settings.horizon_mms_s,
        "sms": settings.horizon_sms_s,
    }
    return {channel: seconds for channel, seconds in own.items() if seconds is not None}


def longest_horizon_s(settings: Settings) -> int:
    """Return how long the last message of a workflow may be waited for, whatever its channel."""
    return max([settings.horizon_s, *horizons_of(settings).values()])


def order_of(settings: Settings) -> Order:
    """Return how long a lane of callbacks waits for one that fails."""
    patience = settings.order_patience
    return Order(patience_ms=None if patience == STRICT else int(float(patience) * 1000))
