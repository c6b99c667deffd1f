"""Faults in Python: where one can be put, and what would stand there instead.

Nothing is put where only readers would notice: docstrings, annotations, decorators, log lines,
assertions, texts.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Final

from tests.mutants import sql
from tests.mutants.mutant import Mutant

_COMPARISONS: Final[dict[str, tuple[str, ...]]] = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
    "is": ("is not",),
    "is not": ("is",),
    "in": ("not in",),
    "not in": ("in",),
}
_COMPARISON: Final = re.compile(rb"is\s+not|not\s+in|[<>=!]=|<|>|\bis\b|\bin\b")
_CONNECTIVE: Final = re.compile(rb"\b(and|or)\b")
_ARITHMETIC: Final = {
    "+": "-",
    "-": "+",
    "*": "//",
    "/": "*",
    "//": "*",
    "%": "//",
    "<<": ">>",
    ">>": "<<",
    "&": "|",
    "|": "&",
    "**": "*",
}
_OPERATOR: Final = re.compile(rb"\*\*|//|<<|>>|[-+*/%&|]")
_SWAPPED: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_UNORDERED: Final = frozenset({"min", "max", "zip", "gather"})
_ENDS: Final = {"popleft": "pop", "appendleft": "append"}
_SMALL: Final = 16
"""Up to here one more or one less is another thing; beyond, it takes twice or half as much."""
_OF_TYPES: Final = frozenset(
    {"TypeVar", "ParamSpec", "NewType", "cast", "isinstance", "assert_never", "getattr", "field"}
)
_TEXT: Final = (ast.JoinedStr, ast.List, ast.Tuple)

Function = ast.FunctionDef | ast.AsyncFunctionDef


def mutants(path: str, source: bytes) -> list[Mutant]:
    """Return every fault that can be put into a file, in the order of their places."""
    found = sorted(
        _File(path, source).walk(), key=lambda each: (each.start, each.end, each.kind, each.after)
    )
    seen: Counter[str] = Counter()
    named = []
    for each in dict.fromkeys(found):
        named.append(replace(each, nth=seen[each.key]))
        seen[each.key] += 1
    return named


class _File:
    """Walks one file. Knows at any node in what function it is, and in what statement."""

    def __init__(self, path: str, source: bytes) -> None:
        self._path = path
        self._source = source
        self._lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self._scope: list[str] = []
        self._functions: list[Function] = []
        self._statement: ast.stmt | None = None
        self._names: tuple[str, ...] = ()

    def walk(self) -> Iterator[Mutant]:
        tree = ast.parse(self._source)
        yield from self._block(tree.body)

    # Where something is.

    def _start(self, node: ast.expr | ast.stmt) -> int:
        return self._starts[node.lineno - 1] + node.col_offset

    def _end(self, node: ast.expr | ast.stmt) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._starts[node.end_lineno - 1] + node.end_col_offset

    def _text(self, node: ast.expr | ast.stmt) -> str:
        return self._source[self._start(node) : self._end(node)].decode()

    def _between(self, left: ast.expr, right: ast.expr, operator: re.Pattern[bytes]) -> slice:
        found = operator.search(self._source, self._end(left), self._start(right))
        assert found is not None
        return slice(*found.span())

    def _make(self, kind: str, start: int, end: int, after: str) -> Mutant:
        assert self._statement is not None
        line = self._source.count(b"\n", 0, start) + 1
        return Mutant(
            path=self._path,
            kind=kind,
            scope=".".join(self._scope),
            line=line,
            text=self._lines[line - 1].decode().strip(),
            start=start,
            end=end,
            before=self._source[start:end].decode(),
            after=after,
            reached_by=self._reached_by(self._statement),
            names=() if self._functions else self._names,
        )

    def _reached_by(self, statement: ast.stmt) -> tuple[tuple[int, int], ...]:
        if isinstance(statement, Function):
            # Its defaults are made once, and matter to whoever runs it.
            first, last = statement.body[0], statement.body[-1]
            return ((first.lineno, last.end_lineno or last.lineno),)
        body: list[ast.stmt] = getattr(statement, "body", [])
        last_line = body[0].lineno - 1 if body else statement.end_lineno or statement.lineno
        return ((statement.lineno, max(last_line, statement.lineno)),)

    def _over(self, node: ast.expr | ast.stmt, kind: str, after: str) -> Mutant:
        return self._make(kind, self._start(node), self._end(node), after)

    # Statements.

    def _block(self, statements: list[ast.stmt]) -> Iterator[Mutant]:
        for statement in statements:
            if not self._is_left_alone(statement):
                outer, self._statement = self._statement, statement
                yield from self._of_statement(statement)
                self._statement = outer

    def _is_left_alone(self, statement: ast.stmt) -> bool:
        first_line = self._lines[statement.lineno - 1]
        match statement:
            case ast.Assert() | ast.Import() | ast.ImportFrom() | ast.Pass():
                return True
            case ast.Expr(value=ast.Constant()):
                return True
            case ast.Expr(value=ast.Call(func=function)):
                return self._is_log(function) or _name_of(function) == "assert_never"
            case ast.If(test=test):
                return _name_of(test) == "TYPE_CHECKING"
            case ast.Assign(targets=[ast.Name(id="__slots__")]):
                return True
            case ast.Assign(value=ast.Call(func=function)):
                return _name_of(function) in _OF_TYPES - {"cast", "getattr"}
            case ast.AnnAssign(annotation=annotation):
                return _name_of(annotation) == "TypeAlias"
            case _:
                return b"pragma: no cover" in first_line

    def _is_log(self, function: ast.expr) -> bool:
        return isinstance(function, ast.Attribute) and _name_of(function.value) in ("log", "_log")

    def _of_statement(self, statement: ast.stmt) -> Iterator[Mutant]:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from self._of_function(statement)
            case ast.ClassDef(name=name, body=body):
                self._scope.append(name)
                yield from self._block(body)
                self._scope.pop()
            case ast.Raise():
                yield self._over(statement, "raise dropped", "pass")
            case ast.Return(value=None):
                yield self._over(statement, "return dropped", "pass")
            case ast.Return(value=ast.expr() as value):
                if not isinstance(value, ast.Constant):
                    yield self._over(value, "return value", "None")
                yield from self._expression(value)
            case ast.Break() | ast.Continue():
                after = "pass" if isinstance(statement, ast.Break) else "break"
                yield self._over(statement, "loop control", after)
            case ast.If(test=test) | ast.While(test=test):
                yield from self._condition(test)
                yield from self._children(statement)
            case ast.Match(subject=subject, cases=cases):
                yield from self._expression(subject)
                for case in cases:
                    yield from self._case(case)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                yield from self._of_assignment(statement)
            case ast.Expr() | ast.Delete():
                if self._is_droppable(statement):
                    yield self._over(statement, "statement dropped", "pass")
                yield from self._children(statement)
            case _:
                yield from self._children(statement)

    def _is_droppable(self, statement: ast.Expr | ast.Delete) -> bool:
        if isinstance(statement, ast.Delete):
            return True
        value = statement.value
        called = value.value if isinstance(value, ast.Await) else value
        is_super = isinstance(called, ast.Call) and "super()" in ast.unparse(called.func)
        return isinstance(called, ast.Call) and not is_super

    def _case(self, case: ast.match_case) -> Iterator[Mutant]:
        if b"pragma: no cover" in self._lines[case.pattern.lineno - 1]:
            return
        if case.guard is not None:
            yield from self._condition(case.guard)
        yield from self._block(case.body)

    def _of_function(self, function: Function) -> Iterator[Mutant]:
        self._scope.append(function.name)
        arguments = function.args
        self._functions.append(function)
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                yield from self._expression(default)
        yield from self._block(function.body)
        self._functions.pop()
        self._scope.pop()

    def _of_assignment(
        self, statement: ast.Assign | ast.AnnAssign | ast.AugAssign
    ) -> Iterator[Mutant]:
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if not self._functions:
            self._names = tuple(each.id for each in targets if isinstance(each, ast.Name))
        is_made = self._functions and self._functions[-1].name in ("__init__", "__post_init__")
        changes = any(isinstance(each, ast.Attribute | ast.Subscript) for each in targets)
        if isinstance(statement, ast.AugAssign):
            yield self._over(statement, "statement dropped", "pass")
            sign = self._between(statement.target, statement.value, _OPERATOR)
            operator = self._source[sign].decode()
            if not isinstance(statement.value, _TEXT):
                yield self._make("arithmetic", sign.start, sign.stop, _ARITHMETIC[operator])
        elif changes and not is_made and statement.value is not None:
            yield self._over(statement, "statement dropped", "pass")
        if statement.value is not None:
            yield from self._expression(statement.value)

    def _children(self, node: ast.AST) -> Iterator[Mutant]:
        """Go on inside, statements as statements and expressions as expressions."""
        for _, value in ast.iter_fields(node):
            parts = value if isinstance(value, list) else [value]
            if parts and isinstance(parts[0], ast.stmt):
                yield from self._block(parts)
                continue
            for part in parts:
                if isinstance(part, ast.expr):
                    yield from self._expression(part)
                elif isinstance(part, ast.AST):
                    yield from self._children(part)

    # Expressions.

    def _condition(self, test: ast.expr) -> Iterator[Mutant]:
        """Negate a condition, unless its own operator is going to be."""
        if not isinstance(test, ast.Compare) and not _is_not(test):
            yield self._over(test, "condition negated", f"not ({self._text(test)})")

    def _expression(self, node: ast.expr) -> Iterator[Mutant]:
        match node:
            case ast.JoinedStr() | ast.Constant(value=str()):
                yield from self._of_text(node)
                return
            case ast.Constant():
                yield from self._constant(node)
                return
            case ast.Compare(left=left, ops=[_], comparators=[right]):
                sign = self._between(left, right, _COMPARISON)
                operator = " ".join(self._source[sign].decode().split())
                for after in _COMPARISONS[operator]:
                    yield self._make("comparison", sign.start, sign.stop, after)
            case ast.Compare(left=left, comparators=comparators):
                for one, other in pairwise([left, *comparators]):
                    sign = self._between(one, other, _COMPARISON)
                    operator = " ".join(self._source[sign].decode().split())
                    for after in _COMPARISONS[operator]:
                        yield self._make("comparison", sign.start, sign.stop, after)
            case ast.BoolOp(op=op, values=values):
                yield from self._connective(op, values)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield self._over(node, "condition negated", self._text(operand))
            case ast.BinOp(left=left, right=right):
                yield from self._arithmetic(left, right)
            case ast.IfExp(test=test):
                yield from self._condition(test)
            case ast.Call():
                name = _name_of(node.func)
                if name in _OF_TYPES:
                    values = node.args[:1] if name == "isinstance" else node.args[1:]
                    for argument in values:
                        yield from self._expression(argument)
                    return
                yield from self._call(node)
                if name == "zip":  # `strict` is an assertion
                    yield from (each for part in node.args for each in self._expression(part))
                    return
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                for generator in node.generators:
                    for test in generator.ifs:
                        yield from self._condition(test)
            case _:
                pass
        yield from self._children(node)

    def _of_text(self, node: ast.JoinedStr | ast.Constant) -> Iterator[Mutant]:
        parts = node.values if isinstance(node, ast.JoinedStr) else [node]
        begins = parts[0] if parts else None
        if not (isinstance(begins, ast.Constant) and sql.is_statement(str(begins.value))):
            return
        start, text = self._start(node), self._text(node)
        for first, last, after, kind in sql.faults(text):
            begin = start + len(text[:first].encode())
            yield self._make(kind, begin, start + len(text[:last].encode()), after)

    def _constant(self, node: ast.Constant) -> Iterator[Mutant]:
        value = node.value
        if isinstance(value, bool):
            yield self._over(node, "constant", str(not value))
        elif isinstance(value, int):
            others = (value + 1, value - 1) if value <= _SMALL else (2 * value, value // 2)
            for other in others if value else (1,):
                yield self._over(node, "constant", str(other))
        elif isinstance(value, float) and value:
            yield self._over(node, "constant", repr(2 * value))

    def _connective(self, op: ast.boolop, values: list[ast.expr]) -> Iterator[Mutant]:
        after = "or" if isinstance(op, ast.And) else "and"
        for left, right in pairwise(values):
            sign = self._between(left, right, _CONNECTIVE)
            yield self._make("connective", sign.start, sign.stop, after)
        # One part less: the whole is as if it were true of it, or false.
        neutral = "True" if isinstance(op, ast.And) else "False"
        for part in values:
            if not isinstance(part, ast.Constant):
                yield self._over(part, "condition dropped", neutral)

    def _arithmetic(self, left: ast.expr, right: ast.expr) -> Iterator[Mutant]:
        for each in (left, right):
            if isinstance(each, _TEXT) or _is_text(each):
                return
        sign = self._between(left, right, _OPERATOR)
        after = _ARITHMETIC[self._source[sign].decode()]
        yield self._make("arithmetic", sign.start, sign.stop, after)

    def _call(self, node: ast.Call) -> Iterator[Mutant]:
        name = _name_of(node.func)
        if isinstance(node.func, ast.Name) and name in _SWAPPED:
            yield self._over(node.func, "extreme", _SWAPPED[name])
        if isinstance(node.func, ast.Attribute) and name in _ENDS:
            end = self._end(node.func)
            yield self._make("end of a queue", end - len(name), end, _ENDS[name])
        # A text is no argument that anybody takes for another one; of some calls none comes first.
        is_ordered = len(node.args) > 1 and name not in _UNORDERED
        if is_ordered and not any(_is_fixed(each) for each in node.args[:2]):
            first, second = self._text(node.args[0]), self._text(node.args[1])
            gap = self._source[self._end(node.args[0]) : self._start(node.args[1])].decode()
            if first != second:
                yield self._make(
                    "arguments exchanged",
                    self._start(node.args[0]),
                    self._end(node.args[1]),
                    f"{second}{gap}{first}",
                )


def _name_of(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _is_not(node: ast.expr) -> bool:
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)


def _is_fixed(node: ast.expr) -> bool:
    return isinstance(node, ast.Starred | ast.JoinedStr) or _is_text(node)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
