"""WhatsApp user ids: how somebody is addressed whose phone number a business may not see.

An id is opaque: it is told from a phone number, carried whole, and never trimmed inside, rewritten
or refused for its form, which the vendor says may change. Source: docs/wire.md section 2.6.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

LONGEST: Final = 150
"""Characters of the longest id that is taken; the documented form has up to 135."""

_DOCUMENTED: Final = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
# What numbers are written with, well or badly, in any script: text of nothing else is meant as a
# number, but for more digits in a row than any number has.
_NUMBER: Final = re.compile(r"(?![0-9]{16,}\Z)[\d+().\-/\s]*")
# Marks of a template whose placeholder nobody filled in, such as {{phone}}.
_PLACEHOLDER: Final = re.compile(r"[{}<>]")
_LONGEST_NAME: Final = 11  # of an alphanumeric sender; "US.Shop" may be one


class UserIdForm(StrEnum):
    """How v0.1, which has no field for a user id, shows one. Source: docs/wire.md section 5.7."""

    BOTH = "both"
    """In `number` and in `id`."""
    ID = "id"
    """In `id` alone, for receivers that take `number` for digits."""
    NUMBER = "number"
    """In `number` alone."""


def is_user_id(text: str) -> bool:
    """Tell whether an address on WhatsApp is a user id: anything in one piece but a number."""
    return (
        0 < len(text) <= LONGEST
        and text.isprintable()
        and not any(map(str.isspace, text))
        and not _NUMBER.fullmatch(text)
        and not _PLACEHOLDER.search(text)
    )


def is_documented(text: str) -> bool:
    """Tell whether a user id has the form that its documentation shows."""
    return _DOCUMENTED.fullmatch(text) is not None


def is_out_of_place(text: str, *, is_phone: bool) -> bool:
    """Tell whether an address that is not a WhatsApp recipient is a user id all the same.

    Args:
        is_phone: whether only a phone number belongs there. A sender's name and the ids of other
            channels may look a little like a user id.
    """
    return (is_phone or len(text) > _LONGEST_NAME) and is_documented(text)
