"""Status webhooks, of v1 or in the shape of v0.1, and the v0.1 status callbacks they become.

Translating and rendering are two steps because the callback needs what the webhook does not have:
the addresses as the caller wrote them, and the link to the dispatch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from translators.diagnostics import Diagnostic, JsonObject, JsonValue, Translation
from translators.envelope import address, name_unmapped, read_envelope
from translators.error_codes import (
    ERROR_CODES,
    INVALID_TEMPLATE,
    NOT_TO_A_USER_ID,
    UNKNOWN,
    v01_code,
)
from translators.rules import Rule, report
from translators.rules_webhook import (
    CHANNEL_UNKNOWN,
    CLIENT_REF_UNREADABLE,
    ERROR_CODE_MAPPED,
    ERROR_EXPLANATION_DROPPED,
    ERROR_MISSING,
    ERROR_UNREADABLE,
    INBOUND_NOT_STATUS,
    STATUS_UNKNOWN,
    STATUS_UNREADABLE,
    WEBHOOK_NOT_AN_OBJECT,
)
from translators.timestamps import arrival, format_timestamp
from translators.usage import Usage, read_usage
from translators.user_ids import UserIdForm
from translators.webhook_shapes import WebhookKind, is_in_v01_shape, webhook_kind

__all__ = [
    "LinkStyle",
    "MessageStatus",
    "StatusError",
    "Usage",
    "dispatch_links",
    "format_timestamp",
    "render_status",
    "translate_status",
]

_NOT_TO_A_USER_ID: Final = re.compile(rf"(?<![0-9]){NOT_TO_A_USER_ID}(?![0-9])")
_FAILED: Final = frozenset({"rejected", "undeliverable"})
_STATUSES: Final = frozenset({"submitted", "delivered", "read"}) | _FAILED

# Source: docs/wire.md section 5.5.
_CARRIED: Final = frozenset(
    {"message_uuid", "to", "from", "timestamp", "status", "channel", "error", "usage", "client_ref"}
)
_KNOWN: Final = frozenset({"workflow", "destination", "sms", "whatsapp", "profile", "_self"})


class LinkStyle(StrEnum):
    """Which links a callback shows. Source: docs/wire.md section 5.3."""

    BOTH = "both"
    WORKFLOW = "workflow"
    """As documented."""
    DISPATCH = "dispatch"
    """As captured from the service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusError:
    """Why a message failed: a code of the catalogue, and its short name."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageStatus:
    """One status of one message, in v0.1 terms."""

    message_uuid: str
    """Lower case."""
    status: str
    """One of the five statuses, or whatever v1 wrote."""
    timestamp: str
    """The v0.1 form; as v1 wrote it if that is text that could not be read; "" if it says
    nothing."""
    channel: str | None
    """The v0.1 name; `None` when v1's is missing or new."""
    to: str | None
    sender: str | None
    error: StatusError | None
    usage: Usage | None
    client_ref: str | None


