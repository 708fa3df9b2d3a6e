"""Schedules: sources that are read again, once at a time, by whichever server is there."""

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import core_helpers
from job_helpers import ended, table, until
from tablemend.errors import NotFound, SettingsError, SourceError, StateError
from tablemend.records import now
from tablemend.store.state import Store
from tablemend.web.jobs.scheduler import Scheduler
from tablemend.web.jobs.watch import Watch
from tablemend.web.jobs.workers import Workers
from tablemend.workspace import Workspace
from tablemend.workspace.schedules import seconds

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with core_helpers.workspace(tmp_path) as opened:
        yield opened


def _make(store: Store, name: str = "prices", interval: int = 60) -> str:
    about = {"source": "t.csv", "options": {"sheet": "s"}, "dataset": "d1", "threshold": 80.0, "by": "ann"}
    return store.schedules.add(name=name, interval=interval, **about).id  # type: ignore[arg-type]


def test_a_schedule_is_kept_as_it_was_made(store: Store) -> None:
    made = store.schedules.get(_make(store))
    assert (made.source, made.options, made.dataset, made.threshold) == ("t.csv", {"sheet": "s"}, "d1", 80.0)
    assert made == store.schedules.get("prices")
    assert store.schedules.all() == [made]
    assert store.schedules.first() == made.next <= now()
    with pytest.raises(StateError, match="a schedule prices already"):
        _make(store)
    store.schedules.remove(made.id)
    with pytest.raises(NotFound):
        store.schedules.get(made.id)


@pytest.mark.parametrize(("late", "steps"), [(0, 1), (59, 1), (60, 2), (605, 11)])
def test_the_next_time_goes_by_the_plan_and_nothing_piles_up(store: Store, late: int, steps: int) -> None:
    made = store.schedules.get(_make(store))
    store.schedules.plan(made, made.next + timedelta(seconds=late), job="j1")
    after = store.schedules.get(made.id)
    assert (after.next - made.next, after.job) == (timedelta(seconds=60 * steps), "j1")


def test_only_what_is_on_and_due_is_found(store: Store) -> None:
    first, second = _make(store, "a"), _make(store, "b")
    store.schedules.enable(second, enabled=False)
    assert [each.id for each in store.schedules.due(now())] == [first]
    assert store.schedules.due(now() - timedelta(hours=1)) == []


def test_failures_are_counted_until_it_goes_well(store: Store) -> None:
    made = _make(store)
    store.schedules.ended(made, failed=True)
    store.schedules.ended(made, failed=True)
    assert (store.schedules.get(made).failures, store.schedules.get(made).last) == (2, None)
    store.schedules.ended(made, failed=False)
    assert store.schedules.get(made).failures == 0
    assert isinstance(store.schedules.get(made).last, datetime)


@pytest.mark.parametrize(("text", "found"), [("30s", 30), ("15m", 900), ("1h", 3600), ("1D", 86400), (" 45 ", 45)])
def test_intervals_are_read(text: str, found: int) -> None:
    assert seconds(text) == found


@pytest.mark.parametrize("text", ["9s", "0", "-5m", "soon", "1.5h", "2w", "400d", ""])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="is no interval"):
        seconds(text)


