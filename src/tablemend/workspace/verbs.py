"""The verbs that a job can carry out: what each is given, what it works on, what it gives back."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from tablemend.errors import StateError
from tablemend.records import Record

if TYPE_CHECKING:
    from tablemend.conflicts.job import Part
    from tablemend.conflicts.report import ConflictsRun
    from tablemend.repair.recipe import Recipe
    from tablemend.repair.results import Applied, Healed
    from tablemend.workspace import Workspace


class Options(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a source is to be read."""

    table: str | None = None
    sql: str | None = None
    sheet: str | None = None
    delimiter: str | None = None
    encoding: str | None = None

    def given(self) -> dict[str, str]:
        """Those that were named."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value}


class Arguments(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what a verb is given."""

    def subject(self, workspace: Workspace) -> str:
        """The dataset, or the source as it may be shown; two jobs of one subject never work at once."""
        raise NotImplementedError

    def run(self, workspace: Workspace) -> dict[str, Any]:
        """Carry it out; the result as JSON can hold it."""
        raise NotImplementedError


class Scan(Arguments, frozen=True, kw_only=True):
    """Read a source and find what is wrong with it."""

    source: str
    options: Options = Options()
    name: str | None = None

    def subject(self, workspace: Workspace) -> str:
        """The dataset where it is known, else the place of the source."""
        return source_subject(workspace, self.source, self.options, self.name)

    def run(self, workspace: Workspace) -> dict[str, Any]:
        """Scan the source."""
        with workspace.uploads.named(self.source):
            return scanned(workspace.scan(self.source, name=self.name, **self.options.given()))


class Rescan(Arguments, frozen=True, kw_only=True):
    """Scan the newest version of a dataset again."""

    dataset: str

    def subject(self, workspace: Workspace) -> str:
        """The dataset."""
        return workspace.dataset(self.dataset)

    def run(self, workspace: Workspace) -> dict[str, Any]:
        """Scan the version."""
        return scanned(workspace.rescan(self.dataset))


class Apply(Arguments, frozen=True, kw_only=True):
    """Carry out the approved repairs of a run."""

    run_: str = msgspec.field(name="run")
    keep_rows: bool = False
    to: str | None = None

    def subject(self, workspace: Workspace) -> str:
        """The dataset of the run."""
        return workspace.kept(self.run_).dataset

    def run(self, workspace: Workspace) -> dict[str, Any]:
        """Apply them."""
        return applied(workspace.apply(self.run_, keep_rows=self.keep_rows, to=self.to))


class Undo(Arguments, frozen=True, kw_only=True):
    """Take back a change set, one repair or one cell of it."""

    change_set: str
    repair: str | None = None
    row: int | None = None
    column: str | None = None
    force: bool = False
    to: str | None = None

    def subject(self, workspace: Workspace) -> str:
        """The dataset of the change set."""
        if (self.row is None) != (self.column is None):
            raise StateError("a cell has a row and a column, and only one is named", hint="Name both, or none.")
        return workspace.store.change_sets.get(self.change_set).dataset

    def run(self, workspace: Workspace) -> dict[str, Any]:
        """Undo it."""
        cell = None if self.row is None or self.column is None else (self.row, self.column)
        done = workspace.undo(self.change_set, repair=self.repair, cell=cell, force=self.force, to=self.to)
        return applied(done)


class WriteBack(Arguments, frozen=True, kw_only=True):
    """Write what a change set changed to the table that was read."""

    change_set: str
    to: str = "source"

    def subject(self, workspace: Workspace) -> str:
        """The dataset of the change set."""
        return workspace.store.change_sets.get(self.change_set).dataset

    def run(self, workspace: Workspace) -> dict[str, Any]:
        """Write it."""
        return dict(msgspec.to_builtins(workspace.write_back(self.change_set, self.to)))


class Heal(Arguments, frozen=True, kw_only=True):
    """Scan, decide by a policy, and apply."""

    source: str
    options: Options = Options()
    policy: Literal["gate", "all", "none"] = "gate"
    keep_rows: bool = False
    name: str | None = None

    def subject(self, workspace: Workspace) -> str:
        """The dataset where it is known, else the place of the source."""
        return source_subject(workspace, self.source, self.options, self.name)

    def run(self, workspace: Workspace) -> dict[str, Any]:
        """Heal the source."""
        options: dict[str, Any] = self.options.given() | ({"name": self.name} if self.name else {})
        with workspace.uploads.named(self.source):
            done = workspace.heal(self.source, policy=self.policy, keep_rows=self.keep_rows, **options)
        return healed(done)


