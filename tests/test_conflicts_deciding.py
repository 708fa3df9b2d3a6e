"""Looking at kept conflicts, and what people decide on them, which runs leave as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tablemend as tm
from conflicts_helpers import TODAY
from tablemend.conflicts import sample
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.errors import DecisionRefused, NotFound, SettingsError
from tablemend.workspace import Workspace

WORLD = sample.world(600, today=TODAY, seed=3)


@pytest.fixture
def target(database_url: str) -> str:
    with Database(database_url) as database, database.transaction() as connection:
        bulk.create(connection, (None, "visits"), WORLD.visits.schema, key=["visit_id"])
        bulk.insert(connection, (None, "visits"), WORLD.visits)
    return f"{database_url}#conflict"


@pytest.fixture
def ws(target: str, tmp_path: Path) -> Iterator[Workspace]:
    job = {"source": target.replace("#conflict", "#visits"), "to": target}
    settings: dict[str, Any] = {"conflicts_secret": "a secret of sixteen signs", "conflicts_jobs": {"home": job}}
    with tm.open(tmp_path / "state", user="ada", **settings) as opened:
        opened.conflicts.run("home", today=TODAY)
        yield opened


def test_pages_are_filtered_sorted_and_counted_by_the_database(ws: Workspace) -> None:
    whole = ws.conflicts.page("home", sort="amount", limit=1_000)
    assert whole.total == len(whole.rows) > 10
    amounts = [each["amount"] for each in whole.rows if each["amount"] is not None]
    assert amounts == sorted(amounts, reverse=True)
    assert all(each["amount"] is None for each in whole.rows[len(amounts) :])
    pieces = [ws.conflicts.page("home", sort="amount", limit=7, offset=at).rows for at in range(0, whole.total, 7)]
    assert [row for piece in pieces for row in piece] == list(whole.rows)
    flag = whole.rows[0]["flags"].split()[0]
    chosen = ws.conflicts.page("home", flags=(flag,), found=True, limit=1_000)
    assert {each["conflict"] for each in chosen.rows} == {
        each["conflict"] for each in whole.rows if flag in each["flags"].split()
    }
    agency, entity = whole.rows[0]["differ_a"], whole.rows[0]["entity"]
    for conditions in ({"differ": agency}, {"entity": entity}, {"text": whole.rows[0]["conflict"][:9]}):
        assert whole.rows[0] in ws.conflicts.page("home", limit=1_000, **conditions).rows
    assert ws.conflicts.page("home", text="%").total == ws.conflicts.page("home", found=False).total == 0
    least = amounts[len(amounts) // 2]
    assert ws.conflicts.page("home", min_amount=least).total == sum(each >= least for each in amounts)
    told = ws.conflicts.summary("home")
    assert told.total == told.statuses["N"] == whole.total
    assert sum(told.flags.values()) == sum(len(each["flags"].split()) for each in whole.rows)
    assert sum(told.amounts.values()) == pytest.approx(sum(amounts))
    with pytest.raises(SettingsError, match="not sorted by 'entity'"):
        ws.conflicts.page("home", sort="entity")


def test_decisions_stand_are_noted_and_are_taken_back(ws: Workspace) -> None:
    first, second, third = (each["conflict"] for each in ws.conflicts.list("home", limit=3))
    done = ws.conflicts.decide("home", "work", ids=(first, second), note="ask the agency")
    assert (set(done.changed), done.same, done.refused) == ({first, second}, 0, {})
    assert ws.conflicts.decide("home", "work", ids=(first,)).same == 1
    ws.conflicts.decide("home", "ignore", ids=(third,))
    again = ws.conflicts.run("home", today=TODAY)
    assert again.written == 0
    assert [ws.conflicts.get("home", each)["status"] for each in (first, second, third)] == ["W", "W", "I"]
    seen = [(each["action"], each["before_status"], each["status"]) for each in ws.conflicts.history("home", first)]
    assert seen == [("new", None, "N"), ("decided", "N", "W")]
    last = ws.conflicts.history("home", first)[-1]
    assert (last["by"], last["note"], last["run"]) == ("ada", "ask the agency", done.run)
    undone = ws.conflicts.undo("home", done.run)
    assert (undone.removed, undone.restored, undone.left) == (0, 2, 0)
    assert ws.conflicts.get("home", first)["status"] == "N"
    ws.conflicts.decide("home", "reopen", ids=(third,))
    assert ws.conflicts.get("home", third)["status"] == "U"


def test_what_somebody_else_has_set_meanwhile_stands(ws: Workspace) -> None:
    first, second = (each["conflict"] for each in ws.conflicts.list("home", limit=2))
    ws.conflicts.decide("home", "ignore", ids=(first,))
    done = ws.conflicts.decide("home", "work", ids=(first, second), seen={first: "N", second: "N"})
    assert (done.changed, done.refused) == ((second,), {first: "I"})
    assert ws.conflicts.get("home", first)["status"] == "I"


def test_all_that_meet_a_condition_are_decided_at_once(ws: Workspace) -> None:
    agency = ws.conflicts.list("home", limit=1)[0]["differ_a"]
    number = ws.conflicts.page("home", differ=agency).total
    assert len(ws.conflicts.decide("home", "delete", differ=agency).changed) == number
    assert ws.conflicts.summary("home").statuses["D"] == number


def test_what_cannot_be_decided_says_why(ws: Workspace, target: str) -> None:
    with pytest.raises(DecisionRefused, match="no conflict meets"):
        ws.conflicts.decide("home", "work", ids=("none",))
    with pytest.raises(DecisionRefused, match="set to 'approve'"):
        ws.conflicts.decide("home", "approve")
    with pytest.raises(SettingsError, match="no job 'elsewhere' over conflicts; there are home"):
        ws.conflicts.page("elsewhere")
    with pytest.raises(NotFound, match="is not there"):
        ws.conflicts.decide(target.replace("#conflict", "#nothing"), "work")
    with pytest.raises(NotFound):
        ws.conflicts.get("home", "none")
    assert ws.conflicts.page(target.replace("#conflict", "#nothing")).total == 0
    assert ws.conflicts.history("home", "none") == []
