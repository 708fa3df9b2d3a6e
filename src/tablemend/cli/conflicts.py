"""`conflicts run`, `list`, `explain`, `undo`, `rules` and `example`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tablemend.cli import show
from tablemend.cli.main import Json, Quiet, app, workspace
from tablemend.errors import SettingsError

if TYPE_CHECKING:
    from tablemend.conflicts.job import Part
    from tablemend.conflicts.report import ConflictsRun

conflicts = typer.Typer(
    help="Rows that cannot both be true, kept up to date in a database.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(conflicts, name="conflicts")

To = Annotated[str, typer.Option("--to", help="Table of conflicts, URL#table, or a job of the settings by its name.")]
Rules = Annotated[
    str | None,
    typer.Option(
        "--rules",
        help="File, or the name of a shipped ruleset; by default that of the job, else visits.",
        show_default=False,
    ),
]
Status = Annotated[
    list[str] | None, typer.Option(help="Only of a status: N, U, W, I, R or D; may be repeated.", show_default=False)
]
Flag = Annotated[list[str] | None, typer.Option(help="Only of a rule; may be repeated.", show_default=False)]
Differ = Annotated[str, typer.Option(help="Only with a row of this agency, or of what else must differ.")]
Search = Annotated[str, typer.Option(help="Only where an id, or what must differ, begins so.")]
SHOWN = 20  # conflicts listed for people
WIDE = 44  # signs of what is counted


@conflicts.command()
def run(
    source: Annotated[str, typer.Argument(help="Table of rows, URL#table, or a job of the settings by its name.")],
    to: Annotated[
        str | None,
        typer.Option(
            help="Table of conflicts, URL#table; made where it is not there. By default that of the job.",
            show_default=False,
        ),
    ] = None,
    rules: Rules = None,
    today: Annotated[
        str | None, typer.Option(help="Day that the window counts from; by default the present.", show_default=False)
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="By default the setting max_workers.", show_default=False)
    ] = None,
    rows: Annotated[
        int | None, typer.Option(min=1, help="About how many rows a partition has.", show_default=False)
    ] = None,
    incremental: Annotated[
        bool,
        typer.Option("--incremental", help="Judge only what has changed since the last run that left nothing out."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what would be written, and write nothing.")] = False,
    resume: Annotated[
        str | None, typer.Option(help="Run to take up: what it judged is skipped.", show_default=False)
    ] = None,
    items: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Most conflicts that are put up for decision; 0 for none, by default the setting conflicts_items.",
            show_default=False,
        ),
    ] = None,
    original: Annotated[
        bool, typer.Option("--original", help="Read the rules as the older procedure did, to compare it.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find conflicts and bring the table of conflicts up to date; exit 1 where a partition failed."""

    def begun(skipped: int, parts: int) -> None:
        if not (quiet or as_json):
            what = "finished" if resume else "empty"  # partitions are cut from what is there: none is empty
            show.say(f"Skipping {skipped:,} {what} partitions (processing {parts - skipped:,}/{parts:,})")

    def told(part: Part, done: int, parts: int) -> None:
        if not (quiet or as_json):
            show.say(part.told(done, parts))

    with workspace(quiet=True) as ws:
        found = ws.conflicts.run(
            source,
            to,
            rules=rules,
            today=day_of(today),
            workers=workers,
            rows=rows,
            incremental=incremental,
            dry_run=dry_run,
            resume=resume,
            items=items,
            original=original,
            told=told,
            begun=begun,
        )
    if as_json:
        show.json(found.to_dict())
    else:
        _told(found)
    if found.status != "completed":
        raise typer.Exit(1)


