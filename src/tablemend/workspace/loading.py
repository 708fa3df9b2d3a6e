"""The verb that loads rows into a table of a database in batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tablemend.errors import Cancelled, SettingsError, Stopped
from tablemend.records import Record, RejectedRow
from tablemend.telemetry import Timings
from tablemend.workspace.keeping import Keeping

if TYPE_CHECKING:
    from tablemend.batching import Report
    from tablemend.databases.loading import Mode
    from tablemend.records import Run
    from tablemend.tables.read import Loaded


class BulkLoaded(Record, frozen=True, kw_only=True):
    """What a load did; `report` says what became of each row."""

    run: str
    job: str  # the name under which it is taken up again
    table: str
    report: Any  # Report of tablemend.batching
    unreadable: tuple[RejectedRow, ...] = ()  # the first lines of the source that are no rows, and so not in the report
    unreadable_count: int = 0
    stopped: str = ""  # why it ended before the source was through
    hint: str = ""  # what to do about that

    @property
    def ok(self) -> bool:
        """Whether every line of the source is a row, and every row is in the table."""
        return bool(self.report.status == "completed") and not self.unreadable_count

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        import msgspec

        said = {"run": self.run, "job": self.job, "table": self.table, "stopped": self.stopped}
        lines = {"unreadable": self.unreadable_count, "unreadable_lines": self.unreadable}
        rows = [
            {"row": each.position + 1, "reason": each.reason, "content": each.row} for each in self.report.rejections
        ]
        left = [{"row": each.first + 1, "rows": each.rows, "reason": each.reason} for each in self.report.unfinished]
        report = msgspec.structs.asdict(self.report) | {"rejections": rows, "unfinished": left}
        found: dict[str, Any] = msgspec.to_builtins(said | lines | report, enc_hook=str)
        return found


class Loading(Keeping):
    """Rows of any source into a table that is there."""

    def bulk_load(
        self,
        source: Any,
        to: str,
        *,
        mode: Mode = "insert",
        key: Sequence[str] = (),
        job: str | None = None,
        max_rejected: int | None = None,
        size: int | None = None,
        workers: int | None = None,
        **options: Any,
    ) -> BulkLoaded:
        """Load a source into a table, `URL#table`, in batches; nothing is healed on the way.

        Bad rows are set aside in the table tablemend_quarantine beside it. A job that ended early goes on where it
        ended when it is run again; by default its name comes from the content of the source and the table, so that
        the same rows are not loaded twice. `size` rows make a batch (setting `batch_size`), and `workers` work at once
        (`batch_workers`). `options` are those of reading a source. Raises SourceError, SettingsError and DatabaseError
        for what cannot be begun; Cancelled, whose `report` is the BulkLoaded, where the user stops it.
        """
        from tablemend.databases import urls

        url, address = urls.parse(to)
        if address.table is None:
            raise SettingsError(
                f"{address.url} names no table to load into", hint="Write URL#table or URL#schema.table."
            )
        names = ("table", "sql", "sheet", "delimiter", "encoding")
        given = {name: options.pop(name, None) for name in names}
        loaded = self._load(source, given, options.pop("name", None))
        how = {
            "mode": mode,
            "key": tuple(key),
            "max_rejected": max_rejected,
            "size": self.settings.batch_size if size is None else size,
            "workers": self.settings.batch_workers if workers is None else workers,
        }
        with self._running("load") as run:
            return self._bulk_load(run, loaded, url, (address.schema, address.table), job, how)

    def _bulk_load(
        self, run: Run, loaded: Loaded, url: Any, table: tuple[str | None, str], job: str | None, how: dict[str, Any]
    ) -> BulkLoaded:
        from tablemend.databases.bulk.wire import shown
        from tablemend.databases.database import Database
        from tablemend.databases.loading import load
        from tablemend.databases.pool import limits

        timings = Timings(self._beating(run.id), self.telemetry)
        rows = loaded.table.drop_columns(["_row"])
        with timings.stage("hash"):
            source = _hash(rows)
        job = job or f"{shown(table)}:{how['mode']}:{source[:16]}"
        stopped: Stopped | Cancelled | None = None
        opened = Database(url, limits=limits(self.settings), purpose="load", cache=self._shared_cache)
        with timings.stage("batches"), opened as database:
            try:
                report = load(
                    database,
                    table,
                    rows,
                    job=job,
                    source=source,
                    progress=lambda found: self._loaded_so_far(timings, found, rows.num_rows),
                    telemetry=self.telemetry,
                    timeout=self.settings.batch_timeout,
                    retries=self.settings.batch_retries,
                    **how,
                )
            except (Stopped, Cancelled) as problem:
                report, stopped = problem.report, problem
            self._pool_measured(database)
        said = {"stopped": stopped.message, "hint": stopped.hint or ""} if stopped is not None else {}
        done = BulkLoaded(
            run=run.id,
            job=job,
            table=shown(table),
            report=report,
            unreadable=loaded.rejected,
            unreadable_count=loaded.rejected_count,
            **said,
        )
        self._finish_load(run, done)
        if isinstance(stopped, Cancelled):
            stopped.report = done
            raise stopped
        return done

    @staticmethod
    def _loaded_so_far(timings: Timings, report: Report, rows: int) -> None:
        timings.progress("batches", min((report.total - report.left) / max(rows, 1), 0.999))

    def _pool_measured(self, database: Any) -> None:
        found = database.statistics()
        for name in ("size", "opened", "acquisitions", "waits", "wait_seconds", "timeouts", "failures"):
            self.telemetry.gauge(f"pool.{name}", getattr(found, name))

    def _finish_load(self, run: Run, done: BulkLoaded) -> None:
        counted = ("total", "inserted", "updated", "skipped", "rejected", "left", "resumed")
        status = "cancelled" if done.report.status == "cancelled" else "completed" if done.ok else "partial"
        notes = [done.stopped] if done.stopped else []
        counts = {name: getattr(done.report, name) for name in counted} | {"unreadable": done.unreadable_count}
        self.store.runs.finish(run.id, status, notes=notes, counts=counts)


def _hash(rows: Any) -> str:
    from tablemend.tables.hashing import hash_table

    return hash_table(rows)
