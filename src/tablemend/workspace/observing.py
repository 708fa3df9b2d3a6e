"""The verbs that look at runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tablemend.records import Run, RunReport
from tablemend.workspace.state import State

if TYPE_CHECKING:
    from tablemend.store.auditing import AuditEntry


class Observing(State):
    """Runs listed, shown with what was measured, and exported to a monitor."""

    def runs(self, *, kind: str | None = None, status: str | None = None, limit: int = 20) -> list[Run]:
        """Runs of every kind, newest first."""
        return self.store.overview.listed(kind=kind, status=status, limit=limit)

    def runs_page(
        self,
        *,
        kind: str | None = None,
        status: str | None = None,
        dataset: str | None = None,
        limit: int = 20,
        offset: int = 0,
    ) -> tuple[list[Run], int]:
        """A page of runs, newest first, and how many there are in all."""
        return self.store.overview.page(kind=kind, status=status, dataset=dataset, limit=limit, offset=offset)

    def audit(self, *, limit: int = 100, offset: int = 0, **conditions: Any) -> tuple[list[AuditEntry], int]:
        """A page of the audit log, newest first, and how many entries there are in all.

        Conditions are those of `AuditFilter`: by, action, subject, text, since, until.
        """
        from tablemend.store.auditing import AuditFilter

        return self.store.audit.select(AuditFilter(**conditions), limit=limit, offset=offset)

    def run_totals(self) -> dict[str, dict[str, int]]:
        """How many runs there are: kind → status → number."""
        return self.store.overview.totals()

    def run_report(self, run: str | None = None) -> RunReport:
        """A run with its settings and metrics, by an unmistakable beginning of its id; by default the newest."""
        found = self.store.overview.find(run)
        settings = self.store.runs.settings(found.settings_hash)
        return RunReport(run=found, settings=settings, metrics=self.store.metrics.summary(found.id))

    def newest_reports(self) -> list[RunReport]:
        """The newest run of each kind that has ended, with its settings and metrics."""
        newest: list[RunReport] = []
        for kind, totals in self.run_totals().items():
            ended = [self.runs(kind=kind, status=status, limit=1)[0] for status in totals if status != "running"]
            if ended:
                newest.append(self.run_report(max(ended, key=lambda run: run.started).id))
        return newest

    def prometheus(self, run: str | None = None) -> str:
        """Metrics as Prometheus text: of one run, or the totals of all and the figures of the newest of each kind."""
        from tablemend.workspace import prometheus

        if run is not None:
            return prometheus.text([self.run_report(run)])
        return prometheus.text(self.newest_reports(), self.run_totals())
