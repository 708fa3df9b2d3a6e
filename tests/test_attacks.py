"""What somebody with bad intentions, or a broken program, may send: refused in words, and nothing left behind."""

import asyncio
import io
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from api_helpers import Program, Server, problem
from tablemend.errors import UnreadableSource
from tablemend.tables import duckdb as duckdb_files
from tablemend.tables import sqlite as sqlite_files
from tablemend.tables.limits import Limits
from tablemend.web import bundles
from tablemend.web.bundles import Bundles

ENDLESS = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r"
DEEP = "a = " + "[" * 50_000 + "]" * 50_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(tmp_path_factory.mktemp("attacks"), upload_bytes=3_000_000)
    yield found
    found.close()


def uploaded(program: Program, name: str, data: bytes) -> Any:
    return program.send("POST", "/uploads", files={"file": (name, data)})


@pytest.mark.parametrize("path", ["/gates/check", "/scorecards/check", "/rules/check"])
def test_a_text_that_is_nested_without_end_is_no_toml(server: Server, path: str) -> None:
    told = server.viewer.post(path, text=DEEP).json()
    assert told["ok"] is False
    assert "nested too deeply" in told["faults"][0]["text"]


def test_a_recipe_that_is_nested_without_end_is_none(server: Server) -> None:
    for kind, text in {"json": "[" * 50_000, "toml": DEEP}.items():
        asked = {"source": "https://example.org/x.csv", "recipe": text, "format": kind}
        assert "is not a recipe" in problem(server.reviewer.post("/recipes/check", **asked), 422)["detail"]


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PATCH", "PROPFIND", "TRACE"])
def test_other_methods_are_refused_before_the_pages(server: Server, method: str) -> None:
    answer = server.viewer.send(method, "/datasets")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert server.viewer.send(method, "/nothing").status_code == 404


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../../etc/passwd", "passwd"),
        ("..\\..\\x.csv", "x.csv"),
        ("a\r\nX-Evil: 1.csv", "a_0D_0AX-Evil_ 1.csv"),
        ("<img src=x onerror=alert(1)>.csv", "img src_x onerror_alert(1)_.csv"),
        (".htaccess", "htaccess"),
        ("x" * 400 + ".csv", "x" * 79 + ".csv"),
    ],
)
def test_a_name_of_an_upload_is_only_a_name(server: Server, name: str, kept: str) -> None:
    answer = uploaded(server.reviewer, name, b"a,b\n1,2\n")
    assert answer.json()["name"] == kept
    (path,) = (server.ws.settings.data / "uploads" / answer.json()["id"]).iterdir()
    assert path.name == kept


def test_a_name_of_a_dataset_cannot_add_a_header_to_a_download(server: Server) -> None:
    name = 'a"; filename=evil.exe\r\nX-Evil: 1 <b>.csv'
    made = server.ws.scan(
        server.ws.uploads.path(uploaded(server.reviewer, "t.csv", b"a,b\n1,2\n").json()["id"]), name=name
    )
    answer = server.viewer.get(f"/datasets/{made.snapshot.dataset}/download")
    assert answer.status_code == 200
    assert "x-evil" not in answer.headers
    assert "\r" not in answer.headers["content-disposition"]


def test_a_form_that_is_broken_is_told(server: Server) -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        program = Program(server.app, server.reviewer.headers | {"content-type": kind})
        answer = program.send("POST", "/uploads", content=b"--x\r\nnope")
        assert problem(answer, answer.status_code)["hint"]
        assert answer.status_code in {400, 422}
    problem(uploaded(server.reviewer, "big.csv", b"1,2\n" * 1_000_000), 413)
    problem(uploaded(server.reviewer, "empty.csv", b""), 422)


def test_what_is_refused_leaves_no_file(server: Server) -> None:
    folder = server.ws.settings.data / "uploads"
    folder.mkdir(exist_ok=True)
    before = set(folder.iterdir())
    problem(uploaded(server.reviewer, "empty.csv", b""), 422)
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 100_000_000)
    problem(uploaded(server.reviewer, "bomb.xlsx", bomb.getvalue()), 413)
    assert set(folder.iterdir()) == before


def test_the_place_of_an_upload_is_nobodys_business(server: Server) -> None:
    upload = uploaded(server.reviewer, "t.csv", b"a,b\n1,2\n").json()["id"]
    told = problem(server.reviewer.post("/scans", upload=upload, sql="SELECT 1"), 422)
    assert str(server.ws.settings.data) not in told["detail"]


def test_a_query_on_a_file_ends_in_time(tmp_path: Path) -> None:
    limits = Limits(statement_timeout=0.2)
    with closing(sqlite3.connect(tmp_path / "t.db")) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.execute(f"CREATE VIEW endless AS {ENDLESS}")
    for table, query in ((None, ENDLESS), ("endless", None)):
        with pytest.raises(UnreadableSource, match=r"was not read in 0\.2 s"):
            sqlite_files.read(tmp_path / "t.db", table, query, limits)
    with duckdb.connect(str(tmp_path / "t.duckdb")) as made:
        made.execute("CREATE TABLE t (a INTEGER)")
    with pytest.raises(UnreadableSource, match=r"was not read in 0\.2 s"):
        duckdb_files.read(
            tmp_path / "t.duckdb", None, "SELECT count(*) FROM range(10000000000) a, range(1000) b", limits
        )


@pytest.mark.parametrize("sql", ["ATTACH DATABASE '/tmp/x.db' AS e", "DELETE FROM t", "SELECT load_extension('x')"])
def test_a_query_on_a_file_only_reads_it(server: Server, tmp_path: Path, sql: str) -> None:
    with closing(sqlite3.connect(tmp_path / "t.db")) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.execute("INSERT INTO t VALUES (1)")
        connection.commit()
    upload = uploaded(server.reviewer, "t.db", (tmp_path / "t.db").read_bytes()).json()["id"]
    problem(server.reviewer.get(f"/uploads/{upload}", sql=sql), 422)


def test_addresses_that_are_made_up_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "MOST", 10_000)

    async def file(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/css")]})
        await send({"type": "http.response.body", "body": b"a" * 500})

    async def nothing(_: Any = None) -> Any:
        return {"type": "http.request"}

    kept = Bundles(file)
    for number in range(100):
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/assets/x.css",
            "headers": [],
            "query_string": b"m=%d" % number,
        }
        asyncio.run(kept(scope, nothing, nothing))
    assert len(kept._files) == 20
    assert kept._held == 10_000
