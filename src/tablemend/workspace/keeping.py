"""The verbs that look after the state itself: backup, restore, check, retention."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from tablemend.errors import OutputError, StateError
from tablemend.records import now
from tablemend.workspace.many import ManyTables

if TYPE_CHECKING:
    from tablemend.store.checking import Problem
    from tablemend.store.leftovers import Bounds, Leftovers
    from tablemend.store.retention import Retained
    from tablemend.workspace.archive import Manifest


_MOST_DAYS = 365_000
"""A thousand years; dates go no further back."""


class Keeping(ManyTables):
    """Keeping the state whole and small."""

    def backup(self, path: str | Path, *, overwrite: bool = False) -> Manifest:
        """Write the state and every file that it points to into one file, all as of one moment.

        The file restores into SQLite and PostgreSQL alike. Raises OutputError where it is there already.
        """
        from tablemend.workspace import archive

        target = Path(path)
        if target.resolve().is_relative_to(self.settings.data.resolve()):
            raise OutputError(f"{target} lies in the workspace itself", hint="Write the backup somewhere else.")
        if target.exists() and not overwrite:
            raise OutputError(f"{target} is there already", hint="Name another file, or ask to overwrite it.")
        return archive.pack(self.store, self.snapshots, target, progress=self.progress)

    def restore(self, path: str | Path) -> Manifest:
        """Fill this workspace, which must be empty, from a backup; all of it or nothing.

        Raises StateError where anything was kept here already, or the file is not a whole backup.
        """
        from tablemend.workspace import archive

        if "store" in self.__dict__:
            self.store.close()
            del self.__dict__["store"]
        return archive.unpack(self._place(), self.snapshots, Path(path), progress=self.progress)

    def check_state(self, *, deep: bool = False) -> list[Problem]:
        """Everything in the state that contradicts itself; empty where it is sound.

        `deep` also reads every kept file and compares its content with its hash.
        """
        from tablemend.workspace import soundness

        return list(soundness.problems(self.store, self.snapshots, deep=deep))

    def retain(self, *, days: float, dry_run: bool = False) -> Retained:
        """Let go of what runs that ended so many days ago left; see `Retained` for what that is.

        Decisions, the audit log, versions and change sets all stay. A dry run counts and changes nothing.
        """
        from tablemend.store import retention

        if not 0 <= days <= _MOST_DAYS:
            raise StateError(f"{days:g} days cannot be kept", hint=f"Name a number of days from 0 to {_MOST_DAYS:,}.")
        with self.store.transaction():
            done = retention.retain(self.store.database, now() - timedelta(days=days), dry_run=dry_run)
            if not dry_run and done.changed:
                detail = f"{done.runs_removed} runs, {done.items_removed} items older than {days:g} days"
                self.store.audit.write(self.settings.person, "retain", "store", detail)
        if not dry_run and done.changed:
            self.store.database.compact()
        return done

    def tidy(self, *, at: datetime | None = None, dry_run: bool = False) -> Leftovers:
        """Let go of what a server leaves, as old as the settings `keep_…_days` say at a moment, by default now.

        Jobs that are over, alerts that no longer hold, sessions that have ended, uploads that nothing was scanned of.
        The audit log stays whole. A dry run counts and changes nothing; a server does this once an hour by itself.
        """
        from tablemend.store import leftovers
        from tablemend.workspace.uploads import Uploads

        when = now() if at is None else at
        bounds, uploads = self._bounds(when), Uploads(self)
        upload_age = timedelta(days=self.settings.keep_upload_days)
        found = replace(leftovers.count(self.store.database, bounds), uploads=len(uploads.unused(when - upload_age)))
        if dry_run or not found.any:
            return found
        with self.store.transaction():  # nobody asks for a scan of an upload meanwhile
            unused = uploads.unused(when - upload_age)
            gone = replace(leftovers.remove(self.store.database, bounds), uploads=len(unused))
            detail = f"{gone.jobs} jobs, {gone.alerts} alerts, {gone.sessions} sessions, {gone.uploads} uploads"
            self.store.audit.write(self.settings.person, "tidy", "store", detail)
            uploads.discard(unused)
        return gone

    def _bounds(self, when: datetime) -> Bounds:
        from tablemend.store.leftovers import Bounds

        settings = self.settings
        return Bounds(
            jobs=when - timedelta(days=settings.keep_job_days),
            alerts=when - timedelta(days=settings.keep_alert_days),
            expired=when,
            idle=when - timedelta(seconds=settings.session_idle),
        )

    def state_info(self) -> dict[str, Any]:
        """Where the state is, its schema, and how much it holds."""
        from tablemend.workspace import archive

        return archive.overview(self.store, self.snapshots)
