"""Schedules of a workspace: sources that are read again, and what each reading finds."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tablemend.errors import Cancelled, SettingsError, StateError, TablemendError
from tablemend.records import Record, Run, Score, Snapshot, Source, now
from tablemend.store.jobs import Job
from tablemend.store.schedules import Schedule
from tablemend.workspace.verbs import arguments_of, scanned

if TYPE_CHECKING:
    from tablemend.store.alerts import Alert
    from tablemend.tables.read import Loaded
    from tablemend.workspace import Workspace

logger = logging.getLogger(__name__)

LEAST = 10
"""Fewest seconds of an interval: a scan of a small table with its commit takes some tenths of one."""
MOST = 366 * 86_400
"""Most seconds of an interval: a year."""

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_INTERVAL = re.compile(r"\s*(\d+)\s*([smhd]?)\s*")


class Due(Record, frozen=True, kw_only=True):
    """A schedule whose time has come, and what became of it."""

    schedule: Schedule
    job: str = ""  # the refresh; empty where the one before still runs


def _require_score(threshold: float | None) -> None:
    if threshold is not None and not 0 <= threshold <= 100:
        raise SettingsError(f"{threshold:g} is no score", hint="Give a threshold from 0 to 100.")


class Schedules:
    """The schedules of a workspace, in the hands of its person."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def add(
        self,
        source: str,
        *,
        interval: str | int,
        name: str | None = None,
        options: Mapping[str, str] | None = None,
        threshold: float | None = None,
    ) -> Schedule:
        """Read a source again at an interval, like 30s, 15m, 1h, 1d or a number of seconds; first at once.

        `options` are table, sql, sheet, delimiter and encoding. An alert is raised where the score is below the
        threshold. Raises SettingsError for an interval, a threshold or a source with a password, SourceError for what
        cannot be a source, and StateError where the name is taken.
        """
        from tablemend.repair.reading import parsed
        from tablemend.store.datasets import dataset_id
        from tablemend.tables.source import STDIN, without_secrets

        chosen = {key: value for key, value in (options or {}).items() if value}
        arguments_of("scan", {"source": source, "options": chosen})
        if source == STDIN:
            raise StateError("standard input cannot be read again", hint="Name a file or a URL.")
        if without_secrets(source) != source:
            raise SettingsError(
                f"{without_secrets(source)} was named with a password, which a schedule does not keep",
                hint="Give it by the setting http_headers, or where the driver of the database looks, like PGPASSWORD.",
            )
        _require_score(threshold)
        place = parsed(source, chosen, name)
        store, person = self._workspace.ready(), self._workspace.settings.person
        with store.transaction():
            made = store.schedules.add(
                name=name or place.name,
                source=source if place.kind not in _FILES else place.location,
                options=chosen | ({"table": place.table} if place.kind in _FILES and place.table else {}),
                dataset=dataset_id(place, self._workspace.snapshots.folder),
                interval=seconds(interval),
                threshold=threshold,
                by=person,
            )
            store.audit.write(person, "schedule", made.id, f"{made.name} every {made.interval} s")
        store.jobs.tell()
        return made

    def repeat(self, dataset: str, *, interval: str | int, threshold: float | None = None) -> Schedule:
        """Read the source of a dataset again at an interval, under its name; see `add`.

        Raises StateError where the dataset has a schedule, or a source that cannot be read again.
        """
        found = self._workspace.store.datasets.get(self._workspace.dataset(dataset))
        if own := self.of(found.id):
            raise StateError(f"{found.name} has the schedule {own[0].name} already", hint="Remove it first.")
        source = self._workspace.store.datasets.snapshot(found.id).source
        if why := self.unrepeatable(source):
            raise StateError(why, hint="Add a schedule of a URL or a database instead.")
        names = ("table", "sql", "sheet", "delimiter", "encoding")
        options = {name: value for name in names if (value := getattr(source, name))}
        return self.add(source.location, interval=interval, name=found.name, options=options, threshold=threshold)

    def unrepeatable(self, source: Source) -> str:
        """Why a source cannot be read again by itself; empty where it can."""
        from tablemend.store.datasets import is_upload

        if source.kind in ("frame", "stdin"):
            return f"{source.name} came from a {source.kind}, which is gone"
        if "***" in source.location:
            return f"{source.location} was named with a secret, which is not kept"
        if is_upload(source, self._workspace.snapshots.folder):
            return f"{source.name} was uploaded, and an uploaded file does not change by itself"
        return ""

    def of(self, dataset: str) -> Sequence[Schedule]:
        """The schedules that feed a dataset."""
        return [each for each in self.list() if each.dataset == dataset]

    def get(self, schedule: str) -> Schedule:
        """One schedule by its id or name; raises NotFound."""
        return self._workspace.ready().schedules.get(schedule)

    def list(self) -> Sequence[Schedule]:
        """Every schedule, oldest first."""
        return self._workspace.store.schedules.all() if self._workspace.exists else []

    def change(
        self,
        schedule: str,
        *,
        interval: str | None = None,
        threshold: float | None = None,
        no_threshold: bool = False,
    ) -> Schedule:
        """Read a source at another interval, or tell below another score; what is not named stays.

        `no_threshold` leaves the score to the setting `alert_threshold`. StateError where nothing would change.
        """
        _require_score(threshold)
        store = self._workspace.ready()
        with store.transaction():
            found = self.get(schedule)
            every = found.interval if interval is None else seconds(interval)
            below = None if no_threshold else found.threshold if threshold is None else threshold
            if (every, below) == (found.interval, found.threshold):
                raise StateError(f"schedule {found.name} is so already", hint="Name another interval or threshold.")
            store.schedules.change(found, interval=every, threshold=below)
            detail = f"{found.name} every {every} s, {'no threshold' if below is None else f'below {below:g}'}"
            store.audit.write(self._workspace.settings.person, "change schedule", found.id, detail)
        store.jobs.tell()
        return self.get(found.id)

    def pause(self, schedule: str) -> Schedule:
        """Do not read the source until `resume`."""
        return self._switch(schedule, "pause", enabled=False)

    def resume(self, schedule: str) -> Schedule:
        """Read the source again; at once if its time has come meanwhile."""
        return self._switch(schedule, "resume", enabled=True)

    def _switch(self, schedule: str, action: str, *, enabled: bool) -> Schedule:
        store, found = self._workspace.ready(), self.get(schedule)
        if found.enabled == enabled:
            raise StateError(f"schedule {found.name} is {'on' if enabled else 'paused'} already")
        with store.transaction():
            store.schedules.enable(found.id, enabled=enabled)
            store.audit.write(self._workspace.settings.person, action, found.id, found.name)
        store.jobs.tell()
        return self.get(found.id)

    def remove(self, schedule: str) -> Schedule:
        """Forget a schedule; its dataset and all its versions stay."""
        store, found = self._workspace.ready(), self.get(schedule)
        with store.transaction():
            store.schedules.remove(found.id)
            store.audit.write(self._workspace.settings.person, "unschedule", found.id, found.name)
        return found

    def run_now(self, schedule: str) -> Job:
        """Ask the server for a refresh now; its plan stays as it is."""
        store, found = self._workspace.ready(), self.get(schedule)
        self._require_idle(found)
        with store.transaction():
            job = self._workspace.jobs.submit("refresh", schedule=found.id)
            store.schedules.begun(found.id, job.id)
        store.jobs.tell()
        return job

    def _require_idle(self, schedule: Schedule) -> None:
        if self._running(schedule):
            raise StateError(f"schedule {schedule.name} is being refreshed already", hint="Wait for its end.")

    def _running(self, schedule: Schedule) -> bool:
        return bool(schedule.job) and not self._workspace.ready().jobs.get(schedule.job).over

    def submit_due(self) -> Sequence[Due]:
        """Ask for a refresh of each schedule whose time has come, unless the one before still runs.

        All in one transaction: of two servers only one finds a schedule due.
        """
        store, present = self._workspace.ready(), now()
        if not store.schedules.due(present):
            return []
        with store.transaction():
            found = [self._submit(each) for each in store.schedules.due(present)]
        store.jobs.tell()
        return found

    def _submit(self, schedule: Schedule) -> Due:
        store = self._workspace.ready()
        if self._running(schedule):
            store.schedules.plan(schedule, now())
            store.audit.write(schedule.by, "skip", schedule.id, f"{schedule.name}: the refresh before still runs")
            logger.warning("schedule %s was skipped: the refresh before still runs", schedule.name)
            return Due(schedule=schedule)
        job = self._workspace.signed(schedule.by).jobs.submit("refresh", schedule=schedule.id)
        store.schedules.plan(schedule, now(), job=job.id)
        return Due(schedule=schedule, job=job.id)

    def refresh(self, schedule: str) -> dict[str, Any]:
        """Read the source now, in this process, as a new version of its dataset if its content has changed.

        Content that is the same as when it was read before makes no version, also where that was repaired since.
        """
        store, found = self._workspace.ready(), self.get(schedule)
        try:
            result = self._refreshed(found)
        except Cancelled:
            raise
        except Exception:
            store.schedules.ended(found.id, failed=True)
            raise
        store.schedules.ended(found.id, failed=False)
        return {"schedule": found.id, "drift": self._drift(result), **result}

    def refresh_and_tell(self, schedule: str) -> tuple[dict[str, Any], Sequence[Alert]]:
        """Refresh in this process, and raise and deliver the alerts that this gives rise to, also where it fails."""
        found, alerts = self.get(schedule), self._workspace.alerts
        try:
            result = self.refresh(schedule)
        except TablemendError as problem:
            alerts.after_failure(found, type(problem).__name__, problem.message)
            alerts.deliver()
            raise
        raised = alerts.after_success(found, result["run"], result["score"])
        alerts.deliver()
        return result, [alerts.get(each.id) for each in raised]

    def _refreshed(self, schedule: Schedule) -> dict[str, Any]:
        loaded = self._workspace._load(schedule.source, schedule.options, schedule.name)
        same = self._same(schedule.dataset, loaded)
        if same is None:
            return scanned(self._workspace._scan(loaded, "scan", place=schedule.source)) | {"changed": True}
        run, head, score = same
        return {
            "run": run.id,
            "dataset": head.dataset,
            "version": head.version,
            "score": score.overall if score else None,
            "changed": False,
        }

    def _same(self, dataset: str, loaded: Loaded) -> tuple[Run, Snapshot, Score | None] | None:
        """The scan of just this content, and the head with its score; None where it is new or was never scanned."""
        from tablemend.repair.intake import digest_of

        store = self._workspace.ready()
        if store.datasets.find(dataset) is None:
            return None
        versions = store.datasets.versions(dataset)
        newest = [snapshot for snapshot, _ in versions if snapshot.parent is None][-1]
        if newest.hash != digest_of(loaded):
            return None
        runs = store.runs.recent(dataset=dataset, limit=1000)
        scans = (run for run in runs if run.kind == "scan" and run.status == "completed")
        run = next((run for run in scans if run.version == newest.version), None)
        return None if run is None else (run, *versions[-1])

    def _drift(self, result: Mapping[str, Any]) -> int:
        """How many findings tell of drift from the version before."""
        return sum(each.check == "drift" for each in self._workspace.findings(result["run"]))


_FILES = ("csv", "json", "jsonl", "xlsx", "parquet", "arrow", "sqlite", "duckdb")


def seconds(interval: str | int) -> int:
    """An interval in seconds: a number, or one with s, m, h or d behind it; SettingsError for another."""
    found = _INTERVAL.fullmatch(str(interval).lower())
    number = int(found[1]) * _UNITS[found[2] or "s"] if found else 0
    if not LEAST <= number <= MOST:
        raise SettingsError(
            f"{interval} is no interval", hint=f"Write it like 30s, 15m, 1h or 1d, from {LEAST} s to a year."
        )
    return number
