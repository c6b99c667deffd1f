"""What of newly read settings a running gateway can take over: the secrets of its applications.

Everything else is built into what runs, and is named as needing a restart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.settings.application import Application
from gateway.settings.rows import Fault, Row, rows
from gateway.settings.rules import Labels, registry_faults
from gateway.settings.table import Settings

_IDENTITY: Final = ("api_key", "application_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """One application whose secrets are others now."""

    application: Application
    variables: tuple[str, ...]
    """The names of those that changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """What becomes of a running gateway's settings."""

    settings: Settings
    """The running ones, with the secrets that were read."""
    renewed: tuple[Renewed, ...]
    needs_restart: tuple[str, ...]
    """What was changed and cannot change while running, by name, in the order of the table."""
    faults: tuple[Fault, ...]
    """Why nothing may be taken over."""

    @property
    def accounts(self) -> frozenset[str]:
        """The accounts whose secrets are others now."""
        return frozenset(each.application.account for each in self.renewed)


def renew(running: Settings, read: Settings) -> Renewal:
    """Say what a gateway on `running` takes over from settings that were read without a fault."""
    needs_restart = [
        row.variable
        for field, row in rows(Settings)
        if getattr(running, field) != getattr(read, field)
    ]
    by_name = {application.name: application for application in read.applications}
    applications, renewed = [], []
    for known in running.applications:
        found = by_name.pop(known.name, None)
        if found is None:
            needs_restart.append(f"application {known.name}, which is gone")
            applications.append(known)
            continue
        changed = tuple(_changed(known, found))
        needs_restart += [
            f"{row.variable} of application {known.name}" for _, row in changed if not row.is_secret
        ]
        # With another key or id they are secrets of something else than what runs.
        if any(field in _IDENTITY for field, _ in changed):
            applications.append(known)
            continue
        secrets = {field: row.variable for field, row in changed if row.is_secret}
        current = replace(known, **{field: getattr(found, field) for field in secrets})
        applications.append(current)
        if secrets:
            renewed.append(Renewed(application=current, variables=tuple(secrets.values())))
    needs_restart += [f"application {name}, which is new" for name in by_name]
    return Renewal(
        settings=replace(running, applications=tuple(applications)),
        renewed=tuple(renewed),
        needs_restart=tuple(needs_restart),
        faults=tuple(_faults(applications)),
    )


def _changed(known: Application, found: Application) -> Iterator[tuple[str, Row]]:
    """Yield each field that differs, once, with its first row."""
    seen = set()
    for field, row in rows(Application):
        if field not in seen and getattr(known, field) != getattr(found, field):
            seen.add(field)
            yield field, row


def _faults(applications: Sequence[Application]) -> list[Fault]:
    # New secrets beside old modes are a combination that nobody has checked yet.
    return registry_faults([(application, Labels(None)) for application in applications])
