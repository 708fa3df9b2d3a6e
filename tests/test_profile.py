from pathlib import Path

import pyarrow as pa
import pytest

from core_helpers import workspace
from tablemend.engine.duckdb import Session
from tablemend.quality.profile import profile
from tablemend.records import Column, ColumnProfile


def describe(**columns: list[str | None]) -> dict[str, ColumnProfile]:
    with Session() as session:
        rows = len(next(iter(columns.values())))
        session.register("data", pa.table({"_row": range(1, rows + 1), **columns}))
        described = profile(session, "data", [Column(name=name, header=name) for name in columns])
    return {each.name: each for each in described.columns}


def test_counts_are_exact():
    found = describe(a=["x", "x", None, "", "  ", "N/A", "y"])["a"]
    assert (found.rows, found.nulls, found.blanks, found.disguised, found.distinct) == (7, 1, 2, 1, 5)
    assert found.distinct_exact


@pytest.mark.parametrize(
    ("values", "semantic"),
    [
        ([str(n % 7) for n in range(50)], "integer"),
        ([f"{n % 7}.5" for n in range(50)], "decimal"),
        (["true", "false"] * 20, "boolean"),
        ([f"2024-01-{n % 28 + 1:02}" for n in range(50)], "date"),
        ([f"{n % 24:02}:30" for n in range(50)], "time"),
        ([f"2024-01-{n % 28 + 1:02} 10:00:00" for n in range(50)], "timestamp"),
        ([f"person{n}@example.org" for n in range(50)], "email"),
        ([f"https://example.org/{n}" for n in range(50)], "url"),
        ([f"+44 20 7946 0{n:03}" for n in range(50)], "phone"),
        ([f"SW{n % 9 + 1}A {n % 9}AA" for n in range(50)], "postcode"),
        ([f"${n}.50" for n in range(50)], "currency"),
        ([f"{n}.5 kg" for n in range(50)], "measure"),
        ([f"{n:05}" for n in range(50)], "identifier"),
        (["red", "green", "blue"] * 20, "category"),
        ([f"some words {'ab' * (n % 5)} {chr(97 + n % 26)}{n % 3}" for n in range(50)], "text"),
        ([None] * 50, "empty"),
    ],
)
def test_meaning_is_inferred_from_the_values(values, semantic):
    assert describe(column=values)["column"].semantic == semantic


def test_one_value_in_twenty_of_another_kind_does_not_hide_the_type():
    assert describe(a=[str(n) for n in range(95)] + ["five"] * 5)["a"].type == "integer"


def test_leading_zeros_make_digits_text():
    found = describe(code=["00123", "04567", "10000", "20000"] * 5)["code"]
    assert (found.type, found.semantic) == ("text", "identifier")


def test_a_column_name_turns_digits_into_a_postcode():
    assert describe(zip_code=["35233", "99501", "10016"] * 5)["zip_code"].semantic == "postcode"


def test_numbers_have_exact_quantiles():
    found = describe(a=[str(n) for n in range(1, 101)] * 2)["a"]
    assert found.quantiles == (5, 25, 50, 75, 95)
    assert (found.minimum, found.maximum, found.mean) == (1, 100, 50.5)


def test_dates_compare_by_time_and_not_by_text():
    found = describe(day=["31.01.2020", "01.02.2020", "15.06.2019"] * 5)["day"]
    assert (found.minimum, found.maximum) == ("15.06.2019", "01.02.2020")


def test_units_and_patterns_are_counted():
    found = describe(a=["1 kg", "2 kg", "3 Kg"] * 10)["a"]
    assert {each.value: each.n for each in found.units} == {"kg": 20, "Kg": 10}
    assert {each.value: each.n for each in found.patterns} == {"9 a": 20, "9 Aa": 10}


def test_exact_duplicate_rows_and_keys():
    with Session() as session:
        session.register(
            "data", pa.table({"_row": [1, 2, 3, 4], "a": ["x", "x", None, None], "b": ["1", "1", "2", "2"]})
        )
        columns = [Column(name=name, header=name) for name in ("a", "b")]
        assert profile(session, "data", columns).duplicate_rows == 2
        session.register("data", pa.table({"_row": [1, 2], "a": ["x", "y"], "b": ["1", "1"]}))
        assert profile(session, "data", columns).keys == (("a",),)


def test_an_empty_table_has_a_profile():
    found = describe(a=pa.array([], pa.string()))["a"]
    assert (found.rows, found.semantic) == (0, "empty")


def test_bytes_are_no_text(tmp_path: Path) -> None:
    blobs = pa.array([b" x\xff", b"ab ", None] * 20)
    table = pa.table({"id": list(range(60)), "blob": blobs, "city": [" Bonn", "Bonn", "Ulm"] * 20})
    with workspace(tmp_path) as ws:
        found = ws.scan(table)
    assert {each.check for each in found.findings if "blob" in each.columns} == {"null"}
    assert not any("blob" in item.columns for item in found.items)
    assert [(each.type, each.nulls) for each in found.profile.columns if each.name == "blob"] == [("binary", 20)]
