"""What the README says is what the gateway answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.translate import command as translate

ROOT = Path(__file__).parents[3]
ROUTED = ("gateway/app.py", "gateway/api/legacy.py")
ROW = re.compile(r"^\| `(?:GET|POST) (/[^`]*)`", re.MULTILINE)
ORDER = re.compile(r"^cat > order\.json <<'JSON'\n(.*?)^JSON$", re.MULTILINE | re.DOTALL)
FINDING = re.compile(r"^order\.json:\d+:\d+: .*?(?=^```)", re.MULTILINE | re.DOTALL)


def readme() -> str:
    return (ROOT / "README.md").read_text("utf-8")


def shown(pattern: re.Pattern[str]) -> str:
    found = pattern.search(readme())
    assert found is not None
    return found[found.lastindex or 0]


def test_the_table_of_routes_is_complete() -> None:
    sources = [(ROOT / module).read_text("utf-8") for module in ROUTED]
    routes = re.findall(r'Route\("([^"]+)"', "".join(sources))
    assert sorted(ROW.findall(readme())) == sorted({route.rstrip("/") for route in routes})


def test_the_order_to_translate_is_told_as_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("order.json").write_text(shown(ORDER), encoding="utf-8")
    done = CliRunner().invoke(translate, ["order.json"])
    assert done.stderr == shown(FINDING)


def test_the_page_about_translating_shows_the_same_finding() -> None:
    finding = shown(FINDING).partition("\n\n")[0]
    assert f"```\n{finding}\n```" in (ROOT / "docs" / "translate.md").read_text("utf-8")
