"""Undo gives back exactly what was there, also after later changes."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core_helpers import ids, proposal, run, scan, values, workspace, write
from tablemend.errors import NotFound, NothingToChange
from tablemend.records import Proposal, Snapshot
from tablemend.repair.compose import Step
from tablemend.repair.results import Applied, Scanned
from tablemend.tables.hashing import hash_table
from tablemend.workspace import Workspace

CELL = st.sampled_from(["", "x", " x", "y ", "x y", '"q, r"', "1", "007", "ä", '""', "N/A"])
LINES = st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=7)
PROPOSALS = [
    proposal("trim", "a", "b"),
    proposal("map_values", "a", pairs=[["x", "z"], ["", "e"], [None, "none"]]),
    proposal("set_null", "b", values=["N/A", "1"]),
    proposal("repair_dependency", "c", keys=["a", "c"], pairs=[["x", "y", "w"], ["z", "1", None]]),
    proposal("fill", "c", method="forward"),
    Proposal(
        check="duplicate_row",
        operation="deduplicate",
        columns=(),
        confidence=0.9,
        params={"columns": ["a"], "keep": "merge"},
    ),
    proposal("remove_rows", predicate="b = 'y '", tier="r"),
    proposal("split_column", "c", delimiter=" ", into=["c1", "c2"]),
    proposal("drop_column", "b"),
    proposal("merge_columns", "a", "c", into="ac"),
]
CHOSEN = st.lists(st.sampled_from(range(len(PROPOSALS))), min_size=1, max_size=6, unique=True)


def csv_of(lines: list[tuple[str, str, str]]) -> str:
    return "a,b,c\r\n" + "".join(",".join(line) + "\r\n" for line in lines)


@contextmanager
def applied(text: str, chosen: list[int]) -> Iterator[tuple[Workspace, Scanned, Applied | None, Path]]:
    """A workspace in which the chosen repairs that change something were applied."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = write(folder / "t.csv", text)
        with workspace(folder) as ws:
            found = scan(ws, source, [PROPOSALS[n] for n in chosen])
            done = None
            if found.items:
                ws.approve(found.run, force=True)
                done = ws.apply(found.run)
            yield ws, found, done, folder


def head(ws: Workspace, snapshot: Snapshot) -> Snapshot:
    return ws.store.datasets.snapshot(snapshot.dataset)


def exported(ws: Workspace, dataset: str, folder: Path) -> bytes:
    path = ws.export(dataset, folder / "back.csv")
    assert path is not None
    return path.read_bytes()


@settings(max_examples=6, deadline=None)
@given(lines=LINES, chosen=CHOSEN)
def test_apply_then_undo_gives_back_the_snapshot_and_the_bytes(
    lines: list[tuple[str, str, str]], chosen: list[int]
) -> None:
    with applied(csv_of(lines), chosen) as (ws, found, done, folder):
        if done is None:
            return
        back = ws.undo(done.change_set.id)
        assert back.snapshot.hash == found.snapshot.hash
        assert back.snapshot.columns == found.snapshot.columns
        assert hash_table(ws.snapshots.read(back.snapshot.hash)) == found.snapshot.hash
        assert back.change_set.kept == 0
        assert back.after == found.score
        assert exported(ws, found.snapshot.dataset, folder) == (folder / "t.csv").read_bytes()
        again = ws.undo(back.change_set.id)
        assert again.snapshot.hash == done.snapshot.hash
        assert again.snapshot.columns == done.snapshot.columns


@settings(max_examples=6, deadline=None)
@example(lines=[("", "1", "")], chosen=[0, 1, 2, 8], which=1)  # a dropped column without a value comes back
@given(lines=LINES, chosen=CHOSEN, which=st.integers(0, 5))
def test_undoing_one_repair_is_applying_the_others(
    lines: list[tuple[str, str, str]], chosen: list[int], which: int
) -> None:
    with applied(csv_of(lines), chosen) as (ws, found, done, _):
        if done is None:
            return
        carried = [msgspec.convert(each, Step) for each in done.change_set.steps]
        gone = carried[which % len(carried)]
        others = [each for each in carried if each.id != gone.id]
        wanted = run(ws.snapshots.read(found.snapshot.hash), *others)
        try:
            back = ws.undo(done.change_set.id, repair=gone.id)
        except NothingToChange:
            assert hash_table(wanted.table) == done.snapshot.hash
            return
        assert values(ws.snapshots.read(back.snapshot.hash)) == values(wanted.table)
        assert tuple(each.name for each in back.snapshot.columns) == tuple(each.name for each in wanted.columns)
        assert ws.undo(back.change_set.id).snapshot.hash == done.snapshot.hash
        assert ws.undo(done.change_set.id).snapshot.hash == found.snapshot.hash


