"""The verbs that do the whole job in one go, and recipes that do it again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tablemend.errors import NothingToChange, SettingsError, StateError
from tablemend.records import Item, Profile
from tablemend.workspace.writing import SOURCE, Writing

if TYPE_CHECKING:
    from tablemend.repair.recipe import Recipe
    from tablemend.repair.results import Healed

Policy = Literal["gate", "all", "none"]


class Healing(Writing):
    """Healing and recipes."""

    def heal(
        self,
        source: Any,
        *,
        policy: Policy = "gate",
        keep_rows: bool = False,
        output: str | Path | None = None,
        overwrite: bool = False,
        to: str | None = None,
        **options: Any,
    ) -> Healed:
        """Scan, decide by a policy, apply and write the result, in one go.

        `gate` approves what the gate approves; `all` approves every repair more likely right than wrong (setting
        accept_all_from); `none` approves nothing. People's decisions stand. `keep_rows` never removes or merges rows.
        `to` writes what changed back to the source, or the whole table to a new one; see `apply`.
        """
        from tablemend.repair.results import Healed
        from tablemend.tables.source import SERVERS

        started = time.perf_counter()
        if policy not in ("gate", "all", "none"):
            raise StateError(f"there is no policy {policy}", hint="Choose gate, all or none.")
        self.check_output(output, source, overwrite=overwrite)
        scanned = self.scan(source, **options)
        self._decide_by(policy, scanned.run, keep_rows=keep_rows)
        applied = None
        if any(self._waiting(item, keep_rows=keep_rows) for item in self.items(scanned.run, decision="approved")):
            server = scanned.snapshot.source.kind in SERVERS
            back = str(source) if to == SOURCE and server else to  # which has the password
            applied = self.apply(scanned.run, keep_rows=keep_rows, to=back)
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
        from tablemend.repair import recipe

        made = self.recipe(run, name=path.stem)
        path.write_text(recipe.dumps(made, "json" if path.suffix == ".json" else "toml"), encoding="utf-8")
        return made

    def recipe(self, run: str | None = None, *, name: str) -> Recipe:
        """The approved repairs of a run as a recipe; raises StateError where none is approved."""
        from tablemend.repair import items, recipe

        scan_run = self.kept(run)
        repairs = [items.repair_of(item) for item in self.items(scan_run.id, decision="approved")]
        if not repairs:
            raise StateError(f"run {scan_run.id} has no approved repair", hint="Approve some first.")
        profile = self.store.runs.recall(scan_run.id, "profile", Profile)
        return recipe.of_repairs(name, repairs, {each.name: each.semantic for each in profile.columns})

    def check_recipe(self, chosen: Path | Recipe, source: Any, mapping: Mapping[str, str], **options: Any) -> list[str]:
        """Why a recipe, or that of a file, cannot replay on a source; empty where it can."""
        from tablemend.repair import recipe

        wanted = recipe.read(chosen) if isinstance(chosen, Path) else chosen
        loaded = self._load(source, options, None)
        return recipe.problems(recipe.renamed(wanted, mapping), loaded.columns)

    def replay_recipe(
        self,
        chosen: Path | Recipe,
        source: Any,
        mapping: Mapping[str, str] | None = None,
        *,
        output: str | Path | None = None,
        **options: Any,
    ) -> Healed:
        """Carry out the repairs of a recipe, or that of a file, on a source; SettingsError where it cannot replay."""
        from tablemend.repair import recipe
        from tablemend.repair.results import Healed
        from tablemend.review.decisions import RECIPE

        started = time.perf_counter()
        self.check_output(output, source)
        wanted = recipe.renamed(recipe.read(chosen) if isinstance(chosen, Path) else chosen, mapping or {})
        what = str(chosen) if isinstance(chosen, Path) else f"recipe {wanted.name}"
        loaded = self._load(source, options, None)
        if problems := recipe.problems(wanted, loaded.columns):
            raise SettingsError(
                f"{what} cannot replay on {loaded.source.name}: {'; '.join(problems)}", hint="Map columns with --map."
            )
        scanned = self._scan(loaded, "scan", recipe.proposals(wanted), place=str(source))
        if not scanned.items:
            raise NothingToChange(f"{what} would change nothing in {loaded.source.name}", hint="It may be healed.")
        self.approve(scanned.run, force=True, reason=f"{RECIPE}{wanted.name}")
        applied = self.apply(scanned.run)
        written = None if output is None else self._export(applied.snapshot, output)
        return Healed(
            scanned=scanned,
            items=tuple(self.items(scanned.run)),
            applied=applied,
            output=None if written is None else str(written),
            seconds=time.perf_counter() - started,
        )
