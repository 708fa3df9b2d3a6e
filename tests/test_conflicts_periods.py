"""Visits recorded while somebody was at a training or on leave at another agency."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest

import tablemend as tm
from conflicts_helpers import TODAY, moment, table, visit, world
from conflicts_reference import taken
from tablemend.conflicts import door, finding, ruleset, words
from tablemend.conflicts.beside import require_columns
from tablemend.conflicts.originals import Options
from tablemend.conflicts.ruleset import Ruleset
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.engine.duckdb import Session
from tablemend.errors import MissingObject, SettingsError, UnreadableSource

SHIPPED, _ = ruleset.source("visits")
ON = SHIPPED.replace("on = false", "on = true")
RULES = ruleset.parse(ON, origin="on.toml")
KINDS = ruleset.parse(
    ON.replace('differ = "agency"\nstart', 'differ = "agency"\nkind = "kind"\nstart').replace(
        'test = "period"', 'test = "period"\nkinds = ["Leave"]'
    ),
    origin="kinds.toml",
)
ANYWHERE = ruleset.parse(ON.replace('test = "period"', 'test = "period"\nanywhere = true'), origin="anywhere.toml")
DAY = TODAY - timedelta(days=1)
DONE = {"visit_start": "8:00", "visit_end": "9:00"}
TYPES = {"in_service_id": pa.int64(), **dict.fromkeys(("starts", "ends"), pa.timestamp("us"))}


def period(number: int, agency: str | None, starts: Any, ends: Any, **more: Any) -> dict[str, Any]:
    times = (moment(DAY, each) if isinstance(each, str) else each for each in (starts, ends))
    made = {"in_service_id": number, "caregiver_key": "P1", "agency": agency, "kind": "training"}
    return {**made, **dict(zip(("starts", "ends"), times, strict=True)), **more}


def periods_table(periods: list[dict[str, Any]], rules: Ruleset = RULES) -> pa.Table:
    assert rules.periods is not None
    names = rules.periods.columns
    schema = pa.schema([(name, TYPES.get(name, pa.string())) for name in names])
    return pa.Table.from_pylist([{name: each[name] for name in names} for each in periods], schema)


def find(visits: list[dict[str, Any]], periods: list[dict[str, Any]] | pa.Table, rules: Ruleset = RULES) -> Any:
    given = periods if isinstance(periods, pa.Table) else periods_table(periods, rules)
    with Session() as session:
        return finding.find(session, rules, table(visits, rules), today=TODAY, periods=given)


def conflicts(visits: list[dict[str, Any]], periods: Any, rules: Ruleset = RULES) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = find(visits, periods, rules).conflicts.to_pylist()
    return found


@pytest.mark.parametrize(
    ("times", "agency", "holds"),
    [
        (("7:00", "10:00"), "B", True),
        (("8:59", "10:00"), "B", True),
        (("7:00", "8:01"), "B", True),
        (("8:00", "9:00"), "B", True),
        (("8:15", "8:45"), "B", True),
        (("8:30", "8:30"), "B", True),
        (("9:00", "10:00"), "B", False),
        (("7:00", "8:00"), "B", False),
        (("8:00", "8:00"), "B", False),
        (("10:00", "7:00"), "B", False),
        (("7:00", None), "B", False),
        (("7:00", "10:00"), "A", False),
        (("7:00", "10:00"), None, False),
        (("-3 0:00", "+4 0:00"), "B", True),
        (("-3 0:00", "+0 8:00"), "B", False),
    ],
)
def test_a_visit_during_a_period_at_another_agency_is_a_conflict(times: Any, agency: str | None, holds: bool) -> None:
    found = conflicts([visit(1, "A", **DONE)], [period(7, agency, *times)])
    assert [(each["id_a"], each["id_b"], each["flags"]) for each in found] == [("1", "7", "in_service")] * holds


@pytest.mark.parametrize(
    "more",
    [
        {"status": "cancelled"},
        {"caregiver_key": "P2"},
        {"visit_end": None},
        {"visit_start": None, "visit_end": None, "scheduled_start": "8:00", "scheduled_end": "9:00"},
    ],
)
def test_what_does_not_count_or_was_not_recorded_is_none(more: dict[str, Any]) -> None:
    assert conflicts([visit(1, "A", **DONE | more)], [period(7, "B", "7:00", "10:00")]) == []


def test_the_rule_is_off_unless_a_ruleset_says_otherwise() -> None:
    shipped = ruleset.shipped("visits")
    assert [each.flag for each in shipped.rules if not each.on] == ["in_service"]
    assert conflicts([visit(1, "A", **DONE)], [period(7, "B", "7:00", "10:00")], shipped) == []


def test_a_visit_across_days_meets_each_of_several_periods_once() -> None:
    long = visit(1, "A", visit_start="8:00", visit_end="+2 9:00")
    periods = [period(n, "B", f"+{n} 8:30", f"+{n} 9:30") for n in (1, 2, 3)] + [period(9, "B", "-5 0:00", "+9 0:00")]
    assert [each["id_b"] for each in sorted(conflicts([long], periods), key=lambda each: each["id_b"])] == [
        "1",
        "2",
        "9",
    ]


def test_it_is_kept_with_the_visit_as_a_and_the_period_as_b_under_a_key_of_its_own() -> None:
    visits = [visit(7, "A", **DONE, rate=30.0, rate_per="hour"), visit(1, "B", **DONE)]
    found = {each["flags"]: each for each in conflicts(visits, [period(1, "B", "8:30", "10:00")])}
    one, two = found["in_service"], found["same_visit_time"]
    assert (one["id_a"], one["id_b"], one["differ_b"]) == ("7", "1", "B")
    assert (one["start_b"], one["end_b"], one["scope_b"]) == (moment(DAY, "8:30"), moment(DAY, "10:00"), DAY)
    assert (one["overlap_minutes"], one["amount"], one["class"]) == (30.0, 15.0, "avoidance")
    assert {one["id_a"], one["id_b"]} == {two["id_a"], two["id_b"]}
    assert one["conflict"] != two["conflict"]


def test_it_is_told_in_sentences() -> None:
    visits = [visit(7, "A", **DONE, rate=30.0, rate_per="hour", billed=True)]
    (found,) = conflicts(visits, [period(1, "B", "8:30", "10:00")])
    assert words.explained(RULES, found) == (
        "Visit 7 at A, from 2026-11-01 08:00 to 2026-11-01 09:00.",
        "In-service 1 at B, from 2026-11-01 08:30 to 2026-11-01 10:00.",
        "It was recorded during an in-service or a leave at another agency.",
        "They have 30 minutes in common.",
        "15.00 is at stake; it has been billed.",
    )


def test_only_periods_of_some_kinds_may_count() -> None:
    periods = [period(1, "B", "7:00", "10:00"), period(2, "B", "7:00", "10:00", kind=" LEAVE")]
    assert [each["id_b"] for each in conflicts([visit(1, "A", **DONE)], periods, KINDS)] == ["2"]


def test_a_period_at_the_same_agency_counts_where_the_rule_says_so() -> None:
    periods = [period(1, "A", "7:00", "10:00"), period(2, None, "7:00", "10:00")]
    assert sorted(each["id_b"] for each in conflicts([visit(1, "A", **DONE)], periods, ANYWHERE)) == ["1", "2"]


def test_a_tolerance_lets_a_short_overlap_pass() -> None:
    rules = msgspec.structs.replace(RULES, options=Options(tolerance=5))
    periods = [period(1, "B", "8:55", "10:00"), period(2, "B", "8:54", "10:00")]
    assert [each["id_b"] for each in conflicts([visit(1, "A", **DONE)], periods, rules)] == ["2"]


@pytest.mark.parametrize("kind", [pa.date32(), pa.string()])
def test_a_day_without_a_time_belongs_to_the_period_until_it_ends(kind: pa.DataType) -> None:
    days: list[Any] = [DAY - timedelta(days=2), DAY]
    if kind == pa.string():
        days = [str(each) for each in days]
    given = periods_table([period(1, "B", "0:00", "0:00")])
    for name, day in zip(("starts", "ends"), days, strict=True):
        given = given.set_column(given.schema.get_field_index(name), name, pa.array([day], kind))
    visits = [
        visit(1, "A", visit_start="22:00", visit_end="23:00"),
        visit(2, "A", visit_start="+1 0:00", visit_end="+1 1:00"),
    ]
    (found,) = conflicts(visits, given)
    assert (found["id_a"], found["end_b"]) == ("1", moment(DAY, "+1 0:00"))


def test_periods_that_cannot_be_used_are_counted() -> None:
    periods = [
        period(1, "B", "7:00", "10:00"),
        period(2, "B", "10:00", "7:00"),
        period(3, "B", None, "7:00"),
        period(4, "B", "7:00", "10:00", caregiver_key=None),
    ]
    tally = find([visit(1, "A", **DONE)], periods).tally
    assert (tally.periods, tally.unclear) == (4, 3)


def test_equipment_under_maintenance_needs_no_other_place() -> None:
    rules = ruleset.parse(ROOMS, origin="rooms.toml")
    day = date(2026, 11, 2)
    bookings = pa.table(
        {
            "booking_id": ["b1", "b2"],
            "room": ["R1", "R1"],
            "day": [day, day],
            "status": pa.array([None, None], pa.string()),
            "starts": [moment(day, "8:00"), moment(day, "12:00")],
            "ends": [moment(day, "10:00"), moment(day, "13:00")],
        }
    )
    works = pa.table(
        {"work": [5], "room": ["R1"], "first_day": [moment(day, "-1 0:00")], "until": [moment(day, "9:00")]}
    )
    with Session() as session:
        found = finding.find(session, rules, bookings, today=day, periods=works).conflicts.to_pylist()
    assert [(each["id_a"], each["id_b"], each["flags"], each["amount"]) for each in found] == [
        ("b1", "5", "under_repair", None)
    ]


ROOMS = """
name = "rooms"
id = "booking_id"
entity = "room"
scope = "day"
[intervals.booked]
start = "starts"
end = "ends"
[periods]
table = "works"
id = "work"
entity = "room"
start = "first_day"
end = "until"
[[rules]]
flag = "under_repair"
test = "period"
one = { interval = "booked" }
"""


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('test = "period"', 'test = "period"\nkinds = ["leave"]', "kinds stands without periods.kind"),
        ('differ = "agency"\nstart', "start", "rows must differ from periods"),
        ('table = "in_service"', 'table = ""', "periods.table is empty"),
        ('test = "travel"', 'test = "travel"\nanywhere = true', "anywhere is for rules of a period"),
        ('test = "period"\none', 'test = "period"\nother = { interval = "actual" }\none', "looks at one interval"),
        ("[periods]", "[period]", "there is no field period"),
    ],
)
def test_a_ruleset_with_periods_that_cannot_be_used_says_why(before: str, after: str, message: str) -> None:
    assert before in ON
    with pytest.raises(SettingsError, match=message):
        ruleset.parse(ON.replace(before, after), origin="mine.toml")


def test_columns_that_are_missing_or_of_a_wrong_type_are_told() -> None:
    assert RULES.periods is not None
    schema = pa.schema([("in_service_id", pa.int64()), ("agency", pa.string())])
    with pytest.raises(UnreadableSource, match="in_service has no column caregiver_key, starts, ends"):
        require_columns(RULES.periods, schema, pa.string())
    schema = pa.schema([(name, pa.int64()) for name in RULES.periods.columns])
    with pytest.raises(UnreadableSource, match=r"starts is int64.*caregiver_key is int64, and string beside the rows"):
        require_columns(RULES.periods, schema, pa.string())


def test_random_worlds_are_judged_as_a_slow_reference_judges_them() -> None:
    chance = random.Random(8)
    visits = [each for n in range(400) for each in world(n, f"P{n}", 10 * n)]
    periods = []
    for number in range(2_400):
        day = TODAY - timedelta(days=chance.choice([0, 1, 1, 2, 9]))
        start = datetime.combine(day, datetime.min.time()) + timedelta(
            minutes=30 * chance.choice([0, 15, 16, 17, 18, 47])
        )
        end = start + timedelta(minutes=30 * chance.choice([-1, 0, 1, 2, 3, 48, 600]))
        given = chance.choice([(start, end)] * 9 + [(None, end)])
        more = {"caregiver_key": f"P{chance.randrange(420)}"}
        periods.append(period(number, chance.choice([*"ABCDE", None]), *given, **more))
    found = {
        (int(each["id_a"]), int(each["id_b"])) for each in conflicts(visits, periods) if each["flags"] == "in_service"
    }
    assert found == taken(visits, periods)
    assert len(found) > 300


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_run_reads_the_periods_beside_the_rows_and_keeps_no_key(database_url: str, tmp_path: Path) -> None:
    visits = [visit(n, "A", **DONE, caregiver_key=f"P{n}") for n in range(1, 61)]
    periods = [period(n, "B", "-1 7:00", "10:00", caregiver_key=f"P{n}") for n in range(41, 101)]
    fill(database_url, table(visits, RULES), periods_table(periods))
    rules = tmp_path / "on.toml"
    rules.write_text(ON)
    source, target = f"{database_url}#visits", f"{database_url}#conflict"
    with tm.open(tmp_path / "state", conflicts_secret="a secret that only this test knows") as ws:
        first = ws.conflicts.run(source, target, rules=rules, today=TODAY, rows=10, workers=2)
        assert len(first.parts) > 3
        assert (first.counts["new"], first.tally.periods) == (20, 20)
        kept = ws.conflicts.list(target)
        assert {each["id_a"] for each in kept} == {each["id_b"] for each in kept} == {str(n) for n in range(41, 61)}
        assert {each["entity"] for each in kept} == {
            door.hashed(f"P{n}", b"a secret that only this test knows") for n in range(41, 61)
        }
        told = ws.conflicts.explain(target, kept[0]["conflict"], rules=rules)
        assert told[1].startswith("In-service")
        change(database_url, "DELETE FROM in_service WHERE in_service_id > 50")
        second = ws.conflicts.run(source, target, rules=rules, today=TODAY, rows=10, workers=2)
        assert (second.counts["resolved"], second.unchanged) == (10, 10)
        change(database_url, "DROP TABLE in_service")
        with pytest.raises(MissingObject):
            ws.conflicts.run(source, target, rules=rules, today=TODAY)


def fill(url: str, visits: pa.Table, periods: pa.Table) -> None:
    with Database(url) as database, database.transaction() as connection:
        for name, rows, key in (("visits", visits, "visit_id"), ("in_service", periods, "in_service_id")):
            bulk.create(connection, (None, name), rows.schema, key=[key])
            bulk.insert(connection, (None, name), rows)


def change(url: str, statement: str) -> None:
    with Database(url) as database, database.transaction() as connection:
        connection.exec_driver_sql(statement)
