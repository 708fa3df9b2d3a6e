"""`databases`: whether a database can be reached and used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from tablemend.cli import show
from tablemend.cli.main import Json, app

if TYPE_CHECKING:
    from tablemend.databases.checking import Checked

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
