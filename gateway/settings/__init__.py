"""The settings: one frozen object, read once at the start, with all its faults at once.

Values come from the environment and from a TOML file; the environment wins. What is outside any
`[[applications]]` table describes one application, each table describes one more, and no table
borrows from elsewhere: a status URL inherited by mistake would tell one customer about another's
messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from gateway.settings.application import Application
from gateway.settings.mode_rules import paired_faults, stray_faults
from gateway.settings.rows import Fault, Row, rows
from gateway.settings.rules import (
    Labels,
    admin_faults,
    application_faults,
    outside_faults,
    proof_faults,
    registry_faults,
    serving_here,
    succession_faults,
    tls_faults,
    warnings,
)
from gateway.settings.sources import (
    Found,
    Layer,
    Origin,
    open_value,
    read_toml,
    remedy_for,
    unknown_keys,
    unknown_variables,
)
from gateway.settings.table import Settings, settings_table_markdown
from gateway.settings.values import Secret, Unusable

__all__ = [
    "Application",
    "Entry",
    "Fault",
    "Origin",
    "Reading",
    "Secret",
    "Settings",
    "SettingsFault",
    "load_settings",
    "read_settings",
    "settings_table_markdown",
]

Check: TypeAlias = "Callable[[Settings], Sequence[Fault]]"

_TABLES = "applications"
_GATEWAY_ROWS = tuple(rows(Settings))
_APPLICATION_ROWS = tuple(rows(Application))


class SettingsFault(Exception):
    """The settings cannot be used."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One setting as it was read."""

    label: str
    value: object
    """None when it is not set and has no default, or when it cannot be used."""
    origin: Origin
    note: str | None = None
    """What a default means that is no plain value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All that was read. With faults, `settings` has defaults where values cannot be used."""

    settings: Settings
    entries: tuple[Entry, ...]
    faults: tuple[Fault, ...]


def load_settings(
    environ: Mapping[str, str], config_path: Path | None = None, *, checks: Sequence[Check] = ()
) -> Settings:
    """Read and validate the settings.

    Args:
        environ: the environment; it wins over the file.
        config_path: a TOML file; without it the one that `GATEWAY_CONFIG` names, if any.
        checks: what else must hold, by the knowledge of higher layers.

    Raises:
        SettingsFault: with every fault there is, those of the checks included.
    """
    reading = read_settings(environ, config_path, checks=checks)
    if reading.faults:
        raise SettingsFault(reading.faults)
    return reading.settings


def read_settings(
    environ: Mapping[str, str], config_path: Path | None = None, *, checks: Sequence[Check] = ()
) -> Reading:
    """Read the settings and say where each value came from; arguments as for `load_settings`."""
    if config_path is None and environ.get("GATEWAY_CONFIG"):
        config_path = Path(environ["GATEWAY_CONFIG"])
    return _Reader(environ, config_path).read(checks)


