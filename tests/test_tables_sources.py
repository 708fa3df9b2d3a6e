"""Naming a source, reading each kind of it, and being told what is wrong with it."""

import io
import sqlite3
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from tablemend.errors import LimitExceeded, SourceError, SourceNotFound, UnreadableSource
from tablemend.tables import read, source
from tablemend.tables.limits import Limits
from tables_helpers import load_bytes


def load(text: str | Path, **options: str) -> read.Loaded:
    return read.load(source.parse(str(text), **options))


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b" \n\n", "is empty"),
        ("garbage.csv", bytes(range(256)) * 9, "not a text file"),
        ("x.parquet", b"PAR?", "not a Parquet file"),
        ("x.arrow", b"ARROW1..", "not an Arrow file"),
        ("x.xlsx", b"PK\x03\x04", "not a workbook"),
        ("x.db", b"nothing of the sort" * 9, "not an SQLite database"),
        ("x.duckdb", b"nothing of the sort" * 999, "DuckDB"),
        ("x.json", b'{"a":', "line 1, column 6"),
        ("x.json", b"[]", "no columns"),
        ("x.jsonl", b"zz\n", "not JSON Lines"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_with_a_hint(
    tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    with pytest.raises(UnreadableSource, match=said) as caught:
        load_bytes(tmp_path, data, name)
    assert caught.value.hint


def test_missing_paths_and_directories(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("a\n1\n")
    with pytest.raises(SourceNotFound) as missing:
        load(tmp_path / "order.csv")
    assert "orders.csv" in missing.value.hint
    with pytest.raises(SourceNotFound, match="no folder"):
        load(tmp_path / "no" / "x.csv")
    with pytest.raises(UnreadableSource, match="directory"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("limits", "setting"),
    [(Limits(max_rows=1), "max_rows"), (Limits(max_columns=1), "max_columns"), (Limits(max_bytes=3), "max_bytes")],
)
@pytest.mark.parametrize(
    ("name", "data"),
    [("x.csv", b"a,b\n1,2\n3,4\n"), ("x.json", b'[{"a":1,"b":2},{"a":3}]')],
)
def test_limits_name_their_setting(tmp_path: Path, limits: Limits, setting: str, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(LimitExceeded, match=setting) as caught:
        read.load(source.parse(str(tmp_path / name)), limits)
    assert setting in caught.value.hint


@pytest.mark.parametrize("text", ["oracle://ann:secret@host/shop#orders", "mongodb+srv://ann:secret@host/shop"])
def test_databases_that_are_not_known_are_refused_without_their_password(text: str) -> None:
    with pytest.raises(UnreadableSource, match="not supported yet") as caught:
        source.parse(text)
    assert "secret" not in caught.value.message + caught.value.hint


def test_a_url_is_kept_without_secrets() -> None:
    found = source.parse("https://ann:secret@host/orders.json?page=2&api_key=secret")
    assert found.location == "https://ann@host/orders.json?page=2&api_key=***"
    assert (found.kind, found.name) == ("http", "orders")


def test_frames_are_read_through_the_arrow_stream() -> None:
    frames = [pd.DataFrame({"a": [1, 2]}, index=["x", "y"]), pl.DataFrame({"a": [1, 2]}), pa.table({"a": [1, 2]})]
    for frame in frames:
        loaded = read.load(source.from_frame(frame, "numbers"), frame=frame)
        assert loaded.table.to_pydict() == {"_row": [1, 2], "a": [1, 2]}
        assert [each.type for each in loaded.columns] == ["int64"]
    with pytest.raises(UnreadableSource):
        source.from_frame([1, 2])
    with pytest.raises(UnreadableSource):
        read.load(source.from_frame(frames[0]))


def test_polars_categories_become_text() -> None:
    frame = pl.DataFrame({"a": pl.Series(["u", None], dtype=pl.Categorical)})
    assert read.load(source.from_frame(frame), frame=frame).table["a"].to_pylist() == ["u", None]


def test_standard_input_is_sniffed() -> None:
    for data, rows in (
        (b"a;b\n1;2\n", [("1", "2")]),
        (b'[{"a":1,"b":2}]', [("1", "2")]),
        (b"[a],b\n1,2\n", [("1", "2")]),
    ):
        loaded = read.load(source.parse("-"), stdin=io.BytesIO(data))
        assert [tuple(row.values())[1:] for row in loaded.table.to_pylist()] == rows


def test_parquet_and_arrow_keep_their_types(tmp_path: Path) -> None:
    table = pa.table({"n": pa.array([1, None], pa.int16()), "when": pa.array([0, 1], pa.timestamp("ms"))})
    pq.write_table(table, tmp_path / "x.parquet")
    with pa.OSFile(str(tmp_path / "x.arrow"), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    with pa.OSFile(str(tmp_path / "y.ipc"), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)
    for name in ("x.parquet", "x.arrow", "y.ipc"):
        loaded = load(tmp_path / name)
        assert loaded.table.drop_columns(["_row"]).equals(table)
        assert [each.type for each in loaded.columns] == ["int16", "timestamp[ms]"]


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        first = book.add_worksheet("Orders")
        first.write_row(1, 0, ["id", "", "mixed", "ratio"])
        first.write_row(2, 0, [1, "x", 3, 0.5])
        first.write_row(4, 0, [2, "y", "b", 2])
        book.add_worksheet("Notes").write_row(0, 0, ["n"])
        book.add_worksheet("Empty")
    return path


def test_a_sheet_keeps_uniform_types(workbook: Path) -> None:
    loaded = load(workbook)
    assert loaded.table.to_pydict() == {
        "_row": [1, 2],
        "id": [1, 2],
        "column_2": ["x", "y"],
        "mixed": ["3", "b"],
        "ratio": [0.5, 2.0],
    }
    assert [each.type for each in loaded.columns] == ["int64", "text", "text", "double"]
    assert load(workbook, sheet="notes").table.num_rows == 0


def test_a_missing_or_empty_sheet_is_named(workbook: Path) -> None:
    with pytest.raises(SourceNotFound) as caught:
        load(workbook, sheet="Order")
    assert "Orders, Notes, Empty" in caught.value.hint
    with pytest.raises(UnreadableSource, match="Empty"):
        load(workbook, sheet="Empty")


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE orders (region, id INTEGER, mixed, big, data BLOB, PRIMARY KEY (id, region))")
    connection.executemany(
        "INSERT INTO orders VALUES (?, ?, ?, ?, ?)",
        [("n", 2, 1, 2**62, b"\0"), ("s", 1, 1.0, None, None), (None, 3, "x", 1, b"")],
    )
    connection.execute("CREATE VIEW names AS SELECT region FROM orders")
    connection.commit()
    connection.close()
    return path


def test_sqlite_values_lose_nothing(sqlite_file: Path) -> None:
    loaded = load(f"{sqlite_file}#orders")
    assert loaded.table.drop_columns(["_row"]).to_pydict() == {
        "region": ["n", "s", None],
        "id": [2, 1, 3],
        "mixed": ["1", "1.0", "x"],
        "big": [2**62, None, 1],
        "data": [b"\0", None, b""],
    }
    assert loaded.key == ("id", "region")


def test_sqlite_types_that_change_along_the_table(tmp_path: Path) -> None:
    path = tmp_path / "long.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE t (a)")
    connection.executemany("INSERT INTO t VALUES (?)", [(i,) for i in range(50_001)] + [(1.5,), ("x",)])
    connection.commit()
    connection.close()
    values = load(path).table["a"].to_pylist()
    assert values[:2] + values[-3:] == ["0", "1", "50000", "1.5", "x"]


def test_sqlite_views_queries_and_urls(sqlite_file: Path) -> None:
    assert set(load(f"sqlite:///{sqlite_file}#NAMES").table["region"].to_pylist()) == {"n", "s", None}
    assert load(sqlite_file, sql="SELECT count(*) AS n FROM orders").table["n"].to_pylist() == [3]


@pytest.mark.parametrize("query", ["DELETE FROM orders", "ATTACH ':memory:' AS x", "PRAGMA user_version = 3", "SELEC"])
def test_sqlite_is_only_read(sqlite_file: Path, query: str) -> None:
    before = sqlite_file.read_bytes()
    with pytest.raises(UnreadableSource) as caught:
        load(sqlite_file, sql=query)
    assert caught.value.hint
    assert sqlite_file.read_bytes() == before


def test_a_table_must_be_named_and_there(sqlite_file: Path) -> None:
    for text in (sqlite_file, f"{sqlite_file}#order"):
        with pytest.raises(SourceNotFound) as caught:
            load(text)
        assert "orders, names" in caught.value.hint


@pytest.fixture
def duckdb_file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, big HUGEINT, kind ENUM ('a', 'b'), tags TEXT[])"
        )
        connection.execute("INSERT INTO orders VALUES (1, 170141183460469231731687303715884105727, 'a', ['x'])")
        connection.execute("CREATE SCHEMA old; CREATE TABLE old.orders AS SELECT 7 AS n")
    return path


def test_duckdb_values_lose_nothing(duckdb_file: Path) -> None:
    loaded = load(f"duckdb:///{duckdb_file}#orders")
    assert loaded.table.to_pylist() == [
        {"_row": 1, "id": 1, "big": "170141183460469231731687303715884105727", "kind": "a", "tags": ["x"]}
    ]
    assert loaded.key == ("id",)
    assert load(duckdb_file, table="old.orders").table["n"].to_pylist() == [7]
    assert load(duckdb_file, sql="SELECT id AS x, id AS x FROM orders;").table.column_names == ["_row", "x", "x_2"]


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM orders",
        "COPY orders TO 'stolen.csv'",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT 1; SELECT 2",
    ],
)
def test_duckdb_is_only_read(duckdb_file: Path, query: str) -> None:
    with pytest.raises(UnreadableSource) as caught:
        load(duckdb_file, sql=query)
    assert caught.value.hint


