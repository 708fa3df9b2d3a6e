"""The metrics of runs in the store and through the workspace."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from core_helpers import proposal, scan, workspace, write
from tablemend.errors import Cancelled, StateError
from tablemend.records import Metric, RunReport
from tablemend.store.state import Store
from tablemend.telemetry import Telemetry
from tablemend.workspace import Workspace

TABLE = "a\n x\ny\n"


def metrics(number: int) -> list[Metric]:
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    return [Metric(name=f"n{n % 2}", kind="counter", value=n, at=begin + timedelta(seconds=n)) for n in range(number)]


def test_metrics_are_read_back_as_they_were_written(store: Store) -> None:
    run = store.runs.begin("scan", settings={}).id
    given = metrics(5)
    store.metrics.put(run, given)
    assert store.metrics.of(run) == given
    assert store.metrics.of(run, "n1") == given[1::2]
    assert {name: each.sum for name, each in store.metrics.summary(run).items()} == {"n0": 6, "n1": 4}


def test_metrics_of_an_unknown_run_are_refused(store: Store) -> None:
    for call in (
        lambda: store.metrics.put("r-none", metrics(2)),
        lambda: store.metrics.put("r-none", []),
        lambda: store.metrics.of("r-none"),
        lambda: store.metrics.summary("r-none"),
    ):
        with pytest.raises(StateError, match="no run r-none"):
            call()


def test_a_batch_of_metrics_is_all_or_nothing(store: Store) -> None:
    run = store.runs.begin("scan", settings={}).id
    telemetry = Telemetry(1)
    telemetry.count("c", 2)
    telemetry.count("c", 3)
    report = telemetry.report()
    store.metrics.put(run, telemetry.drain(), report)
    assert store.metrics.summary(run) == report
    with pytest.raises(StateError, match="has its figures already"):
        store.metrics.put(run, metrics(2), report)
    assert len(store.metrics.of(run)) == 1


def report_of(ws: Workspace) -> RunReport:
    return ws.run_report(ws.runs(limit=1)[0].id)


def test_a_scan_keeps_its_stages_and_its_memory(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", TABLE)
    with workspace(tmp_path) as ws:
        found = scan(ws, tmp_path / "t.csv", [proposal("trim", "a")])
        report = report_of(ws)
        assert {f"stage.{name}" for name in found.seconds} < set(report.metrics)
        for name, seconds in found.seconds.items():
            assert report.metrics[f"stage.{name}"].sum == pytest.approx(seconds, abs=0.05)
        assert report.metrics["run"].sum >= sum(found.seconds.values()) * 0.99
        assert report.metrics["memory_mb"].count == len(found.seconds) + 1
        assert report.metrics["memory_peak_mb"].last >= report.metrics["memory_mb"].max
        assert report.settings["telemetry_limit"] == 10_000
        assert report.run.status == "completed"


def test_steps_within_a_run_belong_to_it_and_steps_outside_to_the_workspace(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", TABLE)
    with workspace(tmp_path) as ws:

        def progress(stage: str, fraction: float) -> None:
            if stage == "store":
                with ws.track("inside"):
                    pass

        ws.progress = progress
        with ws.track("outside"):
            scan(ws, tmp_path / "t.csv", [])
        report = report_of(ws)
        assert report.metrics["inside"].count == 2
        assert "outside" not in report.metrics
        kept = ws.telemetry.report()
        assert (kept["inside"].count, kept["outside"].count, kept["run"].count) == (2, 1, 1)


def test_two_workspaces_do_not_mix_their_steps(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", TABLE)
    with workspace(tmp_path / "one") as one, workspace(tmp_path / "two") as two:

        def progress(stage: str, fraction: float) -> None:
            if stage == "store":
                with two.track("of the other"):
                    pass

        one.progress = progress
        scan(one, tmp_path / "t.csv", [])
        assert "of the other" not in report_of(one).metrics
        assert list(two.telemetry.report()) == ["of the other"]


@pytest.mark.parametrize(
    ("problem", "status"),
    [(ValueError("no"), "failed"), (Cancelled("stopped"), "cancelled"), (KeyboardInterrupt(), "cancelled")],
)
def test_a_run_that_ends_early_keeps_its_metrics(problem: BaseException, status: str, tmp_path: Path) -> None:
    write(tmp_path / "t.csv", TABLE)

    def progress(stage: str, fraction: float) -> None:
        if stage == "detect":
            raise problem

    with workspace(tmp_path) as ws:
        ws.progress = progress
        with pytest.raises(type(problem)):
            scan(ws, tmp_path / "t.csv", [])
        report = report_of(ws)
        assert report.run.status == status
        assert report.metrics["run.failed"].sum == 1
        assert report.metrics["stage.profile"].count == 1
        assert "stage.detect" not in report.metrics


@pytest.mark.parametrize("fails", [False, True])
def test_metrics_that_cannot_be_written_are_told_and_hide_nothing(tmp_path: Path, *, fails: bool) -> None:
    write(tmp_path / "t.csv", TABLE)
    with workspace(tmp_path) as ws:

        def progress(stage: str, fraction: float) -> None:
            if stage == "profile" and fraction == 1:
                with ws.store.transaction() as connection:
                    connection.execute(sa.text("DROP TABLE metrics"))
                if fails:
                    raise ValueError("the work's own error")

        ws.progress = progress
        if fails:
            with pytest.raises(ValueError, match="the work's own error") as caught:
                scan(ws, tmp_path / "t.csv", [])
            assert "were not kept" in caught.value.__notes__[0]
        else:
            scan(ws, tmp_path / "t.csv", [])
        assert ws.runs(limit=1)[0].status == ("failed" if fails else "completed")
        assert len(ws.notes) == 1
        assert f"the metrics of run {ws.runs(limit=1)[0].id} were not kept: " in ws.notes[0]


def test_totals_stay_exact_beyond_the_limit_also_when_read_back(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", TABLE)
    with workspace(tmp_path, telemetry_limit=7) as ws:

        def progress(stage: str, fraction: float) -> None:
            if stage == "store" and fraction == 0:
                for n in range(1_000):
                    ws.telemetry.count("seen", n)

        ws.progress = progress
        scan(ws, tmp_path / "t.csv", [])
        report = report_of(ws)
        assert (report.metrics["seen"].count, report.metrics["seen"].sum) == (1_000, 499_500)
        assert report.metrics["stage.profile"].count == 1
        assert report.metrics["stage.profile"].p50 is None
        assert len(ws.store.metrics.of(report.run.id)) == 7
