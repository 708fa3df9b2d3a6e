"""Carrying out repairs: who wins a cell, what is counted, and what stands in the change set."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core_helpers import columns_of, ids, proposal, run, scan, session, step, table, workspace, write
from tablemend.errors import RepairError
from tablemend.records import ChangeSet, Column
from tablemend.repair import plan, relation
from tablemend.repair.compose import Step
from tablemend.repair.difference import difference
from tablemend.repair.execution import Result
from tablemend.tables.hashing import hash_table

TEXT = st.sampled_from([None, "", " ", "x", " x", "y ", "x y", "1", "12 3", "ä", "9"])
NUMBERS = st.one_of(st.none(), st.integers(-3, 12))
STEPS = [
    step("trim", "a", identity="i1"),
    step("fold_space", "a", "b", identity="i2"),
    step("change_case", "b", identity="i3", case="upper"),
    step("map_values", "a", identity="i4", pairs=[["x", "z"], [None, "none"], ["", None]]),
    step("map_values", "b", identity="i5", keys=["a", "b"], pairs=[["x", "y", "w"], ["z", "X", None]]),
    step("fill", "b", identity="i6", method="forward"),
    step("set_null", "a", identity="i7", values=["1", "z"]),
    step("cap", "n", identity="i8", low=0, high=10),
    step("fill", "n", identity="i9", method="median"),
    step("repair_dependency", "c", identity="i10", keys=["a", "c"], pairs=[["z", "x", "zz"], ["none", None, "1"]]),
    step("deduplicate", identity="i11", columns=["a"], keep="merge"),
    step("deduplicate", identity="i12", columns=["b", "c"], keep="most_complete"),
    step("remove_rows", identity="i13", predicate="b = 'y' OR a = 'ä'"),
    step("split_column", "c", identity="i14", delimiter=" ", into=["c1", "c2"]),
    step("drop_column", "c", identity="i15"),
    step("merge_columns", "a", "b", identity="i16", into="ab"),
    step("drop_column", "n", identity="i17"),
    step("log_transform", "f", identity="i18", base="10"),
    step("custom", "c", identity="i19", expression="a || coalesce(b, '')"),
]


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    rows = draw(st.lists(st.tuples(TEXT, TEXT, TEXT, NUMBERS, st.one_of(st.none(), st.floats(-2, 200))), max_size=8))
    a, b, c, n, f = ([row[i] for row in rows] for i in range(5))
    return table(a=a, b=b, c=c, n=pa.array(n, pa.int32()), f=pa.array(f, pa.float64()))


def feasible(chosen: list[Step]) -> list[Step]:
    """Without steps that need a column which another one drops or makes."""
    names = [each.id for each in chosen]
    if "i15" in names and "i14" in names and names.index("i15") < names.index("i14"):
        names.remove("i14")
    if "i18" in names:
        names.remove("i18")
    if "i9" in names:
        names.remove("i9")
    return [each for each in chosen if each.id in names]


steps = st.lists(st.sampled_from(STEPS), max_size=9, unique_by=lambda each: each.id).map(feasible)


def compared(before: pa.Table, result: Result) -> list[tuple[Any, ...]]:
    """The cells that differ between two tables, with those of columns that came or went."""
    known = columns_of(before)
    with nullcontext(session()) as engine:
        found = difference(engine, before, result.table, known, columns_of(result.table))
        cells = [tuple(each.values()) for each in found.cells.to_pylist()]
        for name, given, before_it in [
            *((name, before, True) for name in found.columns_removed),
            *((name, result.table, False) for name in found.columns_added),
        ]:
            relation.register(engine, given, columns_of(given), "side")
            gone = set(found.rows_removed)
            for row, value in engine.rows(f'SELECT _row, "{name}" FROM side WHERE "{name}" IS NOT NULL'):
                if row not in gone:
                    cells.append((row, name, value, None) if before_it else (row, name, None, value))
    assert list(found.rows_removed) == result.removed["_row"].to_pylist()
    assert found.rows_added == ()
    return cells


def listed(changes: pa.Table) -> list[tuple[Any, ...]]:
    return [(each["row"], each["column"], each["before"], each["after"]) for each in changes.to_pylist()]


def ordered(cells: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(cells, key=lambda cell: (cell[0], cell[1], str(cell[2]), str(cell[3])))


@settings(max_examples=60, deadline=None)
@given(data=tables(), chosen=steps)
def test_the_change_set_is_the_difference(data: pa.Table, chosen: list[Step]) -> None:
    result = run(data, *chosen)
    assert ordered(compared(data, result)) == ordered(listed(result.changes))
    assert result.table["_row"].to_pylist() == sorted(result.table["_row"].to_pylist())
    assert sum(result.won.values()) == result.changes.num_rows
    assert sum(result.removed_by.values()) == result.removed.num_rows == data.num_rows - result.table.num_rows
    assert tuple(result.table.column_names) == ("_row", *(column.name for column in result.columns))


@settings(max_examples=60, deadline=None)
@given(data=tables(), each=st.sampled_from([each for each in STEPS if each.id not in ("i9", "i18")]))
def test_a_repair_alone_changes_what_it_was_measured_to_change(data: pa.Table, each: Step) -> None:
    columns = columns_of(data)
    with nullcontext(session()) as engine:
        relation.register(engine, data, columns)
        asked = proposal(each.operation, *each.columns, **each.params)
        found = plan.measure(engine, "data", columns, [asked], dataset="d")
    result = run(data, each)
    cells = result.changes.num_rows
    rows = len({row for row, *_ in listed(result.changes)} | set(result.removed["_row"].to_pylist()))
    if not found:
        assert (cells, rows) == (0, 0)
        return
    assert (found[0].cells, found[0].rows) == (cells, rows)
    assert len(found[0].sample) == min(plan.SAMPLE, result.removed.num_rows or cells)
    known = set(listed(result.changes))
    if cells and each.operation not in ("split_column", "merge_columns", "drop_column", "deduplicate"):
        assert {(cell.row, cell.column, cell.before, cell.after) for cell in found[0].sample} <= known


def test_within_a_phase_the_first_that_changes_a_cell_wins() -> None:
    data = table(c=["a", "b"])
    result = run(
        data,
        step("map_values", "c", identity="i1", pairs=[["b", "x"]]),
        step("map_values", "c", identity="i2", pairs=[["a", "y"], ["b", "z"], ["x", "never"]]),
    )
    assert result.table["c"].to_pylist() == ["y", "x"]
    assert result.won == {"i1": 1, "i2": 1}


VALUES = st.sampled_from([None, "", "x", "y", "z"])


@st.composite
def maps(draw: st.DrawFn) -> list[Step]:
    """Maps of one phase: most by the same keys, so that they are looked up together, some by others in between."""
    found = []
    for n in range(draw(st.integers(1, 7))):
        keys = draw(st.sampled_from([("b",), ("b",), ("a", "b"), ("_row", "b")]))
        old = [st.integers(1, 4) if key == "_row" else VALUES for key in keys]
        pairs = draw(st.dictionaries(st.tuples(*old), VALUES, min_size=1, max_size=4))
        found.append(
            step("map_values", "b", identity=f"i{n}", keys=list(keys), pairs=[[*k, new] for k, new in pairs.items()])
        )
    return found


@settings(max_examples=80, deadline=None)
@given(rows=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=4), chosen=maps())
def test_maps_that_are_looked_up_together_are_as_if_each_were_alone(
    rows: list[tuple[str | None, str | None]], chosen: list[Step]
) -> None:
    result = run(table(a=[a for a, _ in rows], b=[b for _, b in rows]), *chosen)
    expected, won = [], dict[str, int]()
    for number, (a, b) in enumerate(rows, start=1):
        seen = {"_row": number, "a": a, "b": b}
        offers = (
            (each.id, pair[-1])
            for each in chosen
            for pair in each.params["pairs"]
            if [seen[key] for key in each.keys] == pair[:-1] and pair[-1] != b
        )
        by, new = next(offers, ("", b))
        expected.append(new)
        if by:
            won[by] = won.get(by, 0) + 1
    assert result.table["b"].to_pylist() == expected
    assert result.won == won


def test_across_phases_each_sees_what_earlier_ones_left() -> None:
    data = table(k=[" p", "p"], c=[" a", "b"])
    result = run(
        data,
        step("repair_dependency", "c", identity="i1", keys=["k", "c"], pairs=[["p", "A", "done"]]),
        step("map_values", "c", identity="i2", pairs=[["a", "A"]]),
        step("trim", "c", "k", identity="i3"),
    )
    assert result.table["c"].to_pylist() == ["done", "b"]
    assert result.won == {"i1": 1, "i3": 1}


def test_a_cell_that_ends_as_it_began_is_not_a_change() -> None:
    result = run(
        table(c=[" a", "b"]),
        step("trim", "c", identity="i1"),
        step("map_values", "c", identity="i2", pairs=[["a", " a"], ["b", "c"]]),
    )
    assert listed(result.changes) == [(2, "c", "b", "c")]


def test_a_later_row_step_sees_only_the_rows_that_are_left() -> None:
    data = table(k=["a", "a", "a"], v=["1", "2", "1"])
    first = step("remove_rows", identity="i1", predicate="v = '2'")
    second = step("deduplicate", identity="i2", columns=["k"], keep="last")
    assert run(data, first, second).removed_by == {"i1": 1, "i2": 1}
    assert run(data, second, first).removed_by == {"i2": 2}


def test_merging_a_cell_that_was_emptied_before_is_one_change() -> None:
    data = table(k=["a", "a"], v=["N/A", "1"])
    result = run(
        data,
        step("set_null", "v", identity="i1", values=["N/A"]),
        step("deduplicate", identity="i2", columns=["k"], keep="merge"),
    )
    assert listed(result.changes) == [(1, "v", "N/A", "1")]
    assert result.won == {"i2": 1}


def test_a_column_that_is_changed_and_dropped_is_only_dropped() -> None:
    result = run(
        table(c=[" a", None], d=["1", "2"]), step("trim", "c", identity="i1"), step("drop_column", "c", identity="i2")
    )
    assert listed(result.changes) == [(1, "c", " a", None)]
    assert result.won == {"i2": 1}


def test_rows_in_any_order_come_back_in_theirs() -> None:
    data = table(a=[str(n) for n in range(5000)], b=[str(n % 7) for n in range(5000)])
    pairs = [[str(n), str(n % 7), "x"] for n in range(0, 5000, 3)]
    result = run(data, step("map_values", "b", identity="i1", keys=["a", "b"], pairs=pairs))
    assert result.table["_row"].equals(data["_row"])
    assert result.won == {"i1": len(pairs)}


def test_a_table_of_no_rows() -> None:
    data = table(a=[], b=[])
    result = run(data, step("trim", "a"), step("deduplicate", identity="d"), step("drop_column", "b", identity="e"))
    assert result.table.column_names == ["_row", "a"]
    assert result.changes.num_rows == 0


def outcomes(change: ChangeSet) -> dict[str, tuple[str, int, int]]:
    return {each.repair: (each.status, each.cells, each.rows) for each in change.outcomes}


def test_outcomes_of_an_apply(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "a,b\n x,1\ny,2\ny,2\n")
    with workspace(tmp_path) as ws:
        found = scan(
            ws,
            source,
            [
                proposal("map_values", "a", pairs=[["y", "low"]], confidence=0.6),
                proposal("map_values", "a", pairs=[["y", "high"]], confidence=0.9, tier="2"),
                proposal("trim", "a"),
                proposal("deduplicate", keep="first"),
                proposal("drop_column", "b"),
                proposal("split_column", "b", delimiter="x", into=["b1", "b2"], confidence=0.5),
            ],
        )
        low, high, trim, rows, drop, split = ids(found)
        ws.approve(found.run, force=True)
        change = ws.apply(found.run).change_set
    assert outcomes(change) == {
        low: ("superseded", 0, 0),
        high: ("applied", 1, 0),
        trim: ("applied", 1, 0),
        rows: ("applied", 0, 1),
        drop: ("applied", 2, 0),
        split: ("refused", 0, 0),
    }
    assert (change.cells, change.rows_removed) == (4, 1)


def test_a_person_wins_over_the_gate_and_confidence_over_the_rest(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "a\ny\nz\ny\nz\n")
    with workspace(tmp_path) as ws:
        found = scan(
            ws,
            source,
            [
                proposal("map_values", "a", pairs=[["y", "gate"], ["z", "gate"]], confidence=1.0),
                proposal("map_values", "a", pairs=[["y", "person"]], confidence=0.1, tier="2"),
            ],
        )
        gate, person = ids(found)
        ws.pass_gate(found.run)
        ws.approve(found.run, ids=[person])
        done = ws.apply(found.run)
        assert outcomes(done.change_set) == {person: ("applied", 2, 0), gate: ("applied", 2, 0)}
        assert ws.snapshots.read(done.snapshot.hash)["a"].to_pylist() == ["person", "gate"] * 2


def test_a_bad_repair_is_refused_and_the_others_proceed(tmp_path: Path) -> None:
    data = pa.table({"n": pa.array([1, 50, None], pa.int64()), "c": [" a", "b", "c"]})
    with workspace(tmp_path) as ws:
        found = scan(
            ws,
            data,
            [
                proposal("cap", "n", high=10),
                proposal("fill", "n", method="constant", value="many"),
                proposal("trim", "c"),
                proposal("fill", "n", method="mean", tier="2"),
            ],
        )
        cap, fill, trim, mean = ids(found)
        ws.approve(found.run, force=True)
        change = ws.apply(found.run).change_set
        assert outcomes(change) == {
            cap: ("applied", 1, 0),
            trim: ("applied", 1, 0),
            fill: ("refused", 0, 0),
            mean: ("refused", 0, 0),
        }
        assert all(each.reason for each in change.outcomes if each.status == "refused")


def test_when_every_repair_is_refused_nothing_happens(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scan(ws, pa.table({"n": pa.array([1, None])}), [proposal("fill", "n", method="constant", value="many")])
        ws.approve(found.run, force=True)
        with pytest.raises(RepairError, match="none of the 1 repairs"):
            ws.apply(found.run)
        assert [snapshot.version for snapshot, _ in ws.versions(found.snapshot.dataset)] == [1]


def test_hashes_do_not_depend_on_how_the_table_is_stored() -> None:
    data = table(a=["x", None, "y"])
    chunked = pa.concat_tables([data.slice(0, 1), data.slice(1)])
    assert hash_table(data) == hash_table(chunked) == hash_table(run(data).table)
    assert columns_of(data) == (Column(name="a", header="a"),)
