"""A Dispatch v0.1 request to a plan: its steps in order, each with the v1 body to send.

Source: docs/wire.md sections 1.3, 1.4 and 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from translators.addresses import Address, read_address, read_channel
from translators.channels import Channel
from translators.content import Content, read_content, template_name
from translators.diagnostics import JsonObject, JsonValue, Translation
from translators.failover import read_failover, refuse_failover
from translators.fields import (
    is_given,
    name_unknown,
    read_array,
    read_object,
    read_string,
    refuse_type,
)
from translators.findings import Findings
from translators.options import MESSAGE_FIELDS, read_options
from translators.rules import DEFAULT_SWITCHES, Switches
from translators.rules_address import AUTHENTICATION_TEMPLATE_TO_USER_ID, CHANNELS_DIFFER
from translators.rules_request import (
    CLIENT_REF_LONG,
    CLIENT_REF_TOO_LONG,
    DOCUMENT_NOT_AN_OBJECT,
    FINDINGS_UNLISTED,
    TEMPLATE_UNKNOWN,
    TRAILING_NULL,
    VERIFY_REQUEST,
    WORKFLOW_EMPTY,
    WORKFLOW_TOO_LONG,
)
from translators.verify import verify_request_in

USUAL_MAX_STEPS: Final = 100
"""How long a workflow a gateway takes unless it is set up otherwise."""

_TEMPLATE: Final = "failover"
_FIELDS: Final = frozenset({"template", "workflow"})
_STEP_FIELDS: Final = frozenset({"from", "to", "message", "failover", "client_ref"})
# v0.1 documents 40 characters, v1 takes 100. Source: docs/wire.md section 2.5.
_DOCUMENTED_REF: Final = 40
_LONGEST_REF: Final = 100
_ENOUGH: Final = 1000  # faults; a hostile body could hold a hundred times as many


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPlan:
    """One step: what to send, and when to give it up."""

    channel: str
    """The v0.1 name."""
    to: JsonObject
    """The recipient as callbacks repeat it: `{"type", "number" or "id"}`."""
    sender: JsonObject
    """The sender, likewise."""
    client_ref: str | None
    request: JsonObject
    """The v1 body, without the webhook fields, which say where the gateway lives."""
    expiry_s: int | None
    """Seconds to wait for `condition`. Both are `None` on the last step."""
    condition: str | None
    """`delivered` or `read`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchPlan:
    """A whole workflow."""

    template: str
    steps: tuple[StepPlan, ...]
    """In send order, at least one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Terms:
    """What an operator sets about the steps of all requests."""

    default_locale: str | None
    authentication_templates: frozenset[str]


def translate_dispatch(
    document: JsonValue,
    switches: Switches = DEFAULT_SWITCHES,
    *,
    max_steps: int | None = None,
    default_locale: str | None = None,
    authentication_templates: frozenset[str] = frozenset(),
) -> Translation[DispatchPlan]:
    """Translate a dispatch request. Total: any JSON value has an answer.

    Args:
        document: the body, from `parse_document`.
        switches: which tolerances differ from their defaults.
        max_steps: how long a workflow may be; `None` for any length.
        default_locale: the language of WhatsApp templates whose request names none; `None`
            refuses them.
        authentication_templates: names of templates that no user id receives, with or without
            their namespace.

    Returns:
        The plan, or every fault that could be found, in the order of the document.
    """
    found = Findings(switches)
    terms = _Terms(default_locale=default_locale, authentication_templates=authentication_templates)
    steps: list[StepPlan | None] = []
    verify = verify_request_in(document)
    if verify is not None:
        detail = "is a request to Verify v2, not to Dispatch; there is nothing to carry over"
        found.add(VERIFY_REQUEST, verify, detail)
    elif isinstance(document, dict):
        name_unknown(found, document, "", _FIELDS)
        _check_template(found, document)
        workflow = _read_workflow(found, document, max_steps)
        last = len(workflow) - 1
        for index, step in enumerate(workflow):
            at = f"/workflow/{index}"
            if found.errors > _ENOUGH:
                detail = "and the steps after it were not read: there is enough to mend before"
                found.add(FINDINGS_UNLISTED, at, detail)
                break
            steps.append(_read_step(found, step, at, index == last, terms))
    elif isinstance(document, list):
        detail = "is an array; send each of its elements by itself (`jq -c '.[]'` makes them lines)"
        found.add(DOCUMENT_NOT_AN_OBJECT, "", detail)
    else:
        found.add(DOCUMENT_NOT_AN_OBJECT, "", "must be an object with template and workflow")
    diagnostics = found.in_order_of(document)
    if found.errors:
        return Translation(value=None, diagnostics=diagnostics)
    plan = DispatchPlan(template=_TEMPLATE, steps=tuple(step for step in steps if step))
    return Translation(value=plan, diagnostics=diagnostics)


def _check_template(found: Findings, document: JsonObject) -> None:
    template = read_string(found, document, "template", "")
    if template not in (None, _TEMPLATE):
        found.add(TEMPLATE_UNKNOWN, "/template", f"must be {_TEMPLATE}")


def _read_workflow(found: Findings, document: JsonObject, max_steps: int | None) -> list[JsonValue]:
    """Return the steps to read; none if there are more than may be sent."""
    workflow = read_array(found, document, "workflow", "")
    if workflow is None:
        return []
    if len(workflow) > 1 and workflow[-1] is None:
        # The published sample for Node closes the array after its callback.
        workflow = workflow[:-1]
        detail = "is null where a step would stand; end the workflow with its last step"
        found.add(TRAILING_NULL, f"/workflow/{len(workflow)}", detail)
    if not workflow:
        found.add(WORKFLOW_EMPTY, "/workflow", "has no steps; add one")
    elif max_steps is not None and len(workflow) > max_steps:
        detail = f"has {len(workflow)} steps; at most {max_steps} are taken here"
        found.add(WORKFLOW_TOO_LONG, "/workflow", detail)
        return []
    return workflow


def _read_step(
    found: Findings, step: JsonValue, at: str, is_last: bool, terms: _Terms
) -> StepPlan | None:
    """Read one step; `None` if anything it must have is missing."""
    if not isinstance(step, dict):
        refuse_type(found, at, "an object", step)
        return None
    name_unknown(found, step, at, _STEP_FIELDS)
    channel, recipient, sender = _read_sides(found, step, at)
    message = read_object(found, step, "message", at)
    content, options = None, {}
    if message is not None and channel is not None:
        pointer = f"{at}/message"
        name_unknown(found, message, pointer, MESSAGE_FIELDS)
        content = read_content(found, message, pointer, channel)
        message_type = content.message_type if content else None
        options = read_options(found, message, pointer, channel, message_type, terms.default_locale)
    expiry_s, condition = None, None
    if is_last:
        refuse_failover(found, step, at)
    else:
        expiry_s, condition = read_failover(found, step, at, channel)
    client_ref = _read_client_ref(found, step, at)
    if recipient and recipient.is_user_id and content:
        _check_template_reaches(found, recipient, content, terms.authentication_templates)
    if not (channel and recipient and sender and content):
        return None
    request: JsonObject = {
        "to": recipient.wire,
        "from": sender.wire,
        "channel": channel.v1_name,
        "message_type": content.message_type,
        content.message_type: content.body,
    }
    if options:
        request[channel.v1_name] = options
    if client_ref is not None:
        request["client_ref"] = client_ref
    return StepPlan(
        channel=channel.name,
        to=recipient.echo,
        sender=sender.echo,
        client_ref=client_ref,
        request=request,
        expiry_s=expiry_s,
        condition=condition,
    )


def _read_sides(
    found: Findings, step: JsonObject, at: str
) -> tuple[Channel | None, Address | None, Address | None]:
    """Read the channel, the recipient and the sender."""
    recipient = sender = from_channel = to_channel = None
    holder = read_object(found, step, "from", at)
    if holder is not None:
        from_channel = read_channel(found, holder, f"{at}/from")
        if from_channel is not None:
            sender = read_address(found, holder, f"{at}/from", from_channel, from_channel.sender)
    holder = read_object(found, step, "to", at)
    if holder is not None:
        to_channel = read_channel(found, holder, f"{at}/to")
        if to_channel is not None:
            recipient = read_address(found, holder, f"{at}/to", to_channel, to_channel.recipient)
    if from_channel and to_channel and from_channel is not to_channel:
        detail = f"is {from_channel.name} but to.type is {to_channel.name}; they must be the same"
        found.add(CHANNELS_DIFFER, f"{at}/from/type", detail)
    return to_channel or from_channel, recipient, sender


def _check_template_reaches(
    found: Findings, recipient: Address, content: Content, authentication_templates: frozenset[str]
) -> None:
    """Refuse what WhatsApp sends to numbers only. Source: docs/wire.md section 2.6."""
    name = template_name(content)
    if name is None:
        return
    # Listed as it is known to the provider, it stands in requests behind its namespace.
    if authentication_templates & {name, name.rpartition(":")[2]}:
        detail = "is a user id, which receives no authentication template; give the number"
        found.add(AUTHENTICATION_TEMPLATE_TO_USER_ID, recipient.pointer, detail)


def _read_client_ref(found: Findings, step: JsonObject, at: str) -> str | None:
    if not is_given(found, step, "client_ref", at):
        return None
    pointer, client_ref = f"{at}/client_ref", step["client_ref"]
    if not isinstance(client_ref, str):
        refuse_type(found, pointer, "a string", client_ref)
        return None
    size = f"is {len(client_ref)} characters long"
    if len(client_ref) > _LONGEST_REF:
        found.add(CLIENT_REF_TOO_LONG, pointer, f"{size}; at most {_LONGEST_REF} can be carried")
    elif len(client_ref) > _DOCUMENTED_REF:
        found.add(CLIENT_REF_LONG, pointer, f"{size}; v0.1 documents {_DOCUMENTED_REF}")
    return client_ref