def day_of(text: str | None) -> date | None:
    """A day as it is written on the command line; SettingsError for what is none."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as problem:
        raise SettingsError(f"{text!r} is no day", hint="Write it like 2026-11-28.") from problem


def _told(found: ConflictsRun) -> None:
    tally = found.tally
    verb = "to write" if found.dry else "written"
    if found.why_full:
        show.say(f"everything was judged: {found.why_full}")
    if found.incremental:
        show.say(f"{found.changed:,} rows have changed, {found.rows:,} read to judge them")
    else:
        show.say(f"{found.rows:,} rows read, {found.saved:,} left out by the database")
    show.say(f"{found.conflicts:,} conflicts: {found.unchanged:,} as they were, {found.written:,} {verb}")
    for action, number in found.counts.items():
        if number:
            show.say(f"  {number:,} {action}")
    if found.left:
        show.say(f"{found.left:,} left as they are: somebody changed them meanwhile")
    for name, number in _doubts(tally).items():
        if number:
            show.say(f"{number:,} rows {name}")
    if tally.periods is not None:
        show.say(f"{tally.periods:,} periods read, {tally.unclear:,} of them cannot be used")
    for line in _remarks(found):
        show.say(line)
    ended = found.started + timedelta(seconds=found.seconds)
    show.say(
        f"{found.started:%Y-%m-%d %H:%M:%S} to {ended:%Y-%m-%d %H:%M:%S} UTC, {found.seconds:.1f} s: "
        f"{found.written:,} records {verb}, {found.done:,}/{len(found.parts):,} partitions succeeded"
    )
    show.say(f"run {found.run}")


def _remarks(found: ConflictsRun) -> Iterator[str]:
    """What to look at: keys of several, and what is put up for decision."""
    for each in found.tally.suspicious[:3]:
        yield f"suspicious: {each.rows:,} rows stand under the key {each.entity}, up to {each.most:,} on one date"
    review = found.review
    if review.get("items"):
        told = f"{review['promote']:,} to work on, {review['monitor']:,} to look at, {review['block']:,} blocked"
        yield f"{review['items']:,} put up for decision: {told}; tablemend items {found.run}"


def _doubts(tally: object) -> dict[str, int]:
    words = {
        "half": "recorded at one end only",
        "backwards": "end before they begin",
        "unreadable": "have a time that is none",
        "unplaced": "without a known place",
        "misplaced": "with coordinates that are nowhere",
        "unruled": "that no rule can judge",
    }
    return {text: getattr(tally, name) for name, text in words.items()}


@conflicts.command(name="list")
def list_(
    to: To,
    rules: Rules = None,
    status: Status = None,
    flag: Flag = None,
    differ: Differ = "",
    search: Search = "",
    sort: Annotated[str, typer.Option(help="changed_at, first_at, amount, overlap_minutes …")] = "changed_at",
    limit: Annotated[int, typer.Option(min=1, help="Most conflicts that are listed.")] = SHOWN,
    offset: Annotated[int, typer.Option(min=0, help="Conflicts that are passed over.")] = 0,
    as_json: Json = False,
) -> None:
    """List conflicts that are kept, those last changed first."""
    with workspace(quiet=True) as ws:
        found = ws.conflicts.page(
            to, rules=rules, sort=sort, limit=limit, offset=offset, **_conditions(status, flag, differ, search)
        )
    if as_json:
        show.json(found.rows)
        return
    names = ("conflict", "status", "flags", "id_a", "differ_a", "id_b", "differ_b", "amount")
    title = "Conflicts" if len(found.rows) == found.total else f"Conflicts, {len(found.rows):,} of {found.total:,}"
    show.table(names, [[each[name] for name in names] for each in found.rows], title=title)


def _conditions(status: list[str] | None, flag: list[str] | None, differ: str, search: str) -> dict[str, Any]:
    from tablemend.conflicts.changes import STATUSES

    unknown = [each for each in status or () if each not in STATUSES]
    if unknown:
        listed = ", ".join(f"{key} {word}" for key, word in STATUSES.items())
        raise SettingsError(f"there is no status {unknown[0]!r}", hint=f"Choose of {listed}.")
    return {"status": tuple(status or ()), "flags": tuple(flag or ()), "differ": differ, "text": search}


@conflicts.command()
def decide(
    verb: Annotated[str, typer.Argument(help="work, ignore, delete, or reopen.")],
    to: To,
    conflict: Annotated[list[str] | None, typer.Argument(help="Ids of conflicts; or use conditions.")] = None,
    rules: Rules = None,
    status: Status = None,
    flag: Flag = None,
    differ: Differ = "",
    search: Search = "",
    note: Annotated[str, typer.Option(help="Why; it is kept with the decision.")] = "",
    as_json: Json = False,
) -> None:
    """Set conflicts to in work, ignored, deleted, or open again; no run overwrites that."""
    conditions = _conditions(status, flag, differ, search)
    if not (conflict or any(conditions.values())):
        raise SettingsError("nothing says which conflicts are meant", hint="Give ids, or conditions like --flag.")
    with workspace(quiet=True) as ws:
        done = ws.conflicts.decide(to, verb, rules=rules, note=note, ids=tuple(conflict or ()), **conditions)
    if as_json:
        show.json({"run": done.run, "changed": done.changed, "same": done.same, "refused": done.refused})
    else:
        show.say(f"{len(done.changed):,} changed, {done.same:,} were so, {len(done.refused):,} changed by others")
        show.say(f"run {done.run}; `tablemend conflicts undo {done.run}` takes it back")
    if done.refused:
        raise typer.Exit(1)


@conflicts.command()
def history(
    conflict: Annotated[str, typer.Argument(help="Id of a conflict.")],
    to: To,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """List what runs and people did to a conflict."""
    with workspace(quiet=True) as ws:
        found = ws.conflicts.history(to, conflict, rules=rules)
    if as_json:
        show.json(found)
        return
    names = ("at", "action", "before_status", "status", "by", "note", "run")
    for each in found:
        each["at"] = f"{each['at']:%Y-%m-%d %H:%M:%S}"
    show.table(names, [[each[name] for name in names] for each in found], title="History")


@conflicts.command()
def explain(
    conflict: Annotated[str, typer.Argument(help="Id of a conflict.")],
    to: To,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Tell why two rows cannot both be true."""
    with workspace(quiet=True) as ws:
        found = ws.conflicts.explain(to, conflict, rules=rules)
    if as_json:
        show.json({"conflict": conflict, "told": found})
        return
    for each in found:
        typer.echo(each)


