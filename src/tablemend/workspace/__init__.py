"""The one object that users hold: it opens the state, and every verb is a method of it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tablemend.telemetry import Progress, silent
from tablemend.workspace.conflict_review import ConflictReview

if TYPE_CHECKING:
    from tablemend.store.datasets import Dataset
    from tablemend.workspace.accounts import Accounts
    from tablemend.workspace.alerts import Alerts
    from tablemend.workspace.configuring import Configuration
    from tablemend.workspace.explore import Explore
    from tablemend.workspace.explore.places import Opened
    from tablemend.workspace.jobs import Jobs
    from tablemend.workspace.previewing import SourcePreview
    from tablemend.workspace.schedules import Schedules
    from tablemend.workspace.uploads import Uploads

__all__ = ["Workspace", "open"]


class Workspace(ConflictReview):
    """Datasets, their versions, and every decision on them, in one data folder.

    The folder is made by the first verb that writes. Closing frees every connection; use it as a context manager.
    """

    @cached_property
    def accounts(self) -> Accounts:
        """Users, and how they get in."""
        from tablemend.workspace.accounts import Accounts

        return Accounts(self)

    def signed(self, person: str, *, role: str = "") -> Workspace:
        """This workspace in the hands of another person, who is bound by a role where one is given."""
        other = Workspace(self.settings.model_copy(update={"user": person}), progress=self.progress)
        other.__dict__["store"] = self.ready()
        other.__dict__["_telemetry"] = self._telemetry
        if "_engine" in self.__dict__:
            other.__dict__["_engine"], other.__dict__["_matrices"] = self._engine, self._matrices
        other.__dict__["cache"], other.__dict__["_databases"] = self.cache, self._databases
        other.role = role
        return other

    @cached_property
    def configuration(self) -> Configuration:
        """Gates, scorecards, rules and settings, looked at and changed."""
        from tablemend.workspace.configuring import Configuration

        return Configuration(self)

    @cached_property
    def jobs(self) -> Jobs:
        """Work that a server does in the background."""
        from tablemend.workspace.jobs import Jobs

        return Jobs(self)

    @cached_property
    def uploads(self) -> Uploads:
        """Files that people handed to a server."""
        from tablemend.workspace.uploads import Uploads

        return Uploads(self)

    @cached_property
    def schedules(self) -> Schedules:
        """Sources that are read again and again."""
        from tablemend.workspace.schedules import Schedules

        return Schedules(self)

    @cached_property
    def alerts(self) -> Alerts:
        """What somebody is to be told of."""
        from tablemend.workspace.alerts import Alerts

        return Alerts(self)

    @cached_property
    def _matrices(self) -> Opened:
        """The matrices that are open in the engine."""
        from tablemend.workspace.explore.places import Opened

        return Opened()

    @cached_property
    def explore(self) -> Explore:
        """Matrices of measurements, entities × features, and every question about them."""
        from tablemend.workspace.explore import Explore

        return Explore(self)

    def first_rows(self, source: str, **options: str | None) -> SourcePreview:
        """Look into a source before it is scanned: its columns with types, and its first rows; nothing is kept.

        `options` are table, sql, sheet, delimiter and encoding. Raises SourceError, and the kinds of DatabaseError.
        """
        from tablemend.workspace.previewing import preview

        return preview(self, source, options)

    def fed(self, source: str, *, name: str | None = None, **options: str | None) -> Dataset | None:
        """The dataset that a scan of a source would give a version to; None where it would make a new one."""
        from tablemend.workspace.previewing import fed

        return fed(self, source, options, name)


def open(path: str | Path | None = None, *, progress: Progress = silent, **settings: Any) -> Workspace:  # noqa: A001
    """Open the workspace of a data folder, by default `.tablemend` or TABLEMEND_DATA."""
    from tablemend.settings import load

    given = settings | ({"data": Path(path)} if path is not None else {})
    return Workspace(load(**given), progress=progress)
