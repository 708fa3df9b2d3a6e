"""The verbs that change a dataset, and take changes back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tablemend.errors import NothingToChange, SettingsError, StateError
from tablemend.records import ChangeSet, Check, Item, Profile, Run
from tablemend.telemetry import Timings
from tablemend.workspace.versions import Versions

if TYPE_CHECKING:
    from tablemend.engine.duckdb import Session
    from tablemend.repair.apply import Preview
    from tablemend.repair.commit import Desk
    from tablemend.repair.recipe import Recipe
    from tablemend.repair.results import Applied, Healed


Policy = Literal["gate", "all", "none"]


class Healing(Versions):
    """Applying, undoing, healing, and recipes."""

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
        from tablemend.review.conditions import Condition
        from tablemend.review.gate import Gate, Rule

        if policy == "gate":
            self.pass_gate(run)
        if policy == "all":
            enough = Condition(field="confidence", at_least=self.settings.accept_all_from)
            waiting = [item for item in self.items(run) if self._waiting(item, keep_rows=keep_rows)]
            every = Gate(name="all", default="monitor", rules=(Rule(outcome="promote", all=(enough,)),))
            decisions.pass_gate(self.store, waiting, every)

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
        from tablemend.review.decisions import RECIPE

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
        self.approve(scanned.run, force=True, reason=f"{RECIPE}{chosen.name}")
        applied = self.apply(scanned.run)
        written = None if output is None else self._export(applied.snapshot, output)
        return Healed(
            scanned=scanned,
            items=tuple(self.items(scanned.run)),
            applied=applied,
            output=None if written is None else str(written),
            seconds=time.perf_counter() - started,
        )
