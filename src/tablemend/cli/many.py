"""What `heal` and `scan` do with many tables: asked for by a pattern, shown as one report."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tablemend.cli import show
from tablemend.cli.main import INTERRUPTED, workspace
from tablemend.errors import Cancelled, StateError

if TYPE_CHECKING:
    from tablemend.cli.main import Engine
    from tablemend.repair.many import Many, TableResult
    from tablemend.workspace import Workspace

ExcludeOption = Annotated[
    list[str] | None,
    typer.Option("--exclude", help="Of many tables, leave out those that match; may be repeated.", show_default=False),
]
WorkersOption = Annotated[
    int | None,
    typer.Option("--workers", min=1, max=64, help="Of many tables, how many at once; setting `workers`."),
]
ResumeOption = Annotated[
    str | None,
    typer.Option(
        "--resume", help="Of many tables, skip those that this run did, or the `last` one.", show_default=False
    ),
]

LEVELS = ("info", "warning", "error")


def asked(source: str, one: dict[str, Any], several: dict[str, Any]) -> bool:
    """Whether a source is many tables; StateError for options that do not go with it.

    `one` are the given options that only make sense for one table, `several` those for many.
    """
    from tablemend.repair.many import pattern

    found = pattern(source) is not None
    wrong = one if found else several
    if wrong:
        name = f"--{next(iter(wrong)).replace('_', '-')}"
        goes = "one table, and the source names many" if found else "many tables, and the source names one"
        raise StateError(f"{name} is for {goes}", hint="A pattern, such as URL#schema.*, names many tables.")
    return found


def run(
    work: Callable[[Workspace], Many],
    *,
    as_json: bool,
    quiet: bool,
    engine: Engine | None = None,
    junit: bool = False,
    fail_on: str = "none",
) -> None:
    """Do the work, report it, and exit with what came of it."""
    interrupted = False
    with workspace(quiet=quiet or as_json or junit, engine=engine) as ws:
        try:
            result = work(ws)
        except Cancelled as problem:
            if getattr(problem, "report", None) is None:
                raise
            result, interrupted = problem.report, True
        if as_json:
            show.json(_document(ws, result))
        elif junit:
            typer.echo(_junit(ws, result))
        else:
            report(result)
    if interrupted:
        raise typer.Exit(INTERRUPTED)
    if not result.ok or _reaches(result, fail_on):
        raise typer.Exit(1)


def report(result: Many) -> None:
    """What became of each table, then the sum."""
    table(result.tables)
    told = [f"{result.count(name):,} {name}" for name in dict.fromkeys(each.outcome for each in result.tables)]
    rows, findings = (sum(getattr(each, name) for each in result.tables) for name in ("rows", "findings"))
    show.say(
        f"{result.source}: {len(result.tables):,} tables: {', '.join(told)}; {rows:,} rows, {findings:,} findings, "
        f"{result.seconds:.1f} s"
    )
    show.say(f"run {result.run}, {result.status}")
    if not result.ok:
        show.say(f"do the others with --resume {result.run}")


def table(results: tuple[TableResult, ...]) -> None:
    """A row for each table; what a heal changed, and why a table was not done, where that is told."""
    head = ["table", "outcome", "run", "rows", "findings", "score", "seconds"]
    head += [name for name in ("cells", "reason") if any(getattr(each, name) for each in results)]
    show.table(head, [[getattr(each, name) for name in head] for each in results])


def _document(ws: Workspace, result: Many) -> dict[str, Any]:
    from tablemend.repair.results import finding_dict

    found = result.to_dict()
    for each in found["tables"]:
        each["found"] = [finding_dict(finding) for finding in ws.findings(each["run"])] if each["run"] else []
    return found


def _junit(ws: Workspace, result: Many) -> str:
    from tablemend.quality.junit import Suite, suites

    return suites(
        [
            Suite(
                name=each.table,
                findings=ws.findings(each.run) if each.run else (),
                problem="" if each.run else f"{each.outcome}: {each.reason}",
            )
            for each in result.tables
        ]
    )


def _reaches(result: Many, level: str) -> bool:
    if level not in LEVELS:
        return False
    enough = LEVELS[LEVELS.index(level) :]
    return any(name in enough for each in result.tables for name in each.levels)
