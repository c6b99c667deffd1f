"""What the README says is what the gateway answers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli.translate import command as translate
from tests.support.world import a_world

ROOT = Path(__file__).parents[3]
ROW = re.compile(r"^\| `(?:GET|POST|DELETE) (/[^`?]*)", re.MULTILINE)
ORDER = re.compile(r"^cat > order\.json <<'JSON'\n(.*?)^JSON$", re.MULTILINE | re.DOTALL)
FINDING = re.compile(r"^order\.json:\d+:\d+: .*?(?=^```)", re.MULTILINE | re.DOTALL)


def readme() -> str:
    return (ROOT / "README.md").read_text("utf-8")


def shown(pattern: re.Pattern[str]) -> str:
    found = pattern.search(readme())
    assert found is not None
    return found[found.lastindex or 0]


async def test_the_table_of_routes_is_complete(tmp_path: Path) -> None:
    async with a_world(tmp_path, {"GATEWAY_MODE": "observe"}) as world:
        routes = {route.path.rstrip("/") for route in world.gateway.routes()}
    assert set(ROW.findall(readme())) == routes


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
