"""What the settings are to the translators: the one place where they become choices."""

from __future__ import annotations

from typing import Final

from gateway.settings.table import Settings
from translators.choices import CallbackOptions, RequestOptions
from translators.rules import Switches
from translators.status import LinkStyle
from translators.user_ids import UserIdForm

MESSAGE_HREF_PREFIX: Final = "v0.1/messages/"
"""Before an id in `href`, if it is a path. Source: docs/wire.md section 5.4."""
DECISIVE: Final = frozenset(
    {
        *("accept", "refuse", "max_steps", "default_locale", "authentication_templates"),
        *("links", "user_id_form", "workflow_fee", "message_href"),
        *("pass_v1_codes", "template_rejection"),
        *("expiry_starts", "horizon_s", "horizon_whatsapp_s", "horizon_viber_service_msg_s"),
        *("horizon_messenger_s", "horizon_mms_s", "horizon_sms_s"),
        *("in_doubt_grace_s", "resend_in_doubt", "report_corrections"),
    }
)
"""Fields of `Settings` that decide what becomes of a workflow, whoever translates or replays it."""


def request_options(settings: Settings) -> RequestOptions:
    """Return how requests are read."""
    return RequestOptions(
        switches=Switches(accepted=settings.accept, refused=settings.refuse),
        max_steps=settings.max_steps or None,
        default_locale=settings.default_locale,
        authentication_templates=settings.authentication_templates,
    )


def callback_options(settings: Settings) -> CallbackOptions:
    """Return how webhooks are read and callbacks written."""
    return CallbackOptions(
        links=LinkStyle(settings.links),
        user_ids=UserIdForm(settings.user_id_form),
        workflow_fee=settings.workflow_fee,
        message_href_prefix=MESSAGE_HREF_PREFIX if settings.message_href == "path" else "",
        pass_v1_codes=settings.pass_v1_codes,
        as_invalid_template=settings.template_rejection == "invalid-template",
    )
