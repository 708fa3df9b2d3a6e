"""What a database counts is what the embedded engine counts in the same rows, check by check, on every database."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import servers
from tablemend.bench.generate import faulty_table
from tablemend.databases import bulk, introspection
from tablemend.databases.database import Database
from tablemend.engine.duckdb import Session
from tablemend.errors import StateError
from tablemend.quality import rules
from tablemend.quality.evaluate import Evaluation, evaluate
from tablemend.quality.pushdown.asking import asking
from tablemend.quality.pushdown.columns import subject
from tablemend.quality.pushdown.survey import Survey, survey
from tablemend.quality.score import WEIGHTS, score
from tablemend.records import Source
from tablemend.repair import relation
from tablemend.tables import read as reading
from tablemend.tables import server
from tablemend.tables.arrow import numbered
from tablemend.tables.limits import Limits
from tablemend.workspace import open as open_workspace

KINDS = ("sqlite", "duckdb", "postgresql", "mysql")


@pytest.fixture(scope="module", params=KINDS)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database of each kind, for all tests of this file."""
    with servers.database(request.param, tmp_path_factory.mktemp(request.param)) as url, Database(url) as opened:
        yield opened


def put(database: Database, name: str, table: pa.Table, key: Sequence[str] = ()) -> None:
    quoted = database.dialect.identifier_preparer.quote(name)
    with database.transaction() as connection:
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {quoted}")
    with database.transaction() as connection:
        bulk.create(connection, (None, name), table.schema, key=key)
        bulk.insert(connection, (None, name), table)


def both(
    database: Database, name: str, entries: Sequence[Mapping[str, Any]], beside: Mapping[str, pa.Table]
) -> tuple[Survey, Evaluation]:
    """What the database finds, and what the embedded engine finds by the same checks in the rows it reads."""
    own = rules.parse(entries)
    table = introspection.describe(database, name)

    def parent(named: str) -> introspection.TableDescription | None:
        return introspection.describe(database, named) if named in beside else None

    with asking(database, 60) as ask:
        there = survey(
            subject(table, database.kind, ask),
            estimates={},
            rules=lambda profile: rules.checks(own, profile),
            parents=parent,
            weights=WEIGHTS,
        )
    data, columns = pulled(database, name)
    with Session() as session:
        relation.register(session, data, columns)
        for each, rows in beside.items():
            session.register(each, rows)
        return there, evaluate(session, relation.DATA, there.checks)


def pulled(database: Database, name: str) -> Any:
    source = Source(kind=database.kind, location=str(database.url.database), name=name, table=name)
    if database.kind == "sqlite":
        loaded = reading.load(source)
        return loaded.table, loaded.columns
    if database.kind == "duckdb":
        found = bulk.read_table(database, (None, name))
        return numbered(found.column_names, found.columns)
    return server.read(database, source, Limits())[:2]


def same(there: Survey, here: Evaluation) -> list[str]:
    """Require equal counts; the names of the checks that the database could not evaluate."""
    unable = there.evaluation.errors
    for check in there.checks:
        if check.id not in unable:
            found, wanted = there.evaluation.checks[check.id], here.checks[check.id]
            assert (found.rows, found.cells) == (wanted.rows, wanted.cells), (check.name, check.columns, wanted.error)
    if not unable:
        wanted = {(each.column, each.dimension): each for each in here.dimensions}
        assert {(each.column, each.dimension): each for each in there.evaluation.dimensions} == wanted
        assert there.score == score(here)
    return [f"{check.name} {', '.join(check.columns)}" for check in there.checks if check.id in unable]


def test_generated_orders_are_counted_alike(database: Database) -> None:
    dirty, clean = faulty_table(3_000)
    put(database, "orders", dirty)
    customers = clean.select(["customer_id"]).group_by("customer_id").aggregate([]).slice(3)
    put(database, "customers", customers)
    entries: list[Mapping[str, Any]] = [
        {"column": "city", "not_null": True},
        {"columns": ["order_id", "product"], "unique": True},
        {"column": "quantity", "type": "integer"},
        {"column": "status", "values": ["delivered", "shipped", "returned", "on hold", "processing"]},
        {"column": "customer_id", "foreign_key": {"table": "customers"}},
        {"column": "order_id", "regex": r"[A-Z]{2}-?\d+"},
        {"column": "city", "expression": "city <> 'Paris' or country = 'France'"},
    ]
    there, here = both(database, "orders", entries, {"customers": customers})
    unable = same(there, here)
    assert unable == (["type_mismatch quantity", "pattern_deviation order_id"] if database.kind == "sqlite" else [])
    assert {each.check for each in there.findings} >= {"null", "outer_space", "missing_parent", "duplicate_key"}


