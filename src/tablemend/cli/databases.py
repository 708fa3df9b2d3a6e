"""`databases`: whether a database can be reached and used, and queries through the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tablemend.cli import show
from tablemend.cli.main import Json, app
from tablemend.errors import SettingsError, StateError

if TYPE_CHECKING:
    from tablemend.databases.checking import Checked
    from tablemend.databases.querying import QueryResult

databases = typer.Typer(help="Databases: reach, rights, size, latency.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(databases, name="databases")


@databases.callback()
def _root() -> None:
    """Look at databases."""


@databases.command()
def check(
    url: Annotated[str, typer.Argument(help="URL of the database, like postgresql://user@host/shop.")],
    as_json: Json = False,
) -> None:
    """Connect, and say which server it is, what this user may do there, how large it is and how far away."""
    from tablemend.databases.checking import check as found_at
    from tablemend.databases.pool import limits
    from tablemend.settings import load

    found = found_at(url, limits(load()))
    if as_json:
        show.json(found)
        return
    show.table(("", "found"), _lines(found))
    show.say(f"{found.database} can be used")


def _lines(found: Checked) -> list[tuple[str, str]]:
    rights = {"read": found.may_read, "write": found.may_write, "create tables": found.may_create}
    pool, ahead = found.pool, found.clock_difference
    return [
        ("version", found.version),
        ("user", found.user or "not told"),
        ("schema", found.schema),
        *((f"may {name}", _answer(right)) for name, right in rights.items()),
        ("tables", f"{found.tables:,}, and {found.views:,} views"),
        ("size", "not told" if found.bytes is None else _size(found.bytes)),
        ("latency", f"{found.latency * 1000:.2f} ms"),
        ("clock", "that of this machine" if ahead is None else f"{ahead * 1000:+.1f} ms from that of this machine"),
        ("connections", f"{pool.opened} opened of at most {pool.maximum}, {pool.acquisitions} times used"),
    ]


def _answer(right: bool | None) -> str:
    return "not told" if right is None else "yes" if right else "no"


def _size(number: int) -> str:
    return f"{number / 1e6:,.1f} MB" if number >= 1e6 else f"{number / 1e3:,.1f} kB"


@databases.command()
def query(
    url: Annotated[str, typer.Argument(help="URL of the database, like postgresql://user@host/shop.")],
    sql: Annotated[str, typer.Argument(help="A query; parameters are written :name.")],
    param: Annotated[
        list[str] | None,
        typer.Option("--param", help="NAME=VALUE; 1, 1.5, true, null and what JSON knows besides, else text."),
    ] = None,
    ttl: Annotated[
        float | None, typer.Option("--ttl", min=0, help="Most seconds that the result may be old.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Most rows to print.")] = 100,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    as_json: Json = False,
) -> None:
    """Run a query that only reads, through the cache, and say how old its result is."""
    from tablemend.cli.main import workspace

    if as_csv and as_json:
        raise StateError("--csv and --json cannot both be given", hint="Name one of them.")
    with workspace(quiet=True) as ws:
        found = ws.query(url, sql, _parameters(param or []), ttl)
    shown = found.table.slice(0, limit)
    _print(found, shown, as_csv=as_csv, as_json=as_json)
    source = f"from {'this process' if found.cached == 'process' else 'Redis'}" if found.cached else "from the database"
    kept = f", not kept: {found.uncached}" if found.uncached else ""
    show.say(f"{shown.num_rows:,} of {found.table.num_rows:,} rows, {found.age:.3f} s old, {source}{kept}")


def _print(found: QueryResult, shown: Any, *, as_csv: bool, as_json: bool) -> None:
    if as_csv:
        import sys

        from pyarrow import csv

        csv.write_csv(shown, sys.stdout.buffer)
        sys.stdout.flush()
    elif as_json:
        rows = shown.to_pylist()
        about = {"age": found.age, "cached": found.cached, "uncached": found.uncached, "total": found.table.num_rows}
        show.json({"columns": shown.column_names, "rows": rows, **about})
    else:
        show.table(shown.column_names, [list(row.values()) for row in shown.to_pylist()])


def _parameters(given: list[str]) -> dict[str, Any]:
    import json

    found: dict[str, Any] = {}
    for each in given:
        name, mark, text = each.partition("=")
        if not (name and mark):
            raise SettingsError(f"--param {name!r} has no value", hint="Write --param NAME=VALUE.")
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found