def simple(folder: Path) -> tuple[Workspace, Scanned, Applied]:
    source = write(folder / "t.csv", "a,b\n x,1\ny,2\n z,3\ny,2\n")
    ws = workspace(folder)
    found = scan(
        ws,
        source,
        [
            proposal("trim", "a"),
            proposal("map_values", "b", pairs=[["2", "two"]]),
            proposal("deduplicate", keep="first"),
        ],
    )
    ws.approve(found.run, force=True)
    return ws, found, ws.apply(found.run)


def rows(ws: Workspace, done: Applied) -> list[list[Any]]:
    return [list(row.values()) for row in values(ws.snapshots.read(done.snapshot.hash))]


def test_one_cell(tmp_path: Path) -> None:
    ws, _, done = simple(tmp_path)
    with ws:
        back = ws.undo(done.change_set.id, cell=(3, "a"))
        assert rows(ws, back) == [[1, "x", "1"], [2, "y", "two"], [3, " z", "3"]]
        assert (back.change_set.cells, back.change_set.undone) == (1, "3:a")
        with pytest.raises(NothingToChange):
            ws.undo(done.change_set.id, cell=(3, "a"))
        for cell in ((1, "b"), (99, "a"), (1, "nope")):
            with pytest.raises(NotFound, match="did not change cell"):
                ws.undo(done.change_set.id, cell=cell)


def test_removed_rows_come_back_in_place(tmp_path: Path) -> None:
    ws, found, done = simple(tmp_path)
    with ws:
        rest = ids(found)[2]
        back = ws.undo(done.change_set.id, repair=rest)
        assert rows(ws, back) == [[1, "x", "1"], [2, "y", "two"], [3, "z", "3"], [4, "y", "two"]]
        assert (back.change_set.rows_added, back.change_set.cells) == (1, 0)
        assert back.snapshot.rows == 4


def second(ws: Workspace, found: Scanned, *proposals: Proposal) -> tuple[Scanned, Applied]:
    again = ws._scan(head(ws, found.snapshot), "scan", list(proposals))
    ws.approve(again.run, force=True)
    return again, ws.apply(again.run)


def test_cells_that_changed_later_are_kept_and_counted(tmp_path: Path) -> None:
    ws, found, done = simple(tmp_path)
    with ws:
        _, later = second(ws, found, proposal("map_values", "a", pairs=[["x", "later"]]))
        back = ws.undo(done.change_set.id)
        assert rows(ws, back) == [[1, "later", "1"], [2, "y", "2"], [3, " z", "3"], [4, "y", "2"]]
        assert back.change_set.kept == 1
        undone = ws.undo(later.change_set.id)
        assert rows(ws, undone)[0] == [1, "x", "1"]


def test_force_gives_back_what_changed_later_too(tmp_path: Path) -> None:
    ws, found, done = simple(tmp_path)
    with ws:
        second(ws, found, proposal("map_values", "a", pairs=[["x", "later"]]))
        back = ws.undo(done.change_set.id, force=True)
        assert back.snapshot.hash == found.snapshot.hash
        assert back.change_set.kept == 0


def test_undo_of_one_repair_after_later_changes(tmp_path: Path) -> None:
    ws, found, done = simple(tmp_path)
    with ws:
        second(ws, found, proposal("map_values", "a", pairs=[["x", "later"]]), proposal("drop_column", "b"))
        trim, two, _ = ids(found)
        back = ws.undo(done.change_set.id, repair=trim)
        assert rows(ws, back) == [[1, "later"], [2, "y"], [3, " z"]]
        assert back.change_set.kept == 1
        with pytest.raises(NothingToChange):
            ws.undo(done.change_set.id, repair=two)


def test_a_row_removed_later_is_kept_out(tmp_path: Path) -> None:
    ws, found, done = simple(tmp_path)
    with ws:
        second(
            ws,
            found,
            Proposal(check="x", operation="remove_rows", columns=(), confidence=1.0, params={"predicate": "a = 'z'"}),
        )
        back = ws.undo(done.change_set.id)
        assert [row[0] for row in rows(ws, back)] == [1, 2, 4]
        assert back.change_set.kept == 1


