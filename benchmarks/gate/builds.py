"""Which build of Python runs: the same source costs another number of instructions on another."""

from __future__ import annotations

import platform
import shlex
import sqlite3
import ssl
import sysconfig


def this_build() -> str:
    """Return what decides about instructions, in words: it is the key of the recorded figures.

    What the lock files pin is not among it: a new release of a library that costs more is a loss.
    """
    compiler = " ".join(platform.python_compiler().split()[:2])
    libc = " ".join(platform.libc_ver()) or "unknown libc"
    return ", ".join(
        [
            f"{platform.python_implementation()} {platform.python_version()}",
            f"{compiler} {optimisations(sysconfig.get_config_vars())}",
            f"SQLite {sqlite3.sqlite_version}",
            " ".join(ssl.OPENSSL_VERSION.split()[:2]),
            libc,
            platform.machine(),
        ]
    )


def optimisations(variables: dict[str, object]) -> str:
    """Return the level of optimisation, and which of the two long builds were asked for.

    Args:
        variables: those of `sysconfig`.
    """
    flags = shlex.split(str(variables.get("PY_CFLAGS") or ""))
    levels = [flag for flag in flags if flag.startswith("-O")]
    asked = str(variables.get("CONFIG_ARGS") or "")
    return " ".join(
        [
            levels[-1] if levels else "-O?",
            "with PGO" if "--enable-optimizations" in asked else "without PGO",
            "with LTO" if "--with-lto" in asked else "without LTO",
        ]
    )
