"""The verbs that change a dataset, and take changes back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from tablemend.records import ChangeSet, Check, Run
from tablemend.telemetry import Timings
from tablemend.workspace.versions import Versions

if TYPE_CHECKING:
    from tablemend.engine.duckdb import Session
    from tablemend.repair.apply import Preview
    from tablemend.repair.commit import Desk
    from tablemend.repair.results import Applied


class Applying(Versions):
    """Applying, previewing, undoing."""

    def apply(self, run: str | None = None, *, keep_rows: bool = False) -> Applied:
        """Carry out the approved repairs of a run as a new version of its dataset."""
        from tablemend.repair.apply import apply

        scan_run = self.kept(run)
        with self._desk("apply", scan_run) as desk:
            return self._applied(apply(desk, scan_run.id, keep_rows=keep_rows), desk)

    def preview(self, run: str | None = None, **conditions: Any) -> Preview:
        """What applying the items that meet the conditions would do: score, outcomes and every cell, exactly.

        Nothing is written. By default the items are those approved and not applied yet.
        """
        from tablemend.repair.apply import preview

        scan_run = self.kept(run)
        chosen = self.items(scan_run.id, **(conditions or {"decision": "approved"}))
        with self._session() as session:
            desk = self._at_desk(session, scan_run, "")
            return preview(desk, scan_run.id, [item for item in chosen if not item.applied])

    def undo(
        self,
        change_set: str,
        *,
        repair: str | None = None,
        cell: tuple[int, str] | None = None,
        force: bool = False,
    ) -> Applied:
        """Undo a change set, one repair or one cell of it, also after later changes, as a new version."""
        from tablemend.repair.undo import What, undo

        target = self.store.change_sets.get(change_set)
        what = What(repair=repair or "", row=cell[0] if cell else None, column=cell[1] if cell else "")
        with self._desk("undo", self.store.runs.get(target.run)) as desk:
            return self._applied(undo(desk, target.id, what, force=force), desk)

    @contextmanager
    def _desk(self, kind: str, scan_run: Run) -> Iterator[Desk]:
        with self._running(kind, scan_run.dataset, scan_run.version) as run, self._session() as session:
            yield self._at_desk(session, scan_run, run.id)

    def _at_desk(self, session: Session, scan_run: Run, work: str) -> Desk:
        from tablemend.repair.commit import Desk

        for name, digest in self.store.runs.files(scan_run.id).items():
            session.register(name, self.snapshots.read_changes(digest))
        return Desk(
            store=self.store,
            snapshots=self.snapshots,
            session=session,
            timings=Timings(self._beating(work) if work else self.progress, self.telemetry),
            rescore=self._rescore(scan_run),
            by=self.settings.person,
            work=work,
        )

    def _rescore(self, scan_run: Run) -> Any:
        from tablemend.quality.evaluate import Evaluation
        from tablemend.repair.scan import rescore

        return partial(
            rescore,
            checks=self.store.runs.recall(scan_run.id, "checks", list[Check]),
            previous=self.store.runs.recall(scan_run.id, "evaluation", Evaluation),
            weights=self.settings.weights,
        )

    def _applied(self, change_set: ChangeSet, desk: Desk) -> Applied:
        from tablemend.repair.results import Applied

        scores = {snapshot.version: (snapshot, score) for snapshot, score in self.versions(change_set.dataset)}
        snapshot, after = scores[change_set.version]
        before = scores[change_set.parent][1]
        return Applied(
            change_set=change_set, snapshot=snapshot, before=before, after=after, seconds=desk.timings.seconds
        )
