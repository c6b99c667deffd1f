"""The runner of mutants: what it puts where, and that its list of survivors is true."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from textwrap import dedent

import pytest

from tests.mutants.drawing import drawn, every_mutant
from tests.mutants.listed import listed
from tests.mutants.mutant import Mutant
from tests.mutants.python import mutants
from tests.mutants.workshop import ROOT, Workshop

SAMPLE = '''
"""A module: 1 < 2."""
from typing import TYPE_CHECKING, Final

LIMIT: Final = 100
"""How many, at most 100."""

if TYPE_CHECKING:
    LIMIT = 3


class Lane(Base[3]):
    __slots__ = ("size", 4)

    @property
    def is_full(self) -> "int | 5":
        assert self.size != 6
        log.info("lane.full", size=7)
        return self.size >= LIMIT
'''


def changes(source: str) -> list[str]:
    """Return what can be changed in a piece of code."""
    return [each.change for each in mutants("a.py", dedent(source).encode())]


@pytest.fixture(scope="module")
def everything() -> list[Mutant]:
    return every_mutant(ROOT)


def test_only_what_acts_is_mutated() -> None:
    assert changes(SAMPLE) == [
        "100 -> 200",
        "100 -> 50",
        "self.size >= LIMIT -> None",
        ">= -> <",
        ">= -> >",
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b <= c", ["< -> <=", "< -> >=", "<= -> <", "<= -> >"]),
        ("x = a not  in b", ["not in -> in"]),
        ("x = a and b", ["a -> True", "and -> or", "b -> True"]),
        ("if ready:\n  go()", ["ready -> not (ready)", "go() -> pass"]),
        ("if a == b:\n  pass", ["== -> !="]),
        ("x = y if not z else w", ["not z -> z"]),
        ("x = [a for a in b if a]", ["a -> not (a)"]),
        ("self.x = 0", ["self.x = 0 -> pass", "0 -> 1"]),
        ("def __init__(self):\n  self.x = y", []),
        ("await go(a, b)", ["await go(a, b) -> pass", "a, b -> b, a"]),
        ("x = go('a', b)", []),
        ("super().__init__()", []),
        ("x += 2", ["x += 2 -> pass", "+ -> -", "2 -> 1", "2 -> 3"]),
        ("x = 'a' + b", []),
        ("x = f'{1 + 2}'", []),
        ("x = min(a, b)", ["min -> max"]),
        ("raise Wrong(text)", ["raise Wrong(text) -> pass"]),
        ("for a in b:\n  continue", ["continue -> break"]),
        ("x = isinstance(a, b | c)", []),
        ("x = zip(a, strict=True)", []),
        ("x = 'SELECT a FROM b WHERE c < ? ORDER BY d'", [
            "< -> <=", "< -> >=", "ORDER BY d -> ORDER BY d DESC",
        ]),
        ("x = 'c < ?'", []),
    ],
)  # fmt: skip
def test_each_fault_has_its_places(source: str, expected: list[str]) -> None:
    assert changes(source) == expected


def test_every_mutant_is_python(everything: list[Mutant]) -> None:
    sources = {path: (ROOT / path).read_bytes() for path in {each.path for each in everything}}
    for each in everything[::10]:
        ast.parse(each.applied(sources[each.path]))


def test_every_mutant_has_a_name_of_its_own(everything: list[Mutant]) -> None:
    assert [
        key for key, count in Counter(each.key for each in everything).items() if count > 1
    ] == []


def test_the_same_code_elsewhere_is_the_same_mutant() -> None:
    (here,) = mutants("a.py", b"def f():\n    go()\n")
    (there,) = mutants("a.py", b"import x\n\n\ndef f():\n        go()\n")
    assert (here.key, here.line + 3) == (there.key, there.line)


def test_a_longer_draw_has_the_shorter_one_in_it(everything: list[Mutant]) -> None:
    short, long = (drawn(everything, seed=1, count=count) for count in (50, 300))
    assert long[:50] == short


def test_another_seed_draws_others(everything: list[Mutant]) -> None:
    assert drawn(everything, seed=1, count=50) != drawn(everything, seed=2, count=50)


def test_a_file_is_spoiled_in_the_copy_and_only_for_a_while(tmp_path: Path) -> None:
    workshop, name = Workshop(tmp_path), "gateway/engine.py"
    workshop.renew()
    before = (ROOT / name).read_bytes()
    with workshop.spoiled(name, b"raise SystemExit"):
        seen = ((ROOT / name).read_bytes(), (tmp_path / name).read_bytes())
    assert seen == (before, b"raise SystemExit")
    assert (tmp_path / name).read_bytes() == before


def test_every_listed_survivor_is_a_mutant_of_the_code_as_it_is(everything: list[Mutant]) -> None:
    assert listed().keys() - {each.key for each in everything} == set()


def test_every_listed_survivor_has_a_reason() -> None:
    assert [each.mutant for each in listed().values() if len(each.reason) < 20] == []
