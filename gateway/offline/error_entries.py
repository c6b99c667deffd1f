"""Entries for the error codes of statuses, and for the grades of leaving the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.offline.entries import Entry
from translators.error_codes import ERROR_CODES, INVALID_TEMPLATE, NOT_TO_A_USER_ID, v01_code
from translators.grades import Grade

ERRORS: Final = "Error codes of failed messages"
GRADES: Final = "Grades of a workflow without the gateway"
_TEMPORARY: Final = {"yes": "temporary", "no": "permanent", "maybe": "perhaps temporary"}
_ADVICE: Final = {
    "yes": "The same message might get through later.",
    "no": "The same message will not get through later.",
    "maybe": "Whether the same message might get through later depends on the cause.",
}
_ELSEWHERE: Final = (
    "In v1's answer to a send the same number may mean something else: docs/wire.md section 5.6."
)
_GRADES: Final = {
    Grade.N0: ("identical", "Native v1 failover does the same: nothing depends on an expiry."),
    Grade.N1: ("identical with a ttl", "The same with a ttl in place of each expiry."),
    Grade.N2: ("different", "Different, but in a way that was accepted or can be."),
    Grade.N3: ("to stay", "Native v1 cannot do what the workflow asks: it stays on the gateway."),
}


def error_entries() -> Iterator[Entry]:
    """Yield an entry for each error code that a status can show."""
    for row in ERROR_CODES.values():
        told = [
            ("Meaning", f"{row.meaning[:1].upper()}{row.meaning[1:]}."),
            ("Again", _ADVICE[row.temporary.value]),
        ]
        mapped = v01_code(row.code)
        if mapped != row.code:
            name = ERROR_CODES[mapped].name
            told.append(
                (
                    "In v0.1",
                    f"Only v1 knows it. Callbacks have {mapped} {name} (another one where v1 names"
                    " the parameter), unless GATEWAY_PASS_V1_CODES=true leaves it: DIFF-12.",
                )
            )
        told.append(("Beside", _ELSEWHERE))
        told.append(("Source", "docs/wire.md appendix A"))
        yield Entry(
            code=str(row.code),
            name=row.name,
            family=ERRORS,
            kind=_TEMPORARY[row.temporary.value],
            told=tuple(told),
        )
    yield Entry(
        code=str(NOT_TO_A_USER_ID),
        name="Authentication template to a user id",
        family=ERRORS,
        kind="permanent",
        told=(
            (
                "Meaning",
                "WhatsApp sends authentication templates to phone numbers only; this one went to a"
                " user id. No v0.1 catalogue lists the code.",
            ),
            (
                "In v0.1",
                "The number stays as it is, unless GATEWAY_TEMPLATE_REJECTION=invalid-template"
                f" writes {INVALID_TEMPLATE}. With GATEWAY_AUTHENTICATION_TEMPLATES such requests"
                " are refused before anything is sent: REQ154.",
            ),
            ("Source", "docs/wire.md section 2.6"),
        ),
    )


def grade_entries() -> Iterator[Entry]:
    """Yield an entry for each grade, from the best."""
    for grade, (name, meaning) in _GRADES.items():
        yield Entry(
            code=grade.value,
            name=name,
            family=GRADES,
            kind="grade",
            told=(
                ("Meaning", meaning),
                ("Beside", "The caller's own code changes in every case; docs/native.md says how."),
                ("Source", "docs/native.md"),
            ),
        )
