"""Jobs: queued, claimed by one worker process, told about, cancelled, and never lost or done twice."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

import core_helpers
import job_helpers
from job_helpers import SlowSource, approved, ended, table, until
from tablemend.errors import NotFound, SourceError, StateError
from tablemend.store.jobs import Job
from tablemend.store.state import Store
from tablemend.web.jobs.workers import Workers
from tablemend.workspace import Workspace

slow = job_helpers.slow


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with core_helpers.workspace(tmp_path) as opened:
        yield opened


def _submit(store: Store, subject: str = "", **arguments: object) -> Job:
    return store.jobs.submit("scan", subject=subject, by="ann", arguments=arguments)


def test_a_job_is_claimed_once(store: Store) -> None:
    made = _submit(store)
    found = store.jobs.claim()
    assert found is not None
    assert (found.id, found.status) == (made.id, "running")
    assert store.jobs.claim() is None


def test_many_claim_at_once_and_each_job_goes_to_one(store: Store) -> None:
    made = {_submit(store, subject=str(number)).id for number in range(20)}
    taken: list[str] = []

    def claim() -> None:
        while (found := store.jobs.claim()) is not None:
            taken.append(found.id)

    threads = [threading.Thread(target=claim) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(taken) == sorted(made)


def test_a_job_waits_for_another_of_its_subject(store: Store) -> None:
    first, second, other = _submit(store, "d1"), _submit(store, "d1"), _submit(store, "d2")
    assert [store.jobs.claim().id, store.jobs.claim().id] == [first.id, other.id]  # type: ignore[union-attr]
    assert store.jobs.claim() is None
    store.jobs.finish(first.id, "completed")
    assert store.jobs.claim().id == second.id  # type: ignore[union-attr]


def test_every_change_has_a_higher_number(store: Store) -> None:
    first, second = _submit(store), _submit(store)
    assert first.changed < second.changed
    store.jobs.claim()
    store.jobs.progress(first.id, "read", 0.5)
    assert [job.id for job in store.jobs.since(second.changed)] == [first.id]
    assert store.jobs.mark().jobs == store.jobs.get(first.id).changed


def test_progress_makes_no_cached_read_old(store: Store) -> None:
    made = _submit(store)
    store.jobs.claim()
    before = store.jobs.mark().writes
    store.jobs.progress(made.id, "read", 0.5)
    store.jobs.finish(made.id, "completed", result={"run": "r1"})
    assert store.jobs.mark().writes == before


def test_what_is_secret_reaches_the_worker_alone_and_goes_at_the_end(store: Store) -> None:
    made = store.jobs.submit("scan", subject="", by="ann", arguments={"source": "u@h"}, secret={"source": "u:pw@h"})
    assert made.arguments == store.jobs.get(made.id).arguments == {"source": "u@h"}
    assert store.jobs.claim().arguments == {"source": "u:pw@h"}  # type: ignore[union-attr]
    store.jobs.finish(made.id, "completed")
    with store.database.reading() as connection:
        assert b"pw" not in connection.exec_driver_sql("SELECT arguments FROM jobs").scalar_one()


def test_a_job_ends_once(store: Store) -> None:
    made = _submit(store)
    store.jobs.claim()
    assert store.jobs.finish(made.id, "failed", error={"title": "t"})
    assert not store.jobs.finish(made.id, "completed")
    assert store.jobs.get(made.id).status == "failed"
    with pytest.raises(StateError, match="cannot end as 'queued'"):
        store.jobs.finish(made.id, "queued")


def test_what_waits_is_cancelled_at_once(store: Store) -> None:
    made = _submit(store)
    assert store.jobs.cancel(made.id).status == "cancelled"
    assert store.jobs.claim() is None


def test_jobs_are_listed_by_status_subject_and_person(store: Store) -> None:
    first, second = _submit(store, "d1"), _submit(store, "d2")
    store.jobs.claim()
    assert [job.id for job in store.jobs.recent()] == [second.id, first.id]
    assert [job.id for job in store.jobs.recent(status="running")] == [first.id]
    assert [job.id for job in store.jobs.recent(subject="d2")] == [second.id]
    assert store.jobs.recent(by="ben") == []
    with pytest.raises(NotFound):
        store.jobs.get("j0")


@pytest.mark.parametrize(
    ("verb", "arguments", "message"),
    [
        ("fly", {}, "no job 'fly'"),
        ("apply", {}, "missing required field `run`"),
        ("apply", {"run": 1}, "Expected `str`"),
        ("rescan", {"dataset": "t", "colour": "red"}, "unknown field `colour`"),
        ("rescan", {"dataset": "nothing"}, "no dataset nothing"),
        ("undo", {"change_set": "c1", "row": 1}, "a row and a column"),
        ("scan", {"source": "-"}, "no standard input"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(
    ws: Workspace, tmp_path: Path, verb: str, arguments: dict[str, object], message: str
) -> None:
    approved(ws, table(tmp_path))
    with pytest.raises(StateError, match=message):
        ws.jobs.submit(verb, **arguments)
    assert ws.jobs.recent() == []


def test_a_source_that_cannot_be_one_is_refused_at_once(ws: Workspace) -> None:
    with pytest.raises(SourceError, match="ftp"):
        ws.jobs.submit("scan", source="ftp://example.org/t.csv")


def test_a_submission_and_a_cancellation_are_in_the_audit_log_without_secrets(ws: Workspace) -> None:
    made = ws.signed("ben").jobs.submit("scan", source="postgresql://u:hush@h/d#t")
    ws.jobs.cancel(made.id)
    entries = [(each.by, each.action, each.subject) for each in ws.store.audit.recent()]
    assert entries == [("ann", "cancel", made.id), ("ben", "submit", made.id)]
    assert "hush" not in str(ws.store.audit.recent()) + str(made.to_dict(arguments=True))


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


def test_secrets_of_settings_reach_the_worker_by_its_pipe() -> None:
    from tablemend.settings import load
    from tablemend.web.jobs.handover import packed, received

    given = load(http_headers={"X-Key": "hush"}, user="ann", threads=3)
    reader, writer = os.pipe()
    os.write(writer, packed(given))
    os.close(writer)
    found = received(reader)
    assert found is not None
    assert found.http_headers["X-Key"].get_secret_value() == "hush"
    assert (found.user, found.threads, found.data) == ("ann", 3, given.data.resolve())
    assert received(reader) is None
    os.close(reader)
