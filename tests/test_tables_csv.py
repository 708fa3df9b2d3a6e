"""Reading delimited text, and giving it back byte for byte."""

import csv
import io
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablemend.errors import OutputError
from tablemend.tables import read, source
from tablemend.tables.tokens import field_value, tokenise
from tables_helpers import load_bytes, with_cells, written

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


def test_values_are_the_text_of_the_source(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, b'a,b,c\r\n01,"x, ""y""",\r\n1.0,"",z\r\n')
    assert loaded.table.to_pydict() == {"_row": [1, 2], "a": ["01", "1.0"], "b": ['x, "y"', ""], "c": [None, "z"]}
    assert loaded.format.newline == "\r\n"


def test_short_rows_are_padded_and_long_rows_rejected_with_their_lines(tmp_path: Path) -> None:
    data = b'a,b\n1\n\n"x\ny",2\n1,2,3\n3,4\n'
    loaded = load_bytes(tmp_path, data)
    assert loaded.table["b"].to_pylist() == [None, "2", "4"]
    assert (loaded.padded, loaded.padded_count) == ((1,), 1)
    assert [each.line for each in loaded.rejected] == [6]
    assert written(tmp_path, loaded) == data


def test_blank_and_repeated_headers_get_names_of_their_own(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, b"a,A,,_row,a_2\n1,2,3,4,5\n")
    assert [each.name for each in loaded.columns] == ["a", "A_3", "column_3", "_row_2", "a_2"]
    assert [each.header for each in loaded.columns] == ["a", "A", "", "_row", "a_2"]


def test_a_header_without_rows_is_a_table(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, b"a,b")
    assert (loaded.table.num_rows, loaded.table.column_names) == (0, ["_row", "a", "b"])
    assert written(tmp_path, loaded) == b"a,b"


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    lines = ["id|name;x".replace("|", delimiter).replace(";x", ""), *(f"{i}{delimiter}a{i}" for i in range(5))]
    assert load_bytes(tmp_path, "\n".join(lines).encode(), "data.txt").format.delimiter == delimiter


def test_changed_cells_keep_their_quotes_and_all_else_its_bytes(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, b'a,b,c\n"1", x ,007\n2\n\n3,,""')
    table = with_cells(loaded.table, {(0, 0): "one", (1, 2): "new", (2, 1): "p,q", (2, 2): None})
    assert written(tmp_path, loaded, table) == b'a,b,c\n"one", x ,007\n2,,new\n\n3,"p,q",'


def test_removed_rows_leave_with_their_line(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, b"a,b\n1,2\n3,4\n5,6\n")
    assert written(tmp_path, loaded, loaded.table.take([0, 2])) == b"a,b\n1,2\n5,6\n"


def test_dropped_and_added_columns_keep_the_bytes_of_the_others(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, b'a,b,"c"\r\n"1",2, 3\r\n4,5,6')
    table = loaded.table.drop_columns(["b"]).append_column("d", pa.array(["x", None]))
    assert written(tmp_path, loaded, table) == b'a,"c",d\r\n"1", 3,x\r\n4,6,'


def test_a_wide_text_of_many_stretches_is_read_as_the_csv_module_reads_it(tmp_path: Path) -> None:
    width, rows = 3_000, 200  # 2 MB: stretches of fewer rows than columns
    kinds = ["", "1.5", "é", 'a "b", c', "two\nlines", "-0.25"]
    out = io.StringIO()
    lines = [[kinds[(row * 7 + n * n) % 6] for n in range(width)] for row in range(rows)]
    csv.writer(out, lineterminator="\n").writerows([[f"h{n}" for n in range(width)], *lines])
    text = out.getvalue() + "short,1\n" + ",".join("x" * (width + 1)) + "\nlast\n"
    loaded = load_bytes(tmp_path, text.encode(), "wide.csv")
    wanted = [*lines, ["short", "1"], ["last"]]
    found = zip(*(column.to_pylist() for column in loaded.table.columns[1:]), strict=True)
    assert [[each or "" for each in row] for row in found] == [row + [""] * (width - len(row)) for row in wanted]
    assert (loaded.padded, loaded.rejected_count) == ((201, 202), 1)


CELL = st.text(st.sampled_from('ab "\r\n,;é€0'), max_size=5)


@settings(max_examples=150, deadline=None)
@given(text=st.text(st.sampled_from('ab"",,\n\r" é'), max_size=40), block=st.sampled_from([3, 7, 1 << 20]))
def test_splitting_equals_the_csv_module(text: str, block: int) -> None:
    data = text.encode()
    found: list[list[str]] = []
    for spans in tokenise(data, ",", block=block):
        raw = [data[spans.base + s : spans.base + e] for s, e in zip(spans.start, spans.end, strict=True)]
        values = [field_value(each).decode() for each in raw]
        for first, count in zip(spans.first, spans.counts, strict=True):
            found.append(values[first : first + count])
    if not any(field.startswith(b'"') and not _closed(field) for field in _fields(data)):
        assert found == [row for row in csv.reader(io.StringIO(text, newline="")) if row]


