"""`databases load`, `jobs` and `quarantine`: rows into a table in batches, and what became of them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tablemend.cli import show
from tablemend.cli.databases import databases
from tablemend.cli.heal import DelimiterOption, EncodingOption, NameOption, SheetOption, SqlOption, TableOption
from tablemend.cli.main import INTERRUPTED, Json, Quiet, SourceArgument, present, workspace
from tablemend.errors import Cancelled

if TYPE_CHECKING:
    from tablemend.batching import Report
    from tablemend.databases.database import Database
    from tablemend.workspace.loading import BulkLoaded

UrlArgument = Annotated[str, typer.Argument(help="URL of the database.")]
SchemaOption = Annotated[
    str | None, typer.Option("--schema", help="Schema of the table that was loaded.", show_default=False)
]


class Mode(StrEnum):
    """How rows get into a table."""

    insert = "insert"
    upsert = "upsert"
    update = "update"


@databases.command()
def load(
    source: SourceArgument,
    to: Annotated[str, typer.Argument(help="URL#table of a table that is there.")],
    mode: Annotated[Mode, typer.Option(help="insert new rows; upsert or update those with the key.")] = Mode.insert,
    key: Annotated[list[str] | None, typer.Option("--key", help="Column of the key; repeatable.")] = None,
    job: Annotated[
        str | None,
        typer.Option("--job", help="Name to take it up by; by default from the content.", show_default=False),
    ] = None,
    max_rejected: Annotated[
        int | None, typer.Option("--max-rejected", min=0, help="Stop at more rejected rows.", show_default=False)
    ] = None,
    size: Annotated[
        int | None, typer.Option("--batch-size", help="Rows of a batch; setting `batch_size`.", show_default=False)
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Batches at once; setting `batch_workers`.", show_default=False)
    ] = None,
    table: TableOption = None,
    sql: SqlOption = None,
    sheet: SheetOption = None,
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = None,
    name: NameOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Load rows into a table in batches, set bad ones aside, and go on where an earlier run of the job ended."""
    options = present(table=table, sql=sql, sheet=sheet, delimiter=delimiter, encoding=encoding, name=name)
    with workspace(quiet=quiet or as_json) as ws:
        try:
            done = ws.bulk_load(
                source,
                to,
                mode=mode.value,
                key=key or (),
                job=job,
                max_rejected=max_rejected,
                size=size,
                workers=workers,
                **options,
            )
        except Cancelled as problem:
            if problem.report is None:
                raise
            done = problem.report
    if as_json:
        show.json(done.to_dict())
    else:
        _show(done.report)
        _unreadable(done)
        show.say(f"job {done.job}, run {done.run}, {done.report.rate:,.0f} rows/s")
    _exit(done)


def _exit(done: BulkLoaded) -> None:
    """Say why it ended early, and exit with what came of it."""
    if done.report.status == "cancelled":
        show.say(f"tablemend: {done.stopped}; run it again to go on")
        raise typer.Exit(INTERRUPTED)
    if done.stopped:
        show.say(f"tablemend: {done.stopped.rstrip('.')}. {done.hint}")
    if not done.ok:
        raise typer.Exit(1)


def _unreadable(done: BulkLoaded) -> None:
    """Lines of the source that are no rows."""
    for each in done.unreadable[:_SHOWN]:
        show.say(f"line {each.line:,} of the source is no row: {each.reason}")
    if done.unreadable_count > _SHOWN:
        show.say(f"{done.unreadable_count:,} lines of the source are no rows")


_OUTCOMES = ("total", "inserted", "updated", "skipped", "rejected", "left", "resumed")


def _show(report: Report) -> None:
    """What became of the rows, and the first reasons."""
    show.table(("rows", ""), [(name, getattr(report, name)) for name in _OUTCOMES])
    if report.resumed:
        done = "nothing was left to do" if report.resumed == report.total else "the others are new"
        show.say(
            f"{report.resumed:,} rows were settled by earlier runs of this job; {done}. --job NAME loads them again"
        )
    if report.rejections:
        shown = [(each.position + 1, each.reason) for each in report.rejections]
        show.table(("row", "why it was rejected"), shown[:_SHOWN])
        if report.rejected > len(shown[:_SHOWN]):
            show.say("`tablemend databases quarantine` lists them all")
    for each in report.unfinished[:_SHOWN]:
        show.say(f"left: {each.rows:,} rows from row {each.first + 1:,} on: {each.reason}")


_SHOWN = 10


@databases.command()
def jobs(url: UrlArgument, schema: SchemaOption = None, as_json: Json = False) -> None:
    """List the jobs that loaded into a database, with what became of their rows."""
    import msgspec

    from tablemend.databases.jobs import jobs as listed

    with _opened(url) as database:
        found = listed(database, schema=schema)
    if as_json:
        show.json([msgspec.structs.asdict(each) for each in found])
        return
    head = ("job", "status", "started", "inserted", "updated", "skipped", "rejected")
    show.table(head, [[getattr(each, name) for name in head] for each in found])


@databases.command()
def quarantine(
    url: UrlArgument,
    job: Annotated[str, typer.Argument(help="Job, as `databases jobs` lists it.")],
    limit: Annotated[int, typer.Option("--limit", min=1, help="Most rows.")] = 1_000,
    schema: SchemaOption = None,
    as_json: Json = False,
) -> None:
    """List the rows that a job rejected, with the reasons and their places in the source."""
    from tablemend.databases.jobs import rejections

    with _opened(url) as database:
        found = rejections(database, job, schema=schema, limit=limit)
    if as_json:
        show.json([{"row": each.position + 1, "reason": each.reason, "content": each.row} for each in found])
        return
    show.table(("row", "why", "content"), [(each.position + 1, each.reason, _shown(each.row)) for each in found])


def _opened(url: str) -> Database:
    from tablemend.databases.database import Database
    from tablemend.databases.pool import limits
    from tablemend.settings import load as settings

    return Database(url, limits=limits(settings()), purpose="jobs")


def _shown(row: Any) -> str:
    return ", ".join(f"{name}={value}" for name, value in row.items()) if isinstance(row, dict) else str(row)
