"""`items`, `approve`, `reject`, `reopen`, `edit`, `apply` and `undo`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tablemend.cli import show
from tablemend.cli.main import (
    EngineOption,
    Json,
    Quiet,
    RunArgument,
    ToOption,
    app,
    present,
    require_one_document,
    workspace,
)
from tablemend.errors import DecisionRefused, StateError

if TYPE_CHECKING:
    from tablemend.store.writes import Write
    from tablemend.workspace import Workspace

Ids = Annotated[list[str] | None, typer.Argument(help="Items, by id or its beginning.", show_default=False)]
RunOption = Annotated[str | None, typer.Option("--run", help="Run; by default the newest scan.", show_default=False)]
CheckOption = Annotated[str | None, typer.Option("--check", help="Only this check.", show_default=False)]
ColumnOption = Annotated[str | None, typer.Option("--column", help="Only this column.", show_default=False)]
DimensionOption = Annotated[str | None, typer.Option("--dimension", help="Only this dimension.", show_default=False)]
DecisionOption = Annotated[str | None, typer.Option("--decision", help="Only items decided so.", show_default=False)]
MinConfidence = Annotated[float | None, typer.Option("--min-confidence", help="From 0 to 1.", show_default=False)]
MaxConfidence = Annotated[float | None, typer.Option("--max-confidence", help="From 0 to 1.", show_default=False)]
MinRows = Annotated[int | None, typer.Option("--min-rows", help="At least so many rows.", show_default=False)]
MaxRows = Annotated[int | None, typer.Option("--max-rows", help="At most so many rows.", show_default=False)]
FlagOption = Annotated[str | None, typer.Option("--flag", help="Only with this flag.", show_default=False)]
TextOption = Annotated[
    str | None, typer.Option("--text", help="In title, summary, claims or evidence.", show_default=False)
]
MinScore = Annotated[float | None, typer.Option("--min-score", help="From 0 to 100.", show_default=False)]
MaxScore = Annotated[float | None, typer.Option("--max-score", help="From 0 to 100.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="Every item of the run.")]
By = Annotated[str | None, typer.Option("--by", help="Who decides; by default this account.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="Why.", show_default=False)]
Note = Annotated[str, typer.Option("--note", help="Anything to remember.", show_default=False)]
ConflictsTo = Annotated[
    str | None,
    typer.Option(
        "--to",
        help="Table of conflicts, URL#table, or a job by its name, where the run does not tell its password.",
        show_default=False,
    ),
]
Rating = Annotated[int | None, typer.Option("--rating", help="1 to 5.", show_default=False)]


@app.command()
def items(
    run: RunArgument = None,
    item: Annotated[str | None, typer.Option("--id", help="One item, in full.", show_default=False)] = None,
    check: CheckOption = None,
    column: ColumnOption = None,
    dimension: DimensionOption = None,
    decision: DecisionOption = None,
    min_confidence: MinConfidence = None,
    max_confidence: MaxConfidence = None,
    min_score: MinScore = None,
    max_score: MaxScore = None,
    min_rows: MinRows = None,
    max_rows: MaxRows = None,
    flag: FlagOption = None,
    text: TextOption = None,
    limit: Annotated[int | None, typer.Option(help="At most so many.", min=1, show_default=False)] = None,
    offset: Annotated[int, typer.Option(help="After so many.", min=0, show_default=False)] = 0,
    diff: Annotated[bool, typer.Option("--diff", help="With --id: every cell it would change, alone.")] = False,
    as_json: Json = False,
) -> None:
    """List the items of a run, or show one in full."""
    if diff:
        if item is None:
            raise StateError("--diff goes with --id", hint="Name one item.")
        with workspace(quiet=True) as ws:
            show.preview(ws.preview(run, ids=[item]), as_json=as_json)
        return
    conditions = present(
        check=check,
        column=column,
        dimension=dimension,
        decision=decision,
        min_confidence=min_confidence,
        max_confidence=max_confidence,
        min_score=min_score,
        max_score=max_score,
        min_rows=min_rows,
        max_rows=max_rows,
        flag=flag,
        text=text,
    )
    with workspace(quiet=True) as ws:
        found = ws.items(run, ids=[item] if item else [], limit=limit, offset=offset, **conditions)
        log = ws.store.items.decisions(found[0].id) if item else []
    if as_json:
        show.json([show.document(each, full=bool(item)) for each in found])
    elif item:
        show.item(found[0], log)
    else:
        show.items(found)


def _decide(verb: str, ids: list[str] | None, *, everything: bool, by: str | None, as_json: bool, **given: Any) -> None:
    options = present(**given)
    conditions = {
        key: value for key, value in options.items() if key not in ("run", "to", "reason", "note", "rating", "force")
    }
    if not ids and not conditions and not everything:
        raise DecisionRefused(f"nothing says what to {verb}", hint="Name items, give conditions, or add --all.")
    with workspace(quiet=True) as ws:
        person = ws.signed(by) if by else ws
        verdict = person.decide(verb, ids=ids or [], **options)
    if as_json:
        show.json(verdict)
    else:
        show.say(f"{len(verdict.decided)} {verdict.decision}, {len(verdict.unchanged)} already so")
        for refusal in verdict.refused:
            show.say(f"{refusal.item}: {refusal.reason}")
        if verdict.run:
            show.say(f"run {verdict.run}; `tablemend conflicts undo {verdict.run} --to TARGET` takes it back")
    if verdict.refused:
        raise typer.Exit(1)


@app.command()
def approve(
    ids: Ids = None,
    run: RunOption = None,
    check: CheckOption = None,
    column: ColumnOption = None,
    dimension: DimensionOption = None,
    min_confidence: MinConfidence = None,
    max_confidence: MaxConfidence = None,
    min_score: MinScore = None,
    min_rows: MinRows = None,
    max_rows: MaxRows = None,
    flag: FlagOption = None,
    text: TextOption = None,
    everything: All = False,
    force: Annotated[bool, typer.Option("--force", help="Also what is below the gate or blocked by it.")] = False,
    alternative: Annotated[
        int | None, typer.Option("--alternative", help="Approve this alternative of the item.", show_default=False)
    ] = None,
    to: ConflictsTo = None,
    by: By = None,
    reason: Reason = "",
    note: Note = "",
    rating: Rating = None,
    as_json: Json = False,
) -> None:
    """Approve items, one, many or all that meet conditions."""
    if alternative is not None:
        if not ids or len(ids) != 1:
            raise DecisionRefused("--alternative goes with one item", hint="Name just one item.")
        with workspace(quiet=True) as ws:
            ws.edit(ids[0], run=run, alternative=alternative)
    _decide(
        "approve",
        ids,
        everything=everything,
        by=by,
        as_json=as_json,
        run=run,
        to=to,
        check=check,
        column=column,
        dimension=dimension,
        min_confidence=min_confidence,
        max_confidence=max_confidence,
        min_score=min_score,
        min_rows=min_rows,
        max_rows=max_rows,
        flag=flag,
        text=text,
        force=force or None,
        reason=reason,
        note=note,
        rating=rating,
    )


@app.command()
def reject(
    ids: Ids = None,
    run: RunOption = None,
    check: CheckOption = None,
    column: ColumnOption = None,
    dimension: DimensionOption = None,
    min_confidence: MinConfidence = None,
    max_confidence: MaxConfidence = None,
    max_score: MaxScore = None,
    flag: FlagOption = None,
    text: TextOption = None,
    everything: All = False,
    to: ConflictsTo = None,
    by: By = None,
    reason: Reason = "",
    note: Note = "",
    rating: Rating = None,
    as_json: Json = False,
) -> None:
    """Reject items, one, many or all that meet conditions."""
    _decide(
        "reject",
        ids,
        everything=everything,
        by=by,
        as_json=as_json,
        run=run,
        to=to,
        check=check,
        column=column,
        dimension=dimension,
        min_confidence=min_confidence,
        max_confidence=max_confidence,
        max_score=max_score,
        flag=flag,
        text=text,
        reason=reason,
        note=note,
        rating=rating,
    )


@app.command()
def reopen(
    ids: Ids = None,
    run: RunOption = None,
    check: CheckOption = None,
    column: ColumnOption = None,
    everything: All = False,
    to: ConflictsTo = None,
    by: By = None,
    note: Note = "",
    as_json: Json = False,
) -> None:
    """Take decisions back, so that they can be made anew."""
    _decide(
        "reopen",
        ids,
        everything=everything,
        by=by,
        as_json=as_json,
        run=run,
        to=to,
        check=check,
        column=column,
        note=note,
    )


@app.command()
def propose(
    operation: Annotated[str, typer.Argument(help="Operation of the vocabulary.")],
    columns: Annotated[list[str] | None, typer.Option("--column", help="May be repeated.", show_default=False)] = None,
    params: Annotated[str | None, typer.Option(help="Parameters as a JSON object.", show_default=False)] = None,
    run: RunOption = None,
    explanation: Annotated[str, typer.Option(help="Why.", show_default=False)] = "",
    as_json: Json = False,
) -> None:
    """Add a repair of your own to a scan."""
    from tablemend.repair.results import item_dict

    with workspace(quiet=True) as ws:
        made = ws.propose(operation, columns or [], _params(params), run=run, explanation=explanation)
    if as_json:
        show.json(item_dict(made))
    else:
        show.items([made])


def _params(text: str | None) -> dict[str, Any] | None:
    import msgspec

    try:
        return msgspec.json.decode(text, type=dict[str, Any]) if text else None
    except msgspec.MsgspecError as problem:
        raise StateError(f"--params is not a JSON object: {problem}", hint="Write it like '{\"low\": 0}'.") from problem


@app.command()
def edit(
    item: Annotated[str, typer.Argument(help="Item, by id or its beginning.")],
    run: RunOption = None,
    operation: Annotated[str | None, typer.Option(help="Another operation.", show_default=False)] = None,
    params: Annotated[str | None, typer.Option(help="Parameters as a JSON object.", show_default=False)] = None,
    alternative: Annotated[int | None, typer.Option(help="An alternative of the item.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Give a repair another operation or other parameters."""
    import msgspec

    from tablemend.repair.results import item_dict

    try:
        given = msgspec.json.decode(params, type=dict[str, Any]) if params else None
    except msgspec.MsgspecError as problem:
        raise StateError(f"--params is not a JSON object: {problem}", hint="Write it like '{\"low\": 0}'.") from problem
    with workspace(quiet=True) as ws:
        edited = ws.edit(item, run=run, operation=operation, params=given, alternative=alternative)
    if as_json:
        show.json(item_dict(edited))
    else:
        show.items([edited])


