"""The page about native failover says what the code does."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import pytest

from tests.support.pages import ROOT
from tests.translators.request_builders import plan_of
from translators.channels import CHANNELS, Channel, Ttl
from translators.grades import Grade
from translators.native import translate_native
from translators.rules_native import NATIVE_RULES

PAGE: Final = (ROOT / "docs" / "native.md").read_text(encoding="utf-8")
BLOCKS: Final = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
WITH_TTL: Final[list[tuple[Channel, Ttl]]] = [
    (row, row.ttl) for row in CHANNELS.values() if row.ttl is not None
]


def grade(document: dict[str, Any], **settings: Any) -> Grade:
    return translate_native(plan_of(document), **settings).verdict.grade


def test_the_example_becomes_what_the_page_shows() -> None:
    document, request = BLOCKS
    assert translate_native(plan_of(document), with_ttl=True).translation.value == request


def test_the_example_has_the_grades_the_page_gives_it() -> None:
    document = BLOCKS[0]
    grades = (grade(document), grade(document, undeliverable_fails_over=True))
    assert grades == (Grade.N2, Grade.N1)


@pytest.mark.parametrize(("channel", "ttl"), WITH_TTL, ids=lambda row: getattr(row, "name", ""))
def test_the_bounds_of_a_ttl_are_on_the_page(channel: Channel, ttl: Ttl) -> None:
    assert f"| {ttl.minimum} s | {ttl.maximum} s | is sent as {ttl.minimum} |" in next(
        line for line in PAGE.splitlines() if line.startswith(f"| {channel.name} |")
    )


def test_the_page_names_the_rules_that_there_are() -> None:
    assert f"{NATIVE_RULES[0].code} to {NATIVE_RULES[-1].code}" in PAGE


def test_the_page_tells_every_grade() -> None:
    assert re.findall(r"^\| (N\d) \|", PAGE, re.MULTILINE) == list(Grade)