def translate_status(
    document: JsonValue, *, pass_v1_codes: bool = False, as_invalid_template: bool = False
) -> Translation[MessageStatus]:
    """Read the body of a status webhook: of v1, or of v0.1 with a warning.

    Never raises. There is no value when the document is not a status of a message that v0.1 can
    speak of; any other defect costs the one field it is in, and is named.

    Args:
        pass_v1_codes: keep error codes 1400 to 1450 instead of writing the v0.1 code for them.
        as_invalid_template: write 1022 for WhatsApp's 131062, which no v0.1 catalogue lists.

    Source: docs/wire.md section 5.5, 5.6 and 5.8.
    """
    found: list[Diagnostic] = []
    if not isinstance(document, dict):
        return _refused(found, WEBHOOK_NOT_AN_OBJECT, "", "the webhook is not a JSON object")
    status = document.get("status")
    if webhook_kind(document) is WebhookKind.INBOUND:
        pointer = "/message_type" if "message_type" in document else "/message"
        detail = "an inbound message, not a status"
        return _refused(found, INBOUND_NOT_STATUS, pointer, detail)
    envelope = read_envelope(document, found, unknown_channel=CHANNEL_UNKNOWN)
    if envelope is None:
        return Translation(value=None, diagnostics=tuple(found))
    if not isinstance(status, str) or not status:
        return _refused(found, STATUS_UNREADABLE, "/status", "the status is missing or not text")
    if status not in _STATUSES:
        detail = "not a status either API lists; forwarded as it is"
        found.append(report(STATUS_UNKNOWN, "/status", detail))
    translated = MessageStatus(
        message_uuid=envelope.message_uuid,
        status=status,
        timestamp=envelope.timestamp,
        channel=envelope.channel,
        to=envelope.to,
        sender=envelope.sender,
        error=_read_error(document.get("error"), status, found, pass_v1_codes=pass_v1_codes),
        usage=read_usage(document.get("usage"), found),
        client_ref=_read_client_ref(document.get("client_ref"), found),
    )
    # Links of a webhook in v0.1 shape have a place: the callback's own stand there.
    carried = _CARRIED | {"_links"} if is_in_v01_shape(document) else _CARRIED
    name_unmapped(document, "", carried=carried, known=_KNOWN, found=found)
    if as_invalid_template and _is_for_numbers_only(document.get("error")):
        detail = f"code {NOT_TO_A_USER_ID} is WhatsApp's own; {INVALID_TEMPLATE} written"
        found.append(report(ERROR_CODE_MAPPED, "/error", detail))
        name = ERROR_CODES[INVALID_TEMPLATE].name
        error = StatusError(code=INVALID_TEMPLATE, reason=name)
        translated = replace(translated, error=error)
    return Translation(value=translated, diagnostics=tuple(found))


def render_status(
    status: MessageStatus,
    *,
    to: JsonObject | None,
    sender: JsonObject | None,
    client_ref: str | None,
    links: JsonObject | None,
    arrived_ms: int | None = None,
    user_ids: UserIdForm = UserIdForm.BOTH,
) -> JsonObject:
    """Write the body of a v0.1 status callback, in the key order of docs/wire.md section 5.5.

    Args:
        to: the address as the caller wrote it; `None` builds it from the webhook's.
        sender: likewise.
        client_ref: the caller's; `None` takes the webhook's.
        links: what `dispatch_links` returns; `None` for a message outside any dispatch.
        arrived_ms: Unix milliseconds, for a webhook that does not say when; `None` if nobody knows.
        user_ids: how a WhatsApp user id is shown where only the webhook tells the recipient.
    """
    client_ref = status.client_ref if client_ref is None else client_ref
    body: JsonObject = {
        "message_uuid": status.message_uuid,
        "to": to or address(status.channel, status.to, of_business=False, user_ids=user_ids),
        "from": sender or address(status.channel, status.sender, of_business=True),
        "timestamp": status.timestamp or arrival(arrived_ms),
        "status": status.status,
    }
    if status.error is not None:
        body["error"] = {"code": status.error.code, "reason": status.error.reason}
    if status.usage is not None:
        body["usage"] = {"currency": status.usage.currency, "price": status.usage.price}
    if client_ref is not None:
        body["client_ref"] = client_ref
    if links is not None:
        body["_links"] = links
    return body


def dispatch_links(dispatch_uuid: str, style: LinkStyle = LinkStyle.BOTH) -> JsonObject:
    """Write the `_links` of a status callback.

    Both by default: the reference documents one name, the service was seen to send the other, and
    consumers of either kind exist. Source: docs/wire.md section 5.3.
    """
    links: JsonObject = {}
    if style is not LinkStyle.DISPATCH:
        href = f"/workflows/{dispatch_uuid}"
        links["workflow"] = {"dispatch_uuid": dispatch_uuid, "href": href}
    if style is not LinkStyle.WORKFLOW:
        href = f"v0.1/dispatch/{dispatch_uuid}"
        links["dispatch"] = {"dispatch_uuid": dispatch_uuid, "href": href}
    return links


def _refused(
    found: list[Diagnostic], rule: Rule, pointer: str, detail: str
) -> Translation[MessageStatus]:
    return Translation(value=None, diagnostics=(*found, report(rule, pointer, detail)))


