"""Opening a workspace: settings, state, files, engine, and the run around every piece of work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tablemend.errors import Cancelled, NotFound, StateError
from tablemend.records import Run
from tablemend.telemetry import Memory, Progress, Telemetry, beating, silent

if TYPE_CHECKING:
    from tablemend.engine.duckdb import Session
    from tablemend.settings import Settings
    from tablemend.store.state import Store
    from tablemend.tables.snapshot import Snapshots

_current: ContextVar[Telemetry | None] = ContextVar("tablemend_run", default=None)
"""What the run that is under way here measures."""


class State:
    """What every verb of a workspace works with."""

    def __init__(self, settings: Settings, *, progress: Progress = silent) -> None:
        self.settings = settings
        self.progress = progress
        self.role = ""  # of who holds it; empty: the local owner, bound by none
        self.recovered: tuple[str, ...] = ()  # runs that were found dead when the state was opened
        self.notes: tuple[str, ...] = ()  # what else went wrong beside the work, in words

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free every connection; a second call does nothing."""
        if "store" in self.__dict__:
            self.store.close()
        if "_engine" in self.__dict__:
            self._engine.close()

    @property
    def exists(self) -> bool:
        """Whether anything was ever kept here."""
        return bool(self.settings.store_url) or (self.settings.data / "state.db").exists()

    @cached_property
    def store(self) -> Store:
        """The state; opening it marks dead runs failed and sweeps the files they left.

        Raises NotFound where there is none: only a scan makes it.
        """
        if not self.exists:
            raise NotFound(
                f"nothing was ever scanned in {self.settings.data}",
                hint="Run `tablemend scan SOURCE` first, or name another folder with --data.",
            )
        return self._opened()

    def ready(self) -> Store:
        """The state, made where there is none yet."""
        if "store" not in self.__dict__:
            self.__dict__["store"] = self._opened()
        return self.store

    def _place(self) -> str | Path:
        """Where the state is or will be: a URL, or a file in the data folder, which is made."""
        if self.settings.store_url:
            return self.settings.store_url
        try:
            self.settings.data.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise StateError(
                f"{self.settings.data} cannot be made a workspace: {problem.strerror}",
                hint="Name another folder with --data.",
            ) from problem
        return (self.settings.data / "state.db").resolve()

    def _opened(self) -> Store:
        from tablemend.store.state import Store

        store = Store(self._place())
        self._recover(store)
        return store

    def _recover(self, store: Store) -> None:
        """Find out what processes that ended have left."""
        self.recovered = tuple(store.recover(self.snapshots.sweep))

    @cached_property
    def snapshots(self) -> Snapshots:
        """The files of versions and change sets."""
        from tablemend.tables.snapshot import Snapshots

        return Snapshots(self.settings.data.resolve())

    @contextmanager
    def _running(self, kind: str, dataset: str | None = None, version: int | None = None) -> Iterator[Run]:
        """A run around a piece of work: whatever stops the work also ends the run."""
        run = self.ready().runs.begin(kind, dataset=dataset, version=version, settings=self.settings.public())
        with self._measuring(run):
            try:
                yield run
            except (KeyboardInterrupt, Cancelled):
                self.store.runs.abort(run.id, "cancelled")
                raise
            except BaseException as problem:
                self.store.runs.abort(run.id, "failed", note=f"{type(problem).__name__}: {problem}")
                raise

    @property
    def telemetry(self) -> Telemetry:
        """What the run under way here measures; outside a run, what this workspace did since it was opened.

        What a run measures, the workspace is told too.
        """
        current = _current.get()
        return self._telemetry if current is None or current.parent is not self._telemetry else current

    @cached_property
    def _telemetry(self) -> Telemetry:
        from tablemend import tracing

        return Telemetry(self.settings.telemetry_limit, tracing=tracing.found())

    def track(self, name: str) -> AbstractContextManager[None]:
        """Time a step of one's own under a name; `NAME.failed` counts the times that it raised.

        Within a run it belongs to the metrics of the run; outside, it is kept in memory for `telemetry.report()`.
        """
        from tablemend import tracing

        telemetry = self.telemetry
        telemetry.tracing = telemetry.tracing or tracing.found()
        return telemetry.track(name)

    @contextmanager
    def _measuring(self, run: Run) -> Iterator[None]:
        """Measure a run and write the metrics when it has ended, however it ends."""
        from tablemend import tracing

        telemetry = Telemetry(self.settings.telemetry_limit, parent=self._telemetry, tracing=tracing.found())
        telemetry.memory = Memory(telemetry)
        before = _current.set(telemetry)
        try:
            with telemetry.track("run", id=run.id, kind=run.kind):
                yield
        except BaseException as problem:
            if note := self._keep_metrics(run, telemetry):
                problem.add_note(note)
            raise
        else:
            self._keep_metrics(run, telemetry)
        finally:
            _current.reset(before)

    def _keep_metrics(self, run: Run, telemetry: Telemetry) -> str:
        """Write what a run measured; why it could not be written, if so: that must not undo or hide the work."""
        from sqlalchemy.exc import SQLAlchemyError

        if telemetry.memory is not None:
            telemetry.memory.close()
        self._gauges(telemetry)
        report = telemetry.report()
        dropped = {name: each for name, each in report.items() if each.kept < each.count}
        try:
            self.store.metrics.put(run.id, telemetry.drain(), dropped)
        except (StateError, SQLAlchemyError) as problem:
            note = f"the metrics of run {run.id} were not kept: {problem}"
            self.notes += (note,)
            return note
        return ""

    def _gauges(self, telemetry: Telemetry) -> None:
        """Note how what is kept open stands at the end of a run."""

    def _beating(self, run: str) -> Progress:
        return beating(self.progress, partial(self.store.runs.beat, run))

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with self._engine.branch() as session:
            yield session

    @cached_property
    def _engine(self) -> Session:
        """The engine, started once: a start takes as long as a small repair, that of Spark some seconds."""
        from tablemend.engine import duckdb

        memory, threads = self.settings.memory_limit, self.settings.threads or None
        if self.settings.engine == "spark":
            from tablemend.engine import spark

            url = self.settings.spark_url.get_secret_value()
            return spark.Session(url=url, memory_limit=memory, threads=threads)
        return duckdb.Session(memory_limit=memory, threads=threads)

    def start(self) -> None:
        """Start the engine ahead of the first verb that needs it."""
        with self._session() as session:
            session.rows("SELECT 1")

    def share_engine(self, other: State) -> None:
        """Work on the engine of another workspace, which closes it."""
        self.__dict__["_engine"] = other._engine

    def dataset(self, name: str) -> str:
        """The id of a dataset, given its id, name or source; raises NotFound."""
        known = self.store.datasets.all()
        path = str(Path(name).resolve())
        found = [each.id for each in known if name in (each.id, each.name, each.location) or each.location == path]
        if len(found) != 1:
            raise NotFound(
                f"there is no dataset {name}" if not found else f"{name} names several datasets: {', '.join(found)}",
                hint="`tablemend history` lists the datasets; use an id of it.",
            )
        return found[0]

    def run(self, run: str | None = None) -> Run:
        """A run by its id; by default the newest scan."""
        return self.store.runs.get(run) if run else self.store.runs.latest("scan")

    def _scan_run(self, run: str | None) -> Run:
        """A finished scan by its id, by default the newest; raises StateError for a run of another kind."""
        found = self.run(run)
        if found.kind != "scan" or found.status != "completed":
            raise StateError(
                f"run {found.id} is no finished scan: {found.kind}, {found.status}",
                hint="`tablemend runs list --kind scan` lists the scans.",
            )
        return found

    def kept(self, run: str | None = None) -> Run:
        """A scan whose version is kept here, by default the newest scan; StateError for one made in the database."""
        found = self._scan_run(run)
        if found.version is None:
            raise StateError(
                f"run {found.id} was made in the database: no version of its table is kept, no repair proposed",
                hint="Scan the table with --push-down never.",
            )
        return found
