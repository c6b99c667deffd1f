"""Cutting the power at every change of a trace, and looking at what the next owner finds.

After a cut the store has to be what it was after one of its transactions: not an earlier one than
what callers were answered, and not a part of one. What it was after each is known from the files
as they were written: opened, they show every table. So the oracle is SQLite on a disk that loses
nothing, and beside it the commits themselves, asked for by the store's methods.
"""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random  # noqa: TID251 - seeded, so nothing is left to chance
from typing import Final

from gateway.stores.base import Commit, Store, StoreUnavailable
from tests.power.disk import Disk
from tests.power.trace import Answered, Asked, Denied, Trace, transaction_ends
from tests.power.unsynced import Contents, Luck, UnsyncedFiles
from tests.power.whole import Found, goes_on, halves, items
from tests.power.workload import NAME, Plan, open_store

_CUT_AGAIN: Final = 5
"""Of so many cuts one is followed by another, while the store is opened."""
_LATEST: Final = 12
"""So many commits are asked for after a cut; the tables show the others, too."""
_PLAN: Final = Plan(seed=0)
"""Of whoever opens what is left. Another seed than any run has: a secret that is lost shows."""


@dataclass(slots=True, kw_only=True)
class Tally:
    """What cuts have shown, so that a run in which nothing was lost does not pass for a proof."""

    places: int = 0
    """Changes at which there was a cut."""
    cuts: int = 0
    cut_again: int = 0
    bitten: int = 0
    """Cuts that left out some of what was written."""
    lost: int = 0
    """Cuts that lost a transaction: a whole one, of which nobody had been answered yet."""
    answers: int = 0
    denials: int = 0
    transactions: int = 0
    violations: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """Say it in one line."""
        return (
            f"{self.cuts:,} cuts at {self.places:,} changes, in {self.transactions:,} transactions,"
            f" {self.answers:,} answers and {self.denials:,} denials: {self.bitten:,} left out some"
            f" of what was written, {self.lost:,} a whole transaction that nobody had been answered"
            f" about; {self.cut_again:,} were cut again at the next start;"
            f" {len(self.violations)} violations"
        )


@dataclass(slots=True)
class _Told:
    """The commits that the store was asked for."""

    answered: list[Commit] = field(default_factory=list)
    denied: list[Commit] = field(default_factory=list)
    unanswered: dict[tuple[str, int], Commit] = field(default_factory=dict)

    def ask(self, made: Commit) -> None:
        self.unanswered[made.state.dispatch_uuid, made.state.revision] = made

    def answer(self, made: Commit | None) -> None:
        if made is not None:
            del self.unanswered[made.state.dispatch_uuid, made.state.revision]
            self.answered.append(made)

    def deny(self, made: Commit) -> None:
        del self.unanswered[made.state.dispatch_uuid, made.state.revision]
        self.denied.append(made)

    async def broken(self, store: Store) -> list[str]:
        """Return what is missing of commits that were answered, and which others are halves."""
        found = await Found.of(store)
        broken: list[str] = []
        for made in self.answered[-_LATEST:]:
            broken += await found.missing(made)
        for made in self.denied:
            broken += await found.leftovers(made)
        unanswered = [(made, await found.has(made)) for made in self.unanswered.values()]
        for made, is_there in unanswered:
            broken += await (found.missing(made) if is_there else found.leftovers(made))
        claimed = await items(store)
        for made in self.denied:
            broken += halves(made, claimed, is_there=False)
        for made, is_there in unanswered:
            broken += halves(made, claimed, is_there=is_there)
        return broken


