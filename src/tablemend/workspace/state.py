"""Opening a workspace: settings, state, files, engine, and the run around every piece of work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tablemend.errors import Cancelled, NotFound, StateError
from tablemend.records import Run
from tablemend.telemetry import Progress, beating, silent

if TYPE_CHECKING:
    from tablemend.engine.duckdb import Session
    from tablemend.settings import Settings
    from tablemend.store.state import Store
    from tablemend.tables.snapshot import Snapshots


class State:
    """What every verb of a workspace works with."""

    def __init__(self, settings: Settings, *, progress: Progress = silent) -> None:
        self.settings = settings
        self.progress = progress
        self.recovered: tuple[str, ...] = ()  # runs that were found dead when the state was opened

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
        self.recovered = tuple(store.recover(self.snapshots.sweep))
        return store

    @cached_property
    def snapshots(self) -> Snapshots:
        """The files of versions and change sets."""
        from tablemend.tables.snapshot import Snapshots

        return Snapshots(self.settings.data.resolve())

    @contextmanager
    def _running(self, kind: str, dataset: str | None = None, version: int | None = None) -> Iterator[Run]:
        """A run around a piece of work: whatever stops the work also ends the run."""
        if "store" not in self.__dict__:
            self.__dict__["store"] = self._opened()
        run = self.store.runs.begin(kind, dataset=dataset, version=version, settings=self.settings.public())
        try:
            yield run
        except (KeyboardInterrupt, Cancelled):
            self.store.runs.abort(run.id, "cancelled")
            raise
        except BaseException as problem:
            self.store.runs.abort(run.id, "failed", note=f"{type(problem).__name__}: {problem}")
            raise

    def _beating(self, run: str) -> Progress:
        return beating(self.progress, partial(self.store.runs.beat, run))

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with self._engine.branch() as session:
            yield session

    @cached_property
    def _engine(self) -> Session:
        """The embedded engine, started once: a start takes as long as a small repair."""
        from tablemend.engine.duckdb import Session

        return Session(memory_limit=self.settings.memory_limit, threads=self.settings.threads or None)

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
        """A scan by its id; by default the newest."""
        return self.store.runs.get(run) if run else self.store.runs.latest("scan")
