"""JSON in and out: numbers as written, nested records as dotted columns."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablemend.errors import UnreadableSource
from tables_helpers import load_bytes, with_cells, written

NESTED = b"""{
  "next": null,
  "data": [
    {"id": 1, "shop": {"name": "a", "size": 1.0}, "tags": [1, 2.50], "open": true},
    {"id": 12345678901234567890, "shop": {"name": null}, "extra": {}}
  ]
}
"""


def test_nested_records_become_dotted_columns_of_text(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, NESTED, "x.json")
    assert loaded.table.to_pydict() == {
        "_row": [1, 2],
        "id": ["1", "12345678901234567890"],
        "shop.name": ["a", None],
        "shop.size": ["1.0", None],
        "tags": ["[1, 2.50]", None],
        "open": ["true", None],
        "extra": [None, "{}"],
    }
    assert loaded.original == NESTED


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b'[{"a": 1}, {"a": null}]', ["1", None]),
        (b'{"a": [1, 2]}', ["1", "2"]),
        (b'{"data": {"items": [{"a": "x"}]}}', ["x"]),
        (b'{"records": {"a": [true, false]}}', ["true", "false"]),
        (b'{"a": {"data": 3}}', ["3"]),
        (b"[1, 2.0]", ["1", "2.0"]),
        (b'{"a": 1}\n{"a": 2}\n', ["1", "2"]),
    ],
)
def test_the_records_are_found_wherever_they_are(tmp_path: Path, data: bytes, rows: list[str | None]) -> None:
    assert load_bytes(tmp_path, data, "x.json").table.column(1).to_pylist() == rows


def test_bad_lines_are_rejected_with_their_numbers(tmp_path: Path) -> None:
    data = b'{"a": 1}\n\nbad\n{"a": 2}\n'
    loaded = load_bytes(tmp_path, data, "x.jsonl")
    assert loaded.table["a"].to_pylist() == ["1", "2"]
    assert ([each.line for each in loaded.rejected], loaded.rejected_count) == ([3], 1)
    assert written(tmp_path, loaded, name="out.jsonl") == data


def test_names_that_meet_stay_apart(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, b'[{"a.b": 1, "a": {"b": 2}}]', "x.json")
    assert loaded.table.to_pydict() == {"_row": [1], "a.b": ["1"], "a.b_2": ["2"]}


def test_changed_cells_keep_the_type_of_their_column(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, NESTED, "x.json")
    cells = {(0, 0): "7", (1, 1): "b", (1, 2): "3.10", (0, 3): "[3]", (0, 4): "false"}
    text = written(tmp_path, loaded, with_cells(loaded.table, cells), "out.json").decode()
    assert json.loads(text, parse_float=str) == {
        "next": None,
        "data": [
            {"id": 7, "shop": {"name": "a", "size": "1.0"}, "tags": [3], "open": False},
            {"id": 12345678901234567890, "shop": {"name": "b", "size": "3.10"}, "extra": {}},
        ],
    }


def test_a_number_that_became_a_word_is_written_as_text(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, b'[{"a":1},{"a":2}]', "x.json")
    out = written(tmp_path, loaded, with_cells(loaded.table, {(0, 0): "one", (1, 0): None}), "out.json")
    assert out == b'[{"a":"one"},{"a":null}]'


def test_removed_rows_and_other_columns(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, b'{"a": [1, 2], "b": {"c": 3}}'.replace(b'{"c": 3}', b"[3, 4]"), "x.json")
    table = loaded.table.drop_columns(["a"]).slice(1)
    assert json.loads(written(tmp_path, loaded, table, "out.json")) == {"b": [4]}


def test_only_changed_lines_change(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, b'{"a":1,  "b":"x"}\r\n{ "a":2,"b":"y"}\r\n', "x.jsonl")
    out = written(tmp_path, loaded, with_cells(loaded.table, {(1, 1): "z"}), "out.jsonl")
    assert out == b'{"a":1,  "b":"x"}\r\n{"a":2,"b":"z"}\r\n'


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource):
        load_bytes(tmp_path, b"[" * 100_000, "x.json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("json")


LEAF = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.lists(st.integers(), max_size=2)
RECORD = st.dictionaries(
    st.sampled_from("abc"), LEAF | st.dictionaries(st.sampled_from("de"), LEAF, min_size=1), min_size=1
)


@settings(max_examples=60, deadline=None)
@given(records=st.lists(RECORD, min_size=1, max_size=5))
def test_any_records_come_back(folder: Path, records: list[dict[str, object]]) -> None:
    data = json.dumps({"data": records, "n": 1.50}).encode()
    loaded = load_bytes(folder, data, "x.json")
    assert json.loads(written(folder, loaded, name="out.json")) == json.loads(data)