def _read_client_ref(value: JsonValue, found: list[Diagnostic]) -> str | None:
    if value is None or isinstance(value, str):
        return value
    found.append(report(CLIENT_REF_UNREADABLE, "/client_ref", "client_ref is not text; left out"))
    return None


def _read_error(
    value: JsonValue, status: str, found: list[Diagnostic], *, pass_v1_codes: bool
) -> StatusError | None:
    # Source: docs/wire.md section 5.6.
    if value is None:
        if status in _FAILED:
            detail = "a failure without an error; the callback has none either"
            found.append(report(ERROR_MISSING, "/error", detail))
        return None
    fields = value if isinstance(value, dict) else {}
    if "code" in fields and "title" not in fields:
        return _read_v01_error(fields, found, pass_v1_codes=pass_v1_codes)
    code = _error_code(fields)
    if code is None:
        detail = f"the error carries no code; {UNKNOWN} written"
        found.append(report(ERROR_UNREADABLE, "/error", detail))
        code = UNKNOWN
    carried = code if pass_v1_codes else v01_code(code, fields.get("invalid_parameters"))
    if carried != code:
        detail = f"code {code} came with v1; {carried} written"
        found.append(report(ERROR_CODE_MAPPED, "/error/title", detail))
    explanation = fields.get("detail")
    reason = _reason(carried, explanation)
    if isinstance(explanation, str) and explanation.strip() != reason:
        detail = "v0.1 shows the short name of the error; the sentence is dropped"
        found.append(report(ERROR_EXPLANATION_DROPPED, "/error/detail", detail))
    name_unmapped(
        fields,
        "/error",
        carried=frozenset({"type", "title", "detail"}),
        known=frozenset({"instance", "invalid_parameters"}),
        found=found,
    )
    return StatusError(code=carried, reason=reason)


def _read_v01_error(
    fields: JsonObject, found: list[Diagnostic], *, pass_v1_codes: bool
) -> StatusError:
    # Source: docs/wire.md section 5.3.
    code = _first_code(fields["code"])
    if code is None:
        detail = f"the error carries no code; {UNKNOWN} written"
        found.append(report(ERROR_UNREADABLE, "/error/code", detail))
        code = UNKNOWN
    carried = code if pass_v1_codes else v01_code(code, None)
    if carried != code:
        detail = f"code {code} came with v1; {carried} written"
        found.append(report(ERROR_CODE_MAPPED, "/error/code", detail))
    reason = fields.get("reason")
    if carried != code or not isinstance(reason, str) or not reason:
        reason = _reason(carried, None)
    name_unmapped(fields, "/error", carried=frozenset({"code", "reason"}), found=found)
    return StatusError(code=carried, reason=reason)


def _is_for_numbers_only(error: JsonValue) -> bool:
    """Tell whether an error is WhatsApp's for an authentication template to a user id.

    No source says where v1 puts it, so each of its texts is looked at.
    """
    fields = error if isinstance(error, dict) else {}
    texts = (str(fields.get(name)) for name in ("title", "type", "detail"))
    return any(_NOT_TO_A_USER_ID.search(text) for text in texts)


def _error_code(fields: JsonObject) -> int | None:
    # `title` is the code, as text or as a number; `type` ends in it.
    link = fields.get("type")
    fragment = link.rpartition("#")[2] if isinstance(link, str) else None
    return _first_code(fields.get("title"), fragment)


def _first_code(*candidates: JsonValue) -> int | None:
    for code in candidates:
        if isinstance(code, str) and len(code) <= 6 and code.isascii() and code.isdigit():
            return int(code)
        if isinstance(code, int) and not isinstance(code, bool) and 0 < code < 10**6:
            return code
    return None


def _reason(code: int, explanation: JsonValue) -> str:
    if code in ERROR_CODES:
        return ERROR_CODES[code].name
    # "Name - explanation": v1 puts one or two spaces on each side of the hyphen.
    name = explanation.partition(" - ")[0].strip() if isinstance(explanation, str) else ""
    return name or ERROR_CODES[UNKNOWN].name
