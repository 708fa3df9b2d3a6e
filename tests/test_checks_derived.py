import random
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from tablemend.engine import sql
from tablemend.engine.duckdb import Session
from tablemend.quality.checks import derive
from tablemend.quality.distinct import Distincts
from tablemend.quality.evaluate import evaluate
from tablemend.quality.findings import findings
from tablemend.quality.profile import profile
from tablemend.quality.thresholds import DEFAULT, Thresholds, table
from tablemend.quality.vocabulary import CHECKS
from tablemend.records import DIMENSIONS, SEVERITIES, Column, ForeignKey

CLEANING = Path(__file__).parents[2] / "shared" / "data" / "cleaning"


def scan(columns, settings=DEFAULT, **arguments):
    """The findings of the derived checks: (check, columns) → `_row` of every failing row."""
    with Session() as session:
        rows = len(next(iter(columns.values())))
        session.register("data", pa.table({"_row": range(1, rows + 1), **columns}))
        names = [Column(name=name, header=name) for name in columns]
        found = profile(session, "data", names, settings=settings, **arguments)
        checks = derive(session, "data", found, settings=settings)
        known = Distincts(session, "data", list(columns), limit=settings.distinct_table)
        listed = findings(session, "data", checks, evaluate(session, "data", checks, distincts=known))
        assert all(each.status == "failed" for each in listed), listed
        return {(each.check, each.columns): [row[0] for row in session.rows(each.sql)] for each in listed}


def clean(seed: int, rows: int = 400) -> dict[str, list[str]]:
    draw = random.Random(seed)
    day = date(2020, 1, 1)
    starts = [day + timedelta(days=draw.randrange(1000)) for _ in range(rows)]
    return {
        "id": [str(1000 + n) for n in range(rows)],
        "email": [f"{draw.choice(['ann', 'bob', 'eve'])}{n}@example.org" for n in range(rows)],
        "city": [draw.choice(["Berlin", "Paris", "New York", "Rome"]) for _ in range(rows)],
        "price": [f"{draw.lognormvariate(3, 0.8):.2f}" for _ in range(rows)],
        "height": [f"{draw.gauss(170, 10):.1f}" for _ in range(rows)],
        "count": [str(int(draw.expovariate(0.2))) for _ in range(rows)],
        "start_date": [str(start) for start in starts],
        "end_date": [str(start + timedelta(days=draw.randrange(50))) for start in starts],
        "zip": [f"{draw.randrange(1, 99999):05}" for _ in range(rows)],
        "phone": [
            f"({draw.randrange(200, 999)}) {draw.randrange(100, 999)}-{draw.randrange(1000, 9999)}" for _ in range(rows)
        ],
        "weight": [f"{draw.randrange(1, 90)} kg" for _ in range(rows)],
        "active": [draw.choice(["yes", "no"]) for _ in range(rows)],
        "temperature": [f"{draw.gauss(2, 8):.1f}" for _ in range(rows)],
        "sku": [f"AB-{draw.randrange(10000):04}" for _ in range(rows)],
        "comment": [
            " ".join(draw.choice(["good", "bad", "late", "blue", "Fine"]) for _ in range(draw.randrange(3, 9)))
            + f" {n}"
            for n in range(rows)
        ],
    }


@pytest.mark.parametrize("seed", range(5))
def test_a_clean_table_gives_no_finding(seed):
    assert scan(clean(seed)) == {}


@pytest.mark.parametrize("limit", [0, 100_000])
@pytest.mark.parametrize(
    ("column", "value", "check"),
    [
        ("city", None, "null"),
        ("city", "  ", "blank"),
        ("city", "N/A", "disguised_missing"),
        ("price", "unknown", "disguised_missing"),
        ("price", "cheap", "type_mismatch"),
        ("start_date", "soon", "type_mismatch"),
        ("active", "maybe", "type_mismatch"),
        ("sku", "AB/0042", "pattern_deviation"),
        ("start_date", "03.04.2020", "pattern_deviation"),
        ("weight", "12 Kg", "unit_spelling"),
        ("price", "12.50 EUR", "unit_spelling"),
        ("start_date", "2020-02-31", "impossible_date"),
        ("email", "ann at example.org", "bad_email"),
        ("zip", "1234X", "bad_postcode"),
        ("city", " Berlin", "outer_space"),
        ("city", "Rome\u00a0", "outer_space"),
        ("city", "New  York", "double_space"),
        ("comment", "MÃ¼nchen is lovely", "mojibake"),
        ("height", "-171.0", "sign"),
        ("height", "1710.0", "outlier"),
        ("height", "17.0", "outlier"),
    ],
)
def test_one_planted_fault_is_found(limit, column, value, check):
    table = clean(7)
    table[column][41] = value
    found = scan(table, Thresholds(distinct_table=limit))
    assert found[check, (column,)] == [42]
    others = set(found) - {(check, (column,))}
    assert others <= {("case_variant", (column,)), ("rare_category", (column,)), ("outlier", (column,))}


