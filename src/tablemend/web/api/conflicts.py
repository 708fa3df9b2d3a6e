"""Conflicts: rows that cannot both be true, by the jobs of the settings; no request names a database."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query
from pydantic import Field, model_validator

from tablemend.conflicts import ruleset, words
from tablemend.conflicts.deciding import Decided
from tablemend.conflicts.listing import Sort
from tablemend.conflicts.tallying import Suspicious
from tablemend.conflicts.trends import Trend
from tablemend.errors import NotFound, TablemendError
from tablemend.records import Record
from tablemend.store.jobs import Job
from tablemend.web import conflicts as acting
from tablemend.web.api.body import LARGEST, Body, Limit, Name, Words
from tablemend.web.api.page import Page, counted
from tablemend.web.api.routes import Routes
from tablemend.web.api.runs import RunPath
from tablemend.web.conflicts import known
from tablemend.web.site import Site
from tablemend.workspace import Workspace
from tablemend.workspace.conflicts.remembering import Remembered

JobPath = Annotated[str, Path(max_length=500, description="Name of a job of the setting conflicts_jobs.")]
ConflictPath = Annotated[str, Path(max_length=500, description="Id of a conflict.")]
RulesetPath = Annotated[str, Path(max_length=100, description="Name of a shipped ruleset.")]

Standing = Literal["N", "U", "W", "I", "R", "D"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class ConflictsQuery(Body):
    """Conditions on conflicts; every one that is given must hold."""

    status: Annotated[list[Standing], Field(max_length=6, description="One of them.")] = []
    flag: Annotated[list[Name], Field(max_length=100, description="At least one of them holds.")] = []
    money: Annotated[
        list[Literal["avoidance", "recovery"]], Field(max_length=2, description="Class of the money.")
    ] = []
    differ: Annotated[Name | None, Field(description="Of one of the two rows, such as an agency.")] = None
    entity: Annotated[Name | None, Field(description="As it is kept: a hash.")] = None
    text: Annotated[Name | None, Field(description="The beginning of an id, or of what must differ.")] = None
    found: Annotated[bool | None, Field(description="Whether the newest run found it.")] = None
    run: Annotated[Name | None, Field(description="The run that changed it last.")] = None
    min_amount: Annotated[Amount | None, Field(description="Least money at stake.")] = None

    @property
    def given(self) -> dict[str, Any]:
        """The conditions that are set, as the workspace takes them."""
        known = {"status": "status", "flag": "flags", "money": "classes"}
        lists = {name: tuple(found) for given, name in known.items() if (found := getattr(self, given))}
        names = ("differ", "entity", "text", "found", "run", "min_amount")
        return lists | {name: value for name in names if (value := getattr(self, name)) is not None}


class ConflictsPage(ConflictsQuery):
    """A page of conflicts."""

    sort: Sort = "changed_at"
    descending: bool = True
    limit: Annotated[int, Field(ge=1, le=1_000)] = 100
    offset: Annotated[int, Field(ge=0, le=LARGEST)] = 0


class DecidingConflicts(Body):
    """A decision on conflicts: by ids, by conditions, or on all of them."""

    verb: Literal["work", "ignore", "delete", "reopen"]
    ids: Annotated[list[Name], Field(max_length=100_000)] = []
    filter: ConflictsQuery = ConflictsQuery()
    everything: bool = Field(default=False, description="Every conflict of the job.")
    note: Words = ""
    seen: dict[Name, Standing] | None = Field(
        None,
        description="The status that was seen on each conflict: where somebody set another one since, that stands.",
    )

    @model_validator(mode="after")
    def _chosen(self) -> DecidingConflicts:
        if not (self.ids or self.filter.given or self.everything):
            raise ValueError("nothing says which conflicts are meant: give ids, a filter, or everything")
        return self


class RunningConflicts(Body):
    """How to run a job."""

    incremental: bool = Field(
        default=False, description="Judge only rows that have changed since the last run, by the column of the ruleset."
    )
    dry_run: bool = Field(default=False, description="Tell what would be written, and write nothing.")
    workers: Annotated[int, Field(ge=1, le=64)] | None = Field(None, description="By default the setting max_workers.")
    rows: Annotated[int, Field(ge=1, le=LARGEST)] | None = Field(None, description="About how many a partition has.")
    resume: Name | None = Field(None, description="Run to take up: what it judged is skipped.")
    today: date | None = Field(None, description="Day that the window counts from; by default the present.")


class TryingRules(Body):
    """Other choices; what is not given stays as the ruleset has it."""

    road_factor: Annotated[float, Field(ge=1, le=10, allow_inf_nan=False)] | None = Field(
        None, description="Roads are so many times longer than the straight line."
    )
    speeds: Annotated[list[tuple[Positive, Positive]], Field(max_length=100)] = Field(
        [], description="Pairs of a bound in miles and miles an hour, rising."
    )
    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="Minutes by which an overlap, or a lack of time, must exceed nothing."
    )
    original: bool = Field(default=False, description="Read the rules as the older procedure did.")
    examples: Annotated[int, Field(ge=0, le=100)] = Field(5, description="Most conflicts told of each kind of change.")


class UndoingConflicts(Body):
    """What to take back."""

    run: Name = Field(description="Run over rows, or decision, that wrote.")


class ConflictsSummary(Record, frozen=True, kw_only=True):
    """How the conflicts of a job stand."""

    total: int
    statuses: dict[str, int]  # status → conflicts
    flags: dict[str, int]  # rule → conflicts that are found and that nobody set aside
    amounts: dict[str, float]  # class → money at stake in these


class ConflictsJobLine(Record, frozen=True, kw_only=True):
    """A job of the settings, and how its conflicts stand."""

    name: str
    source: str = ""  # URL#table without password
    to: str = ""  # likewise
    ruleset: str = ""
    summary: ConflictsSummary | None = None  # None where it cannot be read
    problem: str = ""  # why not


class Conflict(Record, frozen=True, kw_only=True):
    """A kept conflict: two rows, why they cannot both be true, and how it stands; times are those of the rows."""

    conflict: str
    status: str  # N new, U updated, W in work, I ignored, R resolved, D deleted
    found: bool  # by the newest run
    flags: str  # rules that hold, with blanks between
    entity: str  # a hash
    id_a: str
    id_b: str
    differ_a: str | None
    differ_b: str | None
    scope_a: date | None
    scope_b: date | None
    start_a: datetime | None
    end_a: datetime | None
    start_b: datetime | None
    end_b: datetime | None
    overlap_minutes: float | None
    gap_minutes: float | None
    miles: float | None
    mph: float | None
    travel_minutes: float | None
    leave_from: str | None
    arrive_from: str | None
    first: str | None  # a or b: which row comes first, where the way between them counts
    amount: float | None
    class_: str | None = msgspec.field(name="class")  # avoidance, recovery
    first_run: str
    run: str  # that changed it last
    first_at: datetime | None
    changed_at: datetime | None


class ConflictStep(Record, frozen=True, kw_only=True):
    """What a run or a person did to a conflict."""

    at: datetime | None
    action: str
    before_status: str | None
    status: str | None
    by: str | None
    note: str | None
    run: str


class ConflictDetail(Record, frozen=True, kw_only=True):
    """A conflict in full."""

    conflict: Conflict
    told: tuple[str, ...]  # why the two rows cannot both be true, in sentences
    history: tuple[ConflictStep, ...]  # oldest first


class ConflictsPart(Record, frozen=True, kw_only=True):
    """What became of a partition."""

    name: str
    outcome: str  # done, failed, skipped
    reason: str
    rows: int
    conflicts: int
    unchanged: int
    left: int
    counts: dict[str, int]


class ConflictsReport(Record, frozen=True, kw_only=True):
    """What a run found and wrote."""

    run: str
    ruleset: str
    source: str
    target: str
    status: str
    dry: bool
    incremental: bool  # only what has changed since an earlier run was judged
    changed: int  # rows that had, where the run is incremental
    why_full: str  # why everything was judged although only changes were asked for
    started: datetime
    seconds: float
    rows: int
    saved: int  # rows that the database itself left out
    conflicts: int
    unchanged: int
    counts: dict[str, int]  # action → conflicts written, or to be written where the run is dry
    left: int  # changed by others meanwhile
    quality: dict[str, int]  # what the rows are like → how many are
    left_out: dict[str, int]  # why rows were not judged → how many
    suspicious: tuple[Suspicious, ...]  # under whose key rows of several stand
    parts: tuple[ConflictsPart, ...]


class RulesetFile(Record, frozen=True, kw_only=True):
    """A shipped ruleset with its text."""

    name: str
    title: str
    text: str


def router(site: Site) -> APIRouter:
    """The endpoints of conflicts."""
    routes = Routes("conflicts")
    _looking(routes, site)
    _acting(routes, site)
    _runs(routes, site)
    _rulesets(routes)
    return routes.router


def line(workspace: Workspace, name: str) -> ConflictsJobLine:
    """A job and how its conflicts stand, or why that cannot be told."""
    try:
        source, to = workspace.conflicts.shown(name)
        rules = ruleset.load(workspace.conflicts.job(name).rules)
        summary = summarised(workspace, name)
    except TablemendError as problem:
        return ConflictsJobLine(name=name, problem=f"{problem}. {problem.hint or ''}".strip())
    return ConflictsJobLine(name=name, source=source, to=to, ruleset=rules.name, summary=summary)


def summarised(workspace: Workspace, name: str) -> ConflictsSummary:
    """How the conflicts of a job stand."""
    found = workspace.conflicts.summary(name)
    return ConflictsSummary(**{each: getattr(found, each) for each in ConflictsSummary.__struct_fields__})


def conflict_of(row: dict[str, Any]) -> Conflict:
    """A row of the table of conflicts as a record."""
    made = {name: row[name] for name in Conflict.__struct_encode_fields__}
    return Conflict(
        **{name if name != "class" else "class_": value for name, value in made.items()} | {"found": bool(row["found"])}
    )


def detail(workspace: Workspace, job: str, conflict: str) -> ConflictDetail:
    """A conflict in full; NotFound."""
    rules = ruleset.load(workspace.conflicts.job(job).rules)
    row = workspace.conflicts.get(job, conflict, rules=rules)
    steps = workspace.conflicts.history(job, conflict, rules=rules)
    return ConflictDetail(
        conflict=conflict_of(row),
        told=words.explained(rules, row),
        history=tuple(ConflictStep(**{name: each[name] for name in ConflictStep.__struct_fields__}) for each in steps),
    )


def report(workspace: Workspace, job: str, run: str) -> ConflictsReport:
    """What a run of a job found; NotFound where it is none of this job, or has not ended."""
    found = workspace.conflicts.report(run)
    if found.target != workspace.conflicts.shown(job)[1]:
        raise NotFound(f"run {run} is none of the job {job}", hint=f"GET /conflicts/{job}/runs lists them.")
    parts = tuple(
        ConflictsPart(**{name: getattr(each, name) for name in ConflictsPart.__struct_fields__}) for each in found.parts
    )
    tally = found.tally
    own = ("parts", "quality", "left_out", "suspicious")
    return ConflictsReport(
        parts=parts,
        quality={name: value for name in tally.__struct_fields__ if isinstance(value := getattr(tally, name), int)},
        left_out=tally.left_out,
        suspicious=tally.suspicious,
        **{name: getattr(found, name) for name in ConflictsReport.__struct_fields__ if name not in own},
    )


def _looking(routes: Routes, site: Site) -> None:
    @routes.get("/conflicts", right="read", answers=tuple[ConflictsJobLine, ...])
    def list_conflicts_jobs() -> Any:
        """List the jobs of the settings over conflicts, with how the conflicts of each stand."""
        return tuple(line(site.workspace, name) for name in acting.names(site))

    @routes.get("/conflicts/{job}", right="read", answers=ConflictsSummary)
    def get_conflicts_summary(job: JobPath) -> Any:
        """Count the conflicts of a job by status and by rule, with the money at stake."""
        return summarised(site.workspace, known(site, job))

    @routes.get("/conflicts/{job}/items", right="read", answers=Page[Conflict])
    def list_conflicts(job: JobPath, asked: Annotated[ConflictsPage, Query()]) -> Any:
        """List conflicts that meet conditions, chosen and sorted by the database that keeps them."""
        found = site.workspace.conflicts.page(
            known(site, job),
            sort=asked.sort,
            descending=asked.descending,
            limit=asked.limit,
            offset=asked.offset,
            **asked.given,
        )
        return counted(map(conflict_of, found.rows), found.total, asked.offset, asked.limit)

    @routes.get("/conflicts/{job}/items/{conflict}", right="read", answers=ConflictDetail)
    def get_conflict(job: JobPath, conflict: ConflictPath) -> Any:
        """Show a conflict: what is known of it, why the two rows cannot both be true, and what was done to it."""
        return detail(site.workspace, known(site, job), conflict)


def _acting(routes: Routes, site: Site) -> None:
    @routes.post("/conflicts/{job}/decisions", right="decide", answers=Decided)
    def decide_conflicts(job: JobPath, asked: DecidingConflicts) -> Any:
        """Set conflicts to in work, ignored, deleted, or open again, one, many or all that meet conditions.

        To delete needs the right to approve. No run over rows overwrites a decision; `run` of the answer takes it back.
        """
        return acting.decide(
            site, job, asked.verb, ids=tuple(asked.ids), note=asked.note, seen=asked.seen, **asked.filter.given
        )

    @routes.post("/conflicts/{job}/runs", right="scan", answers=Job, status=202)
    def run_conflicts(job: JobPath, asked: RunningConflicts) -> Any:
        """Bring the conflicts of a job up to date, partition by partition.

        That needs the right to apply, since it writes to a database; a dry run only that to scan.
        """
        given = {name: getattr(asked, name) for name in ("workers", "rows", "resume", "today", "incremental")}
        return acting.run(site, job, dry_run=asked.dry_run, **given)

    @routes.post("/conflicts/{job}/what-if", right="scan", answers=Job, status=202)
    def compare_conflicts(job: JobPath, asked: TryingRules) -> Any:
        """Judge the rows of a job by other choices too: how many conflicts would appear and vanish; nothing is written.

        The `result` of the job tells it, by rule and with examples.
        """
        given = {name: getattr(asked, name) for name in TryingRules.model_fields}
        return acting.what_if(site, job, **given)

    @routes.post("/conflicts/{job}/undo", right="decide", answers=Job, status=202)
    def undo_conflicts(job: JobPath, asked: UndoingConflicts) -> Any:
        """Take back what a run wrote; conflicts that were changed since are left.

        That needs the right to apply, but for a decision of one's own.
        """
        return acting.undo(site, job, asked.run)


def _runs(routes: Routes, site: Site) -> None:
    @routes.get("/conflicts/{job}/runs", right="read", answers=tuple[Remembered, ...])
    def list_conflicts_runs(job: JobPath, limit: Limit = 20) -> Any:
        """List runs, decisions and undos on the conflicts of a job, newest first."""
        return tuple(site.workspace.conflicts.runs(known(site, job), limit=limit))

    @routes.get("/conflicts/{job}/trends", right="read", answers=tuple[Trend, ...])
    def list_conflicts_trends(job: JobPath, limit: Limit = 30) -> Any:
        """List how good the rows of a job were from run to run, and what was found, the newest last."""
        return tuple(site.workspace.conflicts.trends(known(site, job), limit=limit))

    @routes.get("/conflicts/{job}/runs/{run}", right="read", answers=ConflictsReport)
    def get_conflicts_run(job: JobPath, run: RunPath) -> Any:
        """Show what a run over the rows of a job found, wrote or would write, and what rows it could not judge."""
        return report(site.workspace, known(site, job), run)


def _rulesets(routes: Routes) -> None:
    @routes.get("/rulesets", right="read", answers=tuple[RulesetFile, ...])
    def list_rulesets() -> Any:
        """List the rulesets that come with tablemend."""
        return tuple(_ruleset(name) for name in ruleset.names())

    @routes.get("/rulesets/{ruleset}", right="read", answers=RulesetFile)
    def get_ruleset(ruleset: RulesetPath) -> Any:
        """Show a ruleset that comes with tablemend."""
        return _ruleset(ruleset)


def _ruleset(name: str) -> RulesetFile:
    if name not in ruleset.names():
        raise NotFound(f"there is no ruleset {name!r}", hint=f"There are {', '.join(ruleset.names())}.")
    return RulesetFile(name=name, title=ruleset.shipped(name).title, text=ruleset.source(name)[0])
