"""`tablemend runs`: lists, one run in full, and the text that Prometheus reads."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner, Result

from core_helpers import proposal, scan, workspace, write
from tablemend.cli import runs as _commands  # noqa: F401 - registers them
from tablemend.cli.main import app
from tablemend.errors import NotFound, StateError, TablemendError
from tablemend.store.state import Store
from tablemend.workspace.prometheus import names

Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run a command in a folder where a scan and an apply were done and a scan was stopped."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TABLEMEND_DATA", ".tablemend")
    monkeypatch.setenv("COLUMNS", "140")
    write(tmp_path / "t.csv", "a\n x\ny\n")
    with workspace(tmp_path) as ws:
        found = scan(ws, tmp_path / "t.csv", [proposal("trim", "a")])
        ws.approve(found.run, force=True)
        ws.apply(found.run)

        def stop(stage: str, fraction: float) -> None:
            if stage == "detect":
                ws.telemetry.count("seen.so/far", 3)
                raise ValueError("stopped")

        ws.progress = stop
        with pytest.raises(ValueError, match="stopped"):
            ws.scan(tmp_path / "t.csv")

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["runs", *words])

    return run


def series(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    found = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in samples}
    assert len(found) == len(samples), "each series once"
    return found


def test_runs_are_listed_newest_first_and_filtered(call: Call) -> None:
    listed = json.loads(call("list", "--json").stdout)
    assert [(run["kind"], run["status"]) for run in listed] == [
        ("scan", "failed"),
        ("apply", "completed"),
        ("scan", "completed"),
    ]
    assert len(json.loads(call("list", "--json", "--limit", "1").stdout)) == 1
    assert [run["status"] for run in json.loads(call("list", "--kind", "scan", "--json").stdout)] == [
        "failed",
        "completed",
    ]
    assert [run["kind"] for run in json.loads(call("list", "--status", "failed", "--json").stdout)] == ["scan"]
    assert "findings" in call("list").stdout
    assert "no run is like that" in call("list", "--status", "cancelled").stderr


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        (("list", "--status", "done"), StateError, "cannot be 'done'"),
        (("list", "--kind", "heal"), NotFound, "no run of kind 'heal'"),
        (("show", "r-none"), NotFound, "no run r-none"),
        (("show", "r"), NotFound, "beginning of several runs"),
        (("show", "%"), NotFound, "no run %"),
        (("show", "--json", "--prometheus"), StateError, "cannot both"),
        (("metrics", "--json", "--prometheus"), StateError, "cannot both"),
    ],
)
def test_what_there_is_not_is_said(
    words: tuple[str, ...], kind: type[TablemendError], message: str, call: Call
) -> None:
    with pytest.raises(kind, match=message) as caught:
        raise call(*words).exception or AssertionError("no error")
    assert caught.value.hint


def test_a_run_is_shown_in_full(call: Call) -> None:
    shown = call("show").stdout
    for words in ("failed", "ValueError: stopped", "seen.so/far", "telemetry_limit", "memory_peak_mb", "p95"):
        assert words in shown
    newest = json.loads(call("show", "--json").stdout)
    run = newest["run"]["id"]
    again = json.loads(call("show", run[:-2], "--json").stdout)
    assert again == newest
    assert newest["metrics"]["seen.so/far"]["sum"] == 3
    assert newest["settings"]["max_columns"] == 5_000
    assert newest["settings"].keys() & {"http_headers", "store_url"} == set()


def test_the_text_for_prometheus_parses_and_holds_the_figures(call: Call) -> None:
    report = json.loads(call("show", "--json").stdout)
    run = report["run"]["id"]
    found = series(call("show", "--prometheus").stdout)
    labels = {("run", run), ("kind", "scan")}
    assert found["tablemend_seen_so_far_total", frozenset(labels)] == 3
    assert found["tablemend_memory_mb", frozenset(labels)] == report["metrics"]["memory_mb"]["last"]
    profile = report["metrics"]["stage.profile"]
    assert found["tablemend_stage_profile_seconds_count", frozenset(labels)] == 1
    assert found["tablemend_stage_profile_seconds_sum", frozenset(labels)] == profile["sum"]
    assert found["tablemend_stage_profile_seconds", frozenset(labels | {("quantile", "0.95")})] == profile["p95"]
    assert found["tablemend_run_duration_seconds", frozenset(labels | {("status", "failed")})] > 0


def test_all_runs_are_counted_with_the_newest_of_each_kind(call: Call) -> None:
    counted = json.loads(call("metrics", "--json").stdout)
    assert counted["totals"] == {"apply": {"completed": 1}, "scan": {"completed": 1, "failed": 1}}
    assert [(each["run"]["kind"], each["run"]["status"]) for each in counted["newest"]] == [
        ("apply", "completed"),
        ("scan", "failed"),
    ]
    found = series(call("metrics", "--prometheus").stdout)
    assert found["tablemend_runs", frozenset({("kind", "scan"), ("status", "failed")})] == 1
    assert {dict(labels).get("kind") for _, labels in found} == {"scan", "apply"}
    shown = call("metrics").stdout
    assert "stage.commit" in shown
    assert "stage.profile" in shown


SIMILAR = """
a b a.b a_b a-b x x_total x_seconds x_count x_sum run run.duration s counts runs run_duration é
"""
words = st.sampled_from(SIMILAR.split())


@given(st.sets(st.tuples(words | st.text(min_size=1, max_size=4), st.sampled_from(("counter", "gauge", "timing")))))
def test_no_two_figures_share_a_name_for_prometheus(figures: set[tuple[str, str]]) -> None:
    found = names(figures)
    assert found.keys() == figures
    assert len(set(found.values())) == len(figures)
    for exported in found.values():
        assert exported.isascii()
        assert exported.replace("_", "a").isalnum()
        assert exported not in ("tablemend_runs", "tablemend_run_duration_seconds", "tablemend_run_counts")


def test_a_plain_name_is_exported_as_it_is() -> None:
    assert names([("rows_read", "counter"), ("load", "timing")]) == {
        ("rows_read", "counter"): "tablemend_rows_read",
        ("load", "timing"): "tablemend_load_seconds",
    }


def test_a_run_is_found_by_its_beginning_in_every_database(store: Store) -> None:
    with pytest.raises(NotFound, match="no run yet"):
        store.overview.find()
    first, second = (store.runs.begin("scan", settings={"a": n}) for n in range(2))
    store.runs.finish(first.id, "partial")
    assert store.overview.find().id == second.id
    assert store.overview.find(first.id).status == "partial"
    assert store.overview.totals() == {"scan": {"partial": 1, "running": 1}}
    assert [run.id for run in store.overview.listed(kind="scan", status="partial")] == [first.id]
    for none in ("%", "_", "r%"):
        with pytest.raises(NotFound, match="no run"):
            store.overview.find(none)


def test_what_runs_of_a_kind_keep_is_read_back_newest_first(store: Store) -> None:
    made = [store.runs.begin(kind, settings={}).id for kind in ("a", "b", "a", "a")]
    for n in (0, 1, 2):
        store.runs.keep(made[n], "number", n)
    store.runs.keep(made[3], "other", 3)
    found = store.runs.of_kind("a", "number", int)
    assert [(run.id, number) for run, number in found] == [(made[2], 2), (made[0], 0)]
