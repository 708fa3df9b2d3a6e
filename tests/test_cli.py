"""The command line as a user types it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core_helpers import proposal, scan, workspace, write
from tablemend.cli import main as entry

DIRTY = "id,city,amount\n" + "".join(
    f"{n},{' Paris' if n % 9 == 0 else 'Paris' if n % 2 else 'London'},{n * 3}\n" for n in range(1, 61)
)
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Call:
    """Run a command in a folder of its own: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TABLEMEND_DATA", "kept so that --data is forgotten afterwards")
    monkeypatch.delenv("TABLEMEND_DATA")
    monkeypatch.setenv("TABLEMEND_THREADS", "1")

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tablemend", *map(str, words)])
        code: object = 0
        try:
            entry.main()
        except SystemExit as end:
            code = end.code or 0
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        assert isinstance(code, int)
        return code, out.decode(), err.decode()

    return run


def one_line(err: str) -> str:
    """A message is one line with a hint: a sentence and what to do."""
    assert err.count("\n") == 1, err
    assert err.startswith("tablemend: ")
    assert "Traceback" not in err
    assert err.rstrip().endswith(".")
    assert ". " in err, "a hint says what to do"
    return err


def test_the_whole_journey(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "t.csv", DIRTY)
    code, out, err = call("scan", "t.csv", "--json")
    scanned = json.loads(out)
    assert (code, err) == (0, "")
    code, out, _ = call("items", scanned["run_id"], "--json")
    listed = json.loads(out)
    assert [each["id"] for each in listed] == [each["id"] for each in scanned["repairs"]]
    trim = next(each for each in listed if each["check"] == "outer_space")
    assert (trim["cells"], trim["decision"]) == (6, "open")
    assert call("approve", trim["id"][:6], "--by", "ann", "--reason", "plain", "--force")[0] == 0
    code, out, _ = call("items", "--id", trim["id"], "--json")
    assert (json.loads(out)[0]["decision"], json.loads(out)[0]["decided_by"]) == ("approved", "ann")
    code, out, err = call("reject", trim["id"], "--by", "bob")
    assert (code, out) == (1, "")
    assert "already approved by ann" in err
    code, out, _ = call("apply", "--output", "new.csv", "--json")
    applied = json.loads(out)
    assert (code, applied["cells_changed"], applied["version"]) == (0, 6, 2)
    assert (tmp_path / "new.csv").read_text() == DIRTY.replace(" Paris", "Paris")
    code, out, _ = call("diff", "t", 1, 2, "--json")
    assert len(json.loads(out)["cells"]) == 6
    assert call("recipe", "save", "r.toml")[0] == 0
    code, out, _ = call("undo", "--output", "back.csv", "--json")
    assert (code, json.loads(out)["undoes"]) == (0, applied["change_set"])
    assert (tmp_path / "back.csv").read_bytes() == (tmp_path / "t.csv").read_bytes()
    code, out, _ = call("history", "t", "--json")
    assert [each["version"] for each in json.loads(out)["versions"]] == [1, 2, 3]
    code, out, _ = call("export", "t", "--version", 2, "--output", "-")
    assert out == (tmp_path / "new.csv").read_text()
    code, out, _ = call("recipe", "replay", "r.toml", "t.csv", "--output", "again.csv", "--json")
    assert (code, json.loads(out)["cells_changed"]) == (0, 6)


HEAL = {
    "ok",
    "run_id",
    "rows",
    "columns",
    "score",
    "findings",
    "repairs",
    "cells_changed",
    "rows_removed",
    "output",
    "seconds",
}

REPAIR = "id check operation columns cells rows confidence decision"


def test_heal_prints_one_object(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "t.csv", DIRTY)
    code, out, err = call("heal", "t.csv", "--policy", "all", "--output", "out.csv", "--json")
    healed = json.loads(out)
    assert (code, err) == (0, "")
    assert set(healed) >= HEAL
    assert set(healed["score"]) >= {"before", "after", "dimensions"}
    assert set(healed["repairs"][0]) >= {
        "id",
        "check",
        "operation",
        "columns",
        "cells",
        "rows",
        "confidence",
        "decision",
    }
    assert (healed["ok"], healed["rows"], healed["columns"]) == (True, 60, 3)
    assert healed["score"]["after"] > healed["score"]["before"]
    assert Path(healed["output"]) == (tmp_path / "out.csv").resolve()


def test_a_clean_file_is_said_to_be_clean(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "t.csv", DIRTY.replace(" Paris", "Paris"))
    code, out, err = call("heal", "t.csv", "--policy", "all")
    assert code == 0
    assert "nothing was changed" in err
    code, out, _ = call("heal", "t.csv", "--json")
    assert (json.loads(out)["ok"], json.loads(out)["cells_changed"]) == (True, 0)


def test_fail_on(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "t.csv", DIRTY)
    assert call("scan", "t.csv", "--fail-on", "warning")[0] == 1
    assert call("scan", "t.csv", "--fail-on", "error")[0] == 0


