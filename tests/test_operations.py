"""Every operation of the vocabulary does what its help says."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core_helpers import columns_of, proposal, run, step, table
from tablemend.engine.duckdb import Session
from tablemend.errors import NothingToChange, RepairError, UnknownColumn, UnknownOperation
from tablemend.repair import operations, plan, relation, script

CELLS: list[tuple[str, dict[str, Any], list[str | None], list[str | None]]] = [
    ("trim", {}, [" a ", "\ta\u00a0", "a b", "", "  ", None, "\u3000é\n"], ["a", "a", "a b", "", "", None, "é"]),
    ("fold_space", {}, ["a  b", " a\t\nb ", "a b", "\u2003x\u2003y", None], ["a b", "a b", "a b", "x y", None]),
    ("change_case", {"case": "lower"}, ["ÀB", "ß", None, ""], ["àb", "ß", None, ""]),
    ("change_case", {"case": "upper"}, ["àb", "a1", None], ["ÀB", "A1", None]),
    (
        "change_case",
        {"case": "title"},
        ["new YORK", "élan vital", "a  b", "", None],
        ["New York", "Élan Vital", "A  B", "", None],
    ),
    ("fix_mojibake", {"pairs": [["cafÃ©", "café"]]}, ["cafÃ©", "café", None], ["café", "café", None]),
    (
        "normalise_number",
        {"strip": ["$", "oz", "oz."], "thousands": ",", "decimal": "."},
        ["$1,200.50", "12 OZ", "12oz.", "12", "twelve oz", "", None, "007"],
        ["1200.50", "12", "12", "12", "twelve oz", "", None, "007"],
    ),
    (
        "normalise_number",
        {"strip": ["kg", "kilo"], "thousands": ".", "decimal": ",", "unit": "kg", "space": True},
        ["1.200,5 kilo", "3kg", "3 kg", "n/a"],
        ["1200.5 kg", "3 kg", "3 kg", "n/a"],
    ),
    (
        "parse_date",
        {"formats": ["%d/%m/%Y", "%Y.%m.%d"], "to": "%Y-%m-%d"},
        ["31/12/2020", "2020.12.31", "2020-12-31", "31/31/2020", "", None],
        ["2020-12-31", "2020-12-31", "2020-12-31", "31/31/2020", "", None],
    ),
    ("cast", {"type": "BIGINT"}, ["01", "1.0", "x", "", None], ["1", "1", "x", "", None]),
    ("cast", {"type": "DECIMAL(10, 2)"}, ["1.5", "x"], ["1.50", "x"]),
    (
        "replace_pattern",
        {"pattern": r"(\d)-(\d)", "replacement": r"\2.\1"},
        ["1-2 3-4", "x", None],
        ["2.1 4.3", "x", None],
    ),
    (
        "map_values",
        {"pairs": [["colour", "color"], ["", None], [None, "?"]]},
        ["colour", "", None, "x"],
        ["color", None, "?", "x"],
    ),
    ("fill", {"method": "constant", "value": "x"}, ["a", "", "  ", "\t", None], ["a", "x", "x", "x", "x"]),
    ("fill", {"method": "forward"}, [None, "a", " ", None, "b"], [None, "a", "a", "a", "b"]),
    ("fill", {"method": "backward"}, [None, "a", "", None, "b", None], ["a", "a", "b", "b", "b", None]),
    ("fill", {"method": "mean"}, ["1", "2", "6", None, "x"], ["1", "2", "6", "3", "x"]),
    ("fill", {"method": "median"}, ["1", "2", "9", "10", None], ["1", "2", "9", "10", "5.5"]),
    ("fill", {"method": "mode"}, ["b", "b", "a", None, " "], ["b", "b", "a", "b", "b"]),
    ("fill", {"method": "interpolate"}, ["1", None, "3", "", "6"], ["1", "2", "3", "4.5", "6"]),
    ("set_null", {"values": ["N/A", "9999"]}, ["N/A", "9999", "99", None, ""], [None, None, "99", None, ""]),
    ("set_null", {"values": [9999]}, ["9999", "x"], [None, "x"]),
    ("set_null", {"predicate": "length(c) > 2"}, ["abc", "ab", None], [None, "ab", None]),
    (
        "cap",
        {"low": 0, "high": "10.5"},
        ["-5", "11", "10.5", "5", "x", "", None],
        ["0", "10.5", "10.5", "5", "x", "", None],
    ),
    ("log_transform", {"base": "10"}, ["100", "1", "0", "-1", "x", None], ["2.0", "0.0", "0", "-1", "x", None]),
    ("log_transform", {"base": 2}, ["8"], ["3.0"]),
    ("log_transform", {}, ["1"], ["0.0"]),
    ("custom", {"expression": "c || '!'"}, ["a", None], ["a!", None]),
    (
        "repair_dependency",
        {"keys": ["k", "c"], "pairs": [["k1", "x", "y"]], "determinants": ["k"]},
        ["x", "x"],
        ["y", "x"],
    ),
    ("fill_dependency", {"keys": ["k", "c"], "pairs": [["k2", None, "z"]]}, [None, None], [None, "z"]),
]


@pytest.mark.parametrize(("operation", "params", "before", "after"), CELLS)
def test_cells(operation: str, params: dict[str, Any], before: list[str | None], after: list[str | None]) -> None:
    data = table(c=before, k=[f"k{n + 1}" for n in range(len(before))])
    result = run(data, step(operation, "c", **params))
    assert result.table["c"].to_pylist() == after
    assert result.table["k"].equals(data["k"])
    assert result.won.get("s", 0) == sum(one != other for one, other in zip(before, after, strict=True))


def test_every_operation_has_an_example() -> None:
    elsewhere = {"remove_rows", "deduplicate", "split_column", "merge_columns", "drop_column"}
    assert {each[0] for each in CELLS} | elsewhere == set(operations.OPERATIONS)


@pytest.mark.parametrize(
    ("operation", "params", "before", "after"),
    [
        ("cap", {"low": 0, "high": 10}, pa.array([-5, 5, 50, None], pa.int64()), [0, 5, 10, None]),
        ("fill", {"method": "constant", "value": "1.5"}, pa.array([None, 2.5], pa.float64()), [1.5, 2.5]),
        ("fill", {"method": "mean"}, pa.array([1, 3, None], pa.int32()), [1, 3, 2]),
        ("fill", {"method": "interpolate"}, pa.array([1.0, None, 2.0], pa.float32()), [1.0, 1.5, 2.0]),
        ("set_null", {"values": ["true"]}, pa.array([True, False, None]), [None, False, None]),
        (
            "map_values",
            {"pairs": [["2020-01-01", "2021-01-01"]]},
            pa.array([date(2020, 1, 1), None]),
            [date(2021, 1, 1), None],
        ),
        (
            "map_values",
            {"pairs": [["2020-01-01 10:00:00", "2021-01-01 11:30:00.5"]]},
            pa.array([datetime.fromisoformat("2020-01-01T10:00:00")], pa.timestamp("us")),
            [datetime.fromisoformat("2021-01-01T11:30:00.500")],
        ),
        (
            "map_values",
            {"pairs": [["1.10", "2.25"]]},
            pa.array([Decimal("1.10")], pa.decimal128(6, 2)),
            [Decimal("2.25")],
        ),
        ("custom", {"expression": "c::BIGINT + 1"}, pa.array([2**62, None], pa.int64()), [2**62 + 1, None]),
    ],
)
def test_typed_cells_keep_their_type(
    operation: str, params: dict[str, Any], before: pa.Array, after: list[Any]
) -> None:
    result = run(table(c=before), step(operation, "c", **params))
    assert result.table["c"].to_pylist() == after
    assert result.table["c"].type == before.type


def test_fill_in_the_order_of_a_column_of_numbers() -> None:
    data = table(c=["ten", None, "two"], at=["10", "9", "2"])
    assert run(data, step("fill", "c", method="forward", order="at")).table["c"].to_pylist() == ["ten", "two", "two"]
    data = table(c=["10", None, "0"], at=["10", "4", "0"])
    assert run(data, step("fill", "c", method="interpolate", order="at")).table["c"].to_pylist() == ["10", "4", "0"]
    data = table(c=["0", None, "10"], at=["2020-01-01", "2020-01-02", "2020-01-11"])
    assert run(data, step("fill", "c", method="interpolate", order="at")).table["c"].to_pylist() == ["0", "1", "10"]


def rows_left(data: pa.Table, *steps: Any) -> list[dict[str, Any]]:
    return run(data, *steps).table.to_pylist()


def test_remove_rows() -> None:
    assert [row["_row"] for row in rows_left(table(c=["1", "x", None]), step("remove_rows", predicate="c = 'x'"))] == [
        1,
        3,
    ]


@pytest.mark.parametrize(
    ("params", "left"),
    [
        ({}, [1, 2, 3, 4]),
        ({"columns": ["k"]}, [1, 4]),
        ({"columns": ["k"], "keep": "last"}, [3, 5]),
        ({"columns": ["k"], "keep": "most_complete"}, [2, 4]),
        ({"columns": ["k"], "keep": "first", "order": "n"}, [3, 4]),
        ({"columns": ["k"], "keep": "last", "order": "n"}, [1, 5]),
    ],
)
def test_deduplicate(params: dict[str, Any], left: list[int]) -> None:
    data = table(k=["a", "a", "a", None, None], n=["10", "9", "2", "1", "1"], v=[None, "x", " ", "y", "y"])
    assert [row["_row"] for row in rows_left(data, step("deduplicate", **params))] == left


def test_deduplicate_by_merging_fills_the_row_that_stays() -> None:
    data = table(k=["a", "a", "a"], v=[None, "", " x "], w=["1", "2", None])
    result = run(data, step("deduplicate", columns=["k"], keep="merge"))
    assert result.table.to_pylist() == [{"_row": 1, "k": "a", "v": " x ", "w": "1"}]
    assert result.changes.to_pylist() == [{"row": 1, "column": "v", "before": None, "after": " x ", "repair": "s"}]


def test_split_column() -> None:
    data = table(c=["a-b-c", "a", "", None], d=["1", "2", "3", "4"])
    result = run(data, step("split_column", "c", delimiter="-", into=["x", "y"]))
    assert [each.name for each in result.columns] == ["c", "x", "y", "d"]
    assert result.table["x"].to_pylist() == ["a", "a", None, None]
    assert result.table["y"].to_pylist() == ["b-c", None, None, None]
    result = run(data, step("split_column", "c", pattern=r"^(\w)-(\w)", into=["x", "y"]))
    assert result.table["y"].to_pylist() == ["b", None, None, None]


def test_merge_columns() -> None:
    data = table(a=["x", None, None, ""], b=["y", "z", None, "w"])
    assert run(data, step("merge_columns", "a", "b", into="c")).table["c"].to_pylist() == ["x y", "z", None, "w"]
    assert run(data, step("merge_columns", "a", "b", into="c", delimiter="")).table["c"].to_pylist()[0] == "xy"


def test_drop_column() -> None:
    result = run(table(a=["x", None], b=["1", "2"]), step("drop_column", "a"))
    assert result.table.column_names == ["_row", "b"]
    assert result.changes.to_pylist() == [{"row": 1, "column": "a", "before": "x", "after": None, "repair": "s"}]


BAD: list[tuple[type[RepairError], str, tuple[str, ...], dict[str, Any]]] = [
    (UnknownOperation, "explode", ("c",), {}),
    (RepairError, "trim", ("c",), {"hard": True}),
    (RepairError, "change_case", ("c",), {}),
    (RepairError, "change_case", ("c",), {"case": "camel"}),
    (UnknownColumn, "trim", ("nope",), {}),
    (UnknownColumn, "map_values", ("c",), {"keys": ["nope", "c"], "pairs": [["a", "b", "c"]]}),
    (UnknownColumn, "deduplicate", (), {"columns": ["nope"]}),
    (UnknownColumn, "deduplicate", (), {"order": "nope"}),
    (UnknownColumn, "fill", ("c",), {"method": "forward", "order": "nope"}),
    (UnknownColumn, "drop_column", ("nope",), {}),
    (RepairError, "trim", (), {}),
    (RepairError, "split_column", (), {"delimiter": "-", "into": ["x"]}),
    (RepairError, "drop_column", (), {}),
    (RepairError, "map_values", ("c",), {"pairs": [["a"]]}),
    (RepairError, "map_values", ("c",), {"pairs": [["a", "b"], ["a", "c"]]}),
    (RepairError, "map_values", ("c",), {"pairs": "ab"}),
    (RepairError, "set_null", ("c",), {}),
    (RepairError, "set_null", ("c",), {"values": "N/A"}),
    (RepairError, "set_null", ("c",), {"predicate": "nope > 1"}),
    (RepairError, "set_null", ("c",), {"predicate": "c::INT > 1"}),
    (RepairError, "cap", ("c",), {}),
    (RepairError, "cap", ("c",), {"low": "much"}),
    (RepairError, "cap", ("c",), {"low": 2, "high": 1}),
    (RepairError, "cast", ("c",), {"type": "NOPE"}),
    (RepairError, "cast", ("c",), {"type": "INT); DROP TABLE x"}),
    (RepairError, "replace_pattern", ("c",), {"pattern": "(", "replacement": ""}),
    (RepairError, "parse_date", ("c",), {"formats": ["%Q"], "to": "%Y"}),
    (RepairError, "parse_date", ("c",), {"formats": [], "to": "%Y"}),
    (RepairError, "parse_date", ("c",), {"formats": "%Y", "to": "%Y"}),
    (RepairError, "custom", ("c",), {"expression": "(SELECT 1)"}),
    (RepairError, "custom", ("c",), {"expression": "1; DROP TABLE data"}),
    (RepairError, "custom", ("c",), {"expression": "c FROM data"}),
    (RepairError, "custom", ("c",), {"expression": "nope(c)"}),
    (RepairError, "remove_rows", (), {"predicate": "c::INT = 1"}),
    (RepairError, "remove_rows", (), {"predicate": "c ="}),
    (RepairError, "split_column", ("c",), {"delimiter": "-", "pattern": "-", "into": ["x"]}),
    (RepairError, "split_column", ("c",), {"pattern": "(", "into": ["x"]}),
    (RepairError, "split_column", ("c",), {"delimiter": "-", "into": ["C"]}),
    (RepairError, "split_column", ("c",), {"delimiter": "-", "into": ["x", "X"]}),
    (RepairError, "merge_columns", ("c",), {"into": "c"}),
]


@pytest.mark.parametrize(("kind", "operation", "columns", "params"), BAD)
def test_what_cannot_be_carried_out_is_an_error(
    kind: type[RepairError], operation: str, columns: tuple[str, ...], params: dict[str, Any]
) -> None:
    data = table(c=["a", "b", None])
    asked = proposal(operation, *columns).__class__(
        check="custom", operation=operation, columns=columns, confidence=1.0, params=params
    )
    with Session(threads=1) as session:
        relation.register(session, data, columns_of(data))
        with pytest.raises(kind) as caught:
            plan.measure(session, "data", columns_of(data), [asked], dataset="d")
    assert caught.value.hint
    assert not caught.value.message.endswith(".")
    assert "\n" not in caught.value.message
    with pytest.raises(kind):
        run(data, step(operation, *columns, **params))


@pytest.mark.parametrize(
    ("operation", "columns", "params"),
    [
        ("trim", ("c",), {}),
        ("fill", ("c",), {"method": "constant", "value": "x"}),
        ("map_values", ("c",), {"pairs": [["zz", "y"]]}),
        ("remove_rows", (), {"predicate": "c = 'zz'"}),
        ("deduplicate", (), {}),
    ],
)
def test_a_repair_that_changes_nothing_is_no_repair(
    operation: str, columns: tuple[str, ...], params: dict[str, Any]
) -> None:
    data = table(c=["a", "b"])
    with Session(threads=1) as session:
        relation.register(session, data, columns_of(data))
        found = plan.measure(session, "data", columns_of(data), [proposal(operation, *columns, **params)], dataset="d")
    assert found == []
    with pytest.raises(NothingToChange):
        plan.require_change(found, operation)


ODD = (
    "_p0",
    "_o0",
    "_by0",
    "_m0_k0",
    "k0",
    "new",
    "at",
    "n",
    "m",
    "t",
    "base",
    "old",
    "data",
    "_rank",
    'a "b"',
    "{c}",
    "select",
    "größe",
)


@pytest.mark.parametrize("name", ODD)
def test_columns_of_any_name(name: str) -> None:
    data = table(**{name: [" a", "b", None, "b"], "other": ["1", "2", "3", "2"]})
    steps = [
        step("trim", name, identity="1"),
        step("map_values", name, identity="2", pairs=[["b", "c"]]),
        step("fill", name, identity="3", method="forward"),
        step("deduplicate", identity="4", columns=["other"], keep="merge"),
    ]
    assert run(data, *steps).table[name].to_pylist() == ["a", "c", "b"]
    steps[2] = step("fill", name, identity="3", method="constant", value="z")
    assert scripted(data, steps) == run(data, *steps).table.drop_columns(["_row"]).to_pylist()


def scripted(data: pa.Table, steps: list[Any]) -> list[dict[str, Any]]:
    """What the SQL script makes of a table."""
    columns = columns_of(data)
    with Session(threads=1) as session:
        session.register("_given", data)
        session.execute('CREATE TABLE "my table" AS SELECT * FROM _given')
        session.execute(script.script(steps, columns, table='"my table"'))
        found = session.arrow('SELECT * FROM "my table" ORDER BY _row').drop_columns(["_row"])
    return list(found.to_pylist())


SCRIPTED = [
    step("trim", "a", identity="1"),
    step("change_case", "b", identity="2", case="upper"),
    step("replace_pattern", "c", identity="3", pattern="[0-9]", replacement="#"),
    step("map_values", "d", identity="4", pairs=[["x", "it's"], [None, "none"]]),
    step("repair_dependency", "e", identity="5", keys=["a", "e"], pairs=[["x", None, "filled"], ["y", "x", "z"]]),
    step("fill", "f", identity="6", method="forward"),
    step("set_null", "g", identity="7", values=["x", ""]),
    step("deduplicate", identity="8", columns=["a", "b"], keep="last"),
    step("remove_rows", identity="9", predicate="d = 'y'"),
    step("split_column", "c", identity="10", delimiter=" ", into=["c1", "c2"]),
    step("merge_columns", "a", "b", identity="11", into="ab", delimiter="-"),
    step("drop_column", "g", identity="12"),
]
cell = st.sampled_from([None, "", " ", "x", " x", "y ", "x y", "1", "12 3"])
rows = st.lists(st.tuples(*[cell] * 7), min_size=1, max_size=8)


@settings(max_examples=60, deadline=None)
@given(rows=rows, chosen=st.sets(st.sampled_from(range(len(SCRIPTED)))))
def test_the_script_does_what_applying_does(rows: list[tuple[str | None, ...]], chosen: set[int]) -> None:
    data = table(**{name: [row[n] for row in rows] for n, name in enumerate("abcdefg")})
    steps = [SCRIPTED[n] for n in sorted(chosen)]
    result = run(data, *steps).table.drop_columns(["_row"])
    assert scripted(data, steps) == result.to_pylist()
