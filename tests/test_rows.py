"""The rows of the review grid: whole once, then only what was decided since."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tablemend as tm
from tablemend.bench.generate import faulty_csv
from tablemend.errors import NotFound
from tablemend.web.rows import NEWEST, Rows, Standings
from tablemend.workspace import Workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    where = tmp_path_factory.mktemp("rows")
    with tm.open(where / "data", user="owner") as ws:
        ws.scan(faulty_csv(where / "orders.csv", 400))
        yield ws


def listed(rows: Rows, workspace: Workspace, run: str = NEWEST) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(gzip.decompress(rows.packed(workspace, run)))
    found["rows"] = [dict(zip(found["fields"], each, strict=True)) for each in found["rows"]]
    return found


def told(standings: Standings, workspace: Workspace, since: int | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(standings.since(workspace, NEWEST, since))
    found["decisions"] = {item: tuple(rest) for item, *rest in found["decisions"]}
    return found


def test_rows_are_the_items_of_the_run_in_its_order(workspace: Workspace) -> None:
    run = workspace.run().id
    found, items = listed(Rows(), workspace, run), workspace.items(run)
    assert found["run"] == run
    assert found["total"] == len(items) == len(found["rows"])
    for row, item in zip(found["rows"], items, strict=True):
        assert (row["id"], row["cells"], row["flags"]) == (item.id, item.cells, list(item.flags))
        sample = item.body.get("sample") or ()
        assert row["shown"] == bool(sample)
        if sample:
            assert (row["before"], row["after"]) == (sample[0]["before"], sample[0]["after"])


def test_rows_are_made_once_and_decisions_leave_them_as_they_are(workspace: Workspace) -> None:
    rows, run = Rows(), workspace.run().id
    before = rows.packed(workspace, run)
    one = workspace.items(run, decision="open")[0].id
    workspace.reject(run, ids=[one])
    assert rows.packed(workspace, run) is before
    workspace.reopen(run, ids=[one])


def test_an_edited_item_is_another_row(workspace: Workspace) -> None:
    rows, run = Rows(), workspace.run().id
    before = {row["id"]: row for row in listed(rows, workspace)["rows"]}
    item = next(each for each in workspace.items(run) if each.body["alternatives"])
    workspace.edit(item.id, run=run, alternative=1)
    now = {row["id"]: row for row in listed(rows, workspace)["rows"]}
    assert [each for each in now if now[each] != before[each]] == [item.id]


def test_a_proposed_item_is_one_row_more(workspace: Workspace) -> None:
    rows, run = Rows(), workspace.run().id
    before = listed(rows, workspace)
    made = workspace.propose("map_values", ["status"], {"pairs": [["delivered", "there"]]}, run=run)
    now = listed(rows, workspace)
    assert now["total"] == before["total"] + 1
    assert now["rows"][-1]["id"] == made.id


def test_another_gate_lets_other_rows_pass(workspace: Workspace, tmp_path: Path) -> None:
    rows = Rows()
    before = [row["passes"] for row in listed(rows, workspace)["rows"]]
    none = tmp_path / "none.toml"
    none.write_text('name = "none"\ndefault = "monitor"\nitems = "repair"\n', encoding="utf-8")
    assert any(before)
    with tm.open(workspace.settings.data, repair_gate=str(none)) as strict:
        assert not any(row["passes"] for row in listed(rows, strict)["rows"])
    assert [row["passes"] for row in listed(rows, workspace)["rows"]] == before


def test_who_has_seen_a_state_is_told_only_what_changed_since(workspace: Workspace) -> None:
    standings, run = Standings(), workspace.run().id
    first, second = (each.id for each in workspace.items(run, decision="open")[:2])
    start = told(standings, workspace)
    assert start["all"]
    assert told(standings, workspace, start["writes"]) == {**start, "decisions": {}, "all": False}
    workspace.reject(run, ids=[first])
    between = told(standings, workspace, start["writes"])
    assert between["decisions"] == {first: ("rejected", "owner", "")}
    workspace.reject(run, ids=[second])
    workspace.reopen(run, ids=[first])
    assert set(told(standings, workspace, between["writes"])["decisions"]) == {first, second}
    whole = told(standings, workspace, start["writes"])
    assert not whole["all"]
    assert whole["decisions"][first][0] == "open"
    assert whole["decisions"][second] == ("rejected", "owner", "")
    workspace.reopen(run, ids=[second])


def test_who_has_seen_what_is_not_known_any_more_is_told_all(workspace: Workspace) -> None:
    standings, run = Standings(), workspace.run().id
    one = workspace.items(run, decision="open")[0].id
    start = told(standings, workspace)
    workspace.reject(run, ids=[one])
    for seen in (None, start["writes"] - 1, start["writes"] + 1_000):
        found = told(standings, workspace, seen)
        assert found["all"]
        standing = {item: (decision, by) for item, decision, by, _ in workspace.store.items.standing(run)}
        assert standing[one] == ("rejected", "owner")
        assert all(found["decisions"].get(item, ("open", "", ""))[:2] == each for item, each in standing.items())
    workspace.reopen(run, ids=[one])


def test_what_is_applied_is_told(tmp_path: Path) -> None:
    (tmp_path / "towns.csv").write_text("id,city\n" + "".join(f"{n},Town{n % 7} \n" for n in range(60)))
    standings = Standings()
    with tm.open(tmp_path / "data", user="owner") as ws:
        found = ws.scan(tmp_path / "towns.csv")
        start = told(standings, ws)
        ws.approve(found.run, ids=[found.items[0].id], force=True)
        ws.apply(found.run)
        assert told(standings, ws, start["writes"])["decisions"] == {
            found.items[0].id: ("approved", "owner", "applied")
        }


def test_a_repair_whose_cells_others_decided_is_superseded_and_not_applied(tmp_path: Path) -> None:
    (tmp_path / "towns.csv").write_text("id,city\n" + "".join(f"{n},Town{n % 7}\n" for n in range(60)))
    with tm.open(tmp_path / "data", user="owner") as ws:
        run = ws.scan(tmp_path / "towns.csv").run
        first, second = (
            ws.propose("map_values", ["city"], {"pairs": [["Town1", new]]}, run=run) for new in ("Ulm", "Hof")
        )
        ws.approve(run, ids=[first.id, second.id], force=True)
        ws.apply(run)
        now = told(Standings(), ws)["decisions"]
        assert {now[each.id][2] for each in (first, second)} == {"applied", "superseded"}


def test_a_state_with_nothing_to_review_says_so(tmp_path: Path) -> None:
    with tm.open(tmp_path / "data") as ws:
        ws.ready()
        for asked in (lambda: Rows().packed(ws, NEWEST), lambda: Standings().since(ws, NEWEST)):
            with pytest.raises(NotFound, match="nothing to review"):
                asked()
