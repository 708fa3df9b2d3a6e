"""Where rows are read from and where their conflicts are kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tablemend.errors import SettingsError

if TYPE_CHECKING:
    from tablemend.conflicts.keeping import Keeper
    from tablemend.conflicts.ruleset import Ruleset
    from tablemend.databases.bulk.wire import Table
    from tablemend.databases.database import Database
    from tablemend.settings import ConflictsJob
    from tablemend.workspace import Workspace

    Rules = str | Path | Ruleset | None

KIND = "conflicts"
UNDO = "conflicts-undo"
DECIDE = "conflicts-decide"
"""Kinds of runs."""


def is_address(place: str) -> bool:
    """Whether a place is a URL; what is none is the name of a job of the settings."""
    return "#" in place or ":" in place


class Place(NamedTuple):
    """A database and a table of it."""

    database: Database
    table: Table
    shown: str  # without password


class Places:
    """Opens the tables of a job: by `URL#table`, or by the name of a job of the settings."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def jobs(self) -> dict[str, ConflictsJob]:
        """The jobs of the settings by their names, as they stand now."""
        found: dict[str, ConflictsJob] = self._workspace.settings.present("conflicts_jobs")
        return found

    def job(self, name: str) -> ConflictsJob:
        """A job of the settings; SettingsError where there is none of that name."""
        jobs = self.jobs
        if name not in jobs:
            raise SettingsError(
                f"there is no job {name!r} over conflicts; there are {', '.join(jobs) or 'none'}",
                hint="Write [settings.conflicts_jobs.NAME] with source, to and rules.",
            )
        return jobs[name]

    def shown(self, name: str) -> tuple[str, str]:
        """Where a job of the settings reads and writes, without passwords."""
        job = self.job(name)
        return _shown(job.source.get_secret_value()), _shown(job.to.get_secret_value())

    def _ruleset(self, place: str, rules: str | Path | Ruleset | None) -> Ruleset:
        """The ruleset that was given, else that of the job that is named, else the one for visits."""
        from tablemend.conflicts import ruleset

        if rules is None:
            rules = "visits" if is_address(place) else self.job(place).rules
        return ruleset.load(rules) if isinstance(rules, str | Path) else rules

    @contextmanager
    def _keeper(self, target: str, rules: str | Path | Ruleset | None) -> Iterator[tuple[Keeper, str]]:
        """The table of conflicts at `URL#table` or of a job, and its address without password."""
        from tablemend.conflicts.keeping import Keeper

        named = self._ruleset(target, rules).name
        address = target if is_address(target) else self.job(target).to.get_secret_value()
        with self._place(address, "table of conflicts") as place:
            yield Keeper(place.database, place.table, named), place.shown

    @contextmanager
    def _origin(self, source: str) -> Iterator[Place]:
        """The table of rows at `URL#table` or of a job."""
        address = source if is_address(source) else self.job(source).source.get_secret_value()
        with self._place(address, "source") as place:
            yield place

    @contextmanager
    def _place(self, address: str, what: str) -> Iterator[Place]:
        from tablemend.databases import urls
        from tablemend.databases.database import Database
        from tablemend.databases.pool import limits

        url, found = urls.parse(address)
        if found.table is None:
            raise SettingsError(f"{found.url} names no {what}", hint="Write URL#table or URL#schema.table.")
        with Database(url, limits=limits(self._workspace.settings), purpose=KIND) as database:
            yield Place(database, (found.schema, found.table), found.shown)


def _shown(address: str) -> str:
    from tablemend.databases import urls

    return urls.parse(address)[1].shown
