"""Uploads over the interface for programs: kept, looked into, scanned as versions of one dataset."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from api_helpers import Program, Server, problem


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path, rows=0)
    yield made
    made.close()


def kept(program: Program, name: str, content: bytes) -> str:
    answer = program.send("POST", "/uploads", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_preview_tells_how_a_text_was_read(server: Server) -> None:
    upload = kept(server.reviewer, "orders.csv", "id;Straße\n1;Bonn\n".encode("cp1252"))
    found = server.reviewer.get(f"/uploads/{upload}").json()
    assert (found["delimiter"], found["encoding"], found["row_count"]) == (";", "cp1252", 1)
    assert [each["header"] for each in found["columns"]] == ["id", "Straße"]
    again = server.reviewer.get(f"/uploads/{upload}", delimiter=",", encoding="utf-8").json()
    assert again["delimiter"] == ","
    assert len(again["columns"]) == 1


def test_a_preview_names_the_tables_of_a_database_and_reads_the_first_rows(server: Server, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        for table in ("b", "a"):
            shop.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, name TEXT)")
            shop.executemany(f"INSERT INTO {table} VALUES (?, ?)", ((n, "Bonn") for n in range(6_000)))
    shop.close()
    upload = kept(server.reviewer, "shop.db", (tmp_path / "shop.db").read_bytes())
    problem(server.reviewer.get(f"/uploads/{upload}"), 422)
    found = server.reviewer.get(f"/uploads/{upload}", table="b").json()
    assert (found["tables"], found["table"]) == (["a", "b"], "b")
    assert (len(found["rows"]), found["row_count"]) == (20, None)
    told = problem(server.reviewer.get(f"/uploads/{upload}", table="c"), 422)
    assert told["hint"] == "It has a, b."
    query = server.reviewer.get(f"/uploads/{upload}", sql="SELECT id FROM a WHERE id < 3;").json()
    assert query["row_count"] == 3


def test_an_error_calls_an_upload_by_its_name(server: Server) -> None:
    upload = kept(server.reviewer, "shop.db", b"SQLite format 3\0" + b"\xff" * 200)
    told = problem(server.reviewer.get(f"/uploads/{upload}", table="a"), 422)
    assert told["detail"].startswith("shop.db is not an SQLite database")
    assert str(server.ws.settings.data.resolve()) not in str(told)


def test_the_same_name_is_the_next_version_of_its_dataset(server: Server) -> None:
    found = []
    for content in (b"id,city\n1,Bonn\n", b"id,city\n1,Ulm\n", b"id,city\n1,Ulm\n"):
        upload = kept(server.reviewer, "orders.csv", content)
        answer = server.reviewer.post("/scans", upload=upload)
        assert str(server.ws.settings.data.resolve()) not in answer.json()["subject"]
        found.append(server.work(answer))
    assert [each["version"] for each in found] == [1, 2, 2]
    assert len({each["dataset"] for each in found}) == 1
    other = kept(server.reviewer, "orders.csv", b"id,city\n1,Ulm\n")
    named = server.work(server.reviewer.post("/scans", upload=other, name="June"))
    assert named["dataset"] != found[0]["dataset"]


def test_the_sample_is_kept_as_an_upload(server: Server) -> None:
    problem(server.viewer.post("/uploads/sample"), 403)
    problem(server.reviewer.post("/uploads/sample", rows=7), 422)
    answer = server.reviewer.post("/uploads/sample", rows=1_000)
    assert answer.status_code == 201
    assert answer.json()["name"] == "sample_orders_1000.csv"
    result = server.work(server.reviewer.post("/scans", upload=answer.json()["id"]))
    assert result["items"] > 20
