"""Whether a lock file is closed: whatever a locked distribution requires is locked, too.

Only then can it be installed without resolving anything. A resolver asks for requirements again,
and takes the newest release for one that it does not find pinned as it asks for it: an install
that worked yesterday fails today.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any, Final, TypeAlias

from packaging.markers import Marker, default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.support.pages import ROOT

Environment: TypeAlias = Mapping[str, str]

_PIN: Final = re.compile(r"(?P<name>[\w.-]+)(?:\[[\w,. -]*\])?==(?P<version>[^ ;\\]+)(?P<rest>.*)")
_PYTHONS: Final = ("3.11.0", "3.11.2", "3.12.0", "3.13.0", "3.14.0")
_PLATFORMS: Final = (
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "x86_64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One line of a lock file."""

    name: str
    """Canonical."""
    version: str
    marker: Marker | None
    has_hash: bool

    def is_for(self, environment: Environment) -> bool:
        """Say whether the line counts there."""
        return self.marker is None or self.marker.evaluate(dict(environment))


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """What a distribution says of itself."""

    version: str
    requires: tuple[Requirement, ...] = ()
    python: str = ""
    """Which versions of Python it is for."""


Known: TypeAlias = Callable[[str], Distribution | None]


def read_pins(text: str) -> list[Pin]:
    """Return the lines of a lock file, each with its hashes."""
    pins = []
    for block in re.split(r"\n(?=[\w])", text.replace("\\\n", " ")):
        match = _PIN.match(block)
        if match is None:
            continue
        marker = match["rest"].partition("--hash=")[0].strip().removeprefix(";").strip()
        pins.append(
            Pin(
                name=canonicalize_name(match["name"]),
                version=match["version"],
                marker=Marker(marker) if marker else None,
                has_hash="--hash=sha256:" in block,
            )
        )
    return pins


def environments() -> Iterator[dict[str, str]]:
    """Yield where the gateway is installed: each supported Python on each supported system."""
    for python, platform in itertools.product(_PYTHONS, _PLATFORMS):
        yield {
            **{name: str(value) for name, value in default_environment().items()},
            **platform,
            "os_name": "posix",
            "implementation_name": "cpython",
            "platform_python_implementation": "CPython",
            "python_full_version": python,
            "implementation_version": python,
            "python_version": python.rpartition(".")[0],
        }


def asked_for(*groups: str) -> list[Requirement]:
    """Return what `pyproject.toml` asks for itself: its dependencies, and those of groups."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    texts: list[str] = [*project["project"]["dependencies"]]
    waiting: list[Any] = [{"include-group": group} for group in groups]
    while waiting:
        entry = waiting.pop()
        if isinstance(entry, str):
            texts.append(entry)
        else:
            waiting += project["dependency-groups"][entry["include-group"]]
    return [Requirement(text) for text in texts]


def installed(name: str) -> Distribution | None:
    """Return what the installed distribution of a name says; `None` where there is none."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    return Distribution(
        version=found.version,
        requires=tuple(Requirement(text) for text in found.requires or ()),
        python=str(found.metadata.json.get("requires_python", "")),
    )


def unmet(
    pins: Sequence[Pin], roots: Iterable[Requirement], known: Known, environment: Environment
) -> list[str]:
    """Return what an install of exactly these pins would lack, a sentence each.

    Args:
        roots: what must be there for its own sake.
        known: tells what a distribution requires; it must know those of the pinned versions.
        environment: the values of markers.
    """
    locked = {pin.name: pin for pin in pins if pin.is_for(environment)}
    lacking = [f"{name} has no hash" for name, pin in locked.items() if not pin.has_hash]
    lacking += _untrue(locked, known, environment)
    waiting: list[tuple[str, Requirement]] = [("pyproject.toml", root) for root in roots]
    waiting += [needed for name in locked for needed in _needs(name, "", known, environment)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        whose, needed = waiting.pop()
        name = canonicalize_name(needed.name)
        pin = locked.get(name)
        if pin is None:
            lacking.append(f"{whose} requires {needed}, which is not locked")
            continue
        if not needed.specifier.contains(pin.version, prereleases=True):
            lacking.append(f"{whose} requires {needed}, but {pin.version} is locked")
        for extra in needed.extras - {extra for of, extra in seen if of == name}:
            seen.add((name, extra))
            waiting += _needs(name, extra, known, environment)
    return lacking


def _needs(
    name: str, extra: str, known: Known, environment: Environment
) -> list[tuple[str, Requirement]]:
    """Return what a distribution requires under one of its extras, or under none."""
    found = known(name)
    values = {**environment, "extra": extra}
    return [
        (f"{name}[{extra}]" if extra else name, needed)
        for needed in (found.requires if found is not None else ())
        if needed.marker is None or needed.marker.evaluate(values)
    ]


def _untrue(locked: Mapping[str, Pin], known: Known, environment: Environment) -> list[str]:
    """Return the pins that nothing can be said about, or that are not for this Python."""
    lacking = []
    for name, pin in locked.items():
        found = known(name)
        if found is None:
            lacking.append(f"{name} is not installed, so what it requires is not known")
        elif Version(found.version) != Version(pin.version):
            lacking.append(f"{name} is locked at {pin.version}, but {found.version} is installed")
        elif environment["python_full_version"] not in SpecifierSet(found.python):
            lacking.append(f"{name} is not for Python {environment['python_full_version']}")
    return lacking
