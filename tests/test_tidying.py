"""Upkeep: what a server leaves goes once it is as old as the settings say; what is still needed stays."""

import io
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import core_helpers
from job_helpers import until
from tablemend.errors import OutputError
from tablemend.records import now
from tablemend.store.alerts import Delivery
from tablemend.web.jobs.scheduler import Scheduler
from tablemend.web.jobs.watch import Watch
from tablemend.web.security.attempts import Attempts
from tablemend.workspace import Workspace

Call = Callable[..., tuple[int, str, str]]
CSV = b"id,city\n1,Bonn\n2, Bonn\n3,Bonn\n"
PASSWORD = "correct horse battery 7"


def place(where: str | Path) -> str:
    return "" if isinstance(where, Path) else where


def days(number: float) -> datetime:
    return now() + timedelta(days=number)


def ended(ws: Workspace, subject: str, status: str = "completed", **arguments: object) -> str:
    job = ws.store.jobs.submit("scan", subject=subject, by="ann", arguments=arguments or {"source": "s"})
    assert ws.store.jobs.claim()
    ws.store.jobs.finish(job.id, status)
    return job.id


def test_jobs_that_are_over_go_but_not_the_newest_nor_what_is_needed(where: str | Path, tmp_path: Path) -> None:
    with core_helpers.workspace(tmp_path, store_url=place(where)) as ws:
        ws.ready()
        old, failed = ended(ws, "a"), ended(ws, "b", "failed")
        plan = ws.schedules.add("https://example.org/t.csv", interval="1d", name="daily")
        ws.schedules.submit_due()
        due = ws.schedules.get(plan.id).job
        assert ws.store.jobs.claim()
        ws.store.jobs.finish(due, "failed")
        waiting = ws.store.jobs.submit("scan", subject="c", by="ann", arguments={"source": "s"}).id
        newest = ended(ws, "d")
        assert not ws.tidy(at=days(89)).any
        mark = ws.store.jobs.mark().jobs
        assert ws.tidy(at=days(91)).jobs == 2
        kept = {each.id for each in ws.jobs.recent()}
        assert kept == {due, waiting, newest}
        assert {old, failed}.isdisjoint(kept)
        assert ws.schedules.get(plan.id).job == due
        assert ws.store.jobs.mark().jobs == mark  # whoever listens has missed nothing


def test_alerts_that_no_longer_hold_go(where: str | Path, tmp_path: Path) -> None:
    with core_helpers.workspace(tmp_path, store_url=place(where)) as ws:
        alerts, told = ws.ready().alerts, [Delivery(channel="log", status="delivered")]
        plan = ws.schedules.add("https://example.org/t.csv", interval="1d", name="daily")
        over = alerts.tell("score", state="below", message="m", deliveries=told, dataset="d1")
        alerts.resolve("score", dataset="d1")
        holds = alerts.tell("failed", state="x", message="m", deliveries=told, schedule=plan.id)
        gone = alerts.tell("failed", state="x", message="m", deliveries=told, schedule="s-gone")
        unsent = alerts.tell("drift", state="x", message="m", deliveries=[Delivery(channel="log")], dataset="d2")
        alerts.resolve("drift", dataset="d2")
        assert over
        assert holds
        assert gone
        assert unsent
        assert not ws.tidy(at=days(89)).any
        assert ws.tidy(at=days(91), dry_run=True).alerts == 2
        assert ws.tidy(at=days(91)).alerts == 2
        assert {each.id for each in alerts.recent()} == {holds.id, unsent.id}


def test_sessions_go_when_they_are_idle_or_over(where: str | Path, tmp_path: Path) -> None:
    with core_helpers.workspace(tmp_path, store_url=place(where)) as ws:
        ws.accounts.add("ann", "admin", password=PASSWORD)
        secret = ws.accounts.sign_in("ann", PASSWORD)
        later = now() + timedelta(seconds=ws.settings.session_idle + 1)
        assert not ws.tidy().any
        assert ws.accounts.session(secret)
        assert ws.tidy(at=later).sessions == 1
        assert ws.accounts.sessions() == []


