"""The verbs that scan and heal many tables of a database at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from tablemend.errors import (
    Cancelled,
    NotFound,
    StateError,
    TablemendError,
    Transient,
    Unreachable,
    UnreadableSource,
)
from tablemend.workspace.healing import Healing
from tablemend.workspace.writing import SOURCE

if TYPE_CHECKING:
    from tablemend.batching import Attempt, Batch, Done, Report
    from tablemend.records import Finding, Run
    from tablemend.repair.many import Many, Pattern, Plan, TableResult
    from tablemend.workspace.healing import Policy
    from tablemend.workspace.surveying import PushDown

KINDS = {"scan": "scan-many", "heal": "heal-many"}
"""Verb → kind of the run that ties the runs of the tables."""

LAST = "last"
"""Instead of a run to take up: the newest one over the same tables."""

RETRIES = 2
"""Times that a table is tried again where its database is busy or out of reach."""
GRACE = 30.0
"""Seconds that running tables have to finish after Ctrl-C; then they stop at their next stage, and nothing is kept."""
LONGEST = 86_400.0
"""Most seconds for one table: the limits of its database and of the engine end it earlier."""

_SHARED = ("_telemetry", "_engine", "snapshots", "store", "cache")
"""What the workers of a workspace have in common."""

_LOOKED_AT = 1_000  # newest runs among which the `last` one is looked for

_ENTRY = "table:"
"""Beginning of the names under which a run keeps what became of each table."""

Doing = Callable[["ManyTables", str], "TableResult"]
"""Does one table, by its name, in a workspace of its own."""


class ManyTables(Healing):
    """Scanning and healing many tables."""

    def scan_many(
        self,
        source: str,
        *,
        exclude: Sequence[str] = (),
        workers: int | None = None,
        resume: str | None = None,
        push_down: PushDown = "auto",
    ) -> Many:
        """Scan every table that a pattern names, such as `URL#schema.*`; each has a run of its own.

        What goes wrong with one table is told in its result and stops no other. `workers` (setting `workers`) tables
        are scanned at once. `resume` takes up an earlier run, or the `last` one: tables that it scanned are skipped.
        Raises SourceNotFound where no table matches, and Cancelled, whose `report` says what was done, after Ctrl-C.
        """

        def doing(workspace: ManyTables, table: str) -> TableResult:
            return workspace._scanned(_base(source), table, push_down)

        return self._many("scan", source, doing, exclude, workers or self.settings.workers, resume)

    def heal_many(
        self,
        source: str,
        *,
        exclude: Sequence[str] = (),
        workers: int | None = None,
        resume: str | None = None,
        policy: Policy = "gate",
        keep_rows: bool = False,
        to: str | None = None,
    ) -> Many:
        """Heal every table that a pattern names; `to` can only be `source`. Otherwise as `scan_many` and `heal`."""
        from tablemend.repair.declared import FILES
        from tablemend.repair.reading import parsed

        if to not in (None, SOURCE):
            raise StateError("many tables cannot be written to one place", hint="Write them back with --to source.")
        alone = to is not None and parsed(_base(source), {"table": "*"}).kind in FILES  # a file has one writer
        at_once = 1 if alone else workers or self.settings.workers

        def doing(workspace: ManyTables, table: str) -> TableResult:
            return workspace._healed(_base(source), table, policy=policy, keep_rows=keep_rows, to=to)

        return self._many("heal", source, doing, exclude, at_once, resume)

    def tables_of(self, run: str) -> tuple[TableResult, ...]:
        """What became of each table of a run over many; nothing for a run of another kind."""
        from tablemend.repair.many import Plan, TableResult

        found = self.store.runs.get(run)
        if found.kind not in KINDS.values():
            return ()
        ended = {each.table: each for each in self.store.runs.recall_all(run, _ENTRY, TableResult)}
        return _in_order(self.store.runs.recall(run, "plan", Plan), ended, "the run ended before")

    def _many(
        self,
        verb: Literal["scan", "heal"],
        source: str,
        doing: Doing,
        exclude: Sequence[str],
        workers: int,
        resume: str | None,
    ) -> Many:
        from tablemend.repair.many import Many

        started = time.perf_counter()
        plan = self._plan(_pattern(source), exclude)
        before = self._before(verb, plan, resume) if resume else {}
        with self._running(KINDS[verb]) as run:
            self.store.runs.keep(run.id, "plan", plan)
            ended = _Ended(self, run)
            for each in before.values():
                ended.add(each)
            left = [table for table in plan.tables if table not in before]
            stopped = self._worked(run, left, doing, ended, workers)
            tables = _in_order(plan, ended.results, stopped.message if stopped else "the run ended before")
            fine = all(each.outcome in ("scanned", "healed", "skipped") for each in tables)
            status: Any = "cancelled" if stopped else "completed" if fine else "partial"
            made = Many(
                run=run.id,
                source=plan.source,
                status=status,
                tables=tables,
                seconds=time.perf_counter() - started,
            )
            self.store.runs.finish(run.id, status, notes=[plan.source], counts=_counts(made))
        if stopped:
            stopped.report = made
            raise stopped
        return made

    def _plan(self, named: Pattern, exclude: Sequence[str]) -> Plan:
        from tablemend.databases.pool import limits
        from tablemend.repair import declared, many
        from tablemend.repair.reading import parsed

        place = parsed(named.base, {"table": named.named(named.name)})
        with declared.database(place, named.base, limits(self.settings)) as opened:
            tables = many.chosen(opened, named, exclude)
        return many.Plan(source=named.shown, place=f"{place.location}#{place.table}", tables=tuple(tables))

    def _before(self, verb: str, plan: Plan, resume: str) -> dict[str, TableResult]:
        """What an earlier run did already, table by table."""
        from msgspec.structs import replace

        run = self._to_resume(KINDS[verb], plan, resume)
        done = {
            each.table: replace(
                each, outcome="skipped", reason=each.reason or f"{each.outcome} by run {run.id}", seconds=0.0
            )
            for each in self.tables_of(run.id)
            if each.outcome in ("scanned", "healed", "skipped") and each.table in plan.tables
        }
        if len(done) == len(plan.tables):
            raise StateError(f"run {run.id} left no table to do", hint="Leave out --resume to do all of them again.")
        return done

    def _to_resume(self, kind: str, plan: Plan, resume: str) -> Run:
        from tablemend.repair.many import Plan

        runs = [self.store.runs.get(resume)] if resume != LAST else self.store.runs.recent(limit=_LOOKED_AT)
        for run in runs:
            plans = self.store.runs.recall_all(run.id, "plan", Plan) if run.kind == kind else []
            if run.status != "running" and [each.place for each in plans] == [plan.place]:
                return run
        hint = "Leave out --resume to begin anew."
        if resume != LAST:
            raise StateError(f"run {resume} is under way, or is no {kind} of {plan.source}", hint=hint)
        raise NotFound(f"no {kind} of {plan.source} has ended yet", hint=hint)

    def _worked(self, run: Run, tables: Iterable[str], doing: Doing, ended: _Ended, workers: int) -> Cancelled | None:
        """Every table through the workers; what stopped it, if so."""
        from tablemend import batching

        self._shared()
        names, notes = list(tables), list[str]()
        beating = self._beating(run.id)

        def work(batch: Batch, attempt: Attempt) -> Done:
            result = self._one(batch.rows[0], attempt, doing, notes)
            ended.add(result)
            return _done(result)

        def progress(report: Report) -> None:
            beating("tables", 1 - (len(names) - report.total + report.left) / len(names))

        try:
            batching.run(
                names,
                work,
                job=run.id,
                size=1,
                workers=workers,
                timeout=LONGEST,
                retries=RETRIES,
                stop_after=None,
                grace=GRACE,
                progress=progress,
                telemetry=self.telemetry,
            )
        except Cancelled as problem:
            return problem
        finally:
            self.notes += tuple(notes)
        return None

    def _shared(self) -> None:
        """Open what all workers use, before there are several of them."""
        for name in _SHARED:
            getattr(self, name)

    def _worker(self, attempt: Attempt) -> ManyTables:
        """This workspace for one table, on the same engine and state; it stops where the attempt is stopped."""
        other = type(self)(self.settings, progress=lambda _, __: attempt.check())
        for name in _SHARED:
            other.__dict__[name] = self.__dict__[name]
        return other

    def _one(self, table: str, attempt: Attempt, doing: Doing, notes: list[str]) -> TableResult:
        """One table; what goes wrong with it is its result, but what may pass is tried again."""
        from msgspec.structs import replace

        from tablemend.repair.many import TableResult

        started = time.perf_counter()
        other = self._worker(attempt)
        try:
            result = doing(other, table)
        except Exception as problem:
            if attempt.is_stopped or (attempt.number <= RETRIES and isinstance(problem, Transient | Unreachable)):
                raise
            result = TableResult(table=table, outcome="failed", reason=_reason(problem))
        finally:
            notes.extend(other.notes)
        return replace(result, seconds=round(time.perf_counter() - started, 3))

    def _scanned(self, base: str, table: str, push_down: PushDown) -> TableResult:
        from tablemend.repair.many import TableResult

        found = self.survey_if(push_down, base, table=table) or self.scan(base, table=table)
        return TableResult(
            table=table,
            outcome="scanned",
            run=found.run,
            rows=found.profile.rows,
            findings=len(found.findings),
            levels=_levels(found.findings),
            score=found.score.overall,
        )

    def _healed(self, base: str, table: str, **options: Any) -> TableResult:
        from tablemend.repair.many import TableResult

        found = self.heal(base, table=table, **options)
        change = found.applied.change_set if found.applied else None
        after = found.applied.after if found.applied and found.applied.after else found.scanned.score
        return TableResult(
            table=table,
            outcome="healed" if found.ok else "partial",
            reason="" if found.ok else "repairs were refused, or rows changed meanwhile were left alone",
            run=found.scanned.run,
            change_set=change.id if change else "",
            rows=found.scanned.snapshot.rows,
            findings=len(found.scanned.findings),
            levels=_levels(found.scanned.findings),
            score=after.overall,
            cells=change.cells if change else 0,
            rows_removed=change.rows_removed if change else 0,
        )


class _Ended:
    """What became of the tables so far; kept at once, so that a run that is killed can be taken up."""

    def __init__(self, workspace: ManyTables, run: Run) -> None:
        self._runs, self._run = workspace.store.runs, run.id
        self.results: dict[str, TableResult] = {}

    def add(self, result: TableResult) -> None:
        """Keep a result."""
        self._runs.keep(self._run, f"{_ENTRY}{result.table}", result)
        self.results[result.table] = result


def _done(result: TableResult) -> Done:
    from tablemend.batching import Done

    if result.outcome in ("failed", "partial"):
        return Done(rejected={0: result.reason})
    return Done(updated=1) if result.cells or result.rows_removed else Done(skipped=1)


def _in_order(plan: Plan, ended: dict[str, TableResult], why: str) -> tuple[TableResult, ...]:
    from tablemend.repair.many import TableResult

    return tuple(ended.get(each) or TableResult(table=each, outcome="left", reason=why) for each in plan.tables)


def _counts(made: Many) -> dict[str, int]:
    found: dict[str, int] = {name: made.count(name) for name in dict.fromkeys(each.outcome for each in made.tables)}
    totals = {name: sum(getattr(each, name) for each in made.tables) for name in ("rows", "findings")}
    return {"tables": len(made.tables), **found, **totals}


def _levels(findings: Sequence[Finding]) -> dict[str, int]:
    from collections import Counter

    return dict(sorted(Counter(each.severity for each in findings).items()))


def _reason(problem: Exception) -> str:
    said = " ".join(str(problem).split())
    return said if isinstance(problem, TablemendError) and said else f"{type(problem).__name__}: {said}".rstrip(": ")


def _pattern(source: str) -> Pattern:
    from tablemend.repair.many import pattern
    from tablemend.tables.source import without_secrets

    found = pattern(source)
    if found is None:
        raise UnreadableSource(
            f"{without_secrets(source)} names no tables by a pattern",
            hint="A pattern is written like URL#* or URL#schema.order_*, after the last #.",
        )
    return found


def _base(source: str) -> str:
    return _pattern(source).base
