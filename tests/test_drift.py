import random

import pyarrow as pa

from tablemend.engine.duckdb import Session
from tablemend.quality.drift import drift
from tablemend.quality.profile import profile
from tablemend.records import Column


def describe(**columns):
    with Session() as session:
        rows = len(next(iter(columns.values())))
        session.register("data", pa.table({"_row": range(1, rows + 1), **columns}))
        return profile(session, "data", [Column(name=name, header=name) for name in columns])


def table(seed, rows=500, mean=100.0, cities=("Berlin", "Paris", "Rome")):
    draw = random.Random(seed)
    return {
        "price": [f"{draw.gauss(mean, 10):.2f}" for _ in range(rows)],
        "city": [draw.choice(cities) for _ in range(rows)],
    }


def kinds(before, after):
    return {(each.params["what"], each.columns) for each in drift(describe(**before), describe(**after))}


def test_another_sample_of_the_same_kind_is_no_drift():
    assert kinds(table(1), table(2)) == set()
    assert kinds(table(1), table(1)) == set()


def test_volume():
    assert kinds(table(1), table(2, rows=100)) == {("volume", ())}


def test_schema():
    before, after = table(1), table(1)
    after["town"] = after.pop("city")
    after["price"] = [f"about {price}" for price in after["price"]]
    assert kinds(before, after) == {("column city gone", ()), ("new column", ("town",)), ("type", ("price",))}


def test_distribution_of_numbers_and_categories():
    assert kinds(table(1), table(2, mean=120.0)) == {("distribution", ("price",))}
    assert kinds(table(1), table(2, cities=("Berlin", "Oslo"))) == {("distribution", ("city",))}


def test_missing_values():
    after = table(2)
    after["price"][:200] = [None] * 200
    assert kinds(table(1), after) == {("missing", ("price",))}
