"""Exports hold no text that a spreadsheet would run as a formula."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from tablemend.tables import export, read, source
from tablemend.tables.formulas import harmless, harmless_column, is_formula
from tables_helpers import keep, load_bytes

Call = Callable[..., tuple[int, str, str]]

RUN = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "=cmd|' /C calc'!A0",
    " =1",
    "-a",
    "+",
    "-",
    "＝1",
    "--1",
]
STAY = ["-5", "+3.2", "-1,234.50", "-.5", "+1e5", "-1E-7", "-5%", " -5 ", "a=b", "", "1-2", "'=1", "a@b.example", "x"]


@pytest.mark.parametrize("text", RUN)
def test_what_would_run_gets_an_apostrophe(text: str) -> None:
    assert harmless(text) == "'" + text
    assert harmless_column(pa.chunked_array([[text]]), pa.array([text])).to_pylist() == ["'" + text]


@pytest.mark.parametrize("text", STAY)
def test_what_cannot_run_stays(text: str) -> None:
    assert harmless(text) == text
    assert harmless_column(pa.chunked_array([[text]]), pa.array([text])).to_pylist() == [text]


@given(st.lists(st.none() | st.text(alphabet="=+-@\t\r\n 1.,eE%a'＝", max_size=6), min_size=1))
def test_one_and_many_are_judged_alike(texts: list[str | None]) -> None:
    made = harmless_column(pa.chunked_array([pa.array(texts, pa.string())]), pa.array(texts, pa.string())).to_pylist()
    assert made == [text if text is None else harmless(text) for text in texts]
    assert not any(text and is_formula(text) for text in made)


def test_columns_of_numbers_stay(tmp_path: Path) -> None:
    numbers = pa.chunked_array([[float("-inf"), -1e-9]])
    assert harmless_column(numbers, pa.array(["-inf", "-1e-09"])).to_pylist() == ["-inf", "-1e-09"]


DATA = b'=h,b\r\n"=1+1",-5\r\nplain,"x"\r\n@a,"=HYPERLINK(""http://e"",""c"")"\r\n'


def test_a_safe_file_is_written_anew_and_the_other_byte_by_byte(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, DATA)
    snapshot, snapshots = keep(tmp_path / "ws", loaded)
    plain = export.export(snapshot, snapshots, tmp_path / "plain.csv")
    safe = export.export(snapshot, snapshots, tmp_path / "safe.csv", safe=True)
    assert plain
    assert safe
    assert plain.read_bytes() == DATA
    wanted = b'\'=h,b\n\'=1+1,-5\nplain,x\n\'@a,"\'=HYPERLINK(""http://e"",""c"")"\n'
    assert safe.read_bytes() == wanted
    again = read.load(source.parse(str(safe)))
    assert not any(is_formula(text) for column in again.table.columns[1:] for text in column.to_pylist())


def test_a_workbook_holds_texts_and_marks_those_that_could_run(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, DATA)
    snapshot, snapshots = keep(tmp_path / "ws", loaded)
    book = export.export(snapshot, snapshots, tmp_path / "out.xlsx", safe=True)
    assert book
    rows = CalamineWorkbook.from_path(str(book)).get_sheet_by_index(0).to_python()
    assert rows[1] == ["=1+1", "-5"]
    with zipfile.ZipFile(book) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        styles = archive.read("xl/styles.xml").decode()
        names = archive.namelist()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert not any("rels" in name and "sheet" in name for name in names)
    marked = re.findall(r'<c r="(\w+)" s="(\d+)"', sheet)
    assert [cell for cell, _ in marked] == ["A1", "A2", "A4", "B4"]
    formats = re.findall(r"<xf [^>]*>", styles.split("<cellXfs")[1])
    assert all("quotePrefix" in formats[int(style)] for _, style in marked)


def test_on_the_command_line(call: Call, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(DATA)
    assert call("scan", "t.csv")[0] in {0, 1}
    assert call("export", "t", "-o", "plain.csv")[0] == 0
    assert call("export", "t", "-o", "safe.csv", "--safe-for-spreadsheets")[0] == 0
    assert (tmp_path / "plain.csv").read_bytes() == DATA
    assert (tmp_path / "safe.csv").read_bytes().startswith(b"'=h,b\n'=1+1,-5\n")
    assert call("export", "t", "-o", "-", "--safe-for-spreadsheets")[1].startswith("'=h,b")