def upload(ws: Workspace, name: str = "towns.csv") -> str:
    return ws.uploads.keep(name, io.BytesIO(CSV)).id


def test_uploads_that_nothing_was_scanned_of_go(tmp_path: Path) -> None:
    with core_helpers.workspace(tmp_path) as ws:
        unused, scanned, waiting, told, failed = (upload(ws) for _ in range(5))
        ws.scan(ws.uploads.path(scanned))
        ended(ws, "intel", source=str(ws.uploads.path(told)))
        ended(ws, "broken", "failed", source=str(ws.uploads.path(failed)))
        ws.jobs.submit("scan", source=str(ws.uploads.path(waiting)))
        folder = tmp_path / ".tablemend" / "uploads"
        (folder / "of somebody else").mkdir()
        assert not ws.tidy(at=days(6.9)).any
        assert ws.tidy(at=days(7.1), dry_run=True).uploads == 2
        assert ws.tidy(at=days(7.1)).uploads == 2
        assert {each.name for each in folder.iterdir()} == {scanned, waiting, told, "of somebody else"}
        assert {unused, failed}.isdisjoint({each.name for each in folder.iterdir()})
        assert ws.check_state(deep=True) == []


def test_it_is_audited_once_and_the_audit_log_stays(tmp_path: Path) -> None:
    with core_helpers.workspace(tmp_path) as ws:
        ws.ready()
        ended(ws, "a")
        ended(ws, "b")
        before, writes = len(ws.store.audit.recent()), ws.store.writes_counted()
        assert not ws.tidy().any
        assert ws.store.writes_counted() == writes  # a look makes nobody read anew
        assert ws.tidy(at=days(400)).any
        entries = ws.store.audit.recent()
        assert len(entries) == before + 1
        newest = max(entries, key=lambda each: each.when)
        assert (newest.action, newest.detail) == ("tidy", "1 jobs, 0 alerts, 0 sessions, 0 uploads")


def test_a_folder_that_refuses_is_told_and_the_rest_is_done_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    with core_helpers.workspace(tmp_path) as ws:
        one = upload(ws)
        ended(ws, "a")
        ended(ws, "b")
        with monkeypatch.context() as patch:
            patch.setattr("tablemend.workspace.uploads.shutil.rmtree", refuses)
            with pytest.raises(OutputError, match=f"upload {one} cannot be removed"):
                ws.tidy(at=days(100))
        assert len(ws.jobs.recent()) == 2
        assert ws.tidy(at=days(100)).uploads == 1


def test_a_server_does_it_by_itself(tmp_path: Path) -> None:
    with core_helpers.workspace(tmp_path, keep_upload_days=1) as ws:
        one = upload(ws)
        folder = ws.uploads.path(one).parent
        long_ago = days(-2).timestamp()
        os.utime(folder, (long_ago, long_ago))
        with Watch(ws) as watch, Scheduler(ws, watch):
            until(lambda: not folder.exists())


def test_the_command_counts_and_removes(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLEMEND_KEEP_UPLOAD_DAYS", "0")
    with core_helpers.workspace(tmp_path) as ws:
        upload(ws)
    assert call("store", "tidy", "--dry-run")[2] == "would remove 0 jobs, 0 alerts, 0 sessions and 1 uploads\n"
    assert call("store", "tidy")[2] == "removed 0 jobs, 0 alerts, 0 sessions and 1 uploads\n"
    assert '"uploads": 0' in call("store", "tidy", "--json")[1]


def test_attempts_that_count_no_longer_are_forgotten() -> None:
    attempts = Attempts(3, window=10)
    for number in range(50):
        attempts.take(f"made up {number}", at=float(number))
    assert len(attempts._taken) == 10
    assert attempts.take("made up 49", at=49.0) == 0
