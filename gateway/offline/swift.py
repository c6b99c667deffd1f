"""The short way for payloads about which there is nothing to say.

Most of a corpus is sound: translating it reports nothing. `translate_sound` gives what
`parse_document` and `translate_dispatch` make of such a payload, in an eighth of the time. It never
guesses: in any doubt it gives nothing, and the full translation decides.
"""

from __future__ import annotations

import re
from operator import attrgetter
from typing import Final

from msgspec import UNSET, MsgspecError, UnsetType
from msgspec.json import Decoder, Encoder

from gateway.offline.swift_forms import FORMS, Form
from gateway.offline.swift_shapes import (
    OPTIONS,
    Answer,
    Dispatch,
    MediaBody,
    Options,
    Parameter,
    Request,
    TemplateBody,
    Terms,
)

_decode: Final = Decoder(Dispatch).decode
_encode: Final = Encoder().encode
_options_of: Final = attrgetter(*OPTIONS)
_NO_OPTIONS: Final = (UNSET,) * len(OPTIONS)
_SCHEMES: Final = ("https://", "http://")

# The decoder keeps the last of two members of one name, as all do, and says nothing. But what is
# left behind has a name, and names are counted: a sound payload holds seven strings more for each
# step than its answer does, and one more for each parameter in its older form. A string has two
# quotes, and those within it are escaped on both sides alike ...
_QUOTE: Final = ord('"')
_STRINGS_SPARED: Final = 7
# ... unless the payload writes them as numbers. Then the answer has a backslash. So it has where
# a text holds U+0000, which is refused.
_BACKSLASH: Final = ord("\\")
_find_ascii_escape: Final = re.compile(rb"\\u00[0-7]").search


def translate_sound(raw: bytes, max_steps: int | None = None) -> bytes | None:
    """Translate a payload about which the full translation has nothing to say.

    Args:
        max_steps: how long a workflow may be; `None` for any length.

    Returns:
        The members of the answer, `"messages":[…],"failover":[…]`, without white space and in
        the order of the full translation; `None` in any doubt.
    """
    try:
        workflow = _decode(raw).workflow
    except (MsgspecError, UnicodeDecodeError):
        return None
    if max_steps is not None and len(workflow) > max_steps:
        return None
    strings_spared = _STRINGS_SPARED * len(workflow)
    messages: list[Request] = []
    failover: list[Terms | UnsetType | None] = []
    for step in workflow:
        to, sender, content, terms = step.to, step.sender, step.message.content, step.failover
        form = FORMS[type(to)].get(type(content))
        if form is None or type(sender) is not form.sender:
            return None
        if not (form.is_recipient(to.wire) and form.is_sender(sender.wire)):
            return None
        body = content.body
        if isinstance(body, str):
            if len(body) > form.longest_text:
                return None
        elif isinstance(body, MediaBody):
            if not _is_fetched(body, form):
                return None
        else:
            strings_spared += _unwrap_parameters(body)
        if not form.reports_read and terms is not UNSET and terms.condition_status == "read":
            return None
        options: Options | UnsetType = UNSET
        given = _options_of(step.message)
        if given != _NO_OPTIONS or form.needs_options:
            chosen = _choose_options(given, form)
            if chosen is None:
                return None
            options = chosen
        messages.append(
            form.request(
                to.wire,
                sender.wire,
                form.channel,
                form.message_type,
                body,
                options,
                step.client_ref,
            )
        )
        failover.append(terms)
    # Every step but the last says when it gives way.
    if failover.pop() is not UNSET or UNSET in failover:
        return None
    failover.append(None)
    answer = _encode(Answer(messages, failover))
    if _BACKSLASH in answer and _find_ascii_escape(raw):
        return None
    if raw.count(_QUOTE) != answer.count(_QUOTE) + 2 * strings_spared:
        return None
    return answer[1:-1]


def _is_fetched(media: MediaBody, form: Form) -> bool:
    """Tell whether `media` has a URL that is surely one, and a caption only where one is shown."""
    if media.caption is not UNSET and not form.takes_caption:
        return False
    url = media.url
    return url.isprintable() and url.startswith(_SCHEMES) and not url.endswith("://")


def _unwrap_parameters(template: TemplateBody) -> int:
    """Write the parameters as v1 does; return how many named their default."""
    parameters = template.parameters
    if parameters is UNSET:
        return 0
    template.parameters = [
        parameter.default if isinstance(parameter, Parameter) else parameter
        for parameter in parameters
    ]
    return sum(isinstance(parameter, Parameter) for parameter in parameters)


def _choose_options(given: tuple[Options | UnsetType, ...], form: Form) -> Options | None:
    """Return the options for the channel of `form`; `None` if there is anything to say.

    Those of other channels stay behind, and are missed when strings are counted.
    """
    options = UNSET if form.options_at is None else given[form.options_at]
    if isinstance(options, UnsetType) or not form.are_sent(options):
        return None
    return options