class CheckRecipe(Arguments, frozen=True, kw_only=True):
    """Say whether a recipe can replay on a source."""

    source: str
    recipe: str  # its text
    kind: Literal["toml", "json"] = "toml"
    mapping: dict[str, str] = {}  # column of the recipe → column of the table
    options: Options = Options()

    def subject(self, workspace: Workspace) -> str:
        """The dataset where it is known, else the place of the source; a text that is no recipe is refused at once."""
        self.parsed()
        return source_subject(workspace, self.source, self.options, None)

    def parsed(self) -> Recipe:
        """The recipe; SettingsError where the text is none."""
        from tablemend.repair import recipe

        return recipe.parse(self.recipe, self.kind, origin="the text")

    def run(self, workspace: Workspace) -> dict[str, Any]:
        """Check it."""
        with workspace.uploads.named(self.source):
            found = workspace.check_recipe(self.parsed(), self.source, self.mapping, **self.options.given())
        return {"ok": not found, "problems": found}


class ReplayRecipe(CheckRecipe, frozen=True, kw_only=True):
    """Carry out the repairs of a recipe on a source."""

    def run(self, workspace: Workspace) -> dict[str, Any]:
        """Replay it."""
        with workspace.uploads.named(self.source):
            done = workspace.replay_recipe(self.parsed(), self.source, self.mapping, **self.options.given())
        return healed(done)


class ScoreIntel(Arguments, frozen=True, kw_only=True):
    """Score stories by a scorecard, and let the gate decide."""

    items: str
    scorecard: str = "brand"
    gate: str = "intel"
    source_name: str = ""
    now: datetime | None = None  # that ages are counted to; by default when it is scored

    def subject(self, workspace: Workspace) -> str:
        """The place of the stories."""
        from tablemend.tables.source import without_secrets

        del workspace
        return without_secrets(self.items)

    def run(self, workspace: Workspace) -> dict[str, Any]:
        """Score them."""
        done = workspace.score_intel(
            self.items, scorecard=self.scorecard, gate=self.gate, source_name=self.source_name, now=self.now
        )
        return {"run": done.run, "read": done.read, "counts": done.counts}


class LoadMatrix(Arguments, frozen=True, kw_only=True):
    """Read a matrix of measurements."""

    source: str
    name: str | None = None
    samples: str | None = None
    features: str | None = None
    entity: str = ""
    shape: str = ""
    row: str = ""
    feature: str = ""
    value: str = ""
    replicate: str = ""
    transposed: bool | None = None
    options: Options = Options()

    def subject(self, workspace: Workspace) -> str:
        """The name of the matrix, or the place that it is read from."""
        from tablemend.tables.source import without_secrets

        del workspace
        return self.name or without_secrets(self.source)

    def run(self, workspace: Workspace) -> dict[str, Any]:
        """Read it."""
        with ExitStack() as stack:
            for each in filter(None, (self.source, self.samples, self.features)):
                stack.enter_context(workspace.uploads.named(each))
            made = workspace.explore.load(
                self.source,
                name=self.name,
                samples=self.samples,
                features=self.features,
                entity=self.entity,
                shape=self.shape,
                row=self.row,
                feature=self.feature,
                value=self.value,
                replicate=self.replicate,
                transposed=self.transposed,
                **self.options.given(),
            )
        return {"run": made.run, "matrix": made.name, "version": made.version, "cells": made.cells}


class FindConflicts(Arguments, frozen=True, kw_only=True):
    """Bring a table of conflicts up to date, by a job of the settings."""

    job: str
    incremental: bool = False
    dry_run: bool = False
    workers: int | None = None
    rows: int | None = None  # about how many a partition has
    resume: str | None = None  # run to take up
    today: date | None = None  # that the window counts from; by default the present

    def subject(self, workspace: Workspace) -> str:
        """The job; SettingsError where there is none of that name."""
        workspace.conflicts.job(self.job)
        return self.job

    def run(self, workspace: Workspace) -> dict[str, Any]:
        """Judge every partition, each told as it is done."""

        def begun(skipped: int, parts: int) -> None:
            workspace.progress(f"processing {parts - skipped:,}/{parts:,} partitions", skipped / max(parts, 1))

        def told(part: Part, done: int, parts: int) -> None:
            workspace.progress(part.told(done, parts), done / parts)

        found = workspace.conflicts.run(
            self.job,
            today=self.today,
            workers=self.workers,
            rows=self.rows,
            incremental=self.incremental,
            dry_run=self.dry_run,
            resume=self.resume,
            begun=begun,
            told=told,
        )
        return conflicts_found(found)


class WhatIf(Arguments, frozen=True, kw_only=True):
    """Judge the rows of a job by other choices too."""

    job: str
    road_factor: float | None = None
    speeds: tuple[tuple[float, float], ...] = ()  # bounds in miles, and miles an hour
    tolerance: float | None = None  # minutes
    original: bool = False
    examples: int = 5

    @property
    def choices(self) -> dict[str, Any]:
        """What is another than in the ruleset."""
        return {name: getattr(self, name) for name in ("road_factor", "speeds", "tolerance", "original")}

    def subject(self, workspace: Workspace) -> str:
        """The job; SettingsError where there is none of that name, or the choices cannot be."""
        from tablemend.conflicts import ruleset, whatif

        rules = ruleset.load(workspace.conflicts.job(self.job).rules)
        whatif.altered(rules, **self.choices)
        return self.job

    def run(self, workspace: Workspace) -> dict[str, Any]:
        """Judge them, and compare."""

        def told(done: int, parts: int) -> None:
            workspace.progress(f"[{done:,}/{parts:,}] partitions compared", done / parts)

        found = workspace.conflicts.what_if(self.job, **self.choices, examples=self.examples, told=told)
        return dict(msgspec.to_builtins(found)) | {"before": found.before, "after": found.after}


