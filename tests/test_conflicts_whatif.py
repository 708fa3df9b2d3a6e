"""What other choices would change: counted by judging the same rows twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from msgspec import structs

import tablemend as tm
from conflicts_helpers import TODAY, found, table, visit, world
from tablemend.conflicts import ruleset, whatif
from tablemend.conflicts.originals import ORIGINAL
from tablemend.conflicts.ruleset import Ruleset
from tablemend.conflicts.whatif import WhatIf
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.engine.duckdb import Session
from tablemend.errors import SettingsError
from tablemend.workspace import Workspace

Call = Callable[..., tuple[int, str, str]]
RULES = ruleset.shipped("visits")
VISITS = [each for n in range(300) for each in world(n, f"P{n}", 10 * n)]


def compared(after: Ruleset, parts: int = 1, before: Ruleset = RULES) -> WhatIf:
    comparison = whatif.Comparison(before, after, today=TODAY, examples=3)
    people = sorted({each["caregiver_key"] for each in VISITS})
    with Session() as session:
        for part in range(parts):
            chosen = set(people[part::parts])
            comparison.add(session, table([v for v in VISITS if v["caregiver_key"] in chosen], RULES), (None, None))
    return comparison.result()


@pytest.mark.parametrize(
    "choices",
    [
        {"road_factor": 2.0},
        {"speeds": ((25, 200.0),)},
        {"tolerance": 30.0},
        {"original": True},
        {"original": True, "road_factor": 1.0, "tolerance": 1.0},
    ],
)
def test_what_appears_and_vanishes_is_what_two_runs_differ_by(choices: dict[str, Any]) -> None:
    after = whatif.altered(RULES, **choices)
    was, would = found(VISITS, RULES), found(VISITS, after)
    shift = compared(after, parts=3)
    assert (shift.before, shift.after, shift.rows) == (len(was), len(would), len(VISITS))
    assert (shift.appear, shift.vanish) == (len(would.keys() - was.keys()), len(was.keys() - would.keys()))
    both = was.keys() & would.keys()
    assert shift.same == sum(was[each] == would[each] for each in both)
    for flag, counts in shift.by_flag.items():
        before, later = ({pair for pair, each in pairs.items() if each == flag} for pairs in (was, would))
        assert counts == whatif.Shift(
            before=len(before), after=len(later), appear=len(later - before), vanish=len(before - later)
        )
    assert shift.appear + shift.vanish > 0


def test_examples_are_the_same_however_the_rows_are_cut_and_are_told_as_they_are_judged() -> None:
    after = whatif.altered(RULES, road_factor=1.0, original=True)
    one, three = compared(after), compared(after, parts=7)
    assert one == three
    gone = [each for each in one.examples if each.what == "vanishes"]
    assert len(gone) == 3
    for each in gone:
        assert (each.after, found(VISITS)[tuple(sorted((int(each.id_a), int(each.id_b))))]) == ("", each.before)
        assert each.told[0].startswith(f"Visit {each.id_a} at ")


def test_other_rules_may_leave_out_other_rows() -> None:
    every = structs.replace(RULES, exclude=ruleset.Exclude(), name="every")
    shift = compared(every)
    assert (shift.before, shift.after) == (len(found(VISITS)), len(found(VISITS, every)))
    assert shift.appear > 0


@pytest.mark.parametrize(
    ("rules", "choices", "message"),
    [
        ("visits", {"road_factor": 0.5}, "road_factor is 0.5"),
        ("visits", {"speeds": ((5, 6), (2, 2))}, "speeds rise by distance"),
        ("visits", {"tolerance": -1.0}, "a tolerance is 0 minutes"),
        ("rooms", {"road_factor": 1.5}, "rooms judges no ways"),
    ],
)
def test_choices_that_cannot_be_used_say_why(rules: str, choices: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        whatif.altered(ruleset.shipped(rules), **choices)


def test_the_original_options_leave_the_rest_as_it_is() -> None:
    assert whatif.altered(RULES, original=True) == structs.replace(RULES, options=ORIGINAL)


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with tm.open(tmp_path / "state", conflicts_secret="a secret that only this test knows") as opened:
        yield opened


TWO = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


@TWO
def test_rows_of_a_database_are_judged_twice_and_nothing_is_written(
    ws: Workspace, database_url: str, tmp_path: Path
) -> None:
    fill(database_url, visits=table(VISITS, RULES))
    source = f"{database_url}#visits"
    shift = ws.conflicts.what_if(source, today=TODAY, road_factor=1.0, original=True, rows=300)
    expected = compared(whatif.altered(RULES, road_factor=1.0, original=True))
    assert structs.replace(shift, examples=(), rows=0) == structs.replace(expected, examples=(), rows=0)
    mine = tmp_path / "mine.toml"
    mine.write_text(ruleset.source("visits")[0].replace('values = ["cancelled", "deleted", "pending"]', "values = []"))
    wider = ws.conflicts.what_if(source, today=TODAY, against=mine, rows=300)
    assert (wider.vanish, wider.appear > 0) == (0, True)
    assert tables(database_url) == {"visits"}
    assert not ws.exists
    with pytest.raises(SettingsError, match="both rulesets are the same"):
        ws.conflicts.what_if(source, road_factor=1.25)
    with pytest.raises(SettingsError, match="the id of the one ruleset is visit_id, and booking_id of the other"):
        ws.conflicts.what_if(source, against="rooms")


@TWO
def test_a_run_with_the_original_options_keeps_what_they_find(ws: Workspace, database_url: str) -> None:
    fill(database_url, visits=table(VISITS, RULES))
    ws.conflicts.run(f"{database_url}#visits", f"{database_url}#conflict", today=TODAY, original=True)
    kept = ws.conflicts.list(f"{database_url}#conflict", limit=10_000)
    pairs = {tuple(sorted((int(each["id_a"]), int(each["id_b"])))): each["flags"] for each in kept}
    assert pairs == found(VISITS, whatif.altered(RULES, original=True))


def test_speeds_are_written_by_their_bounds(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLEMEND_CONFLICTS_SECRET", "a secret that only this test knows")
    fill("sqlite:///care.db?mode=rwc", visits=table(VISITS, RULES))
    words = ("conflicts", "what-if", "sqlite:///care.db#visits", "--today", str(TODAY))
    code, out, _ = call(*words, "--speeds", "25=200", "--json")
    told = json.loads(out)
    assert (code, told["appear"]) == (0, 0)
    assert told["vanish"] == told["by_flag"]["too_far_to_travel"]["vanish"] > 0
    code, _, err = call(*words, "--speeds", "25:200")
    assert (code, "are no speeds" in err) == (2, True)


@TWO
def test_periods_are_read_for_the_ruleset_that_asks_for_them(ws: Workspace, database_url: str, tmp_path: Path) -> None:
    one = visit(1, "A", visit_start="8:00", visit_end="9:00")
    taken = pa.table(
        {
            "in_service_id": [1],
            "caregiver_key": ["P1"],
            "agency": ["B"],
            "starts": [one["visit_start"]],
            "ends": [one["visit_end"]],
        }
    )
    fill(database_url, visits=table([one], RULES), in_service=taken)
    mine = tmp_path / "mine.toml"
    mine.write_text(ruleset.source("visits")[0].replace("on = false", "on = true"))
    source = f"{database_url}#visits"
    shift = ws.conflicts.what_if(source, today=TODAY, against=mine)
    assert (shift.appear, shift.vanish, shift.by_flag["in_service"].after) == (1, 0, 1)
    shift = ws.conflicts.what_if(source, today=TODAY, rules=mine, tolerance=60)
    assert (shift.appear, shift.vanish, shift.by_flag["in_service"].before) == (0, 1, 1)


def fill(url: str, **tables: pa.Table) -> None:
    with Database(url) as database, database.transaction() as connection:
        for name, rows in tables.items():
            bulk.create(connection, (None, name), rows.schema)
            bulk.insert(connection, (None, name), rows)


def tables(url: str) -> set[str]:
    from tablemend.databases import introspection

    with Database(url) as database:
        return {each.name for each in introspection.tables(database, None)}
