"""The rules of visits, pair by pair, as slow and as plain as can be."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

Visit = dict[str, Any]
Period = dict[str, Any]

SPEEDS = ((2, 2), (5, 6), (10, 15), (25, 25))


def conflicts(
    visits: list[Visit], *, across_midnight: bool = True, zero_gap: bool = True, inclusive: bool = False
) -> dict[tuple[Any, Any], str]:
    """Ids of each pair of which a rule holds → its flag; no pair has two."""
    found = {}
    for a, b in combinations(sorted(visits, key=lambda each: each["visit_id"]), 2):
        if not paired(a, b, across_midnight=across_midnight):
            continue
        flag = flagged(a, b, zero_gap=zero_gap, inclusive=inclusive)
        if flag:
            found[a["visit_id"], b["visit_id"]] = flag
    return found


def taken(visits: list[Visit], periods: list[Period]) -> set[tuple[Any, Any]]:
    """Ids of each visit that was recorded during a period of its person at another agency, and of the period."""
    return {
        (visit["visit_id"], period["in_service_id"])
        for visit in visits
        for period in periods
        if is_taken(visit, period)
    }


def is_taken(visit: Visit, period: Period) -> bool:
    start, end = visit["visit_start"], visit["visit_end"]
    if None in (start, end, period["starts"], period["ends"], period["agency"]) or not counts(visit):
        return False
    if start > end or period["starts"] > period["ends"]:
        return False
    if visit["caregiver_key"] != period["caregiver_key"] or visit["agency"] == period["agency"]:
        return False
    return bool(start < period["ends"] and end > period["starts"])


def counts(visit: Visit) -> bool:
    return (visit["status"] or "").lower() not in ("cancelled", "deleted", "pending")


def paired(a: Visit, b: Visit, *, across_midnight: bool) -> bool:
    if a["caregiver_key"] != b["caregiver_key"] or a["agency"] == b["agency"]:
        return False
    if not counts(a) or not counts(b):
        return False
    if a["visit_date"] == b["visit_date"]:
        return True
    first, second = sorted((a, b), key=lambda each: each["visit_date"])
    if not across_midnight or second["visit_date"] - first["visit_date"] != timedelta(days=1):
        return False
    midnight = datetime.combine(second["visit_date"], datetime.min.time())
    before, after = used(first), used(second)
    return bool(before and after and (before[1] >= midnight or after[0] <= midnight))


def used(visit: Visit) -> tuple[datetime, datetime] | None:
    """The interval that the rules look at."""
    planned = visit["scheduled_start"], visit["scheduled_end"]
    actual = visit["visit_start"], visit["visit_end"]
    if actual == (None, None):
        return planned if None not in planned and planned[0] <= planned[1] else None
    return actual if None not in actual and actual[0] <= actual[1] else None


def flagged(a: Visit, b: Visit, *, zero_gap: bool, inclusive: bool) -> str:
    one, other = used(a), used(b)
    if one is None or other is None:
        return ""
    done = [each["visit_start"] is not None for each in (a, b)]
    if one == other:
        return ("same_scheduled_time", "scheduled_equals_visit", "same_visit_time")[sum(done)]
    if one[0] < other[1] and one[1] > other[0]:
        return ("scheduled_overlaps_scheduled", "scheduled_overlaps_visit", "visit_overlaps_visit")[sum(done)]
    if all(done) and too_far(a, b, zero_gap=zero_gap, inclusive=inclusive):
        return "too_far_to_travel"
    return ""


def too_far(a: Visit, b: Visit, *, zero_gap: bool, inclusive: bool) -> bool:
    if a["postcode"] and a["postcode"] == b["postcode"]:
        return False
    first, second = (a, b) if a["visit_end"] <= b["visit_start"] else (b, a)
    leave, arrive = point(first, "call_out_"), point(second, "call_in_")
    if leave is None or arrive is None:
        return False
    miles = round(haversine(*leave, *arrive) * 1.25, 2)
    pace = speed(miles, inclusive=inclusive)
    gap = (second["visit_start"] - first["visit_end"]).total_seconds() / 60
    if pace is None or gap < 0 or (gap == 0 and not zero_gap):
        return False
    return miles / pace * 60 > gap


def point(visit: Visit, prefix: str) -> tuple[float, float] | None:
    for each in (prefix, ""):
        latitude, longitude = visit[f"{each}latitude"], visit[f"{each}longitude"]
        if latitude is None or longitude is None or (latitude, longitude) == (0, 0):
            continue
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            return latitude, longitude
    return None


def haversine(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    p, q = math.radians(lat1), math.radians(lat2)
    half = math.sin((q - p) / 2) ** 2 + math.cos(p) * math.cos(q) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * 3958.8 * math.asin(math.sqrt(half))


def speed(miles: float, *, inclusive: bool) -> float | None:
    for to, mph in SPEEDS:
        if miles < to or (inclusive and miles == to):
            return mph
    return None if inclusive else SPEEDS[-1][1]
