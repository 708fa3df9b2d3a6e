"""Workers: real processes that do what was asked, die, are stopped and replaced, and outlive their server."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import core_helpers
import job_helpers
from job_helpers import SlowSource, approved, ended, table, until
from tablemend.web.jobs.workers import Workers
from tablemend.workspace import Workspace

slow = job_helpers.slow


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with core_helpers.workspace(tmp_path) as opened:
        yield opened


def test_workers_do_what_was_asked_in_the_name_of_who_asked(ws: Workspace, tmp_path: Path) -> None:
    found = approved(ws, table(tmp_path))
    with Workers(ws.settings, 2, workspace=ws):
        job = ended(ws, ws.signed("ben").jobs.submit("apply", run=found.run))
        assert (job.status, job.error) == ("completed", {})
        assert job.result["before"] < job.result["after"]
        assert (job.result["cells"], job.result["version"], job.result["applied"]) == (40, 2, 1)
        assert ws.store.runs.get(job.run).kind == "apply"
        assert ws.change_sets()[0].by == "ben"
        back = ended(ws, ws.jobs.submit("undo", change_set=job.result["change_set"]))
        assert back.result["version"] == 3
        new = table(tmp_path, name="new.csv")
        scanned = ended(ws, ws.jobs.submit("scan", source=str(new), name="fresh"))
        assert ws.dataset("fresh") == scanned.result["dataset"]
        again = ended(ws, ws.jobs.submit("rescan", dataset="fresh"))
        assert again.result["items"] == scanned.result["items"] > 0
        healed = ended(ws, ws.jobs.submit("heal", source=str(new), policy="all"))
        assert healed.result["after"] > healed.result["before"]
    assert ws.jobs.active() == []


def test_an_error_is_told_with_a_title_and_what_to_do(ws: Workspace, tmp_path: Path) -> None:
    found = approved(ws, table(tmp_path))
    ws.apply(found.run)
    with Workers(ws.settings, 1, workspace=ws):
        job = ended(ws, ws.jobs.submit("apply", run=found.run))
        assert job.status == "failed"
        assert job.error["title"] == "This cannot be done now"
        assert "no approved repair" in job.error["message"]
        assert job.error["hint"]
        gone = ended(ws, ws.jobs.submit("scan", source="http://127.0.0.1:9/gone.csv"))
        assert gone.error["title"] == "The source cannot be read"


def test_a_worker_that_is_killed_ends_its_job_and_is_replaced(ws: Workspace, tmp_path: Path, slow: SlowSource) -> None:
    found = approved(ws, table(tmp_path))
    with Workers(ws.settings, 1, workspace=ws) as workers:
        assert workers.wait(30)
        job = ws.jobs.submit("scan", source=slow.url)
        until(lambda: ws.jobs.get(job.id).stage)
        (pid,) = workers.pids
        os.kill(pid, signal.SIGKILL)
        dead = ended(ws, job)
        assert dead.status == "failed"
        assert "nothing is half-applied" in dead.error["hint"]
        assert ended(ws, ws.jobs.submit("apply", run=found.run)).status == "completed"
        assert workers.pids != [pid]
    assert ws.jobs.get(job.id).status == "failed"  # nobody has done it again


def test_a_job_ends_soon_after_somebody_cancels_it(ws: Workspace, tmp_path: Path) -> None:
    big = tmp_path / "big.csv"
    big.write_text("a,b\n" + "".join(f"{n}, x{n % 977}\n" for n in range(300_000)))
    with Workers(ws.settings, 1, workspace=ws) as workers:
        assert workers.wait(30)
        before = workers.pids
        job = ws.jobs.submit("scan", source=str(big))
        until(lambda: ws.jobs.get(job.id).stage)
        ws.jobs.cancel(job.id)
        assert ended(ws, job).status == "cancelled"
        assert workers.pids == before  # it was asked, not killed
    assert not ws.exists or {run.status for run in ws.store.runs.recent()} <= {"cancelled"}


def test_a_job_that_does_not_react_is_killed(
    ws: Workspace, tmp_path: Path, slow: SlowSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tablemend.web.jobs import workers as module

    monkeypatch.setattr(module, "GRACE", 0.2)
    with Workers(ws.settings, 1, workspace=ws) as workers:
        job = ws.jobs.submit("scan", source=slow.url)
        until(lambda: ws.jobs.get(job.id).stage)
        ws.jobs.cancel(job.id)
        assert ended(ws, job).status == "cancelled"
        again = ended(ws, ws.jobs.submit("scan", source=str(table(tmp_path))))
        assert again.status == "completed"
        assert workers.pids


SERVER = """
import sys, threading
from pathlib import Path
from core_helpers import workspace
from tablemend.web.jobs.workers import Workers

with workspace(Path(sys.argv[1])) as ws, Workers(ws.settings, 1, workspace=ws):
    print("up", flush=True)
    threading.Event().wait()
"""


def _server(folder: Path) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", SERVER, str(folder)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return process


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_job_survives_its_server_and_the_next_one_does_what_waits(
    ws: Workspace, tmp_path: Path, slow: SlowSource
) -> None:
    found = approved(ws, table(tmp_path))
    first = _server(tmp_path)
    try:
        job = ws.jobs.submit("scan", source=slow.url)
        until(lambda: ws.jobs.get(job.id).stage)
    finally:
        _kill(first)
    waiting = ws.jobs.submit("apply", run=found.run)
    assert ws.jobs.recover() == []
    assert [each.id for each in ws.jobs.active()] == [waiting.id, job.id]
    slow.answer()  # the surviving worker reads on
    assert ended(ws, job).status == "completed"
    second = _server(tmp_path)
    try:
        assert ended(ws, waiting).status == "completed"
    finally:
        _kill(second)
    assert len(ws.change_sets()) == 1


def test_the_workers_of_two_servers_share_the_work(ws: Workspace, tmp_path: Path) -> None:
    sources = [table(tmp_path, name=f"t{number}.csv") for number in range(6)]
    servers = [_server(tmp_path), _server(tmp_path)]
    try:
        jobs = [ws.jobs.submit("scan", source=str(each)) for each in sources]
        assert {ended(ws, job).status for job in jobs} == {"completed"}
    finally:
        for each in servers:
            _kill(each)
    with closing(sqlite3.connect(tmp_path / ".tablemend" / "state.db")) as connection:
        rows = connection.execute("SELECT status, count(*) FROM runs WHERE kind = 'scan' GROUP BY 1").fetchall()
    assert rows == [("completed", 6)]
