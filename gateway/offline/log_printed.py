"""Payloads that were printed instead of logged as JSON: they can be told, but not be read.

What prints an object for a person leaves out what is nested (`[Object]`), cuts long lists, and
does not say where a text ends. Guessing at that would judge what nobody sent; so each is
unreadable, and its maker is told how to log it.
"""

from __future__ import annotations

import re
from typing import Final

NOT_JSON: Final = "looks like a payload but is not JSON; log payloads with a JSON library"

# A list of steps begins, or nothing follows on this line.
_STEPS: Final = r"(?:\[\s*(?:\[?\s*(?:Object|Array|Circular)|[{\[]|\.\.\.|$)|Array\b|array\b|$)"
_FORMS: Final = (
    (r"\[workflow\] => (?:Array\b|$)", "print_r", "json_encode($payload)"),
    (r"""\[\\?"workflow\\?"\]\s*=>\s*(?:array\(|$)""", "var_dump", "json_encode($payload)"),
    (
        rf"(?<![\w'\"\\:])workflow:(?: |(?=\s+\[)\s+){_STEPS}",
        "console.log",
        "JSON.stringify(payload)",
    ),
    (r"(?<!\w):workflow ?=> ?\[", "inspect", "payload.to_json"),
    (r"(?<!\w)workflow:\[(?:map\[|\{)", "%v", "json.Marshal(payload)"),
    (r"(?<!\w)workflow=\[[\w.]*[{(\[]", "toString", "a mapper's output"),
)
_PRINTED: Final = re.compile(
    "|".join(f"(?P<f{index}>{form})" for index, (form, _, _) in enumerate(_FORMS)), re.MULTILINE
)
# `workflow: [` alone is how a pipeline is written, too.
_OF_DISPATCH: Final = re.compile(
    r"\btemplate\b|\bfailover\b|condition_status|\bmessage\b|\[Object\]|\[Array\]"
    r"|\A\s*workflow: \[\s*\Z"
)


_CALLBACK: Final = re.compile(
    r"""(?<![\w'"\\:])dispatch_uuid: '[0-9a-fA-F-]{8}"""
    r"""|(?<![\w'"\\:])_links: \{[^"]{0,200}?\b(?:dispatch|workflow): \[Object\]"""
    r"""|\[dispatch_uuid\] => [0-9a-fA-F-]{8}|\["dispatch_uuid"\]=>"""
)


def tell_printed_callback(text: str) -> str | None:
    """Return why a printed answer or callback of Dispatch is unreadable; `None` without one."""
    if _CALLBACK.search(text) is None:
        return None
    return NOT_JSON.replace("a payload", "an answer or a callback").replace("payloads", "bodies")


def tell_printed(text: str) -> str | None:
    """Return why a printed payload in `text` is unreadable, and what to do; `None` without one."""
    text = text.replace("\\n", "\n")  # as it stands in JSON
    found = _PRINTED.search(text)
    if found is None:
        return None
    index = next(index for index in range(len(_FORMS)) if found[f"f{index}"] is not None)
    _, printer, instead = _FORMS[index]
    if printer not in ("print_r", "var_dump") and not _OF_DISPATCH.search(text):
        return None
    return f"{NOT_JSON}: {instead}, not {printer}"
