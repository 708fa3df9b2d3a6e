"""Writing a snapshot: to any format, never half, never over its source."""

import datetime
import io
import json
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from tablemend.errors import OutputError
from tablemend.tables import read, source
from tablemend.tables.export import export
from tables_helpers import keep, load_bytes, with_cells, written

MOMENT = datetime.datetime.fromisoformat("2020-01-02 03:04")
TYPED = pa.table(
    {
        "n": pa.array([2**62, None], pa.int64()),
        "share": pa.array([0.1, 2.0]),
        "price": pa.array([Decimal("1.50"), None]),
        "when": pa.array([MOMENT, None]),
        "day": pa.array([datetime.date(2020, 1, 2), None]),
        "ok": pa.array([True, None]),
        "note": pa.array(["=1+1", "http://x"]),
        "tags": pa.array([["a"], []]),
    }
)


@pytest.fixture
def typed() -> read.Loaded:
    return read.load(source.from_frame(TYPED, "typed"), frame=TYPED)


def test_parquet_and_arrow_hold_the_same_values(tmp_path: Path, typed: read.Loaded) -> None:
    assert pq.read_table(io.BytesIO(written(tmp_path, typed, name="o.parquet"))).equals(TYPED)
    assert pa.ipc.open_file(written(tmp_path, typed, name="o.arrow")).read_all().equals(TYPED)


def test_typed_values_as_text(tmp_path: Path, typed: read.Loaded) -> None:
    lines = written(tmp_path, typed).decode().splitlines()
    assert lines[0] == "n,share,price,when,day,ok,note,tags"
    assert lines[1] == '4611686018427387904,0.1,1.50,2020-01-02 03:04:00,2020-01-02,true,=1+1,"[""a""]"'
    assert lines[2] == ",2.0,,,,,http://x,[]"


def test_typed_values_as_json(tmp_path: Path, typed: read.Loaded) -> None:
    first, second = json.loads(written(tmp_path, typed, name="o.json"), parse_float=str)
    assert (first["n"], first["price"], first["ok"], first["tags"]) == (2**62, "1.50", True, ["a"])
    assert (second["n"], second["tags"], second["note"]) == (None, [], "http://x")
    assert len(written(tmp_path, typed, name="o.jsonl").splitlines()) == 2


def test_a_workbook_holds_values_and_further_sheets(tmp_path: Path, typed: read.Loaded) -> None:
    snapshot, snapshots = keep(tmp_path / "w", typed)
    sheets = [("findings", pa.table({"check": ["typo"]})), ("changes", pa.table({"row": [1]}))]
    target = export(snapshot, snapshots, tmp_path / "o.xlsx", sheets=sheets)
    book = CalamineWorkbook.from_path(str(target))
    assert book.sheet_names == ["typed", "findings", "changes"]
    row = book.get_sheet_by_name("typed").to_python()[1]
    assert row[:2] == [str(2**62), 0.1]
    assert row[3:7] == [MOMENT, datetime.date(2020, 1, 2), True, "=1+1"]


def test_sheet_titles_are_made_to_fit(tmp_path: Path, typed: read.Loaded) -> None:
    snapshot, snapshots = keep(tmp_path / "w", typed)
    export(snapshot, snapshots, tmp_path / "o.xlsx", sheets=[("a/b:" + "c" * 40, TYPED), ("Typed", TYPED), ("", TYPED)])
    assert len(CalamineWorkbook.from_path(str(tmp_path / "o.xlsx")).sheet_names) == 4


def test_text_goes_to_another_delimiter(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, b'a;b\n1;"x;y"\n;""\n')
    assert written(tmp_path, loaded, name="o.tsv") == b'a\tb\n1\tx;y\n\t""\n'
    assert written(tmp_path, loaded, name="o.csv") == loaded.original


def test_headers_are_written_as_the_source_had_them(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, b"a,a,\n1,2,3\n")
    assert written(tmp_path, loaded, name="o.tsv") == b"a\ta\t\n1\t2\t3\n"


def test_characters_that_the_encoding_lacks_are_refused(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, "a,b\né,2\n".encode("cp1252"))
    changed = with_cells(loaded.table, {(0, 1): "Ω"})
    with pytest.raises(OutputError, match="cp1252") as caught:
        written(tmp_path, loaded, changed)
    assert caught.value.hint
    assert not (tmp_path / "out.csv").exists()


def test_outputs_that_cannot_be(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, b"a\n1\n")
    snapshot, snapshots = keep(tmp_path / "w", loaded)
    (tmp_path / "folder.csv").mkdir()
    for out in (tmp_path / "folder.csv", tmp_path / "x.docx", tmp_path / "no" / "x.csv", tmp_path / "data.csv"):
        with pytest.raises(OutputError) as caught:
            export(snapshot, snapshots, out)
        assert caught.value.hint
    assert (tmp_path / "data.csv").read_bytes() == b"a\n1\n"
    assert export(snapshot, snapshots, tmp_path / "data.csv", overwrite=True) == tmp_path / "data.csv"


def test_nothing_is_left_beside_the_target(tmp_path: Path) -> None:
    written(tmp_path, load_bytes(tmp_path, b"a\n1\n"))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["data.csv", "out.csv", "workspace"]


def test_standard_output(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    snapshot, snapshots = keep(tmp_path / "w", load_bytes(tmp_path, b"a;b\r\n1;2"))
    assert export(snapshot, snapshots, "-") is None
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == b"a;b\r\n1;2"
