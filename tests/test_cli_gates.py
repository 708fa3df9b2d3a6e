"""`gates` and `scorecards` as a user types them, and the gate that a workspace goes by."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core_helpers import ids, proposal, scan, workspace, write
from intel_helpers import NOW, lines
from intel_helpers import entry as story_entry
from tablemend.cli import main as entry
from tablemend.errors import SettingsError
from tablemend.workspace import Workspace

STRICT = """name = "strict"
default = "monitor"

[[rules]]
name = "sure"
outcome = "promote"
all = [{ field = "confidence", at_least = 0.99 }]

[[rules]]
name = "guesses"
outcome = "block"
all = [{ field = "confidence", below = 0.5 }]
"""
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Call:
    """Run a command in a folder of its own: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TABLEMEND_DATA", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tablemend", *words])
        code: object = 0
        try:
            entry.main()
        except SystemExit as end:
            code = end.code or 0
        sys.stdout.flush()
        out, err = capfd.readouterr()
        assert isinstance(code, int)
        return code, out, err

    return call


def decided(folder: Path) -> None:
    """Four repairs: one approved by the gate, one by ann, one rejected by ann, one blocked by the gate."""
    with workspace(folder) as ws:
        _decided(ws, folder)


def _decided(ws: Workspace, folder: Path) -> None:
    source = write(folder / "t.csv", "a,b\n x,1\ny,2\n x,1\ny,2\n z,3\n z,3\n")
    found = scan(
        ws,
        source,
        [
            proposal("trim", "a", confidence=0.97),
            proposal("map_values", "b", pairs=[["1", "one"]], confidence=0.3),
            proposal("map_values", "b", pairs=[["2", "two"]], confidence=0.6, tier="2"),
            proposal("drop_column", "b", confidence=0.999),
        ],
    )
    ws.pass_gate(found.run)
    ws.approve(found.run, ids=[ids(found)[1]])
    ws.reject(found.run, ids=[ids(found)[2]], reason="no")


def test_a_replay_lists_every_flip_and_exits_1(run: Call, tmp_path: Path) -> None:
    decided(tmp_path)
    write(tmp_path / "strict.toml", STRICT)
    code, out, err = run("gates", "test", "strict.toml", "--json")
    found = json.loads(out)
    assert (code, found["total"]) == (1, 4)
    assert found["people"] == {"agreed": 0, "contradicted": 1, "left": 1, "reopened": 0}
    assert found["gates"] == {"agreed": 0, "contradicted": 1, "left": 1, "reopened": 0}
    assert [(each["decided"], each["by"], each["outcome"]) for each in found["flips"]] == [
        ("approved", "repair", "monitor"),
        ("blocked", "repair", "promote"),
        ("approved", "ann", "block"),
    ]
    code, out, err = run("gates", "test", "strict.toml", "--people")
    assert code == 1
    assert "confidence 0.3 is below 0.5" in out
    assert err == "gate strict: 2 items with a decision, 1 flips\n"
    code, out, err = run("gates", "test", "strict.toml", "--type", "intel")
    assert (code, err) == (2, "tablemend: no item of type intel was decided yet. Decide on some, or choose others.\n")


def test_a_gate_agrees_with_what_it_decided_itself(run: Call, tmp_path: Path) -> None:
    decided(tmp_path)
    code, out, _ = run("gates", "test", "repair", "--json")
    found = json.loads(out)
    assert (code, found["flips"]) == (0, [])
    assert found["gates"] == {"agreed": 2, "contradicted": 0, "left": 0, "reopened": 0}


def test_there_is_nothing_to_replay_before_a_scan(run: Call) -> None:
    code, _, err = run("gates", "test", "repair")
    assert code == 2
    assert "nothing was ever scanned" in err


def test_shipped_gates_and_scorecards_can_be_listed_shown_and_checked(run: Call) -> None:
    for command, names in (("gates", ["conflicts", "intel", "repair"]), ("scorecards", ["brand", "conflicts"])):
        code, out, _ = run(command, "list", "--json")
        assert (code, [each[command.removesuffix("s")] for each in json.loads(out)]) == (0, names)
        for name in names:
            assert name in run(command, "list")[1]
            assert f'name = "{name}"' in run(command, "show", name)[1]
            assert json.loads(run(command, "show", name, "--json")[1])["name"] == name
            code, out, _ = run(command, "check", name, "--json")
            assert (code, json.loads(out)["ok"]) == (0, True)
            code, _, err = run(command, "check", name)
            assert (code, err[: len(name) + 1]) == (0, f"{name}:")


