"""Batches in processes: what hangs is killed, what crashes is found, and errors come back."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tablemend.batching import Attempt, Batch, Done, run
from tablemend.databases.database import Database
from tablemend.databases.jobs import rejections
from tablemend.databases.ledger import DatabaseLedger
from tablemend.errors import Cancelled

QUICK: dict[str, Any] = {"wait": 0.0, "wait_most": 0.0, "executor": "processes", "workers": 2}


class Local(Exception):
    """An error that cannot be copied to another process."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def steady(batch: Batch, attempt: Attempt) -> Done:
    for row in batch.rows:
        if row == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        if row == 12:
            threading.Event().wait()
        if row == 18:
            raise Local(1, 8)
        if row == 21:
            raise ValueError("21 is poison")
    if attempt.transaction is not None:
        values = [{"n": row, "by": os.getpid()} for row in batch.rows]
        attempt.transaction.execute(sa.text("INSERT INTO t (n, by) VALUES (:n, :by)"), values)
    return Done(inserted=len(batch))


def test_rows_that_crash_hang_or_fail_in_a_process_are_found_and_all_others_are_there_once(tmp_path: Path) -> None:
    with Database(f"sqlite:///{tmp_path}/new.db?mode=rwc") as database:
        with database.transaction() as connection:
            connection.execute(sa.text("CREATE TABLE t (n INTEGER PRIMARY KEY, by INTEGER)"))
        ledger = DatabaseLedger(database)
        report = run(range(24), steady, ledger=ledger, job="j", size=6, timeout=3.0, stop_after=None, **QUICK)
        with database.connect() as connection:
            rows = connection.execute(sa.text("SELECT n, by FROM t ORDER BY n")).all()
        kept = rejections(database, "j")
    found = {each.position: each.reason for each in report.rejections}
    assert sorted(found) == [3, 12, 18, 21]
    assert "the process of a batch died" in found[3]
    assert "took longer than 3 s" in found[12]
    assert "Local: 1 and 8" in found[18]
    assert found[21] == "ValueError: 21 is poison"
    assert [n for n, _ in rows] == [n for n in range(24) if n not in (3, 12, 18, 21)]
    assert os.getpid() not in {by for _, by in rows}
    assert [each.position for each in kept] == [3, 12, 18, 21]
    assert (report.inserted, report.rejected, report.left) == (20, 4, 0)


def test_ctrl_c_kills_processes_that_do_not_end() -> None:
    timer = threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(Cancelled) as raised:
        run([12, 12], steady, size=1, grace=0.1, timeout=600, **QUICK)
    timer.join()
    assert raised.value.report.left == 2
