"""`cache`: results of queries that processes share in Redis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tablemend.cli import show
from tablemend.cli.main import Json, app, workspace
from tablemend.errors import StateError, Unreachable

if TYPE_CHECKING:
    from tablemend.caching import Shared
    from tablemend.workspace import Workspace

cache = typer.Typer(help="Results of queries that are kept.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(cache, name="cache")

_NO_REDIS = "no Redis is set in cache_redis_url: the results that a process keeps live and die with it"
_MEASURED = ("cache.", "database.", "pool.")


@cache.command()
def stats(as_json: Json = False) -> None:
    """Show what is kept in Redis, by table, and what the newest runs measured of the cache."""
    with workspace(quiet=True) as ws:
        shared = ws.cache.shared
        held = None if shared is None else shared.listed()
        state = ws.cache_statistics().redis
        measured = _measured(ws)
    tables = _by_table(held or [])
    if as_json:
        known = None if held is None else {"entries": len(held), "bytes": sum(size for _, size in held)}
        show.json({"redis": state, "kept": known, "tables": tables, "runs": measured})
        return
    if held is None:
        show.say(_NO_REDIS if shared is None else f"Redis does not answer: {state.problem}")
    else:
        rows = [(name, each["entries"], each["rows"], each["bytes"]) for name, each in sorted(tables.items())]
        show.table(("table", "entries", "rows", "bytes"), rows)
        show.say(f"{len(held):,} results of {sum(size for _, size in held):,} bytes in Redis, which is {state.state}")
    if measured:
        rows = [(each["run"], each["kind"], each["metric"], each["value"]) for each in measured]
        show.table(("run", "kind", "metric", "value"), rows, title="Newest runs")
    else:
        show.say("no run has measured a cache")


def _by_table(held: list[tuple[Any, int]]) -> dict[str, dict[str, int]]:
    """Results by the tables that they were read from; one of several tables counts for each."""
    found: dict[str, dict[str, int]] = {}
    for description, size in held:
        for table in description.tables:
            each = found.setdefault(table, {"entries": 0, "rows": 0, "bytes": 0})
            each["entries"] += 1
            each["rows"] += description.rows
            each["bytes"] += size
    return found


def _measured(ws: Workspace) -> list[dict[str, Any]]:
    if not ws.exists:
        return []
    return [
        {
            "run": report.run.id,
            "kind": report.run.kind,
            "metric": name,
            "value": each.sum if each.kind == "counter" else each.last,
        }
        for report in ws.newest_reports()
        for name, each in report.metrics.items()
        if name.startswith(_MEASURED)
    ]


@cache.command()
def clear(
    table: Annotated[
        str | None, typer.Option("--table", help="Only results that read this table.", show_default=False)
    ] = None,
    pattern: Annotated[
        str | None,
        typer.Option("--pattern", help="Only those of queries like this, * for anything.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Let go of results in Redis, by default of all; every process that uses it reads them anew."""
    with workspace(quiet=True) as ws:
        if ws.cache.shared is None:
            raise StateError(_NO_REDIS, hint="Set cache_redis_url, or end the process.")
        done = _cleared(ws.cache.shared, table, pattern)
    if as_json:
        show.json(done)
        return
    show.say(", ".join(f"{number:,} {what}" for what, number in done.items()))


def _cleared(shared: Shared, table: str | None, pattern: str | None) -> dict[str, int]:
    done: dict[str, int | None] = {}
    if table is not None:
        done["databases with that table"] = shared.forget_named(table.lower())
    if pattern is not None:
        done["results removed"] = shared.remove(text=pattern)
    if table is None and pattern is None:
        done["results removed"] = shared.clear()
    if None in done.values():
        raise Unreachable("Redis does not answer, or refuses", hint="Check cache_redis_url, and whether it runs.")
    return {what: number or 0 for what, number in done.items()}
