"""`docs/lifecycle.md` shows the table that the machine runs on."""

from __future__ import annotations

import pytest

from gateway.core.state import Reason, StepStatus, Terms, Trigger
from tests.support.lifecycle_page import BEGIN, END, PAGE, rendered


def test_the_page_shows_the_table_of_the_machine() -> None:
    # Regenerate with: python -m tests.support.lifecycle_page
    page = PAGE.read_text(encoding="utf-8")
    assert page == rendered(page)


@pytest.mark.parametrize("word", [*StepStatus, *Trigger, *Reason])
def test_the_page_explains_every_word_of_the_table(word: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    prose = page.partition(BEGIN)[0] + page.partition(END)[2]
    assert f"`{word}`" in prose


def test_the_page_tells_the_default_terms() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"{Terms().horizon_s // 3600} hours" in page
    assert f"{Terms().grace_s // 60} minutes" in page


def test_a_page_without_its_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="one pair of markers"):
        rendered(f"{END} {BEGIN}")