def _fields(data: bytes) -> list[bytes]:
    return [
        data[spans.base + s : spans.base + e]
        for spans in tokenise(data, ",")
        for s, e in zip(spans.start, spans.end, strict=True)
    ]


def _closed(field: bytes) -> bool:
    rest = field[1:].replace(b'""', b"")
    return b'"' in rest


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    width = draw(st.integers(1, 4))
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    lines = [",".join(f"h{i}" for i in range(width))]
    for row in draw(st.lists(st.lists(CELL, min_size=0, max_size=width + 1), max_size=8)):
        buffer = io.StringIO()
        quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
        csv.writer(buffer, lineterminator="", quoting=quoting).writerow(row)
        lines.append(buffer.getvalue())
    body = newline.join(lines) + draw(st.sampled_from(["", newline]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"]))
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    return mark + body.encode(encoding)


@settings(max_examples=150, deadline=None)
@given(data=texts())
def test_any_file_comes_back_byte_for_byte(folder: Path, data: bytes) -> None:
    loaded = load_bytes(folder, data, delimiter=",")
    assert written(folder, loaded) == data


@settings(max_examples=100, deadline=None)
@given(data=texts(), choices=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.none() | CELL), max_size=4))
def test_only_the_changed_cells_change(folder: Path, data: bytes, choices: list[tuple[int, int, str | None]]) -> None:
    loaded = load_bytes(folder, data, delimiter=",")
    rows, width = loaded.table.num_rows, len(loaded.columns)
    cells = {(row % rows, column % width): value for row, column, value in choices} if rows else {}
    if loaded.format.encoding == "cp1252":
        cells = {at: value and value.encode("cp1252").decode("cp1252") for at, value in cells.items()}
    changed = with_cells(loaded.table, cells)
    again = load_bytes(
        folder, written(folder, loaded, changed), "again.csv", delimiter=",", encoding=loaded.format.encoding
    )
    expected = changed.to_pydict()
    if width == 1:
        expected["h0"] = [value or "" for value in expected["h0"]]
        assert [value or "" for value in again.table["h0"].to_pylist()] == expected["h0"]
    else:
        lone = [row for row in range(rows) if not any(expected[each.name][row] for each in loaded.columns)]
        for name, column in again.table.to_pydict().items():
            assert [v for i, v in enumerate(column) if i not in lone] == [
                v for i, v in enumerate(expected[name]) if i not in lone
            ]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data sets are not here")
@pytest.mark.parametrize(
    "path", sorted(SHARED.glob("cleaning/*/dirty.csv")) + sorted(SHARED.glob("metabolomics/*.txt"))
)
def test_real_files_come_back_byte_for_byte(tmp_path: Path, path: Path) -> None:
    loaded = read.load(source.parse(str(path)))
    assert loaded.rejected_count == 0
    assert written(tmp_path, loaded, name=f"out{path.suffix}") == path.read_bytes()


def test_bytes_that_are_no_utf8_stand_for_windows_characters(tmp_path: Path) -> None:
    data = "a,b\nézürich,naïveté\nx,".encode() + b"caf\xe9\n"
    loaded = load_bytes(tmp_path, data)
    assert loaded.table["b"].to_pylist() == ["naïveté", "café"]
    assert written(tmp_path, loaded) == data


def test_a_stray_quote_does_not_swallow_the_file(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, b'a,b\n1,"5 disk\n2,x\n3,y\n')
    assert loaded.table["b"].to_pylist() == ['"5 disk', "x", "y"]


def test_a_new_quote_never_closes_a_stray_one(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, b'a,b\n1,x\n2,"5 disk\n3,y\n')
    before = with_cells(loaded.table, {(0, 1): "p,q", (2, 1): "z"})
    assert written(tmp_path, loaded, before) == b'a,b\n1,"p,q"\n2,"5 disk\n3,z\n'
    with pytest.raises(OutputError, match="never closed"):
        written(tmp_path, loaded, with_cells(loaded.table, {(2, 1): "p,q"}))


def test_an_emptied_short_row_does_not_become_a_blank_line(tmp_path: Path) -> None:
    loaded = load_bytes(tmp_path, b"a,b\n1\n2,3\n")
    assert written(tmp_path, loaded, with_cells(loaded.table, {(0, 0): None})) == b"a,b\n,\n2,3\n"
