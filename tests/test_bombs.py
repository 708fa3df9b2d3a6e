"""Files that unpack to more than they seem: refused before they fill the memory."""

import struct
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import ipc

from tablemend.errors import LimitExceeded, TablemendError, UnreadableSource
from tablemend.tables import read, source, workbook_size
from tablemend.tables.limits import Limits

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SHEETS = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATED = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/%s" Target="%s"/></Relationships>'
)
PARTS = {
    "[Content_Types].xml": '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/'
    'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.'
    'sheet.main+xml"/></Types>',
    "_rels/.rels": _RELATED % ("officeDocument", "xl/workbook.xml"),
    "xl/workbook.xml": f'<?xml version="1.0"?><workbook xmlns="{_SHEETS}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": _RELATED % ("worksheet", "worksheets/sheet1.xml"),
}
HEAD = '<row r="1"><c r="A1" t="inlineStr"><is><t>name</t></is></c></row>'


def workbook(path: Path, rows: str, **further: str) -> Path:
    """A workbook with a sheet of just these rows."""
    sheet = f'<?xml version="1.0"?><worksheet xmlns="{_SHEETS}"><sheetData>{rows}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**PARTS, "xl/worksheets/sheet1.xml": sheet, **further}.items():
            archive.writestr(name, text)
    return path


def load(path: Path, **limits: int) -> read.Loaded:
    return read.load(source.parse(str(path)), Limits(**limits))


def test_a_plain_workbook_is_read(tmp_path: Path) -> None:
    found = load(workbook(tmp_path / "a.xlsx", HEAD + '<row r="2"><c r="A2"><v>1</v></c></row>'))
    assert found.table.to_pylist() == [{"_row": 1, "name": 1}]


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="XFD1048576"><v>2</v></c>',
        "<c r='XFD1048576'><v>2</v></c>",
        '<c\nr = "XFD1048576"><v>2</v></c>',
        '<c s="1" r="xfd1048576"><v>2</v></c>',
        '<c r="A1048576"><v>1</v></c><c r="ZZ2"><v>1</v></c>',
        '<row r="1048576">' + "<c><v>1</v></c>" * 100,
    ],
)
def test_cells_in_far_corners(tmp_path: Path, cell: str) -> None:
    path = workbook(tmp_path / "a.xlsx", f"{HEAD}{cell}")
    with pytest.raises(LimitExceeded, match=r"spreads .* cells over a sheet of") as refused:
        load(path)
    assert "far away" in (refused.value.hint or "")


def test_a_name_across_two_pieces_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "a.xlsx", f'{HEAD}<c r="XFD1048576"><v>2</v></c>')
    for size in range(40, 90):
        monkeypatch.setattr(workbook_size, "_PIECE", size)
        with pytest.raises(LimitExceeded, match="spreads 2 cells"):
            load(path)


def test_a_sheet_that_unpacks_to_too_much(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", HEAD + " " * 5_000_000)
    with pytest.raises(LimitExceeded, match="unpacked, has"):
        load(path, max_bytes=1_000_000)


def test_a_ratio_that_no_table_has(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", HEAD + " " * 80_000_000)
    with pytest.raises(LimitExceeded, match="more than 200 times"):
        load(path)


def test_a_length_that_is_a_lie(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", HEAD + " " * 5_000_000)
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        true = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    path.write_bytes(data.replace(struct.pack("<L", true), struct.pack("<L", 500)))
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("xl/worksheets/sheet1.xml").file_size == 500
    with pytest.raises(LimitExceeded, match="unpacked, has"):
        load(path, max_bytes=1_000_000)


def test_a_long_text_that_a_thousand_cells_share(tmp_path: Path) -> None:
    strings = f'<?xml version="1.0"?><sst xmlns="{_SHEETS}"><si><t>{"x" * 30_000}</t></si></sst>'
    related = _RELATED.replace("</Relationships>", "") % ("worksheet", "worksheets/sheet1.xml")
    related += f'<Relationship Id="rId2" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
    rows = HEAD + "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(2, 1_002))
    parts = {"xl/sharedStrings.xml": strings, "xl/_rels/workbook.xml.rels": related}
    path = workbook(tmp_path / "a.xlsx", rows, **parts)
    assert load(path).table["name"].to_pylist() == ["x" * 30_000] * 1_000
    with pytest.raises(LimitExceeded, match="unpacked, has"):
        load(path, max_bytes=5_000_000)


def test_too_many_files(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", HEAD, **{f"x/{n}.xml": "" for n in range(10_001)})
    with pytest.raises(LimitExceeded, match="files"):
        load(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:200] + bytes(200) + data[400:],
        lambda data: data[:-30],
        lambda data: b"PK\x03\x04" + bytes(1000),
        lambda data: b"PK\x03\x04",
        lambda data: b"\xd0\xcf\x11\xe0" + bytes(5000),
        lambda data: b"plain text",
    ],
)
def test_a_broken_workbook_says_so(tmp_path: Path, damage: object) -> None:
    path = workbook(tmp_path / "a.xlsx", HEAD + '<row r="2"><c r="A2"><v>1</v></c></row>')
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(UnreadableSource) as refused:
        load(path)
    assert refused.value.hint


def test_an_archive_that_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("table.csv", "a,b\n1,2\n")
    with pytest.raises(UnreadableSource):
        load(path)


def test_a_parquet_file_whose_dictionary_stands_for_too_much(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), pa.array(["x" * 900_000]))
    pq.write_table(pa.table({"a": long}), path, compression="zstd")
    assert path.stat().st_size < 50_000
    with pytest.raises(LimitExceeded, match="unpacked, has"):
        load(path)


def test_a_parquet_file_whose_values_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    texts = ["x" * 100_000] + ["y"] * 9_999
    pq.write_table(pa.table({"a": texts, "n": range(10_000)}), path, row_group_size=2_500)
    assert load(path, max_bytes=1_000_000).table["a"].to_pylist() == texts


def test_a_parquet_file_that_is_mostly_packed_away(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": pa.array([0] * 1_000_000, pa.int64())}), path, compression="zstd")
    assert path.stat().st_size < 50_000
    with pytest.raises(LimitExceeded, match="unpacked, has"):
        load(path, max_bytes=5_000_000)


@pytest.mark.parametrize("suffix", ["arrow", "stream.arrow"])
@pytest.mark.parametrize("kind", ["dictionary", "packed"])
def test_an_arrow_file_that_becomes_too_large(tmp_path: Path, suffix: str, kind: str) -> None:
    column = (
        pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), pa.array(["x" * 100_000]))
        if kind == "dictionary"
        else pa.array([0] * 1_000_000, pa.int64())
    )
    table = pa.table({"a": column})
    path = tmp_path / f"a.{suffix}"
    new = ipc.new_stream if suffix.startswith("stream") else ipc.new_file
    with new(str(path), table.schema, options=ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table, max_chunksize=100_000)
    assert path.stat().st_size < 300_000
    with pytest.raises(LimitExceeded, match="unpacked, has"):
        load(path, max_bytes=4_000_000)


@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: data[:50] + data[90:]])
def test_a_broken_typed_file_says_so(tmp_path: Path, suffix: str, damage: object) -> None:
    path = tmp_path / f"a.{suffix}"
    table = pa.table({"a": ["x", "y"] * 100})
    if suffix == "parquet":
        pq.write_table(table, path)
    else:
        with ipc.new_file(str(path), table.schema) as writer:
            writer.write_table(table)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(TablemendError) as refused:
        load(path)
    assert refused.value.hint
