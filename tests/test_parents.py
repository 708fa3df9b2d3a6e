"""Foreign-key rules look their parents up in files, or in the scanned database."""

import sqlite3
from pathlib import Path

import pytest

import tablemend as tm


def rule(folder: Path, table: str) -> None:
    text = f'[[rules]]\ncolumn = "customer"\nforeign_key = {{ table = "{table}", column = "id" }}\n'
    (folder / "tablemend.toml").write_text(text)


def test_a_parent_is_read_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "customers.csv").write_text("id,name\n1,Ann\n2,Bob\n")
    (tmp_path / "orders.csv").write_text("order,customer\n10,1\n11,3\n12,2\n13,\n")
    rule(tmp_path, "customers.csv")
    with tm.open(tmp_path / "state") as ws:
        (found,) = [each for each in ws.scan("orders.csv").findings if each.check == "missing_parent"]
    assert (found.rows, found.status, found.sample[0]["customer"]) == (1, "failed", "3")


def test_a_parent_is_read_from_the_same_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    connection = sqlite3.connect(tmp_path / "shop.db")
    connection.executescript(
        "CREATE TABLE customers (id INTEGER); INSERT INTO customers VALUES (1), (2);"
        "CREATE TABLE orders (nr INTEGER, customer INTEGER); INSERT INTO orders VALUES (10, 1), (11, 3);"
    )
    connection.close()
    rule(tmp_path, "customers")
    with tm.open(tmp_path / "state") as ws:
        (found,) = [each for each in ws.scan("shop.db#orders").findings if each.check == "missing_parent"]
    assert (found.rows, found.status) == (1, "failed")


def test_an_unknown_parent_is_a_finding_that_could_not_be_evaluated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders.csv").write_text("order,customer\n10,1\n11,3\n")
    rule(tmp_path, "nowhere")
    with tm.open(tmp_path / "state") as ws:
        scanned = ws.scan("orders.csv")
    (found,) = [each for each in scanned.findings if each.check == "missing_parent"]
    assert found.status == "error"
    assert scanned.score.confidence < 1
