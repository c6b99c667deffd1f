"""Which builds have figures of their own."""

from __future__ import annotations

import sqlite3

import pytest

from benchmarks.gate.builds import optimisations, this_build


def test_a_build_is_named_with_its_python_and_its_sqlite() -> None:
    build = this_build()
    assert sqlite3.sqlite_version in build
    assert "/" not in build, "where it was installed changes nothing"


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (
            {"PY_CFLAGS": "-g -O3 -Wall", "CONFIG_ARGS": "'--prefix=/x' '--enable-shared'"},
            "-O3 without PGO without LTO",
        ),
        (
            {"PY_CFLAGS": "-O3 -O2", "CONFIG_ARGS": "'--enable-optimizations' '--with-lto'"},
            "-O2 with PGO with LTO",
        ),
        ({}, "-O? without PGO without LTO"),
    ],
)
def test_optimisations_are_told_apart(variables: dict[str, object], told: str) -> None:
    assert optimisations(variables) == told
