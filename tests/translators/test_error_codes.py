"""The catalogue of codes and the rule table, against the page that explains them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from translators.error_codes import ERROR_CODES
from translators.rules_webhook import WEBHOOK_RULES

WIRE_PAGE: Final = Path(__file__).parents[2] / "docs" / "wire.md"


def test_appendix_a_shows_the_whole_catalogue_in_order() -> None:
    appendix = WIRE_PAGE.read_text(encoding="utf-8").partition("\n## A. ")[2].partition("\n## ")[0]
    rows = [line for line in appendix.splitlines() if line.startswith("| 1")]
    assert rows == [
        f"| {row.code} | {row.name} | {row.meaning} | {row.temporary} |"
        for row in ERROR_CODES.values()
    ]


def test_every_rule_cites_a_section_that_exists() -> None:
    lines = WIRE_PAGE.read_text(encoding="utf-8").splitlines()
    sections = {line.split()[1] for line in lines if line.startswith("### ")}
    cited = {rule.source.removeprefix("docs/wire.md section ") for rule in WEBHOOK_RULES}
    assert cited <= sections


def test_every_rule_has_a_code_and_a_name_of_its_own() -> None:
    assert len({rule.code for rule in WEBHOOK_RULES}) == len(WEBHOOK_RULES)
    assert len({rule.name for rule in WEBHOOK_RULES}) == len(WEBHOOK_RULES)
