"""The verbs that read a source and find what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tablemend.records import Check, Finding, Item, Profile, Proposal, Run, Snapshot
from tablemend.telemetry import Timings
from tablemend.workspace.surveying import Surveying

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.engine.duckdb import Session
    from tablemend.quality.rules import Rule
    from tablemend.repair.declared import Declared
    from tablemend.repair.results import Scanned
    from tablemend.repair.scan import Scan
    from tablemend.tables.read import Loaded


class Scanning(Surveying):
    """Reading, scanning, and repairs of one's own."""

    def scan(
        self,
        source: Any,
        *,
        table: str | None = None,
        sql: str | None = None,
        sheet: str | None = None,
        delimiter: str | None = None,
        encoding: str | None = None,
        name: str | None = None,
    ) -> Scanned:
        """Read a source, find what is wrong with it, and propose repairs; nothing of the source is changed.

        `source` is a path, a URL, `-`, or anything with `__arrow_c_stream__`. Raises SourceError.
        """
        options = {"table": table, "sql": sql, "sheet": sheet, "delimiter": delimiter, "encoding": encoding}
        return self._scan(self._load(source, options, name), "scan", place=_named(source))

    def rescan(self, dataset: str, version: int | None = None) -> Scanned:
        """Scan a version that is kept already, by default the newest."""
        return self._scan(self.store.datasets.snapshot(self.dataset(dataset), version), "scan")

    def _load(self, source: Any, options: Mapping[str, str | None], name: str | None) -> Loaded:
        from tablemend.repair.reading import read

        return read(source, self.settings, self.progress, options=options, name=name)

    def _scan(
        self, what: Loaded | Snapshot, kind: str, proposals: Sequence[Proposal] | None = None, place: str = ""
    ) -> Scanned:
        from tablemend.quality import rules
        from tablemend.repair import intake, items
        from tablemend.repair.results import Scanned
        from tablemend.repair.scan import scan
        from tablemend.settings import read_file
        from tablemend.store.runs import BESIDE

        own = rules.parse(read_file().get("rules", []))
        with self._running(kind) as run, self._session() as session:
            timings = Timings(self._beating(run.id), self.telemetry)
            with timings.stage("snapshot"):
                snapshot = what if isinstance(what, Snapshot) else intake.take_in(self.store, self.snapshots, what)
                data = self.snapshots.read(snapshot.hash) if isinstance(what, Snapshot) else what.table
            with timings.stage("declared"):
                declared = self._declared(session, data, snapshot, own, place)
            found = scan(
                session,
                data,
                snapshot.columns,
                dataset=snapshot.dataset,
                weights=self.settings.weights,
                rules=partial(rules.checks, own),
                previous=self._previous_profile(snapshot),
                timings=timings,
                proposals=proposals,
                declared=declared,
            )
            if session.distributed:
                self.notes += ("profile, checks and repairs ran on Spark, the detectors on this machine",)
            beside = {name: self.snapshots.write_changes(rows) for name, rows in declared.beside.items()}
            with timings.stage("learn"):
                repairs = self._adjusted(found.repairs)
            with timings.stage("store"), self.store.transaction():
                self.store.items.put(items.of_repairs(repairs, run=run.id, dataset=snapshot.dataset))
                self._keep(run, snapshot, found)
                if beside:
                    self.store.runs.keep(run.id, BESIDE, beside)
        return Scanned(
            run=run.id,
            snapshot=snapshot,
            profile=found.profile,
            findings=found.findings,
            score=found.score,
            items=tuple(self.items(run.id)),
            seconds=timings.seconds,
        )

    def _declared(
        self, session: Session, data: pa.Table, snapshot: Snapshot, own: Sequence[Rule], place: str
    ) -> Declared:
        """What rules and the database of a table read beside it; a version that is kept goes by the scan it had.

        `place` is how the user named the source, which may hold a password.
        """
        from msgspec.structs import replace

        from tablemend.databases.pool import limits
        from tablemend.repair import declared, parents, relation
        from tablemend.repair.reading import limits_of

        source = snapshot.source
        if not place:
            found = self._declared_before(snapshot)
        elif declared.is_table(source):
            relation.register(session, data, snapshot.columns)
            with declared.database(source, place, limits(self.settings)) as opened:
                found = declared.read(opened, session, snapshot, limits_of(self.settings))
        else:
            found = declared.Declared()
        where = source.location if source.kind in declared.FILES else place.partition("#")[0]
        beside = parents.tables(own, source, where, lambda at, table: self._load(at, {"table": table}, None))
        return replace(found, beside=found.beside | beside)

    def _declared_before(self, snapshot: Snapshot) -> Declared:
        """What the newest scan of the source itself found to be declared."""
        from tablemend.repair.declared import Declared

        for run in self.store.runs.recent(dataset=snapshot.dataset):
            if run.kind == "scan" and run.status == "completed":
                files = self.store.runs.files(run.id)
                profile = self.store.runs.recall(run.id, "profile", Profile)
                checks = self.store.runs.recall(run.id, "checks", list[Check])
                return Declared(
                    checks=tuple(each for each in checks if each.declared),
                    foreign_keys=profile.foreign_keys,
                    beside={name: self.snapshots.read_changes(digest) for name, digest in files.items()},
                )
        return Declared()

    def _previous_profile(self, snapshot: Snapshot) -> Profile | None:
        """The profile of the scan before this one, if it saw other data."""
        runs = self.store.runs.recent(dataset=snapshot.dataset)
        before = next((each for each in runs if each.kind == "scan" and each.status == "completed"), None)
        if before is None or before.version is None or before.version == snapshot.version:
            return None
        return self.store.runs.recall(before.id, "profile", Profile)

    def _keep(self, run: Run, snapshot: Snapshot, found: Scan) -> None:
        """The results that later verbs go by, and the end of the run."""
        for name in ("profile", "checks", "evaluation", "findings", "score"):
            self.store.runs.keep(run.id, name, getattr(found, name))
        self.store.datasets.set_score(snapshot.dataset, snapshot.version, found.score)
        counts = {"findings": len(found.findings), "repairs": len(found.repairs), "rows": snapshot.rows}
        self.store.runs.finish(run.id, "completed", dataset=snapshot.dataset, version=snapshot.version, counts=counts)

    def try_rules(self, entries: Sequence[Mapping[str, Any]], dataset: str) -> tuple[Finding, ...]:
        """What rules would find in a dataset as its newest scan saw it; nothing is kept.

        `entries` are as under `[[rules]]` of `tablemend.toml`. Raises SettingsError for what is no rule.
        """
        from tablemend.quality import rules
        from tablemend.quality.evaluate import evaluate
        from tablemend.quality.findings import findings
        from tablemend.repair import relation

        own = rules.parse(entries)
        run = self.kept(self.store.runs.latest("scan", self.dataset(dataset)).id)
        snapshot = self.store.datasets.snapshot(run.dataset, run.version)
        checks = rules.checks(own, self.store.runs.recall(run.id, "profile", Profile))
        data = self.snapshots.read(snapshot.hash)
        with self._session() as session:
            for name, rows in self._declared(session, data, snapshot, own, "").beside.items():
                session.register(name, rows)
            relation.register(session, data, snapshot.columns)
            return findings(session, relation.DATA, checks, evaluate(session, relation.DATA, checks))

    def findings(self, run: str | None = None) -> tuple[Finding, ...]:
        """The findings of a run."""
        return tuple(self.store.runs.recall(self._scan_run(run).id, "findings", list[Finding]))

    def edit(
        self,
        item: str,
        *,
        run: str | None = None,
        operation: str | None = None,
        params: Mapping[str, Any] | None = None,
        alternative: int | None = None,
    ) -> Item:
        """Give an item another operation or other parameters; it becomes a new, open version of itself.

        `alternative` counts from 1. Raises RepairError where the edit cannot be carried out or changes nothing.
        """
        from tablemend.repair import editing

        scan_run = self.kept(run)
        before = self.store.items.get(item, scan_run.id)
        snapshot = self.store.datasets.snapshot(scan_run.dataset, scan_run.version)
        with self._session() as session:
            edited = editing.edited(
                session,
                self.snapshots.read(snapshot.hash),
                snapshot.columns,
                before,
                operation=operation,
                params=params,
                alternative=alternative,
            )
        with self.store.transaction():
            self.store.items.put([edited])
            self.store.audit.write(self.settings.person, "edit", before.id, edited.title)
        return self.store.items.get(before.id, scan_run.id)

    def propose(
        self,
        operation: str,
        columns: Sequence[str] = (),
        params: Mapping[str, Any] | None = None,
        *,
        run: str | None = None,
        explanation: str = "",
    ) -> Item:
        """Add a repair of one's own to a scan, as an open item; any operation of the vocabulary.

        Raises RepairError where it cannot be carried out or changes nothing.
        """
        from tablemend.repair import editing

        scan_run = self.kept(run)
        snapshot = self.store.datasets.snapshot(scan_run.dataset, scan_run.version)
        proposal = Proposal(
            check="person",
            operation=operation,
            columns=tuple(columns),
            params=dict(params or {}),
            confidence=1.0,
            tier=editing.fingerprint(params),
            explanation=explanation or f"Proposed by {self.settings.person}.",
        )
        with self._session() as session:
            made = editing.proposed(
                session,
                self.snapshots.read(snapshot.hash),
                snapshot.columns,
                proposal,
                run=scan_run.id,
                dataset=snapshot.dataset,
            )
        with self.store.transaction():
            self.store.items.put([made])
            self.store.audit.write(self.settings.person, "propose", made.id, made.title)
        return self.store.items.get(made.id, scan_run.id)


def _named(source: Any) -> str:
    """How a user named a source; nothing for a frame."""
    return str(source) if isinstance(source, str | Path) else ""
