"""What an operator sets about translations: the same choices wherever somebody translates for him.

Who serves, who predicts and who replays a record translate the same documents. Each of them is
given these values, so that none can differ from the others by a default.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from translators.diagnostics import JsonValue, Translation
from translators.dispatch import DispatchPlan, translate_dispatch
from translators.rules import DEFAULT_SWITCHES, Switches
from translators.status import LinkStyle
from translators.user_ids import UserIdForm


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestOptions:
    """The choices that decide how a v0.1 request is read."""

    switches: Switches = DEFAULT_SWITCHES
    max_steps: int | None = None
    """How long a workflow may be; `None` for any length."""
    default_locale: str | None = None
    """The language of WhatsApp templates whose request names none; `None` refuses them."""
    authentication_templates: frozenset[str] = frozenset()
    """Names of templates that no user id receives, with or without their namespace."""

    def translate(self, document: JsonValue) -> Translation[DispatchPlan]:
        """Translate a dispatch request. Total: any JSON value has an answer."""
        return translate_dispatch(
            document,
            self.switches,
            max_steps=self.max_steps,
            default_locale=self.default_locale,
            authentication_templates=self.authentication_templates,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackOptions:
    """The choices that shape callbacks, and how the webhooks behind them are read."""

    links: LinkStyle = LinkStyle.BOTH
    user_ids: UserIdForm = UserIdForm.BOTH
    workflow_fee: Decimal = Decimal(0)
    """In euros, added to the total price of each final report."""
    message_href_prefix: str = ""
    """What stands before the id in the `href` of a final report's messages."""
    pass_v1_codes: bool = False
    """Whether error codes 1400 to 1450 stay as they are."""
    as_invalid_template: bool = False
    """Whether WhatsApp's 131062 is told as 1022."""


DEFAULT_REQUESTS = RequestOptions()
DEFAULT_CALLBACKS = CallbackOptions()