def test_undoing_twice_changes_nothing_and_undoing_the_undo_redoes(tmp_path: Path) -> None:
    ws, found, done = simple(tmp_path)
    with ws:
        back = ws.undo(done.change_set.id)
        with pytest.raises(NothingToChange):
            ws.undo(done.change_set.id)
        redone = ws.undo(back.change_set.id)
        assert redone.snapshot.hash == done.snapshot.hash
        assert {item.decision for item in ws.items(found.run)} == {"approved"}
        assert {item.applied for item in ws.items(found.run)} == {redone.change_set.id}
        assert ws.newest_apply() == done.change_set.id
        once_more = ws.undo(ws.newest_apply())
        assert once_more.snapshot.hash == found.snapshot.hash
        assert {item.applied for item in ws.items(found.run)} == {""}
        with pytest.raises(NotFound):
            ws.newest_apply()


def test_an_undo_reopens_only_what_it_undid(tmp_path: Path) -> None:
    ws, found, done = simple(tmp_path)
    with ws:
        other, applied_later = second(ws, found, proposal("map_values", "a", pairs=[["x", "later"]]))
        ws.undo(applied_later.change_set.id)
        assert {item.decision for item in ws.items(found.run)} == {"approved"}
        assert {item.decision for item in ws.items(other.run)} == {"open"}
        trim, two, rest = ids(found)
        ws.undo(done.change_set.id, repair=trim)
        assert {item.id: item.decision for item in ws.items(found.run)} == {
            trim: "rejected",
            two: "approved",
            rest: "approved",
        }
        assert ws.store.items.decisions(trim)[-1].reason == f"undone in {ws.change_sets()[-1].id}"


def test_unknown_change_sets_and_repairs(tmp_path: Path) -> None:
    ws, _, done = simple(tmp_path)
    with ws:
        with pytest.raises(NotFound):
            ws.undo("c00000000")
        with pytest.raises(NotFound, match="holds no repair"):
            ws.undo(done.change_set.id, repair="i0000000000")
        assert len(ws.change_sets()) == 1


TYPED = pa.table(
    {
        "i": pa.array([1, None, 3], pa.int16()),
        "f": pa.array([0.1, 1e300, float("nan")], pa.float64()),
        "t": pa.array([0, 1_600_000_000_123_456, None], pa.timestamp("us")),
        "z": pa.array([0, 1_600_000_000_123, None], pa.timestamp("ms", "Europe/Berlin")),
        "d": pa.array([0, 18_000, None], pa.date32()),
        "b": pa.array([True, None, False]),
        "m": pa.array(["1.10", None, "-3.00"]).cast(pa.decimal128(9, 2)),
        "y": pa.array([b"\x00\xff", None, b"x"], pa.binary()),
        "l": pa.array([[1, 2], None, []], pa.list_(pa.int64())),
        "c": pa.array(["u", None, "u"]).dictionary_encode(),
    }
)


@pytest.mark.parametrize("column", TYPED.column_names)
def test_dropped_columns_of_any_type_come_back(column: str, tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scan(ws, TYPED, [proposal("drop_column", column), proposal("remove_rows", predicate="_row = 2")])
        ws.approve(found.run, force=True)
        done = ws.apply(found.run)
        assert [each.repair for each in done.change_set.outcomes if each.status == "refused"] == []
        assert ws.undo(done.change_set.id).snapshot.hash == found.snapshot.hash


def test_scores_follow_undo(tmp_path: Path) -> None:
    ws, found, done = simple(tmp_path)
    with ws:
        assert done.after is not None
        assert done.after != found.score
        assert ws.undo(done.change_set.id).after == found.score
        history = ws.history("t")
        assert [each["version"] for each in history["versions"]] == [1, 2, 3]
        assert [each["kind"] for each in history["change sets"]] == ["apply", "undo"]


@pytest.mark.parametrize("kind", [pa.decimal128(10, 2), pa.float64(), pa.int32()], ids=str)
def test_numbers_of_typed_sources_come_back(kind: pa.DataType, tmp_path: Path) -> None:
    numbers = pa.array(["0", "10", "49", None, "3"]).cast(kind)
    source = pa.table({"id": [1, 2, 3, 4, 5], "price": numbers})
    with workspace(tmp_path) as ws:
        found = scan(ws, source, [proposal("cap", "price", low=2, high=40)])
        ws.approve(found.run, force=True)
        applied = ws.apply(found.run)
        assert applied.change_set.cells == 2
        undone = ws.undo(applied.change_set.id)
        assert undone.snapshot.hash == found.snapshot.hash
