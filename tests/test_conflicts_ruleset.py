"""Rulesets: what they may say, and where they are wrong."""

from __future__ import annotations

from datetime import date, datetime, time

import pyarrow as pa
import pytest

from tablemend.conflicts import judging, preparing, ruleset
from tablemend.engine.duckdb import Session
from tablemend.errors import SettingsError, UnreadableSource

VISITS, _ = ruleset.source("visits")


def test_the_shipped_rulesets_can_be_used() -> None:
    assert ruleset.names() == ["rooms", "visits"]
    for name in ruleset.names():
        assert ruleset.shipped(name).name == name


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('interval = "actual"', 'interval = "actua"', "there is no interval 'actua'"),
        ('state = "unstarted"', 'state = "unstated"', "there is no state 'unstated'"),
        ('test = "travel"', 'test = "travels"', "rules.test is 'travels'"),
        ("road_factor = 1.25", "road_factor = 0.5", "road_factor is 0.5"),
        ("{ to = 5, mph = 6 }", "{ to = 2, mph = 6 }", "speeds rise by distance"),
        ('leaves = ["call_out", "address"]', 'leaves = ["home"]', "there is no point 'home'"),
        ('entity = "caregiver_key"', 'entity = ""', "entity is empty"),
        ('differ = "agency"', 'differs = "agency"', "there is no field differs"),
        ('flag = "same_visit_time"', 'flag = "same_scheduled_time"', "there are two rules"),
    ],
)
def test_a_ruleset_that_cannot_be_used_says_why_and_on_which_line(before: str, after: str, message: str) -> None:
    assert before in VISITS
    text = VISITS.replace(before, after)
    lines = zip(text.splitlines(), VISITS.splitlines(), strict=True)
    changed = next(line for line, (now, was) in enumerate(lines, 1) if now != was)
    found = next(each for each in ruleset.faults(text) if message in each.text)
    assert changed - 1 <= found.line <= changed + 1  # a header or the key itself
    with pytest.raises(SettingsError, match=r"mine\.toml, line \d+: "):
        ruleset.parse(text, origin="mine.toml")


def test_a_source_that_lacks_columns_is_told_all_of_them_at_once() -> None:
    schema = pa.schema([("visit_id", pa.int64()), ("visit_date", pa.int64())])
    with pytest.raises(UnreadableSource, match=r"no column caregiver_key, agency") as caught:
        preparing.require_columns(ruleset.shipped("visits"), schema)
    for name in ("scheduled_start", "latitude", "rate", "postcode"):
        assert name in str(caught.value)


def test_types_that_cannot_be_used_are_told_all_at_once() -> None:
    rules = ruleset.shipped("rooms")
    schema = pa.schema([(name, pa.bool_()) for name in rules.columns])
    with pytest.raises(UnreadableSource, match="day is bool and must be a date or a time; starts is bool"):
        preparing.require_columns(rules, schema)


def test_rooms_booked_twice_are_found_by_a_ruleset_alone() -> None:
    rules = ruleset.shipped("rooms")
    day = date(2026, 11, 2)
    rows = [("b1", 8, 10, None), ("b2", 9, 11, None), ("b3", 10, 12, None), ("b4", 8, 10, "Cancelled")]
    bookings = pa.table(
        {
            "booking_id": [each[0] for each in rows],
            "room": ["R1"] * len(rows),
            "day": [day] * len(rows),
            "status": pa.array([each[3] for each in rows], pa.string()),
            "starts": [datetime.combine(day, time(each[1])) for each in rows],
            "ends": [datetime.combine(day, time(each[2])) for each in rows],
        }
    )
    with Session() as session:
        session.register("bookings", bookings)
        ready = session.arrow(preparing.prepared(rules, "bookings", bookings.schema, today=day))
        found = judging.judged(session, rules, ready).to_pylist()
    assert [(each["one"], each["other"], judging.flags(rules, each["flags"])) for each in found] == [
        (0, 1, ("bookings_overlap",)),
        (1, 2, ("bookings_overlap",)),
    ]
