"""Alerts of a workspace: what a refresh, a scan or a silent run makes somebody be told of."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from tablemend.errors import NotFound
from tablemend.records import Finding, now
from tablemend.store.alerts import Alert, Kind
from tablemend.store.jobs import COMPLETED, FAILED, Job
from tablemend.store.schedules import Schedule

if TYPE_CHECKING:
    from tablemend.workspace import Workspace

logger = logging.getLogger(__name__)

_TELLING: tuple[Kind, ...] = ("score", "drift", "failed", "stalled")
"""Kinds that tell of something."""


class Alerts:
    """The alerts of a workspace: each is told once, until what it tells of changes."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def recent(self, *, limit: int = 100, kind: str | None = None, dataset: str | None = None) -> list[Alert]:
        """Alerts, newest first."""
        if not self._workspace.exists:
            return []
        return self._workspace.store.alerts.recent(limit=limit, kind=kind, dataset=dataset)

    def standing(self, *, days: float) -> list[Alert]:
        """Alerts of the last so many days that still hold, newest first; those that only try the ways are none."""
        if not self._workspace.exists:
            return []
        stored, since = self._workspace.store.alerts, now() - timedelta(days=days)
        found = [each for kind in _TELLING for each in stored.standing(kind) if each.created >= since]
        return sorted(found, key=lambda each: each.created, reverse=True)

    def get(self, alert: str) -> Alert:
        """One alert; raises NotFound."""
        return self._workspace.ready().alerts.get(alert)

    def test(self) -> Alert:
        """An alert that only tries whether alerts arrive."""
        person = self._workspace.settings.person
        message = f"{person} asked for this alert to see whether alerts arrive"
        made = self._tell("test", state=now().isoformat(), message=message)
        assert made is not None  # noqa: S101 - its state is never that of another
        self._workspace.ready().alerts.resolve("test")
        self._workspace.ready().audit.write(person, "test alert", made.id)
        return made

    def after(self, job: Job) -> list[Alert]:
        """What is to be told after a job: of the refresh of a schedule, or a scan of its dataset."""
        if job.verb == "refresh":
            schedule = self._schedule(str(job.arguments.get("schedule", "")))
            return [] if schedule is None else self._after_refresh(schedule, job)
        if job.verb not in ("scan", "rescan", "heal") or job.status != COMPLETED:
            return []
        dataset = job.result["dataset"]
        if self._workspace.latest_scan(dataset).id != job.result["run"]:
            return []  # another server was faster, and what it told is newer
        own = self._workspace.schedules.of(dataset)
        return [alert for each in own for alert in self.after_scan(each, job.result["run"], job.result["score"])]

    def _schedule(self, identity: str) -> Schedule | None:
        try:
            return self._workspace.schedules.get(identity)
        except NotFound:
            return None  # removed meanwhile

    def _after_refresh(self, schedule: Schedule, job: Job) -> list[Alert]:
        if schedule.job not in ("", job.id) and self._workspace.jobs.get(schedule.job).over:
            return []  # a newer one has ended meanwhile
        if job.status == COMPLETED:
            return self.after_success(schedule, job.result["run"], job.result["score"])
        if job.status != FAILED:
            return []
        kind = job.error.get("kind", job.error.get("title", ""))
        return self.after_failure(schedule, kind, job.error.get("message", ""), run=job.run)

    def after_success(self, schedule: Schedule, run: str, score: float | None) -> list[Alert]:
        """What is to be told where a refresh went well: it fails no longer, and found this."""
        self._workspace.ready().alerts.resolve("failed", schedule=schedule.id, dataset=schedule.dataset)
        return self.after_scan(schedule, run, score)

    def after_failure(self, schedule: Schedule, title: str, message: str, *, run: str = "") -> list[Alert]:
        """What is to be told where a refresh failed: once for each kind of failure."""
        told = f"{schedule.name} could not be refreshed: {message.rstrip('.')}"
        made = self._tell("failed", state=title, message=told, schedule=schedule.id, dataset=schedule.dataset, run=run)
        return [made] if made else []

    def after_scan(self, schedule: Schedule, run: str, score: float | None) -> list[Alert]:
        """What is to be told of the score and the drift that a scan found."""
        drift = [each for each in self._workspace.findings(run) if each.check == "drift"]
        made = (self._of_score(schedule, run, score), self._of_drift(schedule, run, drift))
        return [each for each in made if each is not None]

    def _of_score(self, schedule: Schedule, run: str, score: float | None) -> Alert | None:
        """A score of 0 is a score; none at all says that nothing could be judged, which is told as that."""
        given = schedule.threshold
        threshold = self._workspace.settings.alert_threshold if given is None else given
        about = {"schedule": schedule.id, "dataset": schedule.dataset}
        if threshold is None or (score is not None and score >= threshold):
            self._workspace.ready().alerts.resolve("score", **about)
            return None
        if score is None:
            message = f"{schedule.name} has no score: nothing of it could be judged"
            return self._tell("score", state="none", message=message, run=run, **about)
        message = f"{schedule.name} has a score of {score:.1f}, below {threshold:g}"
        return self._tell("score", state="below", message=message, run=run, **about)

    def _of_drift(self, schedule: Schedule, run: str, findings: list[Finding]) -> Alert | None:
        about = {"schedule": schedule.id, "dataset": schedule.dataset}
        if not findings:
            self._workspace.ready().alerts.resolve("drift", **about)
            return None
        told = "; ".join(each.message for each in findings[:5])
        more = f"; and {len(findings) - 5} more" if len(findings) > 5 else ""
        message = f"{schedule.name} has drifted: {told}{more}"
        return self._tell(
            "drift", state=" ".join(sorted(each.id for each in findings)), message=message, run=run, **about
        )

    def stalled(self) -> list[Alert]:
        """What is to be told of runs that said nothing for too long."""
        store = self._workspace.ready()
        limit = timedelta(seconds=self._workspace.settings.alert_stalled)
        running = [each for each in self._workspace.runs(status="running", limit=1000) if each.heartbeat]
        silent = {each.id: each for each in running if each.heartbeat and now() - each.heartbeat > limit}
        for alert in store.alerts.standing("stalled"):
            if alert.run not in silent:
                store.alerts.resolve("stalled", schedule=alert.schedule, dataset=alert.dataset)
        made = []
        for run in silent.values():
            message = f"The {run.kind} {run.id} has said nothing since {run.heartbeat:%Y-%m-%d %H:%M:%S} UTC"
            made.append(self._tell("stalled", state=run.id, message=message, dataset=run.dataset, run=run.id))
        return [each for each in made if each is not None]

    def _tell(
        self, kind: Kind, *, state: str, message: str, schedule: str = "", dataset: str = "", run: str = ""
    ) -> Alert | None:
        from tablemend.workspace.channels import ways

        made = self._workspace.ready().alerts.tell(
            kind,
            state=state,
            message=message,
            deliveries=ways(self._workspace.settings),
            schedule=schedule,
            dataset=dataset,
            run=run,
            repeat=self._workspace.settings.alert_repeat,
        )
        if made is not None:
            logger.warning("alert %s (%s): %s", made.id, kind, message)
        return made

    def deliver(self) -> list[Alert]:
        """Make every delivery that waits; how each went is kept with its alert."""
        from tablemend.workspace.channels import send

        stored = self._workspace.ready().alerts
        done = []
        while (found := stored.claim()) is not None:
            alert, number = found
            ended = send(self._workspace.settings, alert, alert.deliveries[number])
            stored.ended(alert.id, number, msgspec.structs.replace(ended, when=now(), sender=None))
            done.append(stored.get(alert.id))
        return done
