"""The page `docs/settings.md`."""

from __future__ import annotations

from pathlib import Path

from gateway.settings import (
    settings_table_markdown,
)
from tests.gateway.settings.loading import (
    faults_of,
    toml,
)

ROOT = Path(__file__).parents[3]


def test_the_page_holds_exactly_the_table_of_the_code() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert settings_table_markdown().strip() in page


def test_the_example_file_of_the_page_has_only_known_keys(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    faults = faults_of({}, toml(tmp_path, example))
    assert [fault for fault in faults if "cannot be read" not in fault] == []
