"""What is kept of a conflict, what it costs, what is told of it, and what the rows are like."""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa
import pytest

from conflicts_helpers import TODAY, table, visit
from tablemend.conflicts import door, finding, ruleset, sample, words
from tablemend.engine.duckdb import Session
from tablemend.errors import LimitExceeded, SettingsError

RULES = ruleset.shipped("visits")
DONE = {"visit_start": "8:00", "visit_end": "9:00"}


def find(visits: list[dict[str, Any]] | pa.Table) -> finding.Found:
    rows = visits if isinstance(visits, pa.Table) else table(visits, RULES)
    with Session() as session:
        return finding.find(session, RULES, rows, today=TODAY)


def one(*visits: dict[str, Any]) -> dict[str, Any]:
    (found,) = find(list(visits)).conflicts.to_pylist()
    return dict(found)


def test_a_pair_is_kept_once_under_its_sorted_ids_whichever_row_comes_first() -> None:
    first, second = visit(10, "A", **DONE), visit(9, "B", **DONE)
    found = one(first, second)
    assert (found["id_a"], found["differ_a"], found["id_b"], found["differ_b"]) == ("10", "A", "9", "B")
    assert found == one(second, first)


def test_the_content_changes_with_what_is_told_and_the_key_does_not() -> None:
    before = one(visit(1, "A", **DONE), visit(2, "B", **DONE))
    after = one(visit(1, "A", **DONE), visit(2, "B", visit_start="8:00", visit_end="9:30"))
    assert before["conflict"] == after["conflict"]
    assert before["content"] != after["content"]


@pytest.mark.parametrize(
    ("first", "second", "amount", "kind"),
    [
        ({"rate": 30.0, "rate_per": "hour"}, {"rate": 18.0, "rate_per": "Hour"}, 9.0, "avoidance"),
        ({"rate": 30.0, "rate_per": "hour", "billed": True}, {"billed": True}, 15.0, "recovery"),
        ({"rate": 144.0, "rate_per": "day", "billed": True}, {"billed": False}, 3.0, "avoidance"),
        ({"rate": 10.0, "rate_per": "visit"}, {}, 5.0, "avoidance"),
        ({"rate": 10.0, "rate_per": "month"}, {}, None, "avoidance"),
    ],
)
def test_what_is_at_stake_is_the_common_time_at_the_lower_rate(
    first: dict[str, Any], second: dict[str, Any], amount: float | None, kind: str
) -> None:
    found = one(visit(1, "A", **DONE, **first), visit(2, "B", visit_start="8:30", visit_end="9:30", **second))
    assert (found["overlap_minutes"], found["amount"], found["class"]) == (30.0, amount, kind)


def test_a_conflict_is_told_in_sentences() -> None:
    here = {"latitude": 40.0, "longitude": -74.0}
    there = {"call_in_latitude": 40.4, "call_in_longitude": -74.0, "visit_start": "9:10", "visit_end": "10:00"}
    assert words.explained(RULES, one(visit(1, "A", **DONE, **here), visit(2, "B", **there))) == (
        "Visit 1 at A, from 2026-11-01 08:00 to 2026-11-01 09:00.",
        "Visit 2 at B, from 2026-11-01 09:10 to 2026-11-01 10:00.",
        "The time between them is too short for the way.",
        "From 1 (the address) to 2 (the call at the beginning) it is 34.55 miles by road.",
        "At 25 miles an hour that takes 82.9 minutes; there are 10 minutes between them.",
    )


def test_every_row_is_counted_once_and_what_it_lacks_is_told() -> None:
    visits = [
        visit(1, "A", **DONE),
        visit(2, "B", status="CANCELLED"),
        visit(3, "B", caregiver_key=None),
        visit(4, "B", visit_date=None),
        visit(5, "B", visit_date=TODAY.replace(year=2020)),
        visit(6, "B", visit_start="9:00", visit_end="8:00", status="done", latitude=95.0, longitude=1.0),
        visit(7, "B", visit_start="9:00"),
    ]
    tally = find(visits).tally
    assert tally.rows == 7 == tally.judged + sum(tally.left_out.values())
    assert tally.left_out == {
        "date missing or unreadable": 1,
        "entity missing": 1,
        "outside the window": 1,
        "status": 1,
    }
    assert (tally.status_missing, tally.half, tally.backwards, tally.misplaced) == (2, 1, 1, 1)
    assert tally.unruled == 2


def test_texts_are_read_as_times_and_those_that_are_none_are_counted() -> None:
    rows = table([visit(1, "A", **DONE), visit(2, "B", **DONE), visit(3, "C", **DONE)], RULES)
    texts = rows.set_column(
        rows.schema.get_field_index("visit_start"),
        "visit_start",
        pa.array(["2026-11-01 08:00", "2026-11-01T08:00", "soon"]),
    )
    found = find(texts)
    assert found.conflicts["flags"].to_pylist() == ["same_visit_time"]
    assert found.tally.unreadable == 1


def test_a_number_under_which_many_people_stand_is_suspicious() -> None:
    world = sample.world(20_000, today=TODAY, placeholder=0.05)
    (found,) = find(world.visits).tally.suspicious
    assert found.entity == sample.PLACEHOLDER
    assert found.rows > 900


def test_a_number_under_which_there_is_no_end_of_conflicts_is_named_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MOST", 1_000)
    world = sample.world(20_000, today=TODAY, placeholder=0.05)
    with pytest.raises(LimitExceeded, match=r"more than 1,000 conflicts .*suspicious: 000-99-9999 has \d+ rows"):
        find(world.visits)


def test_no_row_at_all_is_no_conflict() -> None:
    found = find([])
    assert (found.conflicts.num_rows, found.tally.rows, len(found.entities)) == (0, 0, 0)


def test_keys_are_hashed_with_a_secret_each_alike_and_missing_ones_stay_missing() -> None:
    rows = table([visit(1, "A"), visit(2, "B"), visit(3, "C", caregiver_key=None)], RULES)
    closed = door.closed(rows, "caregiver_key", b"a secret of many signs")["caregiver_key"].to_pylist()
    assert closed == [closed[0], closed[0], None]
    assert len(closed[0]) == 32
    assert closed[0] != door.hashed("P1", b"another secret of many signs")


@pytest.mark.parametrize("secret", [None, "", "short"])
def test_a_secret_that_can_be_guessed_is_refused(secret: str | None) -> None:
    with pytest.raises(SettingsError, match="secret"):
        door.secret_of(secret)


def test_the_road_factor_decides_how_far_it_is() -> None:
    here = {"latitude": 40.0, "longitude": -74.0}
    there = {"latitude": 40.35, "longitude": -74.0, "visit_start": "10:10", "visit_end": "11:00"}
    visits = table([visit(1, "A", **DONE, **here), visit(2, "B", **there)], RULES)
    assert RULES.travel is not None
    straight = msgspec.structs.replace(RULES, travel=msgspec.structs.replace(RULES.travel, road_factor=1.0))
    with Session() as session:
        found = [finding.find(session, each, visits, today=TODAY).conflicts.num_rows for each in (RULES, straight)]
    assert found == [1, 0]
