"""Change the text of real functions while the program runs, and put it back.

A planted bug reads as a patch does: this text of that function becomes that one. The function is
compiled anew and its code exchanged, so whoever imported it before runs the change, too. A text
that is not there, or not there once, is an error: the bug has to be looked at when the code moves.
"""

from __future__ import annotations
import __future__

import contextlib
import inspect
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One change to one function."""

    function: Callable[..., Any]
    before: str
    """A part of its text, as it stands in the file but for the indentation of the whole."""
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bug:
    """One thing done wrong."""

    name: str
    fault: str
    """What is wrong, in a sentence."""
    edits: Sequence[Edit]


class StaleBug(Exception):
    """The text that a bug changes is not there any more."""


@contextlib.contextmanager
def planted(bug: Bug) -> Iterator[None]:
    """Have the bug in this process for a while.

    Raises:
        StaleBug: the code has moved, and the bug cannot be planted as it is written.
    """
    functions = {_function(edit.function): edit.function for edit in bug.edits}
    changed = {
        function: _changed(function, [one for one in bug.edits if one.function == named])
        for function, named in functions.items()
    }
    right = {function: function.__code__ for function in changed}
    try:
        for function, code in changed.items():
            function.__code__ = code
        yield
    finally:
        for function, code in right.items():
            function.__code__ = code


def _function(named: Callable[..., Any]) -> FunctionType:
    assert isinstance(named, FunctionType), f"{named!r} is not a plain function"
    return named


def _changed(function: FunctionType, edits: Sequence[Edit]) -> CodeType:
    source = textwrap.dedent(inspect.getsource(function))
    for edit in edits:
        if source.count(edit.before) != 1:
            times = source.count(edit.before)
            raise StaleBug(f"{function.__qualname__} has this {times} times: {edit.before!r}")
        source = source.replace(edit.before, edit.after)
    flags = __future__.annotations.compiler_flag
    module = compile(source, f"<planted in {function.__qualname__}>", "exec", flags=flags)
    return next(
        constant
        for constant in module.co_consts
        if isinstance(constant, CodeType) and constant.co_name == function.__name__
    )
