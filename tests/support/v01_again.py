"""From Messages v1 back to Dispatch v0.1: the mapping read from right to left.

The product never goes this way. Written from docs/wire.md section 4, not from the translator, so
that each can prove the other wrong.
"""

from __future__ import annotations

from typing import Any, Final

_V01_NAMES: Final = {
    "sms": "sms",
    "mms": "mms",
    "whatsapp": "whatsapp",
    "messenger": "messenger",
    "viber_service": "viber_service_msg",
}
_RECIPIENT_BY_ID: Final = {"messenger"}
_SENDER_BY_ID: Final = {"messenger", "viber_service"}


def v01_again(messages: list[Any], failover: list[Any]) -> dict[str, Any]:
    """Return the v0.1 request that has become `messages` and `failover`.

    Args:
        messages: one v1 body for each step, without webhook fields.
        failover: for each step, `expiry_time` and `condition_status`; `None` on the last.

    Raises:
        ValueError: a body holds what nothing of v0.1 becomes.
    """
    pairs = zip(messages, failover, strict=True)
    return {"template": "failover", "workflow": [_step(dict(body), terms) for body, terms in pairs]}


def _step(body: dict[str, Any], terms: Any) -> dict[str, Any]:
    v1_name, kind = body.pop("channel"), body.pop("message_type")
    name = _V01_NAMES[v1_name]
    step: dict[str, Any] = {
        "to": {"type": name, "id" if v1_name in _RECIPIENT_BY_ID else "number": body.pop("to")},
        "from": {"type": name, "id" if v1_name in _SENDER_BY_ID else "number": body.pop("from")},
        "message": {"content": {"type": kind, kind: body.pop(kind)}},
    }
    if v1_name in body:
        step["message"][name] = body.pop(v1_name)
    if "client_ref" in body:
        step["client_ref"] = body.pop("client_ref")
    if terms is not None:
        step["failover"] = terms
    if body:
        raise ValueError(f"v0.1 has no place for {', '.join(body)}")
    return step