@pytest.mark.parametrize("command", ["gates", "scorecards"])
def test_a_file_that_cannot_be_used_exits_2_with_its_line(run: Call, tmp_path: Path, command: str) -> None:
    write(tmp_path / "x.toml", "name = 'x'\n\nunknown = 1\n")
    for verb in ("check", "show"):
        code, out, err = run(command, verb, "x.toml")
        assert (code, out) == (2, "")
        assert err.startswith("tablemend: x.toml, line 3: there is no field unknown; the fields are name")
    code, _, err = run(command, "check", "nope.toml")
    assert code == 2
    assert err.startswith("tablemend: there is no file nope.toml. Name a file, or one that is shipped")


def test_a_shown_gate_is_a_file_that_can_be_used(run: Call, tmp_path: Path) -> None:
    write(tmp_path / "mine.toml", run("gates", "show", "repair")[1])
    assert run("gates", "check", "mine.toml")[0] == 0


def test_a_workspace_goes_by_a_gate_of_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "strict.toml", STRICT)
    with workspace(tmp_path, repair_gate=str(path)) as ws:
        _decided(ws, tmp_path)
        found = [(each.decision, each.decided_by) for each in ws.items()]
    assert found == [("open", ""), ("blocked", "gate:strict"), ("rejected", "ann"), ("approved", "gate:strict")]


def test_a_workspace_with_a_gate_that_is_not_there_says_so(tmp_path: Path) -> None:
    with workspace(tmp_path, repair_gate="nope.toml") as ws, pytest.raises(SettingsError, match="no file nope"):
        _decided(ws, tmp_path)


def test_a_replay_is_over_the_items_that_the_gate_is_for(run: Call, tmp_path: Path) -> None:
    decided(tmp_path)
    stories = lines(tmp_path, story_entry("a"), story_entry("b"))
    with workspace(tmp_path) as ws:
        ws.score_intel(stories, scorecard="brand", now=NOW)
    for gate, total in (("repair", 4), ("intel", 2)):
        assert json.loads(run("gates", "test", gate, "--json")[1])["total"] == total
    assert json.loads(run("gates", "test", "repair", "--type", "intel", "--json")[1])["total"] == 2
    write(tmp_path / "every.toml", STRICT)
    assert json.loads(run("gates", "test", "every.toml", "--json")[1])["total"] == 6
    code, _, err = run("gates", "test", "intel", "--type", "mapping")
    assert (code, err) == (2, "tablemend: no item of type mapping was decided yet. Decide on some, or choose others.\n")


def test_stories_are_not_scored_by_a_gate_of_repairs_or_one_that_does_not_fit(run: Call, tmp_path: Path) -> None:
    lines(tmp_path, story_entry("a"))
    code, out, err = run("intel", "score", "stories.jsonl", "--gate", "repair")
    assert (code, out) == (2, "")
    assert "the gate repair is for items of the type repair, and these are of the type intel" in err
    write(tmp_path / "odd.toml", STRICT.replace('"confidence", at_least', '"parts.impct", at_least', 1))
    assert run("gates", "check", "odd.toml")[0] == 0
    for words in (
        ("gates", "check", "odd.toml", "--scorecard", "brand"),
        ("intel", "score", "stories.jsonl", "--gate", "odd.toml"),
    ):
        code, _, err = run(*words)
        assert code == 2
        assert err.startswith("tablemend: odd.toml, line 7: there is no field 'parts.impct'")
        assert "parts.impact" in err


def test_what_people_decided_is_replayed_also_where_a_gate_decided_later(run: Call, tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        first = ws.score_intel(lines(tmp_path, story_entry("a")), scorecard="brand", now=NOW)
        ws.reopen(first.run, ids=[first.items[0].id])
        ws.approve(first.run, ids=[first.items[0].id])
        other = lines(tmp_path, story_entry("a", title="Another title"))
        again = ws.score_intel(other, scorecard="brand", now=NOW)
        assert again.items[0].decided_by == "gate:intel"
    found = json.loads(run("gates", "test", "intel", "--people", "--json")[1])
    assert (found["total"], found["people"]["agreed"], found["gates"]["agreed"]) == (1, 1, 0)
    found = json.loads(run("gates", "test", "intel", "--json")[1])
    assert (found["total"], found["people"]["agreed"], found["gates"]["agreed"]) == (1, 0, 1)
