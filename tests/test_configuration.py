"""What a workspace goes by: settings told, gates and rules changed in files that keep what else they hold."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import served_helpers as helpers
from tablemend.errors import Conflict, NotFound, SettingsError
from tablemend.review.toml import shipped
from tablemend.settings import load, restored
from tablemend.workspace import Workspace
from tablemend.workspace.settings_file import SettingsFile
from tablemend.workspace.shelf import digest

FILE = """# of our team
[settings]
workers = 3 # two are too few
repair_gate = "repair"

# what must hold
[[rules]]
column = "city"
not_null = true # always
"""
RULE = '[[rules]]\ncolumn = "amount"\ntype = "integer"\n'
GATE = shipped("gates", "repair").replace("at_least = 0.95", "at_least = 0.9")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A workspace in a folder of its own, where `tablemend.toml` lies."""
    monkeypatch.chdir(tmp_path)
    with helpers.scanned(tmp_path) as opened:
        yield opened


def actions(workspace: Workspace) -> list[str]:
    """What was done, newest first."""
    return [each.action for each in workspace.audit()[0]]


def test_a_setting_is_written_and_all_else_stays(workspace: Workspace) -> None:
    Path("tablemend.toml").write_text(FILE)
    workspace.configuration.save_gate("mild", GATE)
    workspace.configuration.choose_gate("mild")
    assert Path("tablemend.toml").read_text() == FILE.replace('"repair"', '"data/gates/mild.toml"')
    assert workspace.gate.name == "repair"
    assert workspace.configuration.gate_in_force == "data/gates/mild.toml"
    assert actions(workspace)[:2] == ["choose gate", "save gate"]


@pytest.mark.parametrize("text", ["", "# only a comment\n", RULE, "[settings]\n", "[settings]\nworkers = 3\n\n" + RULE])
def test_a_setting_goes_into_any_file(workspace: Workspace, text: str) -> None:
    path = Path("tablemend.toml")
    path.write_text(text)
    SettingsFile().put("repair_gate", "repair")
    assert load().repair_gate == "repair"
    assert load().origin("repair_gate") == "file"
    assert ("[[rules]]" in text) == bool(SettingsFile().rules())
    assert all(line in path.read_text() for line in text.splitlines())


def test_the_gate_is_chosen_for_everybody_at_once(workspace: Workspace) -> None:
    other = workspace.signed("bob")
    workspace.configuration.save_gate("strict", GATE.replace('name = "repair"', 'name = "strict"'))
    workspace.configuration.choose_gate("strict")
    assert other.gate.name == "strict"
    with pytest.raises(SettingsError, match="already"):
        workspace.configuration.choose_gate("strict")
    with pytest.raises(SettingsError, match="in force"):
        workspace.configuration.remove_gate("strict")
    workspace.configuration.choose_gate("repair")
    workspace.configuration.remove_gate("strict")
    assert [each.name for each in workspace.configuration.gates.all() if each.own] == []


@pytest.mark.parametrize("stronger", ["environment", ".env", "given"])
def test_a_gate_that_the_file_cannot_decide_on_is_not_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stronger: str
) -> None:
    monkeypatch.chdir(tmp_path)
    given = {"repair_gate": "repair"} if stronger == "given" else {}
    if stronger == "environment":
        monkeypatch.setenv("TABLEMEND_REPAIR_GATE", "repair")
    if stronger == ".env":
        Path(".env").write_text("TABLEMEND_REPAIR_GATE=repair\n")
    with Workspace(load(data=tmp_path / "data", **given)) as workspace:
        workspace.ready()
        workspace.configuration.save_gate("mild", GATE)
        with pytest.raises(SettingsError, match="goes before"):
            workspace.configuration.choose_gate("mild")
        assert not Path("tablemend.toml").exists()
        assert "choose gate" not in actions(workspace)


def test_a_gate_for_other_items_is_not_chosen(workspace: Workspace) -> None:
    with pytest.raises(SettingsError, match="type intel"):
        workspace.configuration.choose_gate("intel")
    with pytest.raises(NotFound, match="no-such"):
        workspace.configuration.choose_gate("no-such")


def test_a_file_is_not_written_over_what_somebody_else_wrote(workspace: Workspace) -> None:
    shelf = workspace.configuration
    shelf.save_gate("mild", GATE)
    mine = GATE + "# mine\n"
    with pytest.raises(Conflict, match="somebody else"):
        shelf.save_gate("mild", mine)
    shelf.save_gate("mild", mine, before=digest(shelf.gates.text("mild")))
    assert shelf.gates.text("mild") == mine
    with pytest.raises(Conflict):
        shelf.save_gate("mild", GATE, before=digest(GATE))
    assert actions(workspace).count("save gate") == 2


@pytest.mark.parametrize("name", ["", "repair", "../x", "a/b", "Übung", "A", "x" * 65, ".hidden", "nul\0"])
def test_a_name_that_is_no_name_is_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(SettingsError):
        workspace.configuration.save_gate(name, GATE)
    assert workspace.configuration.gates.all() == [each for each in workspace.configuration.gates.all() if not each.own]


