"""Which tests run which lines, and how long they take: seen once, by running all of them.

Tests that start processes of their own are left out: what runs there is not seen from here.
"""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Final

from coverage import CoverageData

from tests.mutants.mutant import Mutant
from tests.mutants.plugin import DURATIONS
from tests.mutants.workshop import Workshop, digest_of

_TESTS: Final = "tests/gateway"
_FAR: Final = 2
_CONSTANT: Final = re.compile(r"\b_?[A-Z][A-Z0-9_]+\b")


class SurveyFailed(Exception):
    """The tests do not pass as things are, so none of them can tell what a mutant breaks."""


class Survey:
    """What was seen of the tests of one state of the project."""

    def __init__(self, folder: Path, workshop: Workshop) -> None:
        self._folder = folder
        self._workshop = workshop
        self._data = folder / "survey.coverage"
        self._durations = folder / "durations.json"
        self._known = folder / "known.json"

    def renew(self) -> list[str]:
        """Return the files of tests that are to be seen, after making the copy what is now.

        None of them when nothing changed, all of them when the code did.
        """
        known: dict[str, str] = json.loads(self._known.read_text()) if self._known.exists() else {}
        self._workshop.renew()
        now = self._digests()
        changed = [path for path in now if path != "code" and known.get(path) != now[path]]
        if known.get("code") != now["code"]:
            return [_TESTS]
        return changed

    def see(self, paths: list[str]) -> None:
        """Run these tests and add what is seen of them.

        Raises:
            SurveyFailed: one of them failed.
        """
        is_whole = paths == [_TESTS]
        fresh = self._folder / "fresh.json"
        config = self._folder / "survey.cfg"
        config.write_text(f"[run]\nsource = gateway\ndata_file = {self._data}\n")
        code, said = self._workshop.pytest(
            *("-m", "not slow", "--timeout=300", "--cov", f"--cov-config={config}"),
            *("--cov-context=test", "--cov-report=", *([] if is_whole else ["--cov-append"])),
            *paths,
            environ={DURATIONS: str(fresh)},
        )
        if code != 0:
            raise SurveyFailed(said[-2000:])
        before = {} if is_whole or not self._durations.exists() else self.seconds
        before.update({name: took for name, (took, _) in json.loads(fresh.read_text()).items()})
        self._durations.write_text(json.dumps(before))
        self._known.write_text(json.dumps(self._digests()))
        for name in ("seconds", "_coverage", "_uses", "_made_of", "_trees", "_words"):
            self.__dict__.pop(name, None)

    def _digests(self) -> dict[str, str]:
        tree = self._workshop.tree
        tests = sorted((tree / _TESTS).rglob("test_*.py"))
        code = [*(tree / "gateway").rglob("*.py"), *(tree / "translators").rglob("*.py")]
        return {
            "code": digest_of(code, tree),
            **{str(file.relative_to(tree)): digest_of([file], tree) for file in tests},
        }

    @cached_property
    def seconds(self) -> dict[str, float]:
        """How long each test takes."""
        found: dict[str, float] = json.loads(self._durations.read_text())
        return found

    @cached_property
    def _coverage(self) -> dict[str, dict[int, set[str]]]:
        return {}

    def _runs(self, path: str) -> dict[int, set[str]]:
        if path not in self._coverage:
            data = CoverageData(str(self._data))
            data.read()
            lines = data.contexts_by_lineno(str(self._workshop.tree / path))
            self._coverage[path] = {
                line: {each.rpartition("|")[0] for each in contexts if each}
                for line, contexts in lines.items()
            }
        return self._coverage[path]

    @cached_property
    def _uses(self) -> dict[str, list[tuple[str, int]]]:
        """Where each name is used."""
        uses: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
        for path, tree in self._trees.items():
            for node in ast.walk(tree):
                match node:
                    case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name):
                        uses[name].append((path, node.lineno))
                    case ast.FunctionDef() | ast.AsyncFunctionDef():
                        # A default is read once, and matters to whoever runs the function.
                        lines = range(node.body[0].lineno, (node.end_lineno or 0) + 1)
                        for default in filter(None, (*node.args.defaults, *node.args.kw_defaults)):
                            for each in ast.walk(default):
                                if isinstance(each, ast.Name):
                                    uses[each.id] += [(path, line) for line in lines]
                    case _:
                        pass
        return uses

    @cached_property
    def _made_of(self) -> dict[str, set[str]]:
        """Which names of modules are made of each name."""
        made: defaultdict[str, set[str]] = defaultdict(set)
        for tree in self._trees.values():
            for statement in tree.body:
                if isinstance(statement, ast.Assign | ast.AnnAssign):
                    names = [each for each in ast.walk(statement) if isinstance(each, ast.Name)]
                    stored = {each.id for each in names if isinstance(each.ctx, ast.Store)}
                    for each in names:
                        if isinstance(each.ctx, ast.Load):
                            made[each.id] |= stored
        return made

    @cached_property
    def _trees(self) -> dict[str, ast.Module]:
        files = sorted((self._workshop.tree / "gateway").rglob("*.py"))
        return {
            str(file.relative_to(self._workshop.tree)): ast.parse(file.read_bytes())
            for file in files
        }

    @cached_property
    def _words(self) -> dict[str, set[str]]:
        """The constants that each file of tests speaks of."""
        tree = self._workshop.tree
        return {
            str(file.relative_to(tree)): set(_CONSTANT.findall(file.read_text()))
            for file in (tree / _TESTS).rglob("test_*.py")
        }

    def _users_of(self, names: Iterable[str]) -> set[str]:
        """Return the tests that run where these names are used, or what is made of them."""
        waiting, known = list(names), set[str]()
        found, files = set[str](), set[str]()
        while waiting:
            name = waiting.pop()
            if name in known:
                continue
            known.add(name)
            waiting += self._made_of.get(name, ())
            files |= {file for file, words in self._words.items() if name in words}
            for path, line in self._uses[name]:
                found |= self._runs(path).get(line, set())
        return found | {each for each in self.seconds if each.partition("::")[0] in files}

    def warm(self, paths: Iterable[str]) -> None:
        """Read what will be asked of these files, so that threads need not."""
        for path in paths:
            self._runs(path)
        _ = self._uses, self._made_of, self._words, self.seconds

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Return the tests that run what a mutant changes, the nearest and cheapest first.

        Where none is known to, those of its folder: one may run it in a process of its own.
        """
        found = set[str]()
        if mutant.names:
            found = self._users_of(mutant.names)
        else:
            runs = self._runs(mutant.path)
            for first, last in mutant.reached_by:
                for line in range(first, last + 1):
                    found |= runs.get(line, set())
        found &= self.seconds.keys()
        return sorted(
            found or {each for each in self.seconds if _distance(mutant.path, each) < _FAR},
            key=lambda test: (_distance(mutant.path, test), self.seconds[test], test),
        )

    def cost_s(self, tests: Iterable[str]) -> float:
        """Return how long tests take."""
        return sum(self.seconds[each] for each in tests)


def _distance(path: str, test: str) -> int:
    """Return how far a test is from a file: by its name, in its folder, elsewhere."""
    own, file = Path(path), Path(test.partition("::")[0])
    if own.parent != file.parent.relative_to("tests"):
        return _FAR
    return 0 if set(own.stem.split("_")) & set(file.stem.split("_")) - {"sqlite"} else 1