@app.command()
def apply(
    run: RunArgument = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Also write the new version here.", show_default=False)
    ] = None,
    to: ToOption = None,
    keep_rows: Annotated[bool, typer.Option("--keep-rows", help="Never remove or merge a row.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show score and cells; write nothing.")] = False,
    engine: EngineOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Carry out the approved repairs of a scan as a new version."""
    require_one_document(output, as_json=as_json)
    if dry_run:
        with workspace(quiet=True, engine=engine) as ws:
            show.preview(ws.preview(run), as_json=as_json)
        return
    with workspace(quiet=quiet or as_json, engine=engine) as ws:
        ws.check_output(output)
        due = any(not item.applied for item in ws.items(run, decision="approved"))
        if to and not due and ws.standing(run):
            _write(ws, run, to, as_json=as_json)
            return
        result = ws.apply(run, keep_rows=keep_rows, to=to)
        written = ws.export(result.change_set.dataset, output, version=result.change_set.version) if output else None
    if as_json:
        show.json(result.to_dict() | {"output": None if written is None else str(written)})
    else:
        show.applied(result)
        if written:
            show.say(f"wrote {written}")
    if any(each.status == "refused" for each in result.change_set.outcomes) or _partial(result.write):
        raise typer.Exit(1)


def _write(ws: Workspace, run: str | None, to: str, *, as_json: bool) -> None:
    """Write what was applied earlier: to the source what is not written yet, to a new table all of it."""
    if not ws.in_place(run, to):
        rows = ws.write_table(ws.kept(run).dataset, to)
        show.json({"rows": rows}) if as_json else show.say(f"wrote {rows:,} rows to the new table")
        return
    writes = [ws.write_back(each, to) for each in ws.unwritten(run)]
    if not writes:
        raise StateError("everything that was applied is written already", hint="Approve some more, or undo.")
    if as_json:
        show.json({"writes": writes})
    for write in () if as_json else writes:
        show.write(write)
    if any(_partial(write) for write in writes):
        raise typer.Exit(1)


def _partial(write: Write | None) -> bool:
    return write is not None and not write.whole


@app.command()
def undo(
    change_set: Annotated[
        str | None, typer.Argument(help="Change set; by default the newest apply.", show_default=False)
    ] = None,
    repair: Annotated[str | None, typer.Option(help="Only this repair of it.", show_default=False)] = None,
    cell: Annotated[str | None, typer.Option(help="Only this cell: ROW:COLUMN.", show_default=False)] = None,
    force: Annotated[bool, typer.Option("--force", help="Also what has changed again since.")] = False,
    to: ToOption = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Also write the new version here.", show_default=False)
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Undo a change set, one repair or one cell of it."""
    require_one_document(output, as_json=as_json)
    with workspace(quiet=quiet or as_json) as ws:
        ws.check_output(output)
        result = ws.undo(change_set or ws.newest_apply(), repair=repair, cell=_cell(cell), force=force, to=to)
        written = ws.export(result.change_set.dataset, output, version=result.change_set.version) if output else None
    if as_json:
        show.json(result.to_dict() | {"output": None if written is None else str(written)})
    else:
        show.applied(result)
        if written:
            show.say(f"wrote {written}")
    if _partial(result.write):
        raise typer.Exit(1)


def _cell(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    row, _, column = text.partition(":")
    if not row.isdigit() or not column:
        raise StateError(f"{text!r} names no cell", hint="Write ROW:COLUMN, for example 12:city.")
    return int(row), column
