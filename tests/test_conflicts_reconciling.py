"""Kept conflicts beside the table of an older procedure, and why it found what is none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import tablemend as tm
from conflicts_helpers import TODAY, table, visit
from tablemend.conflicts import finding, reasons, ruleset
from tablemend.conflicts.reconciling import Columns, Reconciled, Share
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.engine.duckdb import Session
from tablemend.errors import NotFound, UnreadableSource
from tablemend.workspace import Workspace

RULES = ruleset.shipped("visits")
DONE = {"visit_start": "8:00", "visit_end": "9:00"}
LATER = {"visit_start": "10:00", "visit_end": "11:00"}
HERE = {"latitude": 40.0, "longitude": -74.0, "postcode": "10001"}
TWO = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with tm.open(tmp_path / "state", conflicts_secret="a secret that only this test knows") as opened:
        yield opened


def old(*rows: tuple[Any, ...], flags: bool = True) -> pa.Table:
    columns = {"id_a": [each[0] for each in rows], "id_b": [each[1] for each in rows]}
    return pa.table(columns | ({"flags": pa.array([each[2] for each in rows], pa.string())} if flags else {}))


def fill(url: str, **tables: pa.Table) -> None:
    with Database(url) as database, database.transaction() as connection:
        for name, rows in tables.items():
            bulk.create(connection, (None, name), rows.schema)
            bulk.insert(connection, (None, name), rows)


VISITS = [
    visit(1, "A", **DONE),
    visit(2, "B", **DONE),
    visit(3, "C", **DONE),
    visit(4, "A", **LATER),
    visit(5, "A", **DONE, status="Cancelled"),
]
"""Of whom 1, 2 and 3 contradict each other."""


def reconciled(
    ws: Workspace, url: str, older: pa.Table, visits: list[dict[str, Any]] = VISITS, **more: Any
) -> Reconciled:
    fill(url, visits=table(visits, RULES), older=older)
    ws.conflicts.run(f"{url}#visits", f"{url}#conflict", today=TODAY)
    return ws.conflicts.reconcile(f"{url}#older", f"{url}#conflict", today=TODAY, **more)


@TWO
def test_pairs_are_compared_whichever_way_round_and_what_is_none_is_counted_apart(
    ws: Workspace, database_url: str
) -> None:
    rows = [(2, 1, "same"), (1, 2, "same"), (1, 2, "same,late"), (1, 1, "same"), (4, None, None), (1, 4, "late")]
    found = reconciled(ws, database_url, old(*rows))
    assert (found.rows, found.selves, found.incomplete, found.mirrored, found.repeated) == (6, 1, 1, 1, 1)
    assert (found.old, found.new, found.both, found.only_old, found.only_new) == (2, 3, 1, 1, 2)
    assert found.old_flags == {"late": Share(both=1, only=1), "same": Share(both=1, only=0)}
    assert found.new_flags == {"same_visit_time": Share(both=1, only=2)}
    only = {(each.only, each.id_a, each.id_b): each for each in found.examples}
    assert only.keys() == {("old", "1", "4"), ("new", "1", "3"), ("new", "2", "3")}
    assert only["old", "1", "4"].told == ()
    assert only["new", "1", "3"].told[0] == "Visit 1 at A, from 2026-11-01 08:00 to 2026-11-01 09:00."


@TWO
def test_with_the_rows_at_hand_it_says_why_a_pair_is_none(ws: Workspace, database_url: str) -> None:
    older = old((1, 4, None), (1, 5, None), (9, 1, None), flags=True)
    found = reconciled(ws, database_url, older, source=f"{database_url}#visits")
    assert (found.looked_up, found.reasons) == (
        3,
        {"status cancelled": 1, "not in the source": 1, "the same agency": 1},
    )
    told = {(each.id_a, each.id_b): (each.reason, len(each.told)) for each in found.examples if each.only == "old"}
    assert told == {
        ("1", "4"): ("the same agency", 2),
        ("1", "5"): ("status cancelled", 2),
        ("1", "9"): ("not in the source", 1),
    }


@TWO
def test_only_some_pairs_are_looked_up_where_there_are_many(ws: Workspace, database_url: str) -> None:
    visits = [visit(n, "A", **DONE) for n in range(1, 41)] + [visit(41, "B", **DONE)]
    older = old(*((n, n + 1, "x") for n in range(1, 40)))
    found = reconciled(ws, database_url, older, visits, source=f"{database_url}#visits", lookup=10, examples=2)
    assert (found.only_old, found.looked_up, found.reasons) == (39, 10, {"the same agency": 10})
    assert len([each for each in found.examples if each.only == "old"]) == 2


@TWO
def test_columns_may_have_other_names_and_one_for_each_flag(ws: Workspace, database_url: str) -> None:
    older = pa.table({"visit": [1, 1], "other": ["2", "4"], "same": ["Y", "N"], "far": pa.array([None, "1"])})
    found = reconciled(ws, database_url, older, columns=Columns("visit", "other", ("same", "far")))
    assert found.old_flags == {"same": Share(both=1, only=0), "far": Share(both=0, only=1)}


def test_what_cannot_be_compared_says_why(ws: Workspace, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/care.db?mode=rwc"
    with pytest.raises(UnreadableSource, match="the older table has no column visit, far; it has id_a, id_b, flags"):
        reconciled(ws, url, old((1, 2, "x")), columns=Columns("visit", "id_b", ("far",)))
    with pytest.raises(NotFound, match="no conflicts are kept"):
        ws.conflicts.reconcile(f"{url}#older", f"{url}#nothing")


def test_two_databases_are_compared(ws: Workspace, tmp_path: Path) -> None:
    url, other = (f"sqlite:///{tmp_path}/{name}.db?mode=rwc" for name in ("one", "other"))
    fill(url, visits=table(VISITS, RULES))
    fill(other, older=old((1, 2, "x"), flags=False))
    ws.conflicts.run(f"{url}#visits", f"{url}#conflict", today=TODAY)
    found = ws.conflicts.reconcile(f"{other}#older", f"{url}#conflict")
    assert (found.both, found.only_old, found.only_new, found.old_flags) == (1, 0, 2, {})


def done(start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"visit_start": start, "visit_end": end, **more}


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (DONE, DONE, reasons.NOW),
        (DONE, DONE | {"agency": "A"}, "the same agency"),
        (DONE, DONE | {"agency": None}, "agency missing"),
        (DONE, DONE | {"caregiver_key": "P2"}, "another caregiver_key"),
        (DONE, DONE | {"caregiver_key": None}, "entity missing"),
        (DONE, DONE | {"status": " Pending"}, "status pending"),
        (DONE, DONE | {"visit_date": TODAY.replace(year=2020)}, "outside the window"),
        (DONE, DONE | {"visit_date": TODAY - timedelta(days=5)}, "another date"),
        (DONE, {"visit_date": TODAY, **DONE}, "no time in common, and the way is unknown"),
        (DONE, {"visit_start": "8:00"}, "recorded at one end only"),
        (DONE, done("9:00", "8:00"), "ends before it begins"),
        (DONE, {}, "no rule can judge it"),
        (DONE, LATER, "no time in common, and the way is unknown"),
        (DONE | HERE, LATER | HERE, "no time in common, and the same postcode"),
        (DONE | HERE, LATER | HERE | {"postcode": "10002"}, "no time in common, and time enough for the way"),
        (DONE, {"scheduled_start": "9:00", "scheduled_end": "10:00"}, "no time in common"),
    ],
)
def test_the_first_condition_that_is_not_met_is_the_reason(
    one: dict[str, Any], other: dict[str, Any], reason: str
) -> None:
    visits = table([visit(1, "A", **one), visit(2, **{"agency": "B"} | other)], RULES)
    with Session() as session:
        (told,) = reasons.reasons(session, RULES, visits, [("1", "2")], today=TODAY)
        kept = finding.find(session, RULES, visits, today=TODAY).conflicts.num_rows
    assert told.text == reason
    assert (kept == 1) == (reason == reasons.NOW)