def test_only_databases_have_tables(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    with pytest.raises(UnreadableSource, match="not a database"):
        source.parse(str(tmp_path / "a.csv"), table="t")


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path.startswith("/moved"):
            self._send(302, "", b"", location="/orders.csv")
        elif self.path.startswith("/private") and self.headers["X-Key"] != "secret":
            self._send(401, "text/plain", b"")
        elif self.path.startswith("/nothing"):
            self._send(404, "text/plain", b"")
        elif self.path.startswith("/orders.csv"):
            self._send(200, "text/csv", b"id,n\n1,x\n")
        else:
            self._send(200, "application/json", b'{"results": [{"id": 1, "n": "x"}]}')

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._send(200, "application/json", body)

    def _send(self, status: int, kind: str, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("path", ["/api/orders", "/orders.csv", "/moved"])
def test_http_answers_become_tables(server: str, path: str) -> None:
    assert load(server + path).table.to_pylist() == [{"_row": 1, "id": "1", "n": "x"}]


def test_http_headers_and_bodies_are_sent_and_not_kept(server: str) -> None:
    found = source.parse(f"{server}/private?token=abc")
    loaded = read.load(found, headers={"X-Key": "secret"}, url=f"{server}/private?token=abc")
    assert loaded.table.num_rows == 1
    assert "secret" not in repr(loaded.source)
    assert "abc" not in repr(loaded.source)
    posted = read.load(source.parse(server), body=b'{"a": [1, 2]}')
    assert posted.table["a"].to_pylist() == ["1", "2"]


@pytest.mark.parametrize(("path", "said"), [("/private", "401"), ("/nothing", "404")])
def test_http_refusals_are_explained(server: str, path: str, said: str) -> None:
    with pytest.raises(SourceError, match=said) as caught:
        load(server + path)
    assert caught.value.hint


def test_headers_never_follow_a_redirect(server: str) -> None:
    with pytest.raises(UnreadableSource, match="302"):
        read.load(source.parse(f"{server}/moved"), headers={"X-Key": "secret"})


def test_a_silent_server_is_named_without_its_password() -> None:
    with pytest.raises(UnreadableSource, match="cannot be fetched") as caught:
        load("http://ann:secret@127.0.0.1:9/x.csv")
    assert "secret" not in caught.value.message