class Replay:
    """Goes through a trace and cuts."""

    def __init__(self, folder: Path, tally: Tally) -> None:
        """Lay out what is left of the files in a folder, which is made anew each time."""
        self.tally = tally
        self._folder = folder

    async def cut(
        self, trace: Trace, chosen: Collection[int], *, seed: int, draws: int = 1
    ) -> None:
        """Cut before each of the chosen events, and after the last one if its number is chosen.

        Args:
            trace: of a workload.
            chosen: numbers of events.
            seed: of what is left by each cut.
            draws: how often is drawn what is left by each.
        """
        states = await self._states(trace)
        files, ends = UnsyncedFiles(trace.start), transaction_ends()
        told = _Told()
        answered = ended = 0
        for number, event in enumerate([*trace.events, Answered()]):
            # The transaction that is being written may be there, too: where the same page with the
            # same content stood in the log before, its last write changes nothing.
            after = states[answered : ended + 2]
            for draw in range(draws if number in chosen else 0):
                chance = Random(f"{seed} {number} {draw}")
                place = f"event {number}, seed {seed}, draw {draw}"
                found = await self._cut(files, after, told, chance, place)
                self.tally.lost += found in states[answered:ended]
            self.tally.places += number in chosen
            match event:
                case Asked():
                    told.ask(event.commit)
                case Answered():
                    self.tally.answers += 1
                    answered = ended
                    told.answer(event.commit)
                case Denied():
                    self.tally.denials += 1
                    answered = ended
                    told.deny(event.commit)
                case partial():
                    event(files)
                    ended += ends(event)
        self.tally.transactions += ended

    async def _states(self, trace: Trace) -> list[str]:
        """Return what the store was at the beginning, and after each transaction."""
        files, ends = UnsyncedFiles(trace.start), transaction_ends()
        states = [await self._state(files.as_written())]
        for event in trace.events:
            if isinstance(event, partial):
                event(files)
                if ends(event):
                    states.append(await self._state(files.as_written()))
        return states

    async def _state(self, contents: Contents) -> str:
        """Return what a new owner finds in these files, in short."""
        self._lay_out(contents)
        store = await open_store(self._folder, _PLAN)
        try:
            return self._tables()
        finally:
            await store.close()

    async def _cut(
        self,
        files: UnsyncedFiles,
        states: list[str],
        told: _Told,
        chance: Random,
        place: str,
    ) -> str | None:
        """Cut, look, and return what the store was found to be; None if it cannot be opened."""
        luck = chance.choice(tuple(Luck))
        left = files.after_cut(chance, luck)
        self.tally.cuts += 1
        self.tally.bitten += left != files.as_written()
        self._lay_out(left)
        if not chance.randrange(_CUT_AGAIN):
            await self._cut_while_opened(chance)
        try:
            store = await open_store(self._folder, _PLAN)
        except StoreUnavailable as refused:
            self._break(place, luck, f"the store cannot be opened: {refused}")
            return None
        try:
            found = self._tables()
            if found not in states:
                self._break(place, luck, "its tables are of no transaction since the last answer")
            for what in await told.broken(store):
                self._break(place, luck, what)
            if not await goes_on(store):
                self._break(place, luck, "the store does not go on")
            return found
        except (StoreUnavailable, sqlite3.Error) as error:
            self._break(place, luck, f"the store fails: {error}")
            return None
        finally:
            await store.close()

    async def _cut_while_opened(self, chance: Random) -> None:
        """Cut once more, while the next owner takes the store over."""
        self.tally.cut_again += 1
        with Disk(self._folder) as disk:
            disk.fail_after(chance.randrange(40))
            try:
                store: Store | None = await open_store(self._folder, _PLAN)
            except StoreUnavailable:
                store = None
            disk.cut(store, chance)

    def _lay_out(self, contents: Contents) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        for name, content in contents.items():
            (self._folder / name).write_bytes(content)

    def _tables(self) -> str:
        """Return a digest of every row of every table."""
        connection = sqlite3.connect(f"file:{self._folder / NAME}?mode=ro", uri=True)
        try:
            digest = hashlib.blake2b()
            tables = connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
            )
            for (table,) in tables.fetchall():
                rows = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608
                digest.update(repr((table, rows.fetchall())).encode())
            return digest.hexdigest()
        finally:
            connection.close()

    def _break(self, place: str, luck: Luck, what: str) -> None:
        self.tally.violations.append(f"{place}, {luck.value}: {what}")
