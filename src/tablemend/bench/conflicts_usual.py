"""Conflicts as they are usually found: every row of a person and a day beside every other, then the rules."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from tablemend.conflicts import judging, preparing
from tablemend.conflicts.ruleset import Ruleset, Travel
from tablemend.conflicts.travel import EARTH

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from tablemend.engine.duckdb import Session


def by_join(session: Session, rules: Ruleset, rows: pa.Table, *, today: date) -> int:
    """Conflicts of one date, by a join in the engine and the same statement of the rules over all that it gives."""
    session.register("usual_rows", rows)
    session.execute(f"CREATE TEMP TABLE usual AS {preparing.prepared(rules, 'usual_rows', rows.schema, today=today)}")
    needed = judging.columns(rules)
    sides = ", ".join(f"{side}.{name} AS {side}_{name}" for side in "ab" for name in needed)
    pairs = (
        f"SELECT a.n AS one, b.n AS other, {sides} FROM usual AS a JOIN usual AS b ON a.entity = b.entity "
        "AND a.scope = b.scope AND a.differ <> b.differ AND a.n < b.n WHERE a.left_out IS NULL AND b.left_out IS NULL"
    )
    session.execute(f"CREATE TEMP VIEW {judging.PAIRS} AS {pairs}")
    found = session.arrow(judging.query(rules))
    session.execute(f"DROP VIEW {judging.PAIRS}")
    session.execute("DROP TABLE usual")
    session.unregister("usual_rows")
    return int(found.num_rows)


def by_pandas(visits: pd.DataFrame, rules: Ruleset, *, today: date) -> int:
    """Conflicts of one date and those across midnight, of frames as anybody would write it."""
    if rules.window is None or rules.travel is None:
        raise AssertionError("the ruleset of visits has a window and a way")
    visits = visits[~visits["status"].str.lower().isin(rules.exclude.values)]
    days = visits["visit_date"]
    first, last = today - timedelta(days=rules.window.past), today + timedelta(days=rules.window.future)
    visits = visits[(days >= first) & (days <= last)]
    done = visits["visit_start"].notna() & visits["visit_end"].notna()
    planned = visits["visit_start"].isna() & visits["visit_end"].isna()
    visits = visits.assign(
        start=visits["visit_start"].where(done, visits["scheduled_start"].where(planned)),
        end=visits["visit_end"].where(done, visits["scheduled_end"].where(planned)),
        done=done,
    )
    visits = visits[(done | planned) & (visits["start"] <= visits["end"])]
    following = visits.assign(visit_date=visits["visit_date"] + timedelta(days=1))
    following = following[following["end"] >= following["visit_date"].astype("datetime64[us]")]
    preceding = visits.assign(visit_date=visits["visit_date"] - timedelta(days=1))
    preceding = preceding[preceding["start"] <= visits.loc[preceding.index, "visit_date"].astype("datetime64[us]")]
    keys = ["caregiver_key", "visit_date"]
    own = visits.merge(visits, on=keys)
    own = own[own["visit_id_x"] < own["visit_id_y"]]
    found = [own, following.merge(visits, on=keys), visits.merge(preceding, on=keys)]
    pairs = set()
    for each in found:
        held = each[_holds(each, rules.travel)]
        pairs |= set(zip(held["visit_id_x"], held["visit_id_y"], strict=True))
    return len(pairs)


def _holds(pairs: pd.DataFrame, way: Travel) -> Any:
    """Which pairs a rule holds of."""
    differ = pairs["agency_x"] != pairs["agency_y"]
    same = (pairs["start_x"] == pairs["start_y"]) & (pairs["end_x"] == pairs["end_y"])
    overlap = (pairs["start_x"] < pairs["end_y"]) & (pairs["end_x"] > pairs["start_y"])
    return differ & (same | overlap | _too_far(pairs, way))


def _too_far(pairs: pd.DataFrame, way: Travel) -> Any:
    first = pairs["end_x"] <= pairs["start_y"]
    second = ~first & (pairs["end_y"] <= pairs["start_x"])
    gap = np.where(first, pairs["start_y"] - pairs["end_x"], pairs["start_x"] - pairs["end_y"])
    minutes = gap.astype("timedelta64[us]").astype(float) / 6e7
    places = {side: (_place(pairs, "call_out_", side), _place(pairs, "call_in_", side)) for side in ("_x", "_y")}
    leave, arrive = (
        tuple(np.where(first, places[one][end][axis], places[other][end][axis]) for axis in (0, 1))
        for one, other, end in (("_x", "_y", 0), ("_y", "_x", 1))
    )
    miles = np.round(_miles(leave, arrive) * way.road_factor, 2)
    paces = np.array([each.mph for each in way.speeds])
    pace = paces[np.minimum(np.searchsorted([each.to for each in way.speeds], miles, side="right"), len(paces) - 1)]
    elsewhere = ~(pairs["postcode_x"] == pairs["postcode_y"])
    with np.errstate(invalid="ignore"):
        return (first | second) & pairs["done_x"] & pairs["done_y"] & elsewhere & (miles / pace * 60 > minutes)


def _place(pairs: pd.DataFrame, prefix: str, side: str) -> tuple[Any, Any]:
    """Degrees of a call, else of the address; unknown where they are nowhere."""
    found = []
    for name in (prefix, ""):
        latitude, longitude = pairs[f"{name}latitude{side}"], pairs[f"{name}longitude{side}"]
        there = (latitude.abs() <= 90) & (longitude.abs() <= 180) & ~((latitude == 0) & (longitude == 0))
        found.append((latitude.where(there), longitude.where(there)))
    (latitude, longitude), (other, beside) = found
    known = latitude.notna()
    return latitude.where(known, other), longitude.where(known, beside)


def _miles(leave: tuple[Any, ...], arrive: tuple[Any, ...]) -> Any:
    (p, west), (q, east) = (tuple(np.radians(axis) for axis in each) for each in (leave, arrive))
    half = np.sin((q - p) / 2) ** 2 + np.cos(p) * np.cos(q) * np.sin((east - west) / 2) ** 2
    return 2 * EARTH * np.arcsin(np.sqrt(half))
