"""A table of a database, or one query on it: connected to, looked at, scanned.

The password stays in its field: it goes with each click, and neither into the address nor into what is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from tablemend.databases import checking, introspection, urls
from tablemend.databases.checking import Checked
from tablemend.databases.database import Database
from tablemend.databases.introspection import TableSummary
from tablemend.databases.pool import limits
from tablemend.errors import SettingsError, TablemendError
from tablemend.records import Record
from tablemend.web.address import Address
from tablemend.web.api import places
from tablemend.web.components import basics, forms
from tablemend.web.doing import Action, Asked, Done
from tablemend.web.pages.add import beginning, showing
from tablemend.web.site import Site

_FILES = ("sqlite", "duckdb")
_SHAPE = "Type it like postgresql://user@host/shop, mysql://user@host/shop or sqlite:///shop.db."


class Place(Record, frozen=True, kw_only=True):
    """A database as it was typed."""

    url: str  # with the password: never shown, never kept
    shown: str  # without
    table: str = ""  # after `#`


def draw(site: Site, address: Address) -> Any:
    """Where the database is, and the button that connects to it."""
    del site, address
    return html.Div(
        [
            forms.text("database", "url", "URL of the database", placeholder="postgresql://user@host/shop"),
            html.Div(
                [
                    forms.password("database", "password", "Password, where one is needed"),
                    forms.text("database", "schema", "Schema", placeholder="that of the connection"),
                ],
                className="tm-pair",
            ),
            html.Div(
                "The password goes to this work alone: it is never shown, and gone when the work ends.",
                className="tm-note",
            ),
            html.Div(forms.button("database", "connect", "Connect", primary=True), className="tm-actions"),
        ],
        className="tm-form tm-form-wide",
    )


def place(site: Site, asked: Asked) -> Place:
    """The database that was typed, where whoever asks may name it; SettingsError where it is not understood."""
    text = asked.text("url")
    if not text:
        raise SettingsError("no database is named", hint=_SHAPE)
    url, address = urls.parse(text)
    if address.kind in _FILES:
        plain = text.partition("#")[0]
        return Place(url=places.source(site, plain), shown=plain, table=address.table or "")
    if password := str(asked.fields.get("password") or ""):
        url = url.set(password=password)
    plain = url.set(drivername=address.kind).render_as_string(hide_password=False)
    table = ".".join(filter(None, (address.schema, address.table)))
    return Place(url=places.source(site, plain), shown=address.url, table=table)


def _connect(site: Site, asked: Asked) -> Done:
    try:
        return Done(shown=_connected(site, place(site, asked), asked), redraw=False)
    except TablemendError as problem:
        return Done(shown=showing.problem(problem), redraw=False)


def _look(site: Site, asked: Asked) -> Done:
    try:
        found = place(site, asked)
        head = _connected(site, found, asked)
    except TablemendError as problem:
        return Done(shown=showing.problem(problem), redraw=False)
    try:
        options = _chosen(asked)
        rows = showing.rows(site.working.first_rows(found.url, **options))
        fed = site.workspace.fed(found.url, name=beginning.typed(asked.fields) or None, **options)
        return Done(shown=[*head, showing.becomes(fed, by="this table"), rows], redraw=False)
    except TablemendError as problem:
        return Done(shown=[*head, showing.problem(problem)], redraw=False)


def _scan(site: Site, asked: Asked) -> Done:
    found, options, name = place(site, asked), _chosen(asked), beginning.typed(asked.fields)
    return beginning.scan(site, found.url, options, name=name, shown=name or options["table"] or "a query")


def _chosen(asked: Asked) -> dict[str, str | None]:
    """The query where one is written, else the table."""
    table, sql = asked.text("table"), asked.text("sql")
    if not table and not sql:
        raise SettingsError("no table is chosen, and no query is written", hint="Choose a table, or write one SELECT.")
    return {"sql": sql or None, "table": None if sql else table}


def _connected(site: Site, found: Place, asked: Asked) -> list[Any]:
    """What the database is and holds, and what to scan of it."""
    bounds, schema = limits(site.base.settings), asked.text("schema")
    checked = checking.check(found.url, bounds)
    with Database(found.url, limits=bounds, purpose="browser") as database:
        tables = introspection.tables(database, schema or None)
    return [_told(checked, schema, len(tables)), _choices(tables, found, checked, asked)]


def _told(checked: Checked, schema: str, tables: int) -> Any:
    rights = {"read": checked.may_read, "write": checked.may_write}
    may = " and ".join(name for name, right in rights.items() if right)
    pairs = [
        ("Connected", f"{checked.database}, version {checked.version}"),
        ("May", may or "nothing that the database tells of"),
        ("Tables", f"{tables:,}, with views, in the schema {schema or checked.schema}"),
    ]
    return basics.facts(*pairs)


def _choices(tables: Sequence[TableSummary], found: Place, checked: Checked, asked: Asked) -> Any:
    named = [(_name(each, checked.schema), _label(each, checked.schema)) for each in tables]
    known = [value for value, _ in named]
    wanted = asked.text("table") or found.table
    chosen = wanted if wanted in known else next(iter(known), None)
    return html.Div(
        [
            forms.choice("database", "table", "Table", named, chosen, searchable=True,
                         placeholder="choose a table" if named else "there is none"),
            forms.area("database", "sql", "Or one SELECT, which goes before the table", asked.text("sql"), minRows=2),
            forms.text("database", "name", "Name of the dataset", asked.text("name"),
                       placeholder="by default that of the table"),
            html.Div(
                [
                    forms.button("database", "look", "Show the first rows"),
                    forms.button("database", "scan", "Scan", primary=True),
                ],
                className="tm-actions",
            ),
            _in_place(checked),
        ],
        className="tm-form tm-form-wide",
    )  # fmt: skip


def _in_place(checked: Checked) -> Any:
    """Where what is approved can go back into the table."""
    if checked.may_write is False:
        return html.P("This user may not write here: repairs can be exported, not written back.", className="tm-note")
    return html.P(
        [
            "A table with a primary key can be healed in place: apply what you approve with ",
            html.Code("tablemend apply --to source"),
            ", which changes only the rows that still hold what was scanned.",
        ],
        className="tm-note",
    )


def _name(each: TableSummary, default: str) -> str:
    return each.name if each.schema == default else f"{each.schema}.{each.name}"


def _label(each: TableSummary, default: str) -> str:
    kind = "" if each.kind == "table" else f", {each.kind}"
    rows = "" if each.row_estimate is None else f", about {each.row_estimate:,} rows"
    return f"{_name(each, default)}{kind}{rows}"


ACTIONS = {
    "connect": Action(run=_connect, right="scan"),
    "look": Action(run=_look, right="scan"),
    "scan": Action(run=_scan, right="scan"),
}