def test_everything_wrong_with_a_gate_is_told_by_line(workspace: Workspace) -> None:
    text = (
        'name = "g"\ndefault = "maybe"\n[[rules]]\noutcome = "never"\n'
        'all = [{ field = "confidense", at_least = nan }]\n[[rules]]\noutcome = "promote"\n'
    )
    found = workspace.configuration.gates.faults(text)
    assert [each.line for each in found] == [2, 4, 5, 6]
    assert all(each.text and each.hint for each in found)
    with pytest.raises(SettingsError, match="line 2"):
        workspace.configuration.save_gate("mine", text)
    assert [each.line for each in workspace.configuration.gates.faults('name = "g"\nx =\n')] == [2]


def test_a_replay_tells_what_a_text_would_turn(workspace: Workspace) -> None:
    refuse = 'name = "none"\nitems = "repair"\ndefault = "block"\n'
    found = workspace.configuration.replay_gate(refuse)
    assert found.total == 2
    assert [each.decided for each in found.flips] == ["approved"]


def test_scorecards_are_kept_alike(workspace: Workspace) -> None:
    text = shipped("scorecards", "brand")
    workspace.configuration.save_scorecard("ours", text)
    assert workspace.configuration.scorecards.text("ours") == text
    workspace.configuration.remove_scorecard("ours")
    with pytest.raises(NotFound):
        workspace.configuration.scorecards.text("ours")
    with pytest.raises(SettingsError, match="shipped"):
        workspace.configuration.remove_scorecard("brand")


def test_rules_are_replaced_and_all_else_stays(workspace: Workspace) -> None:
    Path("tablemend.toml").write_text(FILE)
    own = workspace.configuration
    assert own.rules() == '[[rules]]\ncolumn = "city"\nnot_null = true # always\n'
    text = RULE + "\n# and\n" + '[[rules]]\ncolumns = ["name"]\nunique = true\n'
    assert own.save_rules(text, before=digest(own.rules())) == 2
    assert own.rules() == text
    assert Path("tablemend.toml").read_text().startswith("# of our team\n[settings]\nworkers = 3 # two are too few\n")
    with pytest.raises(Conflict):
        own.save_rules(RULE, before=digest("something else"))
    with pytest.raises(SettingsError, match="as they were"):
        own.save_rules(text, before=digest(own.rules()))
    assert own.save_rules("", before=digest(own.rules())) == 0
    assert own.rules() == ""
    assert load().workers == 3


def test_everything_wrong_with_rules_is_told_by_line(workspace: Workspace) -> None:
    text = 'x = 1\n[[rules]]\ncolumn = "a"\n\n[[rules]]\ncolumn = "b"\nregex = "["\n[[rules]]\nnot_null = true\n'
    found = workspace.configuration.check_rules(text)
    assert [each.line for each in found] == [1, 3, 7, 8]
    with pytest.raises(SettingsError, match="line 1"):
        workspace.configuration.save_rules(text, before=digest(""))
    assert workspace.configuration.check_rules("[rules]\na = 1\n")[0].line == 1
    assert workspace.configuration.check_rules("rules = [1]\n")


def test_rules_are_tried_and_nothing_is_kept(workspace: Workspace) -> None:
    dataset = workspace.store.datasets.all()[0].id
    before = workspace.store.writes_counted()
    text = RULE + '[[rules]]\ncolumn = "nowhere"\nnot_null = true\n[[rules]]\ncolumn = "name"\nnot_null = true\n'
    found = workspace.configuration.try_rules(text, dataset)
    assert [(each.status, each.rows) for each in found] == [("error", 0), ("failed", 1)]
    assert workspace.store.writes_counted() == before


def test_settings_are_told_without_secrets(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TABLEMEND_WORKERS", "5")
    Path("tablemend.toml").write_text("[settings]\ncache_ttl = 5\n")
    secrets = {"cache_redis_url": "redis://:pa55@h/0", "http_headers": {"Authorization": "pa55"}}
    with Workspace(load(data=tmp_path / "data", **secrets)) as opened:
        found = {each.name: each for each in opened.configuration.settings()}
    assert (found["workers"].value, found["workers"].origin) == ("5", "environment")
    assert (found["cache_ttl"].origin, found["cache_ttl"].default) == ("file", "60.0")
    assert found["data"].origin == "given"
    assert found["batch_size"].origin == "default"
    assert found["cache_redis_url"].value == found["http_headers"].value == "set"
    assert found["store_url"].value == "not set"
    assert "pa55" not in repr(found)
    assert all(each.meaning for each in found.values())


def test_what_was_given_is_known_in_another_process_too() -> None:
    own = load(workers=7)
    values = {name: getattr(own, name) for name in type(own).model_fields}
    other = restored(values, sorted(own.given))
    assert (other.origin("workers"), other.origin("batch_size")) == ("given", "default")


@pytest.mark.skipif(os.getuid() == 0, reason="whoever may write everywhere is refused nowhere")
def test_a_folder_that_cannot_be_written_to_is_told(workspace: Workspace) -> None:
    Path.cwd().chmod(0o500)
    try:
        with pytest.raises(SettingsError, match="cannot be written"):
            SettingsFile().put("workers", 3)
    finally:
        Path.cwd().chmod(0o700)
