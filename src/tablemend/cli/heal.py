"""`heal` and `scan`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tablemend.cli import many, show
from tablemend.cli.main import (
    EngineOption,
    Json,
    Quiet,
    SourceArgument,
    ToOption,
    app,
    present,
    require_one_document,
    workspace,
)

TableOption = Annotated[str | None, typer.Option("--table", help="Table of a database.", show_default=False)]
SqlOption = Annotated[str | None, typer.Option("--sql", help="SELECT instead of a table.", show_default=False)]
SheetOption = Annotated[str | None, typer.Option("--sheet", help="Sheet of a workbook.", show_default=False)]
DelimiterOption = Annotated[str | None, typer.Option("--delimiter", help="Instead of detection.", show_default=False)]
EncodingOption = Annotated[str | None, typer.Option("--encoding", help="Instead of detection.", show_default=False)]
NameOption = Annotated[str | None, typer.Option("--name", help="Name of the dataset.", show_default=False)]


class Policy(StrEnum):
    """Who approves in `heal`."""

    gate = "gate"
    all = "all"
    none = "none"


class Level(StrEnum):
    """Severity of findings."""

    info = "info"
    warning = "warning"
    error = "error"
    none = "none"


class PushDown(StrEnum):
    """Whether a scan runs in the database."""

    auto = "auto"
    always = "always"
    never = "never"


@app.command()
def heal(
    source: SourceArgument,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Where to write the healed table.", show_default=False)
    ] = None,
    to: ToOption = None,
    policy: Annotated[
        Policy, typer.Option(help="gate: what the gate approves; all: what is likelier right than wrong; none.")
    ] = Policy.gate,
    keep_rows: Annotated[bool, typer.Option("--keep-rows", help="Never remove or merge a row.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Let the output replace the source.")] = False,
    table: TableOption = None,
    sql: SqlOption = None,
    sheet: SheetOption = None,
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = None,
    name: NameOption = None,
    exclude: many.ExcludeOption = None,
    workers: many.WorkersOption = None,
    resume: many.ResumeOption = None,
    engine: EngineOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Scan, decide, apply and report, in one go."""
    require_one_document(output, as_json=as_json)
    options = present(table=table, sql=sql, sheet=sheet, delimiter=delimiter, encoding=encoding, name=name)
    several = present(exclude=exclude, workers=workers, resume=resume)
    if many.asked(source, present(**options, output=output, overwrite=overwrite or None), several):
        many.run(
            lambda ws: ws.heal_many(source, policy=policy.value, keep_rows=keep_rows, to=to, **several),
            as_json=as_json,
            quiet=quiet,
            engine=engine,
        )
        return
    with workspace(quiet=quiet or as_json, engine=engine) as ws:
        result = ws.heal(
            source, policy=policy.value, keep_rows=keep_rows, output=output, overwrite=overwrite, to=to, **options
        )
    if as_json:
        show.json(result.to_dict())
    elif output == "-":
        show.say(f"run {result.scanned.run}")
    else:
        show.healed(result)
    if not result.ok:
        raise typer.Exit(1)


@app.command()
def scan(
    source: SourceArgument,
    fail_on: Annotated[Level, typer.Option("--fail-on", help="Exit 1 on findings of this severity or above.")] = (
        Level.none
    ),
    head: Annotated[bool, typer.Option("--head", help="Scan the newest kept version, not the source.")] = False,
    table: TableOption = None,
    sql: SqlOption = None,
    sheet: SheetOption = None,
    delimiter: DelimiterOption = None,
    encoding: EncodingOption = None,
    name: NameOption = None,
    exclude: many.ExcludeOption = None,
    workers: many.WorkersOption = None,
    resume: many.ResumeOption = None,
    engine: EngineOption = None,
    as_json: Json = False,
    push_down: Annotated[
        PushDown, typer.Option("--push-down", help="Scan in the database: auto for tables too large to read.")
    ] = PushDown.auto,
    junit: Annotated[bool, typer.Option("--junit", help="Print JUnit XML for CI.")] = False,
    quiet: Quiet = False,
) -> None:
    """Find what is wrong and propose repairs; nothing is changed."""
    from tablemend.repair.results import Surveyed

    options = present(table=table, sql=sql, sheet=sheet, delimiter=delimiter, encoding=encoding, name=name)
    several = present(exclude=exclude, workers=workers, resume=resume)
    if many.asked(source, present(**options, head=head or None), several):
        many.run(
            lambda ws: ws.scan_many(source, push_down=push_down.value, **several),
            as_json=as_json,
            quiet=quiet,
            engine=engine,
            junit=junit,
            fail_on=fail_on.value,
        )
        return
    with workspace(quiet=quiet or as_json or junit, engine=engine) as ws:
        pushed = None if head else ws.survey_if(push_down.value, source, **options)
        result = pushed or (ws.rescan(source) if head else ws.scan(source, **options))
    if as_json:
        show.json(result.to_dict())
    elif junit:
        from tablemend.quality.junit import junit as as_junit

        typer.echo(as_junit(result.findings, name=result.source.name))
    elif isinstance(result, Surveyed):
        show.surveyed(result)
    else:
        show.scanned(result)
    levels = [level.value for level in Level]
    if fail_on is not Level.none and any(
        levels.index(each.severity) >= levels.index(fail_on.value) for each in result.findings
    ):
        raise typer.Exit(1)
