"""Snapshots: named by their values, whole or absent."""

import datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tablemend.errors import NotFound
from tablemend.tables.hashing import column_hash, hash_table, table_hash, type_name
from tablemend.tables.snapshot import Snapshots

VALUES = st.one_of(
    st.lists(st.none() | st.text(max_size=4)),
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)),
    st.lists(st.none() | st.booleans()),
    st.lists(st.none() | st.floats(allow_nan=False)),
    st.lists(st.none() | st.lists(st.none() | st.text(max_size=2), max_size=3)),
    st.lists(st.none() | st.fixed_dictionaries({"a": st.none() | st.booleans(), "b": st.none() | st.text(max_size=2)})),
)


@given(values=VALUES, cuts=st.lists(st.integers(0, 20), max_size=4))
def test_the_hash_does_not_depend_on_chunks_or_offsets(values: list[object], cuts: list[int]) -> None:
    whole = pa.array([None, *values, None])
    sliced = whole.slice(1, len(values))
    bounds = [0, *sorted(min(cut, len(values)) for cut in cuts), len(values)]
    pieces = [sliced.slice(low, high - low) for low, high in pairwise(bounds)]
    assert column_hash(pa.chunked_array(pieces, whole.type)) == column_hash(pa.array(values, whole.type))


@given(
    values=st.lists(st.none() | st.text(max_size=3), min_size=1),
    other=st.none() | st.text(max_size=3),
    at=st.integers(0),
)
def test_another_value_gives_another_hash(values: list[str | None], other: str | None, at: int) -> None:
    changed = list(values)
    changed[at % len(values)] = other
    same = column_hash(pa.array(values, pa.string())) == column_hash(pa.array(changed, pa.string()))
    assert same == (values == changed)


def test_values_under_nulls_do_not_count() -> None:
    hidden = pa.StringArray.from_buffers(
        2, pa.py_buffer(b"\0\0\0\0\1\0\0\0\2\0\0\0"), pa.py_buffer(b"xy"), pa.py_buffer(b"\x01")
    )
    assert hidden.to_pylist() == ["x", None]
    assert column_hash(hidden) == column_hash(pa.array(["x", None]))


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())])
def test_text_is_text_however_arrow_stores_it(kind: pa.DataType) -> None:
    plain = pa.array(["a", None, "", "bc"])
    assert column_hash(plain.cast(kind)) == column_hash(plain)
    assert type_name(kind) == "text"


@pytest.mark.parametrize(
    "values",
    [
        [Decimal("1.50"), None],
        [datetime.date(2020, 1, 1), None],
        [datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC), None],
        [b"\0", None],
    ],
)
def test_typed_columns_are_kept_and_hashed(tmp_path: Path, values: list[object]) -> None:
    table = pa.table({"_row": [1, 2], "a": pa.array(values)})
    snapshots = Snapshots(tmp_path)
    digest = snapshots.write(table)
    assert hash_table(snapshots.read(digest)) == digest
    assert column_hash(table["a"]) != column_hash(table["a"].take(pa.array([1, 1])))


def test_the_table_hash_is_made_of_column_hashes() -> None:
    table = pa.table({"_row": [1], "a": ["x"]})
    hashes = [column_hash(column) for column in table.columns]
    assert table_hash(["_row", "a"], ["int64", "text"], hashes) == hash_table(table)
    assert table_hash(["_row", "b"], ["int64", "text"], hashes) != hash_table(table)


def test_columns_are_read_in_the_order_asked_for(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    digest = snapshots.write(pa.table({"_row": [1], "a": ["x"], "a.b": ["y"]}))
    assert snapshots.read(digest, ["a", "_row"]).column_names == ["a", "_row"]


def test_what_is_kept_is_not_written_again(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    table = pa.table({"_row": [1]})
    path = snapshots.path(snapshots.write(table))
    before = path.stat().st_mtime_ns, path.stat().st_ino
    snapshots.write(table)
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before


def test_originals_and_changes_come_back(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    assert snapshots.original(snapshots.keep_original(b"a,b\n")) == b"a,b\n"
    changes = pa.table({"row": [1], "after": ["x"]})
    assert snapshots.read_changes(snapshots.write_changes(changes)).equals(changes)


def test_sweeping_leaves_what_is_kept(tmp_path: Path) -> None:
    snapshots = Snapshots(tmp_path)
    kept = snapshots.write(pa.table({"_row": [1]}))
    orphan = snapshots.write(pa.table({"_row": [2]}))
    original = snapshots.keep_original(b"x")
    (tmp_path / "snapshots" / f".{kept}.parquet.abc.part").write_bytes(b"half")
    assert snapshots.sweep({kept, original}) == 2
    assert snapshots.read(kept).num_rows == 1
    with pytest.raises(NotFound):
        snapshots.read(orphan)


def test_a_missing_original_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        Snapshots(tmp_path).original("0" * 64)
