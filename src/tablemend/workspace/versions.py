"""The verbs that look at versions and write them out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tablemend.errors import NotFound, OutputError
from tablemend.records import ChangeSet, Run, Score, Snapshot
from tablemend.workspace.scanning import Scanning

if TYPE_CHECKING:
    from tablemend.repair.difference import Difference


REPORTS = (".html",)
"""Suffixes of outputs that show a version without holding it."""


class Versions(Scanning):
    """Versions of datasets: listed, compared, exported."""

    def check_output(
        self, output: str | Path | None, source: str | Path | None = None, *, overwrite: bool = False
    ) -> None:
        """Raise OutputError where an output cannot be written or is the source, before any work is done for it."""
        from tablemend.tables.export import STDOUT, check_target

        if output is None or str(output) == STDOUT:
            return
        target = check_target(output, further=REPORTS)
        if not overwrite and isinstance(source, str | Path) and target.exists():
            given = Path(source)
            if given.is_file() and target.samefile(given):
                raise OutputError(f"{output} is the source itself", hint="Name another file, or ask to overwrite it.")

    def _export(
        self, snapshot: Snapshot, out: str | Path, *, overwrite: bool = False, safe: bool = False
    ) -> Path | None:
        from tablemend.tables.export import check_target, export

        self.progress("export", 0.0)
        kind = Path(out).suffix.lower()
        sheets: list[tuple[str, Any]] = []
        if kind in (".html", ".xlsx"):
            from tablemend.repair import report

            known = report.known(self.store, self.snapshots, snapshot)
            if kind == ".html":
                return report.write(known, check_target(out, further=REPORTS))
            sheets = report.sheets(known)
        written = export(snapshot, self.snapshots, out, sheets=sheets, overwrite=overwrite, safe=safe)
        self.progress("export", 1.0)
        return written

    def export(
        self,
        dataset: str,
        out: str | Path,
        *,
        version: int | None = None,
        run: str | None = None,
        overwrite: bool = False,
        safe: bool = False,
    ) -> Path | None:
        """Write a version of a dataset to a file; the suffix decides the format.

        `safe` writes a text file anew from its values, in UTF-8, with an apostrophe before texts that a spreadsheet
        would run as formulas. Workbooks mark such texts always; other formats have no formulas.

        `.sql` writes the approved repairs of a scan as a script instead, by default of the newest scan.
        """
        identity = self.dataset(dataset)
        if Path(out).suffix == ".sql":
            from tablemend.repair import script

            return script.write(self.store, self.store.runs.get(run) if run else self.latest_scan(identity), Path(out))
        return self._export(self.store.datasets.snapshot(identity, version), out, overwrite=overwrite, safe=safe)

    def latest_scan(self, dataset: str) -> Run:
        """The newest completed scan of a dataset."""
        return self.store.runs.latest("scan", dataset)

    def newest_scan(self, dataset: str) -> Run | None:
        """The newest completed scan of a dataset, if there is one."""
        try:
            return self.latest_scan(dataset)
        except NotFound:
            return None

    def ends(self, run: str) -> dict[str, str]:
        """What became of the repairs of a run in the newest apply of each: applied, superseded or refused."""
        found = self.store.runs.get(run)
        applies = (each for each in self.change_sets(found.dataset) if each.kind == "apply" and each.run == run)
        return {each.repair: each.status for change in applies for each in change.outcomes}

    def standing_applies(self, dataset: str | None = None) -> list[str]:
        """The applies that are not undone, oldest first, of all datasets or of one."""
        from tablemend.repair.chronicle import active

        return active(self.change_sets(dataset))

    def newest_apply(self, dataset: str | None = None) -> str:
        """The newest apply that is not undone, of all datasets or of one; raises NotFound where there is none."""
        found = self.standing_applies(dataset)
        if not found:
            raise NotFound("there is no change set to undo", hint="`tablemend history` lists what there is.")
        return found[-1]

    def history(self, dataset: str | None = None) -> dict[str, list[dict[str, Any]]]:
        """The datasets; or versions, change sets and runs of one."""
        from tablemend.repair import chronicle

        if dataset:
            return chronicle.of_dataset(self.store, self.dataset(dataset))
        return chronicle.overview(self.store) if self.exists else {"datasets": []}

    def versions(self, dataset: str) -> list[tuple[Snapshot, Score | None]]:
        """Every version of a dataset with its score, oldest first."""
        return self.store.datasets.versions(dataset)

    def change_sets(self, dataset: str | None = None) -> list[ChangeSet]:
        """Change sets, oldest first."""
        return self.store.change_sets.of(self.dataset(dataset) if dataset else None)

    def diff(self, dataset: str, before: int, after: int) -> Difference:
        """What differs between two versions of a dataset."""
        from tablemend.repair.difference import difference

        identity = self.dataset(dataset)
        old, new = (self.store.datasets.snapshot(identity, version) for version in (before, after))
        with self._session() as session:
            return difference(
                session, self.snapshots.read(old.hash), self.snapshots.read(new.hash), old.columns, new.columns
            )
