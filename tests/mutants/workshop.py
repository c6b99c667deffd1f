"""A copy of the project, in which files can be spoiled, and pytest run on what then is there."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent.parent
_COPIED: Final = ("gateway", "translators", "tests", "fixtures", "docs", "benchmarks")
_PYTEST: Final = (
    *("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "tests.mutants.plugin"),
    "--hypothesis-seed=0",
)


class Workshop:
    """The copy, in a folder of its own."""

    def __init__(self, tree: Path) -> None:
        self.tree = tree

    def renew(self) -> None:
        """Make the copy what the project is now; what is the same stays, and stays compiled."""
        wanted = {file.relative_to(ROOT) for file in _files()}
        for name in wanted:
            target = self.tree / name
            if not target.exists() or target.read_bytes() != (ROOT / name).read_bytes():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, target)
        for folder in _COPIED:
            for file in (self.tree / folder).rglob("*.py"):
                if file.relative_to(self.tree) not in wanted:
                    file.unlink()

    @contextlib.contextmanager
    def spoiled(self, path: str, content: bytes) -> Iterator[None]:
        """Let a file of the copy hold something else."""
        file = self.tree / path
        # Two versions of a file can be of one size and second, and nothing else tells them apart.
        compiled = Path(importlib.util.cache_from_source(str(file)))
        try:
            compiled.unlink(missing_ok=True)
            file.write_bytes(content)
            yield
        finally:
            compiled.unlink(missing_ok=True)
            shutil.copy2(ROOT / path, file)

    def pytest(
        self,
        *arguments: str,
        timeout_s: float | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> tuple[int | None, str]:
        """Run pytest on the copy; return its exit code, `None` after the timeout, and its output.

        Whatever it started ends with it.
        """
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *_PYTEST, *arguments],
            cwd=self.tree,
            env={**os.environ, "PYTHONPATH": str(self.tree), **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            said = ""
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            code = process.wait()
        return (code if code >= 0 else None), said


def _files() -> Iterator[Path]:
    yield from (file for file in ROOT.iterdir() if file.is_file())
    for folder in _COPIED:
        for file in (ROOT / folder).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file


def digest_of(files: Sequence[Path], root: Path) -> str:
    """Return what changes when one of the files below `root` does."""
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(files):
        digest.update(f"{file.relative_to(root)}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()