@conflicts.command()
def undo(
    run: Annotated[str, typer.Argument(help="Run that wrote.")],
    to: To,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Take back what a run wrote; exit 1 where conflicts were changed since and are left."""
    with workspace(quiet=True) as ws:
        done = ws.conflicts.undo(to, run, rules=rules)
    if as_json:
        show.json({"removed": done.removed, "restored": done.restored, "left": done.left})
    else:
        show.say(f"{done.removed:,} removed, {done.restored:,} restored, {done.left:,} left: changed since")
    if done.left:
        raise typer.Exit(1)


@conflicts.command(name="rules")
def rules_(
    name: Annotated[str | None, typer.Argument(help="Ruleset to print; by default their names.")] = None,
) -> None:
    """List the shipped rulesets, or print one."""
    from tablemend.conflicts import ruleset

    if name is None:
        show.table(("name", "title"), [(each, ruleset.shipped(each).title) for each in ruleset.names()])
        return
    typer.echo(ruleset.source(name)[0], nl=False)


@conflicts.command()
def example(
    to: Annotated[str, typer.Argument(help="Table to make, URL#table.")],
    rows: Annotated[int, typer.Option(min=10, help="About how many visits.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Other seeds give other visits.")] = 1,
    today: Annotated[
        str | None, typer.Option(help="Day around which they lie; by default the present.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Write generated visits with planted conflicts into a new table."""
    with workspace(quiet=True) as ws:
        made = ws.conflicts.example(to, rows=rows, seed=seed, today=day_of(today))
    if as_json:
        show.json({"rows": made.visits.num_rows, "planted": made.truth.num_rows})
        return
    show.say(f"{made.visits.num_rows:,} visits with {made.truth.num_rows:,} planted conflicts")
