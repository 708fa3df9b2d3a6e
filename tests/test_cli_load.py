"""`databases load`, `jobs` and `quarantine` on the command line."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

Call = Callable[..., tuple[int, str, str]]
URL = "sqlite:///shop.db"


@pytest.fixture(autouse=True)
def shop(tmp_path: Path) -> None:
    """A table `orders` in shop.db."""
    with sqlite3.connect(tmp_path / "shop.db") as made:
        made.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, amount REAL CHECK (amount >= 0))")
    made.close()


def rows(first: int, last: int, bad: int = -1) -> str:
    return "id,amount\n" + "".join(f"{n},{-1 if n == bad else n / 2}\n" for n in range(first, last))


def loaded() -> int:
    with sqlite3.connect("shop.db") as shop:
        (found,) = shop.execute("SELECT count(*) FROM orders").fetchone()
    shop.close()
    return int(found)


def test_a_load_tells_every_outcome_and_keeps_what_it_rejected(call: Call, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(rows(0, 3000, bad=1234), encoding="utf-8")
    code, out, err = call("databases", "load", "orders.csv", f"{URL}#orders")
    assert code == 1
    assert "│ inserted │ 2,999 │" in out
    assert "1,235" in out  # the place of the bad row, from 1
    assert "ConstraintBroken" in out
    assert "job orders:" in err
    (job,) = json.loads(call("databases", "jobs", URL, "--json")[1])
    assert (job["status"], job["inserted"], job["rejected"]) == ("partial", 2999, 1)
    (kept,) = json.loads(call("databases", "quarantine", URL, job["job"], "--json")[1])
    assert (kept["row"], kept["content"]) == (1235, {"id": "1234", "amount": "-1"})
    code, out, err = call("databases", "load", "orders.csv", f"{URL}#orders")
    assert (code, loaded()) == (1, 2999)
    assert "3,000 rows were settled by earlier runs of this job; nothing was left to do" in err


def test_lines_that_are_no_rows_are_told(call: Call, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("id,amount\n1,2\n2,3,4\n3,4\n", encoding="utf-8")
    code, _, err = call("databases", "load", "orders.csv", f"{URL}#orders")
    assert (code, loaded()) == (1, 2)
    assert "line 3 of the source is no row" in err
    done = json.loads(call("databases", "load", "orders.csv", f"{URL}#orders", "--json")[1])
    assert (done["unreadable"], done["unreadable_lines"][0]["line"], done["total"]) == (1, 3, 2)


def test_a_load_is_a_run_with_its_figures(call: Call, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(rows(0, 500), encoding="utf-8")
    code, out, _ = call("databases", "load", "orders.csv", f"{URL}#orders", "--json")
    done = json.loads(out)
    assert (code, done["total"], done["inserted"], done["status"]) == (0, 500, 500, "completed")
    shown = json.loads(call("runs", "show", done["run"], "--json")[1])
    assert (shown["run"]["kind"], shown["run"]["status"]) == ("load", "completed")
    assert shown["run"]["counts"]["inserted"] == 500
    assert shown["metrics"]["batches.rows"]["sum"] == 500
    assert shown["metrics"]["pool.acquisitions"]["last"] > 0


def test_upsert_and_update(call: Call, tmp_path: Path) -> None:
    (tmp_path / "first.csv").write_text(rows(0, 10), encoding="utf-8")
    (tmp_path / "second.csv").write_text(rows(5, 15), encoding="utf-8")
    call("databases", "load", "first.csv", f"{URL}#orders")
    given = ("databases", "load", "second.csv", f"{URL}#orders", "--key", "id", "--json")
    updated = json.loads(call(*given, "--mode", "update", "--job", "u")[1])
    assert (updated["updated"], updated["rejected"], loaded()) == (5, 5, 10)
    upserted = json.loads(call(*given, "--mode", "upsert", "--job", "v")[1])
    assert (upserted["updated"], upserted["inserted"], loaded()) == (5, 5, 15)


def test_too_many_rejected_rows_end_a_load_with_what_to_do(call: Call, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("id,amount\n" + "".join(f"{n},-1\n" for n in range(5000)), encoding="utf-8")
    code, _, err = call("databases", "load", "orders.csv", f"{URL}#orders", "--max-rejected", 3)
    assert (code, loaded()) == (1, 0)
    assert "more than the 3 that max_rejected allows" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["orders.csv", URL], "names no table to load into"),
        (["orders.csv", f"{URL}#nothing"], "nothing"),
        (["nothing.csv", f"{URL}#orders"], "nothing.csv"),
        (["other.csv", f"{URL}#orders"], "has no column 'colour'"),
        (["orders.csv", f"{URL}#orders", "--key", "id"], "takes no key"),
        (["orders.csv", "sqlite:///none.db#orders"], "cannot be opened"),
        (["orders.csv", f"{URL}#orders", "--batch-size", "0"], "size cannot be 0"),
        (["orders.csv", f"{URL}#orders", "--workers", "1000"], "workers cannot be 1000"),
    ],
)
def test_what_cannot_begin_changes_nothing(words: list[str], said: str, call: Call, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(rows(0, 5), encoding="utf-8")
    (tmp_path / "other.csv").write_text("id,colour\n1,red\n", encoding="utf-8")
    code, out, err = call("databases", "load", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert loaded() == 0


@pytest.mark.parametrize(
    "setting",
    ["batch_size=0", "batch_workers=257", "batch_timeout=0", "batch_retries=-1", "batch_retries=101"],
)
def test_a_setting_out_of_range_is_named(
    setting: str, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "orders.csv").write_text(rows(0, 5), encoding="utf-8")
    name, value = setting.split("=")
    monkeypatch.setenv(f"TABLEMEND_{name.upper()}", value)
    code, _, err = call("databases", "load", "orders.csv", f"{URL}#orders")
    assert code == 2
    assert f"setting {name}" in err


def test_an_unknown_job_is_said_with_those_that_there_are(call: Call, tmp_path: Path) -> None:
    assert call("databases", "jobs", URL)[0] == 0
    code, _, err = call("databases", "quarantine", URL, "nothing")
    assert code == 2
    assert "has no job 'nothing'. It has none" in err
