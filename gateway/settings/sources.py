"""Where raw values come from: the environment, a TOML file, and files that hold one secret."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Final

from gateway.settings.rows import FILE_SUFFIX, Fault, Row
from gateway.settings.values import PEM_MARK, Unusable

PROCESS_VARIABLES: Final = ("GATEWAY_CONFIG", "GATEWAY_DEBUG")
"""Variables of the process itself; they are no settings and cannot stand in the file."""

_MAX_FILE: Final = 256 * 1024
_SIMILAR: Final = 0.8
_SIMILAR_KEY: Final = 0.7
# Among names that are not ours only near-identity is a slip of the pen: `MY_GATEWAY_PORT` is not.
_ALMOST_EQUAL: Final = 0.9
# Kubernetes puts these into every container when a Service is called "gateway".
_SERVICE_LINKS: Final = ("GATEWAY_SERVICE_", "GATEWAY_PORT_")
_SERVICE_LINK_REMEDY: Final = (
    "Kubernetes sets it for a Service called gateway: set enableServiceLinks to false,"
    " or rename the Service"
)
# What the parser may say word for word. Its other sentences quote the file, thus maybe a secret.
_HARMLESS_REASONS: Final = frozenset(
    {
        "Cannot overwrite a value",
        "Expected '=' after a key in a key/value pair",
        "Expected ']' at the end of a table declaration",
        "Expected ']]' at the end of an array declaration",
        "Expected newline or end of document after a statement",
        "Invalid date or datetime",
        "Invalid initial character for a key part",
        "Invalid statement",
        "Invalid value",
        "Unclosed array",
        "Unclosed inline table",
        "Unescaped '\\' in a string",
        "Unterminated string",
    }
)


class Origin(StrEnum):
    """Where the value of a setting came from."""

    DEFAULT = "default"
    ENVIRONMENT = "environment"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A raw value as the operator wrote it."""

    label: str
    raw: object
    origin: Origin
    base: Path
    """Where relative paths in the value start."""
    names_file: bool
    """Whether the value is the path of a file that holds the secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One place that values are looked up in."""

    values: Mapping[str, object]
    origin: Origin
    base: Path
    prefix: str = ""
    """What is written before a key to say where it stands."""

    def find(self, row: Row) -> list[Found]:
        """Return what is set for `row`, directly or through `…_FILE`. Empty texts are unset."""
        return [
            Found(
                label=f"{self.prefix}{key}",
                raw=self.values[key],
                origin=self.origin,
                base=self.base,
                names_file=names_file,
            )
            for key, names_file in zip(self._keys(row), (False, True), strict=False)
            if self.values.get(key, "") != ""
        ]

    def label_of(self, row: Row) -> str:
        """Return how `row` is called here."""
        return self.prefix + self._keys(row)[0]

    def _keys(self, row: Row) -> tuple[str, ...]:
        return row.keys if self.origin is Origin.FILE else row.variables


def open_value(found: Found, row: Row) -> object:
    """Return the raw value itself, read from the file it names if it names one.

    Raises:
        Unusable: the file cannot be read, or holds nothing.
    """
    names_file = found.names_file or (
        row.may_be_path and isinstance(found.raw, str) and PEM_MARK not in found.raw
    )
    if not names_file:
        return found.raw
    if not isinstance(found.raw, str):
        raise Unusable("is not a path", "write the path of a file in quotes")
    path = found.base / Path(found.raw.strip()).expanduser()
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE).decode()
    except UnicodeDecodeError:
        raise Unusable("names a file that is not text", "store the secret as text") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a path"
        raise Unusable(f"names a file that cannot be read ({why})", "check its path") from None
    if not content.strip():
        raise Unusable("names an empty file", "store the secret in it")
    return content.strip()


def read_toml(path: Path) -> tuple[Mapping[str, object], list[Fault]]:
    """Read a configuration file; what is wrong with it as a whole comes as a fault."""
    remedy = "check the path in --config or GATEWAY_CONFIG"
    try:
        # Decimal keeps amounts of money as they were written.
        return tomllib.loads(path.read_text("utf-8"), parse_float=Decimal), []
    except OSError as error:
        problem = f"cannot be read ({error.strerror or 'unknown reason'})"
    except tomllib.TOMLDecodeError as error:
        problem, remedy = f"is not TOML{_reason(error)}", "mend the file"
    except ValueError:
        problem, remedy = "is not TOML (not UTF-8)", "store the file as UTF-8"
    return {}, [Fault(name=str(path), problem=problem, remedy=remedy)]


def unknown_keys(table: Mapping[str, object], prefix: str, known: Collection[str]) -> list[Fault]:
    """Return a fault for each key of a TOML table that means nothing."""
    return [
        Fault(
            name=f"{prefix}{key}",
            problem="is not a setting",
            # `PORT` and `GATEWAY_PORT` are how the environment would write it.
            remedy=_suggest(
                key.lower().removeprefix("gateway_").removeprefix("vonage_"), known, _SIMILAR_KEY
            ),
        )
        for key in table
        if key not in known
    ]


def unknown_variables(environ: Mapping[str, str], known: Collection[str]) -> list[Fault]:
    """Return a fault for each variable that looks like a setting and is none.

    A `GATEWAY_` variable must be known. Another is a fault when it resembles a setting that is
    not set itself: `VONGE_API_KEY` is a slip of the pen, the `VONAGE_NUMBER` of another program
    is not our business. The remedy names the setting it resembles most, set or not.
    """
    everything = {*known, *PROCESS_VARIABLES}
    set_ones = {name.removesuffix(FILE_SUFFIX) for name in known if environ.get(name)}
    unset = [name for name in known if name.removesuffix(FILE_SUFFIX) not in set_ones]
    faults = []
    for name in environ:
        if name in everything:
            continue
        if name.startswith("GATEWAY_"):
            is_link = name.startswith(_SERVICE_LINKS)
            remedy = _SERVICE_LINK_REMEDY if is_link else _suggest(name, everything, _SIMILAR)
        elif name.startswith(("G", "V")):
            cutoff = _SIMILAR if name.startswith("VONAGE_") else _ALMOST_EQUAL
            if not difflib.get_close_matches(name, unset, n=1, cutoff=cutoff):
                continue
            remedy = _suggest(name, known, cutoff)
        else:
            continue
        faults.append(Fault(name=name, problem="is not a setting", remedy=remedy))
    return faults


def remedy_for(found: Found, remedy: str) -> str:
    """Return what to do about an unusable value: `remedy`, or what Kubernetes did to it."""
    is_link = found.origin is Origin.ENVIRONMENT and str(found.raw).startswith(("tcp://", "udp://"))
    return _SERVICE_LINK_REMEDY if is_link else remedy


def _suggest(name: str, known: Iterable[str], cutoff: float) -> str:
    similar = difflib.get_close_matches(name, known, n=1, cutoff=cutoff)
    return f"did you mean {similar[0]}?" if similar else "docs/settings.md lists all there are"


def _reason(error: tomllib.TOMLDecodeError) -> str:
    """Return what the parser says and where, without what it quotes from the file."""
    reason, mark, position = str(error).rpartition(" (at ")
    said = f": {reason[:1].lower()}{reason[1:]}" if reason in _HARMLESS_REASONS else ""
    return f"{said} ({position.rstrip(')')})" if mark else said