MOMENT = datetime.datetime.fromisoformat("2026-01-31 12:30:00")
TYPED = pa.table(
    {
        "id": pa.array([1, 2, 3, 3, None, 9], pa.int64()),
        "n": pa.array([1, -5, 12, None, 99, 7], pa.int32()),
        "price": pa.array(
            [Decimal("1.10"), Decimal("-2.00"), None, Decimal("0.30"), Decimal("99.99"), Decimal("5.00")]
        ),
        "size": pa.array([0.1, 0.2, 0.3, None, 1e9, -4.5], pa.float64()),
        "open": pa.array([True, False, None, True, True, False]),
        "day": pa.array([datetime.date(2026, 1, day) for day in (1, 2, 3, 4, 5)] + [None], pa.date32()),
        "at": pa.array([MOMENT, None, MOMENT, MOMENT, MOMENT, MOMENT], pa.timestamp("us")),
        "note": pa.array(["a", "A", " a", "ß", None, "N/A"]),
    }
)


def test_typed_columns_are_counted_alike(database: Database) -> None:
    put(database, "typed", TYPED)
    entries: list[Mapping[str, Any]] = [
        {"column": "n", "range": {"min": 0, "max": 50}},
        {"column": "price", "range": {"min": 0.3}},
        {"column": "size", "range": {"max": 0.3}},
        {"column": "n", "values": [1, "7", "007"]},
        {"column": "note", "values": ["a", "ß"]},
        {"column": "n", "type": "integer"},
        {"column": "id", "unique": True},
        {"columns": ["id", "note"], "unique": True},
        {"column": "n", "expression": "n + price * 2 > size or note = 'a'"},
    ]
    if database.kind != "sqlite":  # which has no dates
        entries += [
            {"column": "day", "range": {"min": "2026-01-02", "max": "2026-01-04"}},
            {"column": "day", "type": "date"},
            {"column": "day", "freshness": "1d"},
            {"column": "open", "expression": "open"},
        ]
    same(*both(database, "typed", entries, {}))


MARKS = st.sampled_from(
    ["a", "A", "b", "ß", "é", " ", "  ", "\t", "\n", "\u00a0", "\u3000", "-", "N/A", "null", "%", "'", "\\", ""]
)
TEXTS = st.one_of(st.none(), st.lists(MARKS, max_size=4).map("".join))
ROWS = st.lists(st.tuples(TEXTS, TEXTS, st.one_of(st.none(), st.integers(-3, 3))), max_size=25)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_any_texts_and_numbers_are_counted_alike(database: Database, rows: list[tuple[Any, ...]]) -> None:
    one, two, three = (list(each) for each in zip(*rows, strict=True)) if rows else ([], [], [])
    made = pa.table(
        {"one": pa.array(one, pa.string()), "code": pa.array(two, pa.string()), "n": pa.array(three, pa.int64())}
    )
    put(database, "texts", made)
    entries: list[Mapping[str, Any]] = [
        {"column": "one", "not_null": True},
        {"column": "one", "unique": True},
        {"columns": ["one", "n"], "unique": True},
        {"column": "code", "regex": r"[aAb\-]+|\s*.{2}"},
        {"column": "code", "values": ["a", "A", "ß", "'", "\\", "%"]},
        {"column": "n", "range": {"min": -1, "max": 2}},
        {"column": "n", "expression": "n <> 0 and not (n between 2 and 3)"},
    ]
    unable = same(*both(database, "texts", entries, {}))
    assert database.kind == "sqlite" or "pattern_deviation code" not in unable


def test_a_survey_is_a_run_that_nothing_can_be_applied_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with Database(database_url) as database:
        put(database, "orders", faulty_table(200)[0])
    with open_workspace(tmp_path / "state") as ws:
        found = ws.survey(f"{database_url.partition('?mode')[0]}#orders")
        run = ws.run()
        assert (run.id, run.kind, run.status, run.notes) == (found.run, "scan", "completed", ("in the database",))
        assert run.counts["rows"] == found.profile.rows == 202
        assert [each.id for each in ws.findings()] == [each.id for each in found.findings]
        assert found.findings[0].sample
        for refused in (ws.apply, ws.preview):
            with pytest.raises(StateError, match="made in the database"):
                refused()
        with pytest.raises(StateError, match="made in the database"):
            ws.propose("trim", ["city"])
