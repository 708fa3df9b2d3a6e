"""Runs over the rows of a table, from database to database."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tablemend.errors import NotFound, SettingsError, StateError
from tablemend.records import now
from tablemend.workspace.conflicts.places import KIND, SUBJECT, is_address
from tablemend.workspace.conflicts.reviewing import Reviewing

if TYPE_CHECKING:
    from tablemend.conflicts.changing import Changed
    from tablemend.conflicts.fetching import Source
    from tablemend.conflicts.job import Part, Terms
    from tablemend.conflicts.keeping import Keeper
    from tablemend.conflicts.report import ConflictsRun
    from tablemend.conflicts.ruleset import Ruleset
    from tablemend.conflicts.sample import World
    from tablemend.databases.partitions import Partition

_PART = "part:"
"""Beginning of the names under which a run keeps what became of each partition."""


class _Plan(NamedTuple):
    """What a run judges."""

    parts: Sequence[Partition]
    seen: str  # the latest change of a row, before anything was read
    changed: Changed | None = None  # rows to look at, else all
    why_full: str = ""
    total: int | None = None  # rows of the source, as an earlier run counted them


class Running(Reviewing):
    """Runs over the rows of a table, and what they found."""

    def run(
        self,
        source: str,
        to: str | None = None,
        *,
        rules: str | Path | Ruleset | None = None,
        today: date | None = None,
        workers: int | None = None,
        rows: int | None = None,
        incremental: bool = False,
        dry_run: bool = False,
        resume: str | None = None,
        items: int | None = None,
        original: bool = False,
        pipelined: bool = True,
        told: Callable[[Part, int, int], None] = lambda *_: None,
        begun: Callable[[int, int], None] = lambda *_: None,
    ) -> ConflictsRun:
        """Find the conflicts among the rows of `URL#table`, and bring the table of conflicts `to` up to date.

        A `source` that is no URL is the name of a job of the settings, which says the rest where it is not given.
        `rows` is about how many rows a partition has; `today` is what the window of the ruleset counts from.
        `incremental` judges only rows that have changed since the last run that left nothing out, as the column
        `changed` of the ruleset tells; where that cannot be known, everything is judged, and the report says why. Rows
        that were deleted are noticed only by a full run. A dry run writes nothing. `resume` takes up an earlier run of
        the same source and target: the partitions that it judged are skipped. `items` is how many conflicts are put up
        for decision at most, by default the setting. `original` reads the rules as the older procedure did. `begun` is
        told the partitions to skip and all of them, `told` each that is done, how many are, and all of them. A
        partition that fails for good stops no other; its conflicts stay as they are. Raises UnreadableSource for
        columns that are missing or cannot be used, SettingsError for a ruleset, an address or the secret,
        DatabaseError, and Cancelled after Ctrl-C.
        """
        from tablemend.conflicts import door, fetching, job

        chosen = self._read_as(source, rules, original=original)
        address = source if is_address(source) else self.job(source).source.get_secret_value()
        if to is None and is_address(source):
            raise SettingsError("no table of conflicts is named", hint="Name it: URL#table.")
        settings = self._workspace.settings
        secret = door.secret_of(settings.conflicts_secret.get_secret_value())
        started, clock = now(), time.perf_counter()
        with (
            self._place(address, "source") as origin,
            self._keeper(to or source, chosen) as (keeper, shown),
            self._workspace._running(KIND) as run,
        ):
            day = today or started.date()
            opened = fetching.Source(origin.database, origin.table, chosen, secret=secret, today=day)
            terms = job.Terms(
                run=run.id,
                ruleset=chosen.name,
                source=origin.shown,
                target=shown,
                today=day,
                now=started,
                dry=dry_run,
                workers=workers or settings.max_workers,
                pipelined=pipelined,
            )
            self._begun(terms)
            places = (origin.shown, shown)
            review = None if dry_run else self._begin_review(run.id, (source, to), places, chosen, items)
            done = self._done_before(resume, *places) if resume else {}
            plan = self._planned(opened, keeper, terms, rows or job.ROWS, resume=resume, incremental=incremental)
            begun(sum(opened.mark(each) in done for each in plan.parts), len(plan.parts))
            found = self._found(opened, keeper, terms, plan, done, told, clock=clock)
            if not dry_run:
                found = self._put_up(terms, review, keeper, chosen, found, clock)
            self._workspace.store.runs.keep(run.id, "report", found)
            self._workspace.store.runs.finish(run.id, found.status, counts=_counts(found), notes=[found.source])
        return found

    def _read_as(self, source: str, rules: str | Path | Ruleset | None, *, original: bool) -> Ruleset:
        """The ruleset, with the options of the older procedure where these are wanted."""
        from msgspec import structs

        from tablemend.conflicts.originals import ORIGINAL

        chosen = self._ruleset(source, rules)
        return structs.replace(chosen, options=ORIGINAL) if original else chosen

    def _begun(self, terms: Terms) -> None:
        """Keep what the run is about."""
        from tablemend.conflicts import trends

        runs = self._workspace.store.runs
        runs.keep(terms.run, "places", [terms.source, terms.target])
        runs.keep(terms.run, "dry", terms.dry)
        subject = trends.Subject(source=terms.source, target=terms.target, ruleset=terms.ruleset)
        runs.keep(terms.run, SUBJECT, subject)

    def _found(
        self,
        source: Source,
        keeper: Keeper,
        terms: Terms,
        plan: _Plan,
        done: Mapping[str, Part],
        told: Callable[[Part, int, int], None],
        *,
        clock: float,
    ) -> ConflictsRun:
        """Judge and write; note how far the source was seen."""
        from tablemend.conflicts.marking import Marks

        if not terms.dry:
            keeper.prepare()
            if plan.changed is None:
                Marks(keeper).drop()  # until it ends well the table holds parts of two runs, perhaps by two rulesets
        made = self._worked(source, keeper, terms, plan, done, told)
        total = source.total() if plan.total is None else plan.total
        found = _report(terms, made, plan, total=total, seconds=time.perf_counter() - clock)
        self._marked(source, keeper, terms, plan, found)
        return found

    def _put_up(
        self, terms: Terms, review: Any, keeper: Keeper, chosen: Ruleset, found: ConflictsRun, clock: float
    ) -> ConflictsRun:
        """Put what was written up for decision."""
        from msgspec import structs

        counts = self._review(terms, review, keeper, chosen, found.tally)
        return structs.replace(found, review=counts, seconds=round(time.perf_counter() - clock, 3))

    def _planned(
        self, source: Source, keeper: Keeper, terms: Terms, rows: int, *, resume: str | None, incremental: bool
    ) -> _Plan:
        """What is to be judged, and how far the source is seen thereby; noted first, since rows go on changing."""
        from tablemend.conflicts import changing
        from tablemend.conflicts.marking import Marks

        runs = self._workspace.store.runs
        earlier = runs.recall_all(resume, "seen", str) if resume else []
        seen = earlier[0] if earlier else changing.latest(source)
        runs.keep(terms.run, "seen", seen)
        why = ""
        if incremental:
            mark = Marks(keeper).get(terms.source)
            why = changing.usable(source, mark, terms.today)
            if mark is not None and not why:
                what = changing.since(source, mark, terms.today)
                self._workspace.start()
                with self._workspace._engine.embedded() as session:
                    ids = changing.changed_ids(session, source, what)
                if len(ids) <= max(rows, changing.SHARE * mark.rows):
                    only = changing.around(source, what, len(ids))
                    parts = source.partitions(rows, only=only, expected=len(ids) * changing.TOGETHER)
                    return _Plan(parts, seen, changing.Changed(ids, what.first), total=mark.rows)
                why = f"{len(ids):,} rows have changed"
        return _Plan(source.partitions(rows), seen, None, why)

    def _marked(self, source: Source, keeper: Keeper, terms: Terms, plan: _Plan, found: ConflictsRun) -> None:
        """Note how far the source is seen, where nothing was left out."""
        from tablemend.conflicts import changing
        from tablemend.conflicts.marking import Marks

        if terms.dry or not plan.seen or found.status != "completed" or found.left:
            return
        mark = changing.Mark(
            source=terms.source,
            rules=changing.digest(source.rules),
            today=terms.today,
            rows=found.rows + found.saved,
            seen=plan.seen,
            run=terms.run,
        )
        Marks(keeper).put(mark)

    def _worked(
        self,
        source: Source,
        keeper: Keeper,
        terms: Terms,
        plan: _Plan,
        done: Mapping[str, Part],
        told: Callable[[Part, int, int], None],
    ) -> list[Part]:
        """Every partition; each is noted as soon as it is done, so that a run that is killed can be taken up."""
        from tablemend.conflicts.job import Job

        parts = plan.parts
        count = sum(source.mark(each) in done for each in parts)
        beating = self._workspace._beating(terms.run)
        runs = self._workspace.store.runs

        def ended(part: Part) -> None:
            nonlocal count
            count += 1
            if part.outcome == "done" and not terms.dry:
                runs.keep(terms.run, f"{_PART}{part.name}", part)
            beating("partitions", count / len(parts))
            told(part, count, len(parts))

        self._workspace.start()
        with self._workspace._engine.embedded() as session:
            found = Job(source, keeper, session, terms, ended=ended, changed=plan.changed).run(parts, done)
        for part in found:
            if part.outcome == "skipped":
                runs.keep(terms.run, f"{_PART}{part.name}", part)
        return found

    def _done_before(self, resume: str, source: str, target: str) -> dict[str, Part]:
        """What an earlier run did already, by the mark of each partition."""
        from tablemend.conflicts.job import Part

        run = self._workspace.store.runs.get(resume)
        places = self._workspace.store.runs.recall_all(run.id, "places", list[str]) if run.kind == KIND else []
        if places != [[source, target]]:
            raise StateError(
                f"run {resume} is no run over conflicts from {source} to {target}",
                hint="Leave out --resume to begin anew.",
            )
        found = self._workspace.store.runs.recall_all(run.id, _PART, Part)
        return {each.mark: each for each in found}

    def report(self, run: str | None = None) -> ConflictsRun:
        """What a run found, by default the newest; NotFound where there is none."""
        from tablemend.conflicts.report import ConflictsRun

        runs = self._workspace.ready().runs
        hint = "`tablemend conflicts run SOURCE --to TARGET` makes one."
        found = runs.get(run) if run else runs.latest(KIND, statuses=("completed", "partial", "failed"), hint=hint)
        if found.kind != KIND:
            raise NotFound(f"run {found.id} is a {found.kind}, not one over conflicts", hint=hint)
        return runs.recall(found.id, "report", ConflictsRun)

    def example(self, to: str, *, rows: int = 10_000, seed: int = 1, today: date | None = None) -> World:
        """Write generated visits with planted conflicts into a new table; DataRefused where it is there."""
        from tablemend.conflicts import sample
        from tablemend.databases import bulk, introspection
        from tablemend.errors import DataRefused

        made = sample.world(rows, today=today or now().date(), seed=seed)
        with self._place(to, "table") as place:
            if place.table[1] in {each.name for each in introspection.tables(place.database, place.table[0])}:
                raise DataRefused(f"{place.shown} is there", hint="Name a table that is not.")
            with place.database.transaction() as connection:
                bulk.create(connection, place.table, made.visits.schema, key=["visit_id"])
                bulk.insert(connection, place.table, made.visits)
        return made


def _report(terms: Terms, parts: Sequence[Part], plan: _Plan, *, total: int, seconds: float) -> ConflictsRun:
    from tablemend.conflicts import tallying
    from tablemend.conflicts.changes import ACTIONS
    from tablemend.conflicts.report import ConflictsRun

    failed = sum(each.outcome == "failed" for each in parts)
    read = sum(each.rows for each in parts if each.outcome != "failed")
    lost = sum(each.rows for each in parts if each.outcome == "failed")
    return ConflictsRun(
        run=terms.run,
        ruleset=terms.ruleset,
        source=terms.source,
        target=terms.target,
        status="completed" if not failed else "failed" if failed == len(parts) else "partial",
        dry=terms.dry,
        incremental=plan.changed is not None,
        changed=0 if plan.changed is None else len(plan.changed.ids),
        why_full=plan.why_full,
        started=terms.now,
        seconds=round(seconds, 3),
        parts=tuple(parts),
        rows=read,
        saved=max(0, total - read - lost),
        conflicts=sum(each.conflicts for each in parts),
        unchanged=sum(each.unchanged for each in parts),
        counts={
            action: sum(each.counts.get(action, 0) for each in parts if each.outcome == "done") for action in ACTIONS
        },
        left=sum(each.left for each in parts),
        tally=tallying.total(each.tally for each in parts),
    )


def _counts(found: ConflictsRun) -> dict[str, int]:
    counts = {name.replace(" ", "_"): number for name, number in found.counts.items()}
    return {"partitions": len(found.parts), "rows": found.rows, "conflicts": found.conflicts, **counts, **found.review}