def files(folder: Path) -> set[str]:
    return {str(each.relative_to(folder)) for each in folder.rglob("*")}


SOURCES: list[tuple[str, bytes | None, list[str]]] = [
    ("folder", None, []),
    ("missing.csv", None, []),
    ("nowhere/t.csv", None, []),
    ("empty.csv", b"", []),
    ("blank.csv", b"\n\n\n", []),
    ("bad.csv", b"a,b\n1,2\n", ["--encoding", "klingon"]),
    ("t.csv", b"a,b\n1,2\n", ["--table", "t"]),
    ("t.csv", b"a,b\n1,2\n", ["--delimiter", "ab"]),
    ("bad.json", b'{"a": [', []),
    ("bad.xlsx", b"PK\x03\x04nothing", []),
    ("bad.parquet", b"PAR1nothing", []),
    ("bad.db", b"SQLite format 3\0nothing", []),
    ("nope://host/x", None, []),
]


@pytest.mark.parametrize(("name", "data", "options"), SOURCES)
@pytest.mark.parametrize("verb", ["heal", "scan"])
def test_a_bad_source_writes_nothing(
    verb: str, name: str, data: bytes | None, options: list[str], call: Call, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    if data is not None:
        (tmp_path / name).write_bytes(data)
    before = files(tmp_path)
    code, out, err = call(verb, name, *options, "--json")
    assert (code, out) == (2, "")
    one_line(err)
    assert files(tmp_path) == before


def test_missing_tables(call: Call, tmp_path: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("CREATE TABLE orders (a)")
    connection.close()
    before = files(tmp_path)
    code, _, err = call("scan", "x.db#nope")
    assert code == 2
    assert "orders" in one_line(err)
    assert files(tmp_path) == before


@pytest.mark.parametrize("setting", ["MAX_ROWS", "MAX_BYTES", "MAX_COLUMNS"])
def test_limits(setting: str, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"TABLEMEND_{setting}", "1")
    write(tmp_path / "t.csv", "a,b\n1,2\n3,4\n")
    before = files(tmp_path)
    code, _, err = call("heal", "t.csv")
    assert code == 2
    assert setting.lower() in one_line(err)
    assert files(tmp_path) == before


@pytest.mark.parametrize("output", ["nowhere/out.csv", "folder", "out.doc", "out", "t.csv"])
@pytest.mark.parametrize("verb", ["heal", "recipe"])
def test_a_bad_output_writes_nothing(verb: str, output: str, call: Call, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    write(tmp_path / "t.csv", DIRTY)
    write(
        tmp_path / "r.toml",
        'name = "r"\n[[needs]]\ncolumn = "city"\n[[repairs]]\noperation = "trim"\ncolumns = ["city"]\n',
    )
    before = files(tmp_path)
    words = ["heal", "t.csv"] if verb == "heal" else ["recipe", "replay", "r.toml", "t.csv"]
    code, out, err = call(*words, "--output", output)
    assert (code, out) == (2, "")
    one_line(err)
    assert files(tmp_path) == before
    assert (tmp_path / "t.csv").read_text() == DIRTY


READERS = [
    ["items"], ["items", "r00000000"], ["approve", "--all"], ["reject", "i1"], ["reopen", "i1"], ["edit", "i1"],
    ["apply"], ["apply", "r00000000"], ["undo"], ["undo", "c00000000"], ["history", "t"], ["diff", "t", "1", "2"],
    ["export", "t", "-o", "x.csv"], ["recipe", "save", "r.toml"], ["undo", "c1", "--cell", "x"],
    ["scan", "t", "--head"],
]  # fmt: skip


@pytest.mark.parametrize("words", READERS, ids=" ".join)
def test_where_nothing_was_scanned_nothing_is_made(words: list[str], call: Call, tmp_path: Path) -> None:
    code, out, err = call(*words)
    assert (code, out) == (2, "")
    one_line(err)
    assert files(tmp_path) == set()


def test_history_of_nothing_is_empty(call: Call, tmp_path: Path) -> None:
    assert call("history", "--json")[:2] == (0, '{\n  "datasets": []\n}\n')
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    "words",
    [
        ["items", "r00000000"], ["items", "--id", "i00"], ["items", "--id", "%"], ["approve", "zz"], ["approve"],
        ["approve", "--check", "nope"], ["apply"], ["apply", "r00000000"], ["undo"], ["undo", "c00000000"],
        ["undo", "c00000000", "--cell", "1"], ["history", "nope"], ["diff", "t", "1", "9"],
        ["diff", "nope", "1", "1"],
        ["export", "t", "-o", "x.csv", "--version", "9"], ["export", "t", "-o", "no/x.csv"],
        ["export", "t", "-o", "x.doc"],
        ["export", "t", "-o", "t.csv"], ["export", "t", "-o", "-", "--json"], ["recipe", "save", "no/r.toml"],
        ["recipe", "check", "no.toml", "t.csv"], ["recipe", "replay", "no.toml", "t.csv"],
        ["edit", "ID", "--params", "[1]"], ["edit", "ID", "--operation", "explode"],
        ["edit", "ID", "--alternative", "99"],
        ["edit", "ID", "--operation", "change_case", "--params", '{"case": "camel"}'],
        ["approve", "ID", "--rating", "9"],
        ["heal", "t.csv", "-o", "-", "--json"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_bad_words_change_nothing(words: list[str], call: Call, tmp_path: Path) -> None:
    write(tmp_path / "t.csv", DIRTY)
    with workspace(tmp_path) as ws:
        item = scan(ws, tmp_path / "t.csv", [proposal("trim", "city")]).items[0].id
    kept = {path: path.read_bytes() for path in tmp_path.glob("*.csv")}
    code, out, err = call(*[item if word == "ID" else word for word in words])
    assert (code, out) == (2, ""), err
    one_line(err)
    assert {path: path.read_bytes() for path in tmp_path.glob("*.csv")} == kept
    with workspace(tmp_path) as ws:
        assert [snapshot.version for snapshot, _ in ws.versions(ws.dataset("t"))] == [1]
        assert ws.items()[0].decision == "open"


@pytest.mark.parametrize(
    "text",
    ["settings = 1", "[settings", "[settings]\nmax_rows = -1", "[settings]\nnope = 1", "rules = 1", "[[rules]]\nx = 1"],
)
def test_a_broken_settings_file(text: str, call: Call, tmp_path: Path) -> None:
    write(tmp_path / "tablemend.toml", text)
    write(tmp_path / "t.csv", DIRTY)
    before = files(tmp_path)
    code, out, err = call("heal", "t.csv")
    assert (code, out) == (2, "")
    one_line(err)
    assert files(tmp_path) == before


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "name = 1", 'name = "r"\n[[repairs]]\noperation = "explode"\ncolumns = ["city"]\n',
        'name = "r"\n[[repairs]]\noperation = "trim"\ncolumns = ["nope"]\n',
        'name = "r"\n[[repairs]]\noperation = "trim"\ncolumns = ["city"]\nextra = 1\n',
    ],
)  # fmt: skip
def test_a_recipe_that_cannot_replay(text: str, call: Call, tmp_path: Path) -> None:
    write(tmp_path / "t.csv", DIRTY)
    write(tmp_path / "r.toml", text)
    before = files(tmp_path)
    code, out, err = call("recipe", "replay", "r.toml", "t.csv", "--output", "x.csv")
    assert (code, out) == (2, "")
    one_line(err)
    assert files(tmp_path) == before


def test_a_data_folder_that_is_no_folder(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "t.csv", DIRTY)
    write(tmp_path / "data", "x")
    code, _, err = call("--data", "data", "heal", "t.csv")
    assert code == 2
    one_line(err)


def test_a_state_that_is_no_database(call: Call, tmp_path: Path) -> None:
    write(tmp_path / "t.csv", DIRTY)
    (tmp_path / ".tablemend").mkdir()
    write(tmp_path / ".tablemend" / "state.db", "not a database, but long enough to look at" * 30)
    code, _, err = call("scan", "t.csv")
    assert code == 2
    one_line(err)


CELL = st.sampled_from(["x", "x ", "y", "", "1", "2"])


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELL, CELL), min_size=2, max_size=12).map(lambda rows: rows + rows[:3]))
def test_keep_rows_keeps_every_row(rows: list[tuple[str, str]], call: Call, tmp_path: Path) -> None:
    write(tmp_path / "t.csv", "a,b\n" + "".join(f'"{a}","{b}"\n' for a, b in rows))
    code, out, err = call("heal", "t.csv", "--policy", "all", "--keep-rows", "--json", "-o", "o.csv")
    assert code == 0, err
    assert json.loads(out)["rows_removed"] == 0
    assert (tmp_path / "o.csv").read_text().count("\n") == len(rows) + 1


def test_the_real_command(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", DIRTY)
    command = [sys.executable, "-m", "tablemend", "heal", "t.csv", "--policy", "all", "--output", "-", "--quiet"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, DIRTY.replace(" Paris", "Paris"))
    assert done.stderr.startswith("run ")


INTERRUPTED = """
import os, signal, sys
from tablemend.cli import main, progress
from contextlib import contextmanager

@contextmanager
def interrupting(*, quiet):
    def show(stage, fraction):
        if stage == "detect" and fraction == 0.0:
            signal.raise_signal(signal.SIGINT)
    yield show

progress.progress = interrupting
sys.argv = ["tablemend", "scan", "t.csv"]
main.main()
"""


def test_interrupting_ends_with_130_and_a_cancelled_run(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", DIRTY)
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        cwd=tmp_path,
        env={**os.environ, "TABLEMEND_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert done.returncode == 130, done.stderr
    assert done.stderr == "tablemend: interrupted; nothing is half done.\n"
    with workspace(tmp_path) as ws:
        assert [run.status for run in ws.store.runs.recent()] == ["cancelled"]
