"""Jobs: queued, claimed by one worker process, told about, cancelled, and never lost or done twice."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import core_helpers
from job_helpers import approved, table
from tablemend.errors import NotFound, SourceError, StateError
from tablemend.store.jobs import Job
from tablemend.store.state import Store
from tablemend.workspace import Workspace


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


def test_secrets_of_settings_reach_the_worker_by_its_pipe() -> None:
    from tablemend.settings import load
    from tablemend.web.jobs.handover import packed, received

    job = {"source": "sqlite:///a.db#visits", "to": "postgresql://u:hush@h/d#conflict"}
    given = load(
        http_headers={"X-Key": "hush"},
        conflicts_jobs={"home": job},
        user="ann",
        threads=3,
        serve_paths=(Path("/srv/tables"),),
    )
    reader, writer = os.pipe()
    os.write(writer, packed(given))
    os.close(writer)
    found = received(reader)
    assert found is not None
    assert found.http_headers["X-Key"].get_secret_value() == "hush"
    assert found.conflicts_jobs == given.conflicts_jobs
    assert found.conflicts_jobs["home"].to.get_secret_value() == job["to"]
    assert found.serve_paths == (Path("/srv/tables"),)
    assert (found.user, found.threads, found.data) == ("ann", 3, given.data.resolve())
    assert received(reader) is None
    os.close(reader)


def test_an_error_that_nobody_foresaw_is_logged_and_told_by_a_reference(caplog: pytest.LogCaptureFixture) -> None:
    from tablemend.web.jobs.failures import told

    found = told(ZeroDivisionError("hush"))
    assert found["title"] == "Something went wrong"
    assert found["reference"] in found["hint"]
    assert found["reference"] in caplog.text
    assert "hush" not in str(found)


def test_every_kind_of_error_has_a_title() -> None:
    from tablemend import errors
    from tablemend.web.jobs.failures import UNEXPECTED, title

    kinds = [each for each in vars(errors).values() if isinstance(each, type) and each is not errors.TablemendError]
    own = [each for each in kinds if issubclass(each, errors.TablemendError)]
    assert [each.__name__ for each in own if title(each.__new__(each)) == UNEXPECTED] == []


def test_a_job_that_says_nothing_beats_without_a_change(store: Store) -> None:
    made = _submit(store)
    store.jobs.claim()
    before = store.jobs.mark()
    assert store.jobs.beat(made.id) is False
    assert store.jobs.mark() == before
    store.jobs.cancel(made.id)
    assert store.jobs.beat(made.id) is True