class _Reader:
    """Collects values, their origins and the faults on the way."""

    def __init__(self, environ: Mapping[str, str], config_path: Path | None) -> None:
        self._environ = environ
        self._entries: list[Entry] = []
        self._faults: list[Fault] = []
        self._modes: set[str | None] = set()
        self._base = Path() if config_path is None else config_path.parent
        self._file: Mapping[str, object] = {}
        if config_path is not None:
            self._file, self._faults = read_toml(config_path)

    def read(self, checks: Sequence[Check]) -> Reading:
        if self._faults:
            # Without its file, everything in it would be reported as missing.
            return self._reading(Settings())
        self._refuse_unknown_names()
        layers = (
            Layer(values=self._environ, origin=Origin.ENVIRONMENT, base=Path()),
            Layer(values=self._file, origin=Origin.FILE, base=self._base),
        )
        values, is_set = self._values(_GATEWAY_ROWS, layers)
        applications = self._applications(layers)
        serving = serving_here(applications, legacy_gone=values.get("legacy_gone", ""))
        if "GATEWAY_PUBLIC_URL" not in is_set:
            self._faults += proof_faults(serving, applications)
        self._faults += succession_faults(serving)
        self._faults += tls_faults(is_set)
        settings = Settings(**values, applications=tuple(each for each, _ in applications))
        self._faults += admin_faults(settings)
        self._faults += paired_faults(is_set, settings.applications)
        self._faults += stray_faults(values.keys(), self._modes)
        for check in checks:
            self._faults += check(settings)
        if not self._faults:
            labels = {application.name: labels for application, labels in applications}
            settings = replace(settings, warnings=tuple(warnings(settings, labels)))
        return self._reading(settings)

    def _reading(self, settings: Settings) -> Reading:
        return Reading(settings=settings, entries=tuple(self._entries), faults=tuple(self._faults))

    def _applications(self, layers: Sequence[Layer]) -> list[tuple[Application, Labels]]:
        tables = self._file.get(_TABLES, [])
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            self._fault(_TABLES, "is not a list of tables", f"write [[{_TABLES}]]")
            tables = []
        read: list[tuple[Application | None, Labels]] = []
        given = {
            row.variable: found[0].label
            for _, row in _APPLICATION_ROWS
            if (found := _first(row, layers))
        }
        outside = outside_faults(given) if tables else []
        self._faults += outside
        if not outside and (given or not tables):
            labels = Labels(None)
            read.append((self._application(layers, labels), labels))
        for index, table in enumerate(tables):
            prefix = f"{_TABLES}[{index}]."
            self._faults += unknown_keys(table, prefix, _keys(_APPLICATION_ROWS))
            layer = Layer(values=table, origin=Origin.FILE, base=self._base, prefix=prefix)
            labels = Labels(prefix)
            read.append((self._application((layer,), labels), labels))
        applications = [(each, labels) for each, labels in read if each is not None]
        self._faults += registry_faults(applications)
        return applications

    def _application(self, layers: Sequence[Layer], labels: Labels) -> Application | None:
        """Return one application; None when it has no usable identity."""
        values, is_set = self._values(_APPLICATION_ROWS, layers)
        self._faults += application_faults(is_set, labels, mode=values.get("mode", ""))
        values.setdefault("final_report_url", values.get("status_url", ""))
        application = Application(**values)
        is_misread = "GATEWAY_MODE" in is_set and "mode" not in values
        self._modes.add(None if is_misread else application.mode)
        has_usable_id = ("VONAGE_APPLICATION_ID" in is_set) == bool(application.application_id)
        return application if application.name and has_usable_id else None

    def _values(
        self, table: Sequence[tuple[str, Row]], layers: Sequence[Layer]
    ) -> tuple[dict[str, Any], set[str]]:
        """Return the usable values by name of field, and the variables that have any value."""
        values: dict[str, Any] = {}
        is_set = set()
        for attribute, row in table:
            found = _first(row, layers)
            if not found:
                label = layers[0].label_of(row)
                entry = Entry(
                    label=label, value=row.default, origin=Origin.DEFAULT, note=row.default_note
                )
                self._entries.append(entry)
                continue
            is_set.add(row.variable)
            value = self._value(row, found)
            self._entries.append(Entry(label=found[0].label, value=value, origin=found[0].origin))
            if value is not None:
                gathered = (*values.get(attribute, ()), value)
                values[attribute] = gathered if row.is_gathered else value
        return values, is_set

    def _value(self, row: Row, found: Sequence[Found]) -> object:
        first = found[0]
        if len(found) > 1:
            self._fault(first.label, f"and {found[1].label} are both set", "keep one of them")
            return None
        try:
            return row.parse(open_value(first, row))
        except Unusable as reason:
            self._fault(first.label, reason.problem, remedy_for(first, reason.remedy))
            return None

    def _refuse_unknown_names(self) -> None:
        every = (*_GATEWAY_ROWS, *_APPLICATION_ROWS)
        self._faults += unknown_variables(self._environ, _variables(every))
        self._faults += unknown_keys(self._file, "", [*_keys(every), _TABLES])

    def _fault(self, name: str, problem: str, remedy: str) -> None:
        self._faults.append(Fault(name=name, problem=problem, remedy=remedy))


def _first(row: Row, layers: Sequence[Layer]) -> list[Found]:
    """Return what the first layer that has anything says."""
    return next((found for layer in layers if (found := layer.find(row))), [])


def _variables(table: Sequence[tuple[str, Row]]) -> list[str]:
    return [name for _, row in table for name in row.variables]


def _keys(table: Sequence[tuple[str, Row]]) -> list[str]:
    return [key for _, row in table for key in row.keys]
