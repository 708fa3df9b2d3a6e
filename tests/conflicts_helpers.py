"""Small worlds of visits, and what is found in them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from tablemend.conflicts import judging, preparing, ruleset
from tablemend.conflicts.ruleset import Ruleset
from tablemend.engine.duckdb import Session

TODAY = date(2026, 11, 2)
MOMENTS = ("scheduled_start", "scheduled_end", "visit_start", "visit_end")
DEGREES = ("call_in_latitude", "call_in_longitude", "call_out_latitude", "call_out_longitude", "latitude", "longitude")


def schema(rules: Ruleset) -> pa.Schema:
    types = {
        "visit_id": pa.int64(),
        "visit_date": pa.date32(),
        "rate": pa.float64(),
        "billed": pa.bool_(),
        **dict.fromkeys(MOMENTS, pa.timestamp("us")),
        **dict.fromkeys(DEGREES, pa.float64()),
    }
    return pa.schema([(name, types.get(name, pa.string())) for name in rules.columns])


def table(visits: Sequence[dict[str, Any]], rules: Ruleset) -> pa.Table:
    return pa.Table.from_pylist([{name: each.get(name) for name in rules.columns} for each in visits], schema(rules))


def found(visits: Sequence[dict[str, Any]], rules: Ruleset | None = None) -> dict[tuple[Any, Any], str]:
    """Ids of each pair of which a rule holds → its flag."""
    rules = rules or ruleset.shipped("visits")
    told = judged(visits, rules)
    ids = [each["visit_id"] for each in visits]
    pairs = {}
    for row in told.to_pylist():
        one, other = sorted((ids[row["one"]], ids[row["other"]]))
        assert (one, other) not in pairs
        pairs[one, other] = " ".join(judging.flags(rules, row["flags"]))
    return pairs


def judged(visits: Sequence[dict[str, Any]], rules: Ruleset) -> pa.Table:
    rows = table(visits, rules)
    with Session() as session:
        session.register("visits", rows)
        ready = session.arrow(preparing.prepared(rules, "visits", rows.schema, today=TODAY))
        return judging.judged(session, rules, ready)


def visit(number: int, agency: str, **more: Any) -> dict[str, Any]:
    """A visit of one person on one day, nothing of it known but what is given; times as `8:00` or `+1 0:30`."""
    made: dict[str, Any] = {
        **dict.fromkeys((*MOMENTS, *DEGREES, "status", "postcode")),
        "visit_id": number,
        "agency": agency,
        "caregiver_key": "P1",
        "visit_date": TODAY - timedelta(days=1),
    }
    for name, value in more.items():
        made[name] = moment(made["visit_date"], value) if name in MOMENTS and isinstance(value, str) else value
    return made


def moment(day: date, text: str) -> datetime:
    days, _, clock = text.rpartition(" ")
    hour, minute = clock.split(":")
    return datetime.combine(day, datetime.min.time()) + timedelta(
        days=int(days or 0), hours=int(hour), minutes=int(minute)
    )


def world(seed: int, person: str, first: int) -> list[dict[str, Any]]:
    """Some visits of a person on a few days, on a coarse clock and map, so that bounds and equalities are met."""
    chance = random.Random(seed)
    made = []
    for number in range(first, first + chance.randint(3, 9)):
        day = TODAY - timedelta(days=chance.choice([0, 1, 1, 1, 2]))
        planned = _times(chance, day)
        actual = chance.choice([(None, None), planned, _times(chance, day), (planned[0], None)])
        each = visit(number, chance.choice("ABCDE"), visit_date=day, caregiver_key=person)
        each |= dict(zip(MOMENTS, (*planned, *actual), strict=True))
        each["status"] = chance.choice([None, "done", "done", "Cancelled"])
        each["postcode"] = chance.choice([None, "", "10001", "10002"])
        for name in DEGREES:
            base = 40.7 if "latitude" in name else -74.0
            each[name] = chance.choice([None, base, base + 0.01, base + 0.05, base + 0.5, 0.0, 95.0, 200.0])
        made.append(each)
    return made


def _times(chance: random.Random, day: date) -> tuple[datetime | None, datetime | None]:
    start = datetime.combine(day, datetime.min.time()) + timedelta(
        minutes=30 * chance.choice([-2, 0, 1, 16, 17, 18, 19, 46, 47])
    )
    end = start + timedelta(minutes=30 * chance.choice([0, 1, 1, 1, 2, 2, 4, 20, -1]))
    return chance.choice([(start, end)] * 12 + [(None, end), (start, None)])