@pytest.mark.parametrize(
    ("source", "more", "error", "message"),
    [
        ("postgresql://u:hush@h/d#t", {}, SettingsError, "with a password"),
        ("https://example.org/t.csv?api_key=hush", {}, SettingsError, "with a password"),
        ("-", {}, StateError, "standard input"),
        ("nothing.csv", {}, SourceError, "does not exist"),
        ("http://example.org/t.csv", {"threshold": 101}, SettingsError, "101 is no score"),
        ("http://example.org/t.csv", {"options": {"colour": "red"}}, StateError, "colour"),
    ],
)
def test_what_cannot_be_scheduled_is_refused(
    ws: Workspace, source: str, more: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        ws.schedules.add(source, interval="1m", **more)  # type: ignore[arg-type]
    assert "hush" not in str(caught.value)
    assert ws.schedules.list() == []


def test_new_content_makes_a_version_and_the_same_content_none(ws: Workspace, tmp_path: Path) -> None:
    made = ws.schedules.add(str(table(tmp_path)), interval="1h", name="prices")
    first = ws.schedules.refresh(made.id)
    assert (first["changed"], first["version"]) == (True, 1)
    ws.approve(first["run"], force=True)
    ws.apply(first["run"])
    second = ws.schedules.refresh("prices")
    assert (second["changed"], second["version"], second["run"]) == (False, 2, first["run"])  # the repairs stand
    table(tmp_path, rows=61)
    third = ws.schedules.refresh("prices")
    assert (third["changed"], third["version"]) == (True, 3)
    assert [each.name for each in ws.store.datasets.all()] == ["prices"]
    assert ws.dataset("prices") == made.dataset


def test_a_refresh_that_is_still_running_is_not_begun_again(ws: Workspace, tmp_path: Path) -> None:
    made = ws.schedules.add(str(table(tmp_path)), interval="10s")
    (due,) = ws.schedules.submit_due()
    assert due.job == ws.schedules.get(made.id).job != ""
    assert ws.schedules.submit_due() == []  # not due yet
    with pytest.raises(StateError, match="being refreshed already"):
        ws.schedules.run_now(made.id)
    assert len(ws.jobs.active()) == 1


def test_of_many_servers_only_one_begins_what_is_due(ws: Workspace, tmp_path: Path) -> None:
    ws.schedules.add(str(table(tmp_path)), interval="1h")
    found: list[str] = []
    barrier = threading.Barrier(4)

    def server() -> None:
        with core_helpers.workspace(tmp_path) as other:
            other.ready()
            barrier.wait()
            found.extend(each.job for each in other.schedules.submit_due())

    threads = [threading.Thread(target=server) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [job.id for job in ws.jobs.active()]
    assert len(found) == 1


def test_a_skipped_refresh_is_told(ws: Workspace, tmp_path: Path) -> None:
    made = ws.schedules.add(str(table(tmp_path)), interval="10s")
    job = ws.schedules.run_now(made.id)
    (due,) = ws.schedules.submit_due()
    assert due.job == ""
    assert ws.store.audit.recent()[0].action == "skip"
    assert [each.id for each in ws.jobs.active()] == [job.id]
    assert ws.schedules.get(made.id).next > now()


def test_what_is_paused_waits_and_every_change_is_audited(ws: Workspace, tmp_path: Path) -> None:
    made = ws.schedules.add(str(table(tmp_path)), interval="10s")
    ws.schedules.pause(made.id)
    assert ws.schedules.submit_due() == []
    with pytest.raises(StateError, match="paused already"):
        ws.schedules.pause(made.id)
    ws.schedules.resume(made.name)
    assert len(ws.schedules.submit_due()) == 1
    ws.schedules.remove(made.id)
    actions = [each.action for each in ws.store.audit.recent()][::-1]
    assert actions == ["schedule", "pause", "resume", "submit", "unschedule"]


def test_a_server_refreshes_when_it_is_time(ws: Workspace, tmp_path: Path) -> None:
    with Watch(ws) as watch, Workers(ws.settings, 1, workspace=ws, news=watch.wake), Scheduler(ws, watch):
        made = ws.signed("ben").schedules.add(str(table(tmp_path)), interval="1h")
        until(lambda: ws.schedules.get(made.id).last)
        job = ended(ws, ws.jobs.get(ws.schedules.get(made.id).job))
        assert (job.verb, job.status, job.by) == ("refresh", "completed", "ben")
        assert job.result["version"] == 1


def test_the_command_line_keeps_schedules_and_refreshes_now(call: Call, tmp_path: Path) -> None:
    table(tmp_path)
    assert call("schedules", "list")[0] == 0
    code, _, out = call("schedules", "add", "t.csv", "--every", "15m", "--name", "prices", "--threshold", "99.9")
    assert (code, "prices is read every 15m" in out) == (0, True)
    code, _, out = call("schedules", "run", "prices", "--quiet")
    assert (code, "version 1 is new" in out, "below 99.9" in out) == (0, True, True)
    code, _, out = call("schedules", "run", "prices", "--quiet")
    assert (code, "nothing has changed" in out, "below" in out) == (0, True, False)
    assert call("schedules", "pause", "prices")[0] == 0
    assert "paused" in call("schedules", "list")[1]
    assert call("schedules", "resume", "prices")[0] == 0
    (tmp_path / "t.csv").unlink()
    code, _, err = call("schedules", "run", "prices", "--quiet")
    assert (code, "does not exist" in err) == (2, True)
    assert call("schedules", "remove", "prices", "--json")[0] == 0
    assert call("schedules", "remove", "prices")[0] == 2
