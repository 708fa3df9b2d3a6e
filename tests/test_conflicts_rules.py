"""Which visits cannot both be true: rule by rule, and against a slow reference."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from conflicts_helpers import found, judged, visit, world
from conflicts_reference import conflicts
from tablemend.conflicts import ruleset
from tablemend.conflicts.originals import ORIGINAL, Options

PLANNED = {"scheduled_start": "8:00", "scheduled_end": "9:00"}
DONE = {"visit_start": "8:00", "visit_end": "9:00"}


def pair(one: dict[str, Any], other: dict[str, Any]) -> list[dict[str, Any]]:
    return [visit(1, "A", **one), visit(2, "B", **other)]


def planned(start: str, end: str) -> dict[str, Any]:
    return {"scheduled_start": start, "scheduled_end": end}


def done(start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"visit_start": start, "visit_end": end, **more}


@pytest.mark.parametrize(
    ("one", "other", "flag"),
    [
        (PLANNED, PLANNED, "same_scheduled_time"),
        (PLANNED, planned("8:00", "9:01"), "scheduled_overlaps_scheduled"),
        (DONE, DONE, "same_visit_time"),
        (DONE, done("8:00", "8:59"), "visit_overlaps_visit"),
        (PLANNED, DONE, "scheduled_equals_visit"),
        (DONE, PLANNED, "scheduled_equals_visit"),
        (PLANNED, done("8:30", "9:30"), "scheduled_overlaps_visit"),
        (done("8:30", "9:30"), PLANNED, "scheduled_overlaps_visit"),
        (PLANNED, planned("9:00", "10:00"), None),
        (DONE, done("9:00", "10:00"), None),
        (PLANNED, done("7:00", "8:00"), None),
        (PLANNED, {}, None),
        (DONE, {"visit_start": "8:00"}, None),
        (PLANNED, {**PLANNED, "visit_start": "8:00"}, None),
        (planned("8:00", "8:00"), planned("8:00", "8:00"), "same_scheduled_time"),
        (planned("8:00", "8:00"), PLANNED, None),
        (planned("8:30", "8:30"), PLANNED, "scheduled_overlaps_scheduled"),
        (planned("9:00", "8:00"), planned("9:00", "8:00"), None),
    ],
)
def test_two_visits_at_two_agencies_are_a_conflict_where_a_rule_says_so(
    one: dict[str, Any], other: dict[str, Any], flag: str | None
) -> None:
    assert found(pair(one, other)) == ({(1, 2): flag} if flag else {})


@pytest.mark.parametrize("more", [{"agency": "A"}, {"caregiver_key": "P2"}, {"status": "Pending"}])
def test_visits_of_one_agency_of_two_people_or_that_do_not_count_are_no_pair(more: dict[str, Any]) -> None:
    one, other = pair(DONE, DONE)
    assert found([one, other | more]) == {}


NORTH = 1 / 69.093  # degrees of latitude in a mile of the sphere


def apart(miles: float, gap: str, **more: Any) -> list[dict[str, Any]]:
    """Two recorded visits so many miles by road from each other, the second beginning at the time given."""
    away = 40.0 + miles / 1.25 * NORTH
    here = done("8:00", "9:00", latitude=40.0, longitude=-74.0, postcode="10001")
    there = done(gap, "12:00", latitude=away, longitude=-74.0, postcode="10002")
    return pair(here, there | more)


@pytest.mark.parametrize(
    ("miles", "minutes", "mph"), [(1.9, 57.0, 2), (3.0, 30.0, 6), (9.9, 39.6, 15), (24.0, 57.6, 25), (30.0, 72.0, 25)]
)
def test_how_long_a_way_takes(miles: float, minutes: float, mph: int) -> None:
    (told,) = judged(apart(miles, "9:00"), ruleset.shipped("visits")).to_pylist()
    assert told["miles"] == miles
    assert told["mph"] == mph
    assert told["travel_minutes"] == pytest.approx(minutes)
    assert (told["gap_minutes"], told["leave_from"], told["arrive_from"], told["one_first"]) == (
        0.0, "address", "address", True,
    )  # fmt: skip


def test_a_way_that_takes_as_long_as_there_is_time_is_no_conflict() -> None:
    assert found(apart(3.0, "9:30")) == {}
    assert found(apart(3.0, "9:29")) == {(1, 2): "too_far_to_travel"}


@pytest.mark.parametrize("more", [{"postcode": "10001"}, {"latitude": None}, {"latitude": 91.0}, {"visit_end": None}])
def test_the_way_is_not_judged_where_it_is_not_known(more: dict[str, Any]) -> None:
    assert found(apart(20.0, "9:01", **more)) == {}


def test_a_missing_postcode_is_none_that_is_the_same() -> None:
    assert found(apart(20.0, "9:01", postcode=None)) == {(1, 2): "too_far_to_travel"}


def test_the_places_of_the_calls_go_before_the_address() -> None:
    near = {"call_in_latitude": 40.0, "call_in_longitude": -74.0}
    assert found(apart(20.0, "9:01", **near)) == {}


def test_across_midnight_neighbouring_dates_are_paired_where_they_touch_it() -> None:
    late = visit(1, "A", **planned("23:00", "+1 1:00"))
    early = visit(2, "B")
    early["visit_date"] = late["visit_date"].replace(day=2)
    early |= {
        "scheduled_start": late["scheduled_end"].replace(hour=0),
        "scheduled_end": late["scheduled_end"].replace(hour=2),
    }
    rules = ruleset.shipped("visits")
    assert found([late, early]) == {(1, 2): "scheduled_overlaps_scheduled"}
    assert found([late, early], msgspec.structs.replace(rules, options=Options(across_midnight=False))) == {}


def test_a_tolerance_lets_short_overlaps_pass() -> None:
    rules = msgspec.structs.replace(ruleset.shipped("visits"), options=Options(tolerance=5))
    assert found(pair(DONE, done("8:55", "10:00")), rules) == {}
    assert found(pair(DONE, done("8:54", "10:00")), rules) == {(1, 2): "visit_overlaps_visit"}


def test_a_half_recorded_visit_may_take_its_other_end_from_what_was_planned() -> None:
    half = {**planned("8:00", "9:00"), "visit_start": "8:10"}
    visits = pair(half, done("8:55", "10:00"))
    assert found(visits) == {}
    rules = msgspec.structs.replace(ruleset.shipped("visits"), options=Options(half_recorded=True))
    assert found(visits, rules) == {(1, 2): "visit_overlaps_visit"}


def test_a_thousand_random_worlds_are_judged_as_a_slow_reference_judges_them() -> None:
    visits = [each for n in range(1_000) for each in world(n, f"P{n}", 10 * n)]
    pairs = found(visits)
    assert pairs == slowly(visits)
    assert set(pairs.values()) == {each.flag for each in ruleset.shipped("visits").active}


def test_so_are_they_with_the_original_options() -> None:
    visits = [each for n in range(1_000, 1_300) for each in world(n, f"P{n}", 10 * n)]
    rules = msgspec.structs.replace(ruleset.shipped("visits"), options=ORIGINAL)
    assert found(visits, rules) == slowly(visits, across_midnight=False, zero_gap=False, inclusive=True)


def slowly(visits: list[dict[str, Any]], **options: bool) -> dict[tuple[Any, Any], str]:
    people: dict[str, list[dict[str, Any]]] = {}
    for each in visits:
        people.setdefault(each["caregiver_key"], []).append(each)
    return {pair: flag for those in people.values() for pair, flag in conflicts(those, **options).items()}