class UndoConflicts(Arguments, frozen=True, kw_only=True):
    """Take back what a run wrote into a table of conflicts."""

    job: str
    run_: str = msgspec.field(name="run")

    def subject(self, workspace: Workspace) -> str:
        """The job; SettingsError where there is none of that name."""
        workspace.conflicts.job(self.job)
        return self.job

    def run(self, workspace: Workspace) -> dict[str, Any]:
        """Undo it."""
        done = workspace.conflicts.undo(self.job, self.run_)
        return {"undone": self.run_, "removed": done.removed, "restored": done.restored, "left": done.left}


class Refresh(Arguments, frozen=True, kw_only=True):
    """Read the source of a schedule again."""

    schedule: str

    def subject(self, workspace: Workspace) -> str:
        """The dataset, also before it is first read."""
        return workspace.schedules.get(self.schedule).dataset

    def run(self, workspace: Workspace) -> dict[str, Any]:
        """Refresh the dataset."""
        return workspace.schedules.refresh(self.schedule)


VERBS: dict[str, type[Arguments]] = {
    "scan": Scan,
    "rescan": Rescan,
    "apply": Apply,
    "undo": Undo,
    "write_back": WriteBack,
    "heal": Heal,
    "check_recipe": CheckRecipe,
    "replay_recipe": ReplayRecipe,
    "score_intel": ScoreIntel,
    "load_matrix": LoadMatrix,
    "refresh": Refresh,
    "conflicts": FindConflicts,
    "what_if": WhatIf,
    "undo_conflicts": UndoConflicts,
}
"""What a job can do."""


def arguments_of(verb: str, given: dict[str, Any]) -> Arguments:
    """What a verb is given, checked; StateError where there is no such verb, or it cannot be given that."""
    if verb not in VERBS:
        raise StateError(f"there is no job {verb!r}", hint=f"There are {', '.join(VERBS)}.")
    try:
        made = msgspec.convert(given, VERBS[verb])
    except msgspec.ValidationError as problem:
        names = ", ".join(each.encode_name for each in msgspec.structs.fields(VERBS[verb]))
        raise StateError(f"a job {verb} cannot be given that: {problem}", hint=f"It takes {names}.") from None
    return made


def source_subject(workspace: Workspace, source: str, options: Options, name: str | None) -> str:
    """The id of the dataset that a source feeds where it is known here, else where the source is, or its name."""
    from tablemend.repair.reading import parsed
    from tablemend.store.datasets import dataset_id, is_upload
    from tablemend.tables.source import STDIN

    if source == STDIN:
        raise StateError("a job has no standard input to read", hint="Name a file or a URL.")
    with workspace.uploads.named(source):
        place = parsed(source, options.given(), name)
    data = workspace.snapshots.folder
    identity = dataset_id(place, data)
    if workspace.ready().datasets.find(identity):
        return identity
    return place.name if is_upload(place, data) else "#".join(filter(None, (place.location, place.table)))


def scanned(done: Any) -> dict[str, Any]:
    """What a scan gives back."""
    return {
        "run": done.run,
        "dataset": done.snapshot.dataset,
        "version": done.snapshot.version,
        "score": done.score.overall,
        "findings": len(done.findings),
        "items": len(done.items),
    }


def healed(done: Healed) -> dict[str, Any]:
    """What a heal or the replay of a recipe gives back."""
    return scanned(done.scanned) | (applied(done.applied) if done.applied else {}) | {"run": done.scanned.run}


def applied(done: Applied) -> dict[str, Any]:
    """What an apply or an undo gives back."""
    change = done.change_set
    ends = [each.status for each in change.outcomes]
    return {
        "change_set": change.id,
        "dataset": change.dataset,
        "version": change.version,
        "before": done.before.overall if done.before else None,
        "after": done.after.overall if done.after else None,
        "cells": change.cells,
        "rows_removed": change.rows_removed,
        "rows_added": change.rows_added,
        **{name: ends.count(name) for name in ("applied", "superseded", "refused")},
        "written": None if done.write is None else msgspec.to_builtins(done.write),
    }


def conflicts_found(done: ConflictsRun) -> dict[str, Any]:
    """What a run over conflicts gives back."""
    counts = {name.replace(" ", "_"): number for name, number in done.counts.items()}
    return {
        "run": done.run,
        "status": done.status,
        "dry": done.dry,
        "partitions": len(done.parts),
        "done": done.done,
        "rows": done.rows,
        "conflicts": done.conflicts,
        "unchanged": done.unchanged,
        **counts,
        "left": done.left,
    }