def test_numbers_in_codes_may_grow_by_a_digit():
    table = clean(2)
    table["sku"] = [f"AB-{n}" for n in range(101, 1501, 1)][: len(table["sku"])]
    table["sku"][-5:] = [f"AB-{n}" for n in range(1000, 1005)]
    assert scan(table) == {}


def test_case_variants_need_a_dominant_spelling():
    table = clean(1)
    table["city"][3] = "BERLIN"
    assert scan(table)["case_variant", ("city",)] == [4]
    table["city"] = ["Berlin", "BERLIN"] * 200
    assert scan(table) == {}


def test_sentinel_numbers_stand_for_missing():
    table = clean(2)
    table["height"][5] = table["height"][9] = "9999"
    assert scan(table) == {("disguised_missing", ("height",)): [6, 10]}


def test_range_implied_by_the_column_name():
    table = clean(3)
    table["latitude"] = [f"{n % 80}.5" for n in range(400)]
    table["latitude"][0] = "95.0"
    assert scan(table) == {("out_of_range", ("latitude",)): [1]}


def test_end_before_start():
    table = clean(3)
    table["end_date"][8] = "2019-01-01"
    assert scan(table) == {("cross_column", ("start_date", "end_date")): [9]}


def test_repeated_rows_and_keys():
    table = clean(4)
    for values in table.values():
        values.append(values[10])
    assert scan(table) == {("duplicate_row", ()): [401], ("duplicate_key", ("id",)): [11, 401]}


@pytest.mark.parametrize("limit", [0, 100_000])
def test_near_duplicates_differ_in_case_space_punctuation_or_a_running_number(limit):
    table = clean(4)
    for values in table.values():
        values.append(values[10])
    table["id"][-1] = "1400"
    table["comment"][-1] = table["comment"][10].upper().replace(" ", "-")
    assert scan(table, Thresholds(distinct_table=limit))["near_duplicate", ()] == [401]


def test_a_value_without_parent():
    with Session() as session:
        session.register("data", pa.table({"_row": [1, 2, 3], "city": ["a", "b", None]}))
        key = ForeignKey(columns=("city",), table="cities", parents=("name",), declared=True)
        session.register(key.relation, pa.table({"name": ["a"]}))
        found = profile(session, "data", [Column(name="city", header="city")], foreign_keys=[key])
        checks = derive(session, "data", found)
        listed = findings(session, "data", checks, evaluate(session, "data", checks))
    assert [each.rows for each in listed if each.check == "missing_parent"] == [1]


def test_a_value_that_breaks_a_dependency():
    table = clean(5)
    countries = {"Berlin": "Germany", "Paris": "France", "New York": "United States", "Rome": "Italy"}
    table["country"] = [countries[city] for city in table["city"]]
    wrong = table["city"].index("Rome")
    table["country"][wrong] = "France"
    assert scan(table)["dependency_violation", ("country",)] == [wrong + 1]


def test_every_check_of_the_vocabulary_is_well_formed():
    for name, kind in CHECKS.items():
        assert name == kind.name
        assert kind.dimension in DIMENSIONS
        assert kind.severity in SEVERITIES
        assert kind.help.endswith(".")


def test_every_threshold_has_help():
    assert all(name and default is not None and text for name, default, text in table())


ACCEPTED = {"null", "disguised_missing", "double_space", "outer_space", "case_variant", "near_duplicate"}
"""What the published clean tables do hold: empty cells, stray spaces, a name in two cases, repeated entries."""


@pytest.mark.parametrize("name", ["beers", "facilities", "flights", "hospital"])
def test_published_clean_tables_hold_little_else(name):
    path = CLEANING / name / "clean.csv"
    if not path.exists():
        pytest.skip(f"{path} is not here")
    with Session() as session:
        session.execute(
            "CREATE TABLE data AS SELECT row_number() OVER () AS _row, * "
            f"FROM read_csv({sql.literal(str(path))}, all_varchar = true, header = true)"
        )
        columns = [Column(name=row[0], header=row[0]) for row in session.rows("DESCRIBE data")[1:]]
        found = profile(session, "data", columns)
        checks = derive(session, "data", found)
        evaluation = evaluate(session, "data", checks)
        cells = found.rows * len(columns)
        listed = findings(session, "data", checks, evaluation)
        noisy = [each for each in listed if each.check not in ACCEPTED and each.cells > 0.005 * cells]
        assert noisy == []


@pytest.mark.parametrize(("determinant", "target"), [("g", "n"), ("n", "usual"), ("usual", "g"), ("_tm", "most")])
def test_columns_may_be_called_like_anything_inside(determinant: str, target: str) -> None:
    codes = [f"code {n % 20:02}" for n in range(400)]
    towns = [f"town {n % 20:02}" for n in range(400)]
    towns[7] = "town 11"
    found = scan({determinant: codes, target: towns})
    assert found["dependency_violation", (target,)] == [8]
