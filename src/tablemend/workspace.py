"""The one object that users hold: it opens the state, and every verb of the main job is a method of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from tablemend.errors import Cancelled, NotFound, NothingToChange, OutputError, SettingsError, StateError
from tablemend.records import ChangeSet, Check, Finding, Item, Profile, Proposal, Run, Score, Snapshot
from tablemend.telemetry import Progress, Timings, beating, silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tablemend.engine.duckdb import Session
    from tablemend.repair.apply import Preview
    from tablemend.repair.commit import Desk
    from tablemend.repair.difference import Difference
    from tablemend.repair.recipe import Recipe
    from tablemend.repair.results import Applied, Healed, Scanned
    from tablemend.repair.scan import Scan
    from tablemend.review.decisions import Verdict
    from tablemend.review.gate import Gate
    from tablemend.settings import Settings
    from tablemend.store.items import Filter
    from tablemend.store.state import Store
    from tablemend.tables.read import Loaded
    from tablemend.tables.snapshot import Snapshots

REPORTS = (".html",)
"""Suffixes of outputs that show a version without holding it."""

Policy = Literal["gate", "all", "none"]


class Workspace:
    """Datasets, their versions, and every decision on them, in one data folder.

    The folder is made by the first verb that writes. Closing frees every connection; use it as a context manager.
    """

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

    def _opened(self) -> Store:
        from tablemend.store.state import Store

        url = self.settings.store_url
        if not url:
            try:
                self.settings.data.mkdir(parents=True, exist_ok=True)
            except OSError as problem:
                raise StateError(
                    f"{self.settings.data} cannot be made a workspace: {problem.strerror}",
                    hint="Name another folder with --data.",
                ) from problem
        store = Store(url or (self.settings.data / "state.db").resolve())
        self.recovered = tuple(store.recover(self.snapshots.sweep))
        return store

    @cached_property
    def snapshots(self) -> Snapshots:
        """The files of versions and change sets."""
        from tablemend.tables.snapshot import Snapshots

        return Snapshots(self.settings.data.resolve())

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
        return self._scan(self._load(source, options, name), "scan")

    def rescan(self, dataset: str, version: int | None = None) -> Scanned:
        """Scan a version that is kept already, by default the newest."""
        return self._scan(self.store.datasets.snapshot(self.dataset(dataset), version), "scan")

    def _load(self, source: Any, options: Mapping[str, str | None], name: str | None) -> Loaded:
        from tablemend.repair.reading import read

        return read(source, self.settings, self.progress, options=options, name=name)

    def _scan(self, what: Loaded | Snapshot, kind: str, proposals: Sequence[Proposal] | None = None) -> Scanned:
        from tablemend.quality import rules
        from tablemend.repair import intake, items, parents
        from tablemend.repair.results import Scanned
        from tablemend.repair.scan import scan
        from tablemend.settings import read_file

        given = read_file().get("rules", [])
        if not isinstance(given, list):
            raise SettingsError("tablemend.toml: rules is not a list", hint="Write each rule under [[rules]].")
        own = rules.parse(given)
        with self._running(kind) as run, self._session() as session:
            timings = Timings(self._beating(run.id))
            with timings.stage("snapshot"):
                snapshot = what if isinstance(what, Snapshot) else intake.take_in(self.store, self.snapshots, what)
                data = self.snapshots.read(snapshot.hash) if isinstance(what, Snapshot) else what.table
            parents.register(
                session, own, snapshot.source, lambda place, name: self._load(place, {"table": name}, None)
            )
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
            )
            with timings.stage("store"), self.store.transaction():
                self.store.items.put(items.of_repairs(found.repairs, run=run.id, dataset=snapshot.dataset))
                self._keep(run, snapshot, found)
        return Scanned(
            run=run.id,
            snapshot=snapshot,
            profile=found.profile,
            findings=found.findings,
            score=found.score,
            items=tuple(self.items(run.id)),
            seconds=timings.seconds,
        )

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

    def items(self, run: str | None = None, **conditions: Any) -> list[Item]:
        """The items of a run that meet conditions such as `check`, `column`, `decision` or `min_confidence`."""
        return self.store.items.select(self.filter(run, **conditions))

    def filter(self, run: str | None = None, *, ids: Sequence[str] = (), **conditions: Any) -> Filter:
        """A choice of items of a run; ids may be shortened as far as they stay unmistakable."""
        from tablemend.store.items import Filter

        run_id = self.run(run).id
        return Filter(run=run_id, ids=tuple(self.store.items.get(each, run_id).id for each in ids), **conditions)

    def findings(self, run: str | None = None) -> tuple[Finding, ...]:
        """The findings of a run."""
        return tuple(self.store.runs.recall(self.run(run).id, "findings", list[Finding]))

    @property
    def gate(self) -> Gate:
        """The gate of repairs."""
        from tablemend.review.gate import shipped

        return shipped("repair")

    def approve(self, run: str | None = None, *, force: bool = False, **options: Any) -> Verdict:
        """Approve items of a run, by ids or by conditions; see `decide`."""
        return self.decide("approve", run, force=force, **options)

    def reject(self, run: str | None = None, **options: Any) -> Verdict:
        """Reject items of a run, by ids or by conditions; see `decide`."""
        return self.decide("reject", run, **options)

    def reopen(self, run: str | None = None, **options: Any) -> Verdict:
        """Open items of a run again, by ids or by conditions; see `decide`."""
        return self.decide("reopen", run, **options)

    def decide(
        self,
        verb: str,
        run: str | None = None,
        *,
        force: bool = False,
        reason: str = "",
        note: str = "",
        rating: int | None = None,
        **conditions: Any,
    ) -> Verdict:
        """Take one decision on every item that meets the conditions, in one transaction.

        Raises DecisionRefused where nothing meets them, or where a bulk approval holds items below the gate and is
        not forced.
        """
        from tablemend.review import decisions

        return decisions.decide(
            self.store,
            self.filter(run, **conditions),
            verb,
            by=self.settings.person,
            gate=self.gate,
            reason=reason,
            note=note,
            rating=rating,
            force=force,
        )

    def pass_gate(self, run: str | None = None) -> Verdict:
        """Let the gate decide on the open items of a run."""
        from tablemend.review import decisions

        return decisions.pass_gate(self.store, self.items(run), self.gate)

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

        scan_run = self.run(run)
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

        scan_run = self.run(run)
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

    def apply(self, run: str | None = None, *, keep_rows: bool = False) -> Applied:
        """Carry out the approved repairs of a run as a new version of its dataset."""
        from tablemend.repair.apply import apply

        scan_run = self.run(run)
        with self._desk("apply", scan_run) as desk:
            return self._applied(apply(desk, scan_run.id, keep_rows=keep_rows), desk)

    def preview(self, run: str | None = None, **conditions: Any) -> Preview:
        """What applying the items that meet the conditions would do: score, outcomes and every cell, exactly.

        Nothing is written. By default the items are those approved and not applied yet.
        """
        from tablemend.repair.apply import preview

        scan_run = self.run(run)
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

        return Desk(
            store=self.store,
            snapshots=self.snapshots,
            session=session,
            timings=Timings(self._beating(work) if work else self.progress),
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

    def heal(
        self,
        source: Any,
        *,
        policy: Policy = "gate",
        keep_rows: bool = False,
        output: str | Path | None = None,
        overwrite: bool = False,
        **options: Any,
    ) -> Healed:
        """Scan, decide by a policy, apply and write the result, in one go.

        `gate` approves what the gate approves; `all` approves every repair more likely right than wrong (setting
        accept_all_from); `none` approves nothing. People's decisions stand. `keep_rows` never removes or merges rows.
        """
        from tablemend.repair.results import Healed

        started = time.perf_counter()
        if policy not in ("gate", "all", "none"):
            raise StateError(f"there is no policy {policy}", hint="Choose gate, all or none.")
        self.check_output(output, source, overwrite=overwrite)
        scanned = self.scan(source, **options)
        self._decide_by(policy, scanned.run, keep_rows=keep_rows)
        applied = None
        if any(self._waiting(item, keep_rows=keep_rows) for item in self.items(scanned.run, decision="approved")):
            applied = self.apply(scanned.run, keep_rows=keep_rows)
        version = applied.snapshot if applied else scanned.snapshot
        written = self._export(version, output, overwrite=overwrite) if output is not None else None
        return Healed(
            scanned=scanned,
            items=tuple(self.items(scanned.run)),
            applied=applied,
            output=None if written is None else str(written),
            seconds=time.perf_counter() - started,
        )

    @staticmethod
    def _waiting(item: Item, *, keep_rows: bool) -> bool:
        return not item.applied and not (keep_rows and item.body["phase"] == "rows")

    def _decide_by(self, policy: Policy, run: str, *, keep_rows: bool) -> None:
        from tablemend.review import decisions
        from tablemend.review.gate import Gate, Rule

        if policy == "gate":
            self.pass_gate(run)
        if policy == "all":
            likely = Rule(outcome="approve", confidence_at_least=self.settings.accept_all_from)
            waiting = [item for item in self.items(run) if self._waiting(item, keep_rows=keep_rows)]
            decisions.pass_gate(self.store, waiting, Gate(name="all", default="ask", rules=(likely,)))

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

    def _export(self, snapshot: Snapshot, out: str | Path, *, overwrite: bool = False) -> Path | None:
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
        written = export(snapshot, self.snapshots, out, sheets=sheets, overwrite=overwrite)
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
    ) -> Path | None:
        """Write a version of a dataset to a file; the suffix decides the format.

        `.sql` writes the approved repairs of a scan as a script instead, by default of the newest scan.
        """
        identity = self.dataset(dataset)
        if Path(out).suffix == ".sql":
            from tablemend.repair import script

            return script.write(self.store, self.store.runs.get(run) if run else self.latest_scan(identity), Path(out))
        return self._export(self.store.datasets.snapshot(identity, version), out, overwrite=overwrite)

    def latest_scan(self, dataset: str) -> Run:
        """The newest completed scan of a dataset."""
        return self.store.runs.latest("scan", dataset)

    def newest_apply(self) -> str:
        """The newest apply that is not undone; raises NotFound where there is none."""
        from tablemend.repair.chronicle import active

        found = active(self.change_sets())
        if not found:
            raise NotFound("there is no change set to undo", hint="`tablemend history` lists what there is.")
        return found[-1]

    def signed(self, person: str) -> Workspace:
        """This workspace in the hands of another person."""
        other = Workspace(self.settings.model_copy(update={"user": person}), progress=self.progress)
        other.__dict__["store"] = self.store
        return other

    def history(self, dataset: str | None = None) -> dict[str, list[dict[str, Any]]]:
        """The datasets; or versions, change sets and runs of one."""
        from tablemend.repair import chronicle

        if dataset:
            return chronicle.of_dataset(self.store, self.dataset(dataset))
        return chronicle.overview(self.store) if self.exists else {"datasets": []}

    def save_recipe(self, path: Path, run: str | None = None) -> Recipe:
        """Write the approved repairs of a run as a recipe; `.json` or TOML by suffix."""
        from tablemend.repair import items, recipe

        scan_run = self.run(run)
        repairs = [items.repair_of(item) for item in self.items(scan_run.id, decision="approved")]
        if not repairs:
            raise StateError(f"run {scan_run.id} has no approved repair", hint="Approve some first.")
        profile = self.store.runs.recall(scan_run.id, "profile", Profile)
        made = recipe.of_repairs(path.stem, repairs, {each.name: each.semantic for each in profile.columns})
        path.write_text(recipe.dumps(made, "json" if path.suffix == ".json" else "toml"), encoding="utf-8")
        return made

    def check_recipe(self, path: Path, source: Any, mapping: Mapping[str, str], **options: Any) -> list[str]:
        """Why a recipe cannot replay on a source; empty where it can."""
        from tablemend.repair import recipe

        loaded = self._load(source, options, None)
        return recipe.problems(recipe.renamed(recipe.read(path), mapping), loaded.columns)

    def replay_recipe(
        self,
        path: Path,
        source: Any,
        mapping: Mapping[str, str] | None = None,
        *,
        output: str | Path | None = None,
        **options: Any,
    ) -> Healed:
        """Carry out the repairs of a recipe on a source; raises SettingsError where it cannot replay."""
        from tablemend.repair import recipe
        from tablemend.repair.results import Healed

        started = time.perf_counter()
        self.check_output(output, source)
        chosen = recipe.renamed(recipe.read(path), mapping or {})
        loaded = self._load(source, options, None)
        if problems := recipe.problems(chosen, loaded.columns):
            raise SettingsError(
                f"{path} cannot replay on {loaded.source.name}: {'; '.join(problems)}", hint="Map columns with --map."
            )
        scanned = self._scan(loaded, "scan", recipe.proposals(chosen))
        if not scanned.items:
            raise NothingToChange(f"{path} would change nothing in {loaded.source.name}", hint="It may be healed.")
        self.approve(scanned.run, force=True, reason=f"recipe {chosen.name}")
        applied = self.apply(scanned.run)
        written = None if output is None else self._export(applied.snapshot, output)
        return Healed(
            scanned=scanned,
            items=tuple(self.items(scanned.run)),
            applied=applied,
            output=None if written is None else str(written),
            seconds=time.perf_counter() - started,
        )

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


def open(path: str | Path | None = None, *, progress: Progress = silent, **settings: Any) -> Workspace:  # noqa: A001
    """Open the workspace of a data folder, by default `.tablemend` or TABLEMEND_DATA."""
    from tablemend.settings import load

    given = settings | ({"data": Path(path)} if path is not None else {})
    return Workspace(load(**given), progress=progress)


__all__ = ["Profile", "Workspace", "open"]
