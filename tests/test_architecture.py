"""The fences: who may import whom, how large a module may be, and that pages tell the truth."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.support.pages import ROOT, broken_links, pages, unknown_sources

LINE_LIMIT: Final = 500
# Modules that are longer, each with its reason.
LONGER: Final[dict[str, str]] = {}
DECISIONS: Final = ROOT / "docs" / "adr"


def modules(*packages: str) -> list[Path]:
    """Return the modules of these packages, as paths below the root."""
    found = (path for package in packages for path in (ROOT / package).rglob("*.py"))
    return sorted(path.relative_to(ROOT) for path in found)


def imported(module: Path) -> Iterator[str]:
    """Yield the dotted names that a module imports, those inside of functions as well."""
    for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def named(module: Path, *forbidden: str) -> list[str]:
    """Return what a module imports of the forbidden names or from below them."""
    return [
        name
        for name in imported(module)
        if any(name == each or name.startswith(f"{each}.") for each in forbidden)
    ]


def third_parties(module: Path) -> set[str]:
    """Return the packages a module imports that are neither ours nor the standard library's."""
    roots = {name.partition(".")[0] for name in imported(module)}
    return roots - sys.stdlib_module_names - {"gateway", "translators"}


def by_path(path: Path) -> str:
    """Name a test case after the file it is about."""
    return path.relative_to(ROOT).as_posix() if path.is_absolute() else path.as_posix()


def test_the_import_contracts_are_kept() -> None:
    lint = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    run = subprocess.run(
        [sys.executable, "-c", lint], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("module", modules("gateway", "translators"), ids=by_path)
def test_a_module_is_not_too_long(module: Path) -> None:
    lines = len((ROOT / module).read_text(encoding="utf-8").splitlines())
    assert lines <= LINE_LIMIT or module.as_posix() in LONGER


@pytest.mark.parametrize("name", LONGER)
def test_an_exception_to_the_length_is_still_needed(name: str) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) > LINE_LIMIT


@pytest.mark.parametrize("module", modules("gateway"), ids=by_path)
def test_the_gateway_uses_neither_slow_middleware_nor_httpx(module: Path) -> None:
    assert named(module, "starlette.middleware.base", "httpx", "httpx2") == []


@pytest.mark.parametrize("module", modules("gateway/core"), ids=by_path)
def test_the_machine_needs_no_third_party(module: Path) -> None:
    assert third_parties(module) == set()


@pytest.mark.parametrize("module", modules("gateway/core"), ids=by_path)
def test_the_machine_reads_no_clock_and_draws_no_chance(module: Path) -> None:
    sources = ("asyncio", "datetime", "random", "secrets", "time", "uuid", "gateway.clock")
    assert named(module, *sources) == []


@pytest.mark.parametrize("module", modules("translators"), ids=by_path)
def test_only_the_v1_models_need_a_third_party(module: Path) -> None:
    allowed = {"pydantic", "pydantic_core"} if module.name.startswith("v1") else set()
    assert third_parties(module) <= allowed


@pytest.mark.parametrize("module", modules("gateway"), ids=by_path)
def test_a_concrete_store_is_named_by_stores_alone(module: Path) -> None:
    public = {"gateway.stores.base", "gateway.stores.open"}
    inside = module.parts[:2] == ("gateway", "stores")
    stores = {name.rpartition(".")[0] for name in named(module, "gateway.stores")}
    assert inside or stores <= public


@pytest.mark.parametrize("page", pages(), ids=by_path)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    assert list(broken_links(page)) == []


@pytest.mark.parametrize("page", pages(), ids=by_path)
def test_what_a_page_names_of_the_code_exists(page: Path) -> None:
    assert list(unknown_sources(page)) == []


def test_a_link_to_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One\n[a](#one) [b](#two) [c](other.md)\n```\n[d](fenced.md)\n```\n")
    assert list(broken_links(page)) == ["#two", "other.md"]


def test_a_name_of_something_that_is_gone_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("`gateway/engine.py` `gateway/gone.py` `tests/test_architecture.py::test_gone`")
    assert list(unknown_sources(page)) == [
        "gateway/gone.py",
        "tests/test_architecture.py::test_gone",
    ]


def test_the_index_lists_every_decision() -> None:
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    written = {path.name for path in DECISIONS.glob("0*.md")}
    assert set(re.findall(r"\]\((\d{4}-[a-z0-9-]+\.md)\)", index)) == written


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = sorted(int(path.name[:4]) for path in DECISIONS.glob("0*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


def test_differences_are_listed_in_order_and_told_each() -> None:
    page = (ROOT / "docs" / "differences.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[DIFF-(\d+)\]", page, re.MULTILINE)
    assert listed == re.findall(r"^## DIFF-(\d+)$", page, re.MULTILINE)


@pytest.mark.parametrize("module", modules("gateway", "translators"), ids=by_path)
def test_the_pages_a_module_cites_exist(module: Path) -> None:
    text = (ROOT / module).read_text(encoding="utf-8")
    cited = re.findall(r"docs/[\w/-]+\.md", text)
    assert [name for name in cited if not (ROOT / name).exists()] == []
