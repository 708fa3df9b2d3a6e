"""Runs over what has changed leave what full runs leave."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from msgspec import structs

import conflicts_helpers as worlds
import tablemend as tm
from conflicts_helpers import TODAY
from tablemend.conflicts import fetching, ruleset
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.databases.partitions import Partition
from tablemend.errors import MissingObject
from tablemend.workspace import Workspace

RULES = ruleset.shipped("visits")
SCHEMA = worlds.schema(RULES).append(pa.field("updated_at", pa.timestamp("us")))
START = datetime.combine(TODAY, datetime.min.time())
KEPT = ("conflict", "flags", "content", "status", "found", "entity", "id_a", "id_b")
PEOPLE, STEPS = 100, 3

ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with tm.open(tmp_path / "state", conflicts_secret="a secret of sixteen signs") as opened:
        yield opened


class History:
    """Visits that are added, changed, moved to other days and people, and called off."""

    def __init__(self, url: str, seed: int, people: int) -> None:
        self.url = url
        self.random = random.Random(seed)
        self.clock = START
        self.visits: dict[int, dict[str, Any]] = {}
        for person in range(people):
            for days in (0, -729, 47):  # also at both ends of the window
                for each in worlds.world(seed * 1_000 + person, f"P{person}", len(self.visits) + 1):
                    self.visits[each["visit_id"]] = moved(each, days) | {"updated_at": self.clock}
        self.people = people
        self.write(self.visits)

    def write(self, changed: dict[int, dict[str, Any]]) -> None:
        rows = pa.Table.from_pylist(
            [{name: each.get(name) for name in SCHEMA.names} for each in changed.values()], SCHEMA
        )
        with Database(self.url) as database, database.transaction() as connection:
            if changed is self.visits:
                bulk.create(connection, (None, "visits"), SCHEMA, key=["visit_id"])
                bulk.insert(connection, (None, "visits"), rows)
            else:
                bulk.upsert(connection, (None, "visits"), ["visit_id"], rows)

    def step(self) -> None:
        """A day's work: of each person, one visit or two."""
        self.clock += timedelta(days=1)
        changed: dict[int, dict[str, Any]] = {}
        for person in range(self.people):
            mine = [each for each in self.visits.values() if each["caregiver_key"] == f"P{person}"]
            for each in self.random.sample(mine, min(len(mine), self.random.randint(0, 2))):
                changed[each["visit_id"]] = self.altered(each)
            if self.random.random() < 0.5:
                number = max(self.visits) + len(changed) + 1
                model = self.random.choice([*self.visits.values()])
                changed[number] = model | {"visit_id": number, "caregiver_key": f"P{person}", "agency": "new"}
        for each in changed.values():
            each["updated_at"] = self.clock if self.random.random() < 0.7 else None
        self.visits |= changed
        self.write(changed)

    def altered(self, visit: dict[str, Any]) -> dict[str, Any]:
        what = self.random.choice(["person", "agency", "status", "date", "time", "nothing"])
        made = dict(visit)
        if what == "person":
            made["caregiver_key"] = f"P{self.random.randrange(self.people)}"
        elif what == "agency":
            made["agency"] = self.random.choice(["A", "B", "C"])
        elif what == "status":
            made["status"] = self.random.choice([None, "Cancelled", "confirmed"])
        elif what == "date":
            made = moved(visit, self.random.choice([-800, -1, 1, 46, 47]))
        elif what == "time":
            for name in worlds.MOMENTS:
                if made[name] is not None:
                    made[name] += timedelta(minutes=self.random.choice([-30, 15, 60]))
        return made


def moved(visit: dict[str, Any], days: int) -> dict[str, Any]:
    names = ("visit_date", *worlds.MOMENTS)
    return visit | {name: visit[name] + timedelta(days=days) for name in names if visit[name] is not None}


def kept(ws: Workspace, target: str) -> list[tuple[Any, ...]]:
    rows = ws.conflicts.page(target, limit=1_000_000).rows
    return sorted(tuple(each[name] for name in KEPT) for each in rows)


def test_what_changes_leave_is_what_full_runs_leave(ws: Workspace, database_url: str) -> None:
    """Each person is a history of their own: a hundred of them, on each database.

    Dates are texts for SQLite: there a run on another day judges everything, and so all are on the same.
    """
    seed = 1 if database_url.startswith("duckdb") else 2
    history = History(database_url, seed, PEOPLE)
    today: date = TODAY
    modes = []
    for _ in range(STEPS):
        small = 2_000 if modes else None  # what has changed is divided
        told = {
            name: ws.conflicts.run(
                f"{database_url}#visits",
                f"{database_url}#{name}",
                today=today,
                incremental=changes,
                rows=small if changes else None,
            )
            for name, changes in (("whole", False), ("parts", True))
        }
        assert kept(ws, f"{database_url}#parts") == kept(ws, f"{database_url}#whole")
        assert told["parts"].status == told["whole"].status == "completed"
        modes.append(told["parts"].incremental)
        assert len(modes) != 2 or len(told["parts"].parts) > 1
        today += timedelta(days=0 if database_url.startswith("sqlite") else history.random.choice([1, 0, 2]))
        history.step()
    assert modes == [False, *[True] * (STEPS - 1)]


class Unread(fetching.Source):
    """A source that gives no rows."""

    def fetch(self, part: Partition) -> pa.Table:
        raise MissingObject(f"the table is gone for {part.label}")


@ONE
def test_what_cannot_go_by_changes_judges_everything_and_says_why(
    ws: Workspace, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    History(database_url, 3, 5)
    places = (f"{database_url}#visits", f"{database_url}#conflict")

    runs = []

    def run(**more: Any) -> tuple[str, bool]:
        found = ws.conflicts.run(*places, **{"today": TODAY, "incremental": True} | more)
        runs.append(found.run)
        return found.why_full, found.incremental

    assert run(dry_run=True) == ("no full run that left nothing out was made yet", False)
    assert run() == ("no full run that left nothing out was made yet", False)
    assert run() == ("", True)
    changed = structs.replace(RULES, options=structs.replace(RULES.options, tolerance=5))
    assert run(rules=changed) == ("the ruleset was changed", False)
    assert run(rules=changed) == ("", True)
    assert (
        run(rules=changed, today=TODAY - timedelta(days=1))[0] == "the day that the window counts from is another one"
    )
    ws.conflicts.undo(places[1], runs[1])
    assert run(rules=changed)[0] == "no full run that left nothing out was made yet"
    assert run(rules=changed) == ("", True)
    monkeypatch.setattr(fetching, "Source", Unread)
    assert ws.conflicts.run(*places, today=TODAY, rules=RULES).status == "failed"
    monkeypatch.undo()
    assert run(rules=changed)[0] == "no full run that left nothing out was made yet"
    assert run(rules=structs.replace(RULES, changed=""))[0] == "the ruleset names no column of changes"
    assert run(rules=structs.replace(RULES, changed="moved"))[0] == "the source has no column moved"
