"""All rules of all kinds of documents in one table, and how to find one by code or by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from translators.rules import Rule
from translators.rules_address import ADDRESS_RULES
from translators.rules_content import CONTENT_RULES
from translators.rules_document import DOCUMENT_RULES
from translators.rules_inbound import INBOUND_RULES
from translators.rules_native import NATIVE_RULES
from translators.rules_options import OPTION_RULES
from translators.rules_report import REPORT_RULES
from translators.rules_request import REQUEST_RULES
from translators.rules_token import TOKEN_RULES
from translators.rules_webhook import STATUS_RULES

_SUGGESTIONS: Final = 3
_ALIKE: Final = 0.6
_CODE_DIGITS: Final = 3
_CODE: Final = re.compile(r"([A-Z]{3})([0-9]{1,4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGroup:
    """The rules of one kind of document, or of one part of it."""

    subject: str
    rules: tuple[Rule, ...]


_ELSEWHERE: Final = frozenset((*DOCUMENT_RULES, *ADDRESS_RULES, *CONTENT_RULES, *OPTION_RULES))

RULE_GROUPS: Final = (
    RuleGroup(subject="Reading bytes as a JSON document", rules=DOCUMENT_RULES),
    RuleGroup(
        subject="Dispatch requests",
        rules=tuple(rule for rule in REQUEST_RULES if rule not in _ELSEWHERE),
    ),
    RuleGroup(subject="Addresses of a step", rules=ADDRESS_RULES),
    RuleGroup(subject="Message content", rules=CONTENT_RULES),
    RuleGroup(subject="Channel options", rules=OPTION_RULES),
    RuleGroup(subject="Callers' tokens", rules=TOKEN_RULES),
    RuleGroup(subject="v1 status webhooks", rules=STATUS_RULES),
    RuleGroup(subject="v1 inbound webhooks", rules=INBOUND_RULES),
    RuleGroup(subject="v0.1 final reports", rules=REPORT_RULES),
    RuleGroup(subject="Native failover", rules=NATIVE_RULES),
)
"""In the order of the numbers in their codes, as are the rules of each."""

ALL_RULES: Final[tuple[Rule, ...]] = tuple(rule for group in RULE_GROUPS for rule in group.rules)
"""Every rule, in the order of the numbers in their codes."""

RULES_BY_CODE: Final[Mapping[str, Rule]] = {rule.code: rule for rule in ALL_RULES}
RULES_BY_NAME: Final[Mapping[str, Rule]] = {rule.name: rule for rule in ALL_RULES}


def find(word: str) -> Rule | None:
    """Return the rule whose code or name `word` is, in any case."""
    return RULES_BY_CODE.get(word.upper()) or RULES_BY_NAME.get(word.lower())


def family(word: str) -> tuple[Rule, ...]:
    """Return the rules whose code begins with `word`, at least three characters of it."""
    beginning = word.rstrip("*").upper()
    if len(beginning) < 3:
        return ()
    return tuple(rule for rule in ALL_RULES if rule.code.startswith(beginning))


def near(word: str) -> list[Rule]:
    """Return the rules that `word` was probably meant to name, the likeliest first, a few at most.

    What looks like a code is compared with the codes of its family by number, and first by how
    they are written if a digit is missing or too many. All else is compared with the names: by
    their parts, and by likeness.
    """
    if code := _CODE.fullmatch(word.upper()):
        kin = [rule for rule in ALL_RULES if rule.code.startswith(code[1])]
        if kin:
            digits, number = code[2], int(code[2])
            near_first = sorted(kin, key=lambda rule: abs(int(rule.code[3:]) - number))
            if len(digits) != _CODE_DIGITS:
                near_first.sort(key=lambda rule: -_ratio(digits, rule.code[3:]))
            return near_first[:_SUGGESTIONS]
    likeness = {rule: _likeness(word.lower(), rule) for rule in ALL_RULES}
    likely = [rule for rule in ALL_RULES if likeness[rule] >= _ALIKE]
    return sorted(likely, key=lambda rule: -likeness[rule])[:_SUGGESTIONS]


def _likeness(word: str, rule: Rule) -> float:
    """Say how alike they are, from 0 to 1; a part of the name is as alike as can be."""
    parts = rule.name.split("-")
    if word in parts or (len(word) > 2 and word in rule.code.lower()):
        return 1.0
    return max(_ratio(word, rule.name), _ratio(word, rule.code.lower()))


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()
