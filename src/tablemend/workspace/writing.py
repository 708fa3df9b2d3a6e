"""The verbs that write changes back to the database that a dataset was read from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from tablemend.errors import StateError
from tablemend.records import ChangeSet, Snapshot
from tablemend.workspace.applying import Applying

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.databases.database import Database
    from tablemend.repair.results import Applied
    from tablemend.repair.write_back import Versions
    from tablemend.store.state import Store
    from tablemend.store.writes import Write

SOURCE = "source"
"""Where to write: back to where the dataset was read from."""


class Writing(Applying):
    """Databases follow what was applied and undone here."""

    def apply(self, run: str | None = None, *, keep_rows: bool = False, to: str | None = None) -> Applied:
        """Carry out the approved repairs of a run as a new version of its dataset, and write it to `to` as well.

        `to` is `source`, the URL of the table that was read, or that of a new table; see `write_back`, `write_table`.
        """
        if to is None:
            return super().apply(run, keep_rows=keep_rows)
        self._require_writable(self.kept(run).dataset, to)
        return self._followed(super().apply(run, keep_rows=keep_rows), to)

    def undo(
        self,
        change_set: str,
        *,
        repair: str | None = None,
        cell: tuple[int, str] | None = None,
        force: bool = False,
        to: str | None = None,
    ) -> Applied:
        """Undo a change set, one repair or one cell of it, also after later changes, as a new version.

        `to` writes it to a database as well; see `apply`.
        """
        if to is None:
            return super().undo(change_set, repair=repair, cell=cell, force=force)
        target = self.store.change_sets.get(change_set)
        self._require_writable(target.dataset, to)
        if self._in_place(self.store.datasets.snapshot(target.dataset), to):
            self._write_of(target.id)
        return self._followed(super().undo(change_set, repair=repair, cell=cell, force=force), to)

    def _followed(self, applied: Applied, to: str) -> Applied:
        from tablemend.databases import urls

        change = applied.change_set
        if self._in_place(applied.snapshot, to):
            return msgspec.structs.replace(applied, write=self.write_back(change.id, to))
        rows = self.write_table(change.dataset, to, version=change.version)
        return msgspec.structs.replace(applied, table=urls.parse(to)[1].shown, table_rows=rows)

    @staticmethod
    def _in_place(snapshot: Snapshot, to: str) -> bool:
        from tablemend.repair.target import same_place

        return to == SOURCE or same_place(snapshot.source, to)

    def _require_writable(self, dataset: str, to: str) -> None:
        """Raise where a table cannot be written to, before anything is done for it."""
        from tablemend.repair.target import look, require_new

        snapshot = self.store.datasets.snapshot(dataset)
        if self._in_place(snapshot, to):
            with self._database(snapshot, to) as database:
                look(database, snapshot.source, self._read_types(snapshot))
        else:
            with self._elsewhere(to) as (database, table):
                require_new(database, table)

    @contextmanager
    def _elsewhere(self, to: str) -> Iterator[tuple[Database, tuple[str | None, str]]]:
        from tablemend.databases import urls
        from tablemend.databases.database import Database
        from tablemend.databases.pool import limits

        _, address = urls.parse(to)
        if address.table is None:
            raise StateError(f"{address.url} names no table", hint="Add #TABLE for the name of the new table.")
        self._let_go()
        with Database(
            to.rpartition("#")[0], limits=limits(self.settings), purpose="write", cache=self._shared_cache
        ) as database:
            yield database, (address.schema, address.table)

    def write_table(self, dataset: str, to: str, *, version: int | None = None) -> int:
        """Write a version of a dataset to a new table of a database, in one transaction; the rows written.

        Raises StateError where the table is there already.
        """
        from tablemend.databases import bulk
        from tablemend.repair.target import require_new

        snapshot = self.store.datasets.snapshot(self.dataset(dataset), version)
        data = self.snapshots.read(snapshot.hash).drop_columns(["_row"])
        data = data.rename_columns([each.header or each.name for each in snapshot.columns])
        names = {each.name: each.header for each in snapshot.columns}
        with self._elsewhere(to) as (database, table):
            require_new(database, table)
            with database.transaction() as connection:
                bulk.create(connection, table, data.schema, key=[names[each] for each in snapshot.key])
                rows = bulk.insert(connection, table, data)
        with self.store.transaction():
            detail = f"version {snapshot.version} of {snapshot.source.name}, {rows} rows"
            self.store.audit.write(self.settings.person, "write", f"{database.name}#{table[1]}", detail)
        return rows

    def write_back(self, change_set: str, to: str = SOURCE) -> Write:
        """Write what a change set changed to the table that the dataset was read from, in one transaction.

        `to` may give the URL again, with its password. Only rows that changed are touched, found by primary key and by
        their old values; rows that somebody else has changed or removed meanwhile are counted and left alone. Raises
        StateError where the table cannot be written to, Conflict where its columns have changed, and DatabaseError
        where the database refuses: then nothing is written.
        """
        from tablemend.repair.target import look
        from tablemend.repair.write_back import differences, only_written, write
        from tablemend.store.writes import failed

        chosen = self.store.change_sets.get(change_set)
        versions = self._versions_of(chosen)
        with self._database(versions.after, to) as database:
            target = look(database, versions.origin.source, self._read_types(versions.origin))
            found = differences(self.snapshots, versions, chosen, target)
            if chosen.undoes is not None:
                left = self._write_of(chosen.undoes).outcome.left
                found = only_written(found, target.description.primary_key, left)
            noted = self.store.writes.begin(chosen.id, target.shown)
            try:
                with database.transaction() as connection:
                    outcome = write(connection, target, found)
            except BaseException as problem:
                self.store.writes.finish(noted.id, "failed", failed(problem))
                raise
            with self.store.transaction():
                self.store.writes.finish(noted.id, "written", outcome)
                detail = f"{outcome.total} rows of {chosen.id}, {outcome.conflicts + outcome.missing} left"
                self.store.audit.write(self.settings.person, "write", target.shown, detail)
        return self.store.writes.get(noted.id)

    def _write_of(self, change_set: str) -> Write:
        """The write that brought a change set to its source; StateError where there is none to take back."""
        found = [each for each in self.store.writes.of(change_set) if each.status == "written"]
        if not found:
            raise StateError(
                f"change set {change_set} was never written to its source, so that there is nothing to undo there",
                hint="Undo it here, without --to.",
            )
        return found[-1]

    def writes(self, change_set: str | None = None) -> list[Write]:
        """What was written to databases, oldest first."""
        return self.store.writes.of(change_set)

    def standing(self, run: str | None = None) -> list[str]:
        """Change sets that applied repairs of a run and are not undone, oldest first."""
        from tablemend.repair.chronicle import active

        found = self._scan_run(run)
        sets = self.store.change_sets.of(found.dataset)
        standing = set(active(sets))
        return [each.id for each in sets if each.run == found.id and each.id in standing]

    def unwritten(self, run: str | None = None) -> list[str]:
        """Change sets of a run that stand and were not written to the source, oldest first."""
        done = {each.change_set for each in self.store.writes.of() if each.status in ("written", "pending")}
        return [each for each in self.standing(run) if each not in done]

    def in_place(self, run: str | None, to: str) -> bool:
        """Whether `to` is where the dataset of a run was read from."""
        return self._in_place(self.store.datasets.snapshot(self.kept(run).dataset), to)

    def settle(self, write: Write, to: str = SOURCE) -> Write:
        """Find out whether a database took a write whose process ended, and note it."""
        from tablemend.repair.target import look
        from tablemend.repair.write_back import differences, found_out

        chosen = self.store.change_sets.get(write.change_set)
        versions = self._versions_of(chosen)
        with self._database(versions.after, to) as database, self._session() as session:
            target = look(database, versions.origin.source, self._read_types(versions.origin))
            found = differences(self.snapshots, versions, chosen, target)
            status, outcome = found_out(session, database, target, found)
        self.store.writes.finish(write.id, status, outcome)
        return self.store.writes.get(write.id)

    def _recover(self, store: Store) -> None:
        """Also settle what was being written to a database when its process ended."""
        super()._recover(store)
        for each in store.writes.dead():
            self.__dict__["store"] = store
            try:
                settled = self.settle(each)
                told = f"{settled.status}: {settled.outcome.note}"
            except Exception as problem:  # noqa: BLE001 - whatever the database says, the state can be opened
                told = f"still to be settled, since {problem}"
            self.notes += (f"write {each.id} of {each.change_set} to {each.target} was interrupted; {told}",)

    def _read_types(self, snapshot: Snapshot) -> pa.Schema:
        """The types of a version, by the names that its columns have in the database."""
        import pyarrow as pa

        schema = self.snapshots.schema(snapshot.hash)
        return pa.schema([(each.header, schema.field(each.name).type) for each in snapshot.columns])

    def _versions_of(self, chosen: ChangeSet) -> Versions:
        from tablemend.repair.write_back import Versions

        find = self.store.datasets.snapshot
        origin: Snapshot = find(chosen.dataset, chosen.parent)
        while origin.parent is not None:
            origin = find(chosen.dataset, origin.parent)
        return Versions(
            before=find(chosen.dataset, chosen.parent), after=find(chosen.dataset, chosen.version), origin=origin
        )

    @contextmanager
    def _database(self, snapshot: Snapshot, to: str) -> Iterator[Database]:
        from tablemend.databases.database import Database
        from tablemend.databases.pool import limits
        from tablemend.repair.target import address, same_place

        if to != SOURCE and not same_place(snapshot.source, to):
            raise StateError(
                f"{snapshot.source.name} was not read from there", hint="Name its own table, or write `--to source`."
            )
        url = address(snapshot.source) if to == SOURCE else to
        self._let_go()
        with Database(url, limits=limits(self.settings), purpose="write", cache=self._shared_cache) as database:
            yield database
