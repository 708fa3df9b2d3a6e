"""Conflicts as items: scored, gated, and decided on by one door, whose decisions are those of the table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tablemend as tm
from conflicts_helpers import TODAY
from tablemend.conflicts import items as conflict_items
from tablemend.conflicts import sample
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.errors import DecisionRefused, NotFound, SettingsError
from tablemend.records import Item
from tablemend.store.items import Items
from tablemend.workspace import Workspace

WORLD = sample.world(600, today=TODAY, seed=3)
TWO = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


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
        yield opened


def run(ws: Workspace, **more: Any) -> str:
    return ws.conflicts.run("home", today=TODAY, **more).run


def change(target: str, statement: str) -> None:
    with Database(target.partition("#")[0]) as database, database.transaction() as connection:
        connection.exec_driver_sql(statement)


def statuses(ws: Workspace) -> dict[str, str]:
    return {each["conflict"]: each["status"] for each in ws.conflicts.list("home", limit=10_000)}


def decisions(ws: Workspace, found: str) -> dict[str, str]:
    return {each.content: each.decision for each in ws.items(found)}


def test_a_run_puts_up_an_item_for_each_conflict_that_it_wrote(ws: Workspace) -> None:
    found = ws.conflicts.run("home", today=TODAY)
    rows = {each["conflict"]: each for each in ws.conflicts.list("home", limit=10_000)}
    items = ws.items(found.run)
    assert {each.content for each in items} == set(rows)
    assert found.review["items"] == len(items) == sum(found.review.values()) - found.review["items"]
    assert ws.store.runs.get(found.run).counts["items"] == len(items)
    for item in items:
        row, told = rows[item.content], ws.conflicts.explain("home", item.content)
        assert [each.text for each in item.evidence] == list(told[:2])
        assert item.summary == " ".join(told[2:])
        assert [each.id for each in item.claims] == row["flags"].split()
        assert [each.value for each in item.evidence] == [row["id_a"], row["id_b"]]
        assert item.scores["total"] == pytest.approx(sum(v for k, v in item.scores.items() if k != "total"))
        assert item.body["entity"] == row["entity"]
    assert {each.decision for each in items} <= {"open", "blocked"}
    assert items == sorted(items, key=lambda each: (-each.scores["total"], each.content))


@TWO
def test_an_item_that_is_seen_again_has_a_new_version_and_keeps_its_decision(ws: Workspace, target: str) -> None:
    first = run(ws)
    one = max(ws.items(first), key=lambda each: each.body["facts"].get("amount", 0))
    ws.approve(first, ids=[one.id], force=True)
    change(target, f"UPDATE visits SET rate = rate + 1 WHERE visit_id = {one.evidence[0].value}")
    change(target, f"UPDATE visits SET rate = rate + 1 WHERE visit_id = {one.evidence[1].value}")
    second = ws.conflicts.run("home", today=TODAY)
    seen = {each.content: each for each in ws.items(second.run)}
    assert len(seen) == second.counts["updated"] == second.review["items"] >= 1
    assert (seen[one.content].version, seen[one.content].decision) == (one.version + 1, "approved")
    assert ws.conflicts.get("home", one.content)["status"] == "W"
    run(ws)
    assert ws.conflicts.report().review["items"] == 0


@TWO
def test_what_is_decided_on_items_is_set_in_the_table_and_taken_back(ws: Workspace) -> None:
    found = run(ws)
    first, second, third, *_ = items = ws.items(found)
    assert len(items) > 3
    verdict = ws.approve(found, ids=[first.id, second.id], force=True, reason="both were there", rating=4)
    assert set(verdict.decided) == {first.id, second.id}
    ws.reject(found, ids=[third.id], note="planned twice")
    now = statuses(ws)
    assert [now[each.content] for each in (first, second, third)] == ["W", "W", "I"]
    log = ws.store.items.decisions(first.id)[-1]
    assert (log.decision, log.by, log.reason, log.rating, log.gate) == ("approved", "ada", "both were there", 4, False)
    last = ws.conflicts.history("home", first.content)[-1]
    assert (last["by"], last["note"], last["run"]) == ("ada", "both were there", verdict.run)
    assert ws.approve(found, ids=[first.id]).unchanged == (first.id,)
    assert "already rejected by ada" in ws.approve(found, ids=[third.id], force=True).refused[0].reason
    ws.reopen(found, ids=[third.id])
    assert (decisions(ws, found)[third.content], statuses(ws)[third.content]) == ("open", "U")
    ws.conflicts.undo("home", verdict.run)
    assert {statuses(ws)[each.content] for each in (first, second)} == {"N"}
    assert {decisions(ws, found)[each.content] for each in (first, second)} == {"open"}


@TWO
def test_what_is_decided_in_the_table_is_noted_on_the_items(ws: Workspace, target: str) -> None:
    found = run(ws)
    first, second, third, *_ = ws.items(found)
    done = ws.conflicts.decide("home", "work", ids=(first.content,), note="ask them")
    ws.conflicts.decide("home", "delete", ids=(second.content,), note="a test")
    told = {each.id: each for each in ws.items(found)}
    assert (told[first.id].decision, told[first.id].decided_by, told[first.id].reason) == (
        "approved",
        "ada",
        "ask them",
    )
    assert (told[second.id].decision, told[second.id].reason) == ("rejected", "deleted: a test")
    ws.conflicts.undo("home", done.run)
    assert (decisions(ws, found)[first.content], ws.items(found, ids=[first.id])[0].reason[:9]) == ("open", "undone in")
    change(target, f"UPDATE conflict SET status = 'I' WHERE conflict = '{third.content}'")
    verdict = ws.approve(found, ids=[third.id], force=True)
    assert (verdict.decided, verdict.refused[0].reason) == (
        (),
        "already rejected by somebody; reopen it first",
    )
    assert statuses(ws)[third.content] == "I"


@TWO
def test_a_failure_between_table_and_items_is_made_good(
    ws: Workspace, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run(ws)
    first, second, *_ = ws.items(found)

    def fails(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Items, "decide", fails)
        with pytest.raises(OSError, match="disk"):
            ws.approve(found, ids=[first.id], force=True, reason="sure")
        with pytest.raises(OSError, match="disk"):
            ws.conflicts.decide("home", "ignore", ids=(second.content,))
    now = statuses(ws)
    assert (now[first.content], now[second.content]) == ("W", "I")
    assert {decisions(ws, found)[each.content] for each in (first, second)} == {"open"}
    run(ws)
    told = {each.id: each for each in ws.items(found)}
    assert (told[first.id].decision, told[first.id].decided_by, told[first.id].reason) == ("approved", "ada", "sure")
    assert told[second.id].decision == "rejected"


@TWO
def test_a_run_that_fails_before_its_items_are_put_up_leaves_that_to_the_next(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Items, "put", fails)
        with pytest.raises(OSError, match="disk"):
            run(ws)
    assert statuses(ws)
    second = run(ws)
    assert set(decisions(ws, second)) == set(statuses(ws))
    assert ws.items(run(ws)) == []


@TWO
def test_what_is_no_longer_found_waits_for_nobody_until_it_comes_back(ws: Workspace, target: str) -> None:
    found = run(ws)
    one = next(each for each in ws.items(found) if each.decision == "open")
    change(target, f"UPDATE visits SET status = 'deleted' WHERE visit_id = {one.evidence[0].value}")
    run(ws)
    gone = ws.items(found, ids=[one.id])[0]
    assert (gone.decision, gone.reason, gone.decided_by) == ("blocked", "no longer found", "gate:conflicts")
    change(target, f"UPDATE visits SET status = 'done' WHERE visit_id = {one.evidence[0].value}")
    again = run(ws)
    assert decisions(ws, again)[one.content] == "open"


@TWO
def test_bulk_approval_goes_by_the_gate(ws: Workspace, tmp_path: Path) -> None:
    found = run(ws)
    with pytest.raises(DecisionRefused, match="do not pass the gate conflicts"):
        ws.approve(found)
    assert set(statuses(ws).values()) == {"N"}
    promoted = [each for each in ws.items(found) if each.body["outcome"] == "promote"]
    assert 0 < len(promoted) < len(ws.items(found))
    verdict = ws.approve(found, min_score=min(each.scores["total"] for each in promoted))
    assert set(verdict.decided) == {each.id for each in promoted}
    assert {key for key, status in statuses(ws).items() if status == "W"} == {each.content for each in promoted}
    assert ws.test_gate("conflicts").people.agreed == len(promoted)
    assert ws.gate_of(found).name == "conflicts"
    assert ws.pass_gate(found).decided == ()


@TWO
def test_the_gate_blocks_keys_of_several_and_sets_nothing_in_the_table(ws: Workspace, target: str) -> None:
    rows = ", ".join(
        f"({1_000_000 + n}, 'crowd', '{TODAY}', 'A{n:03}', '{TODAY} 08:00:00', '{TODAY} 09:00:00')" for n in range(30)
    )
    change(
        target,
        "INSERT INTO visits (visit_id, caregiver_key, visit_date, agency, scheduled_start, scheduled_end) "
        f"VALUES {rows}",
    )
    found = ws.conflicts.run("home", today=TODAY)
    blocked = [each for each in ws.items(found.run) if each.decision == "blocked"]
    assert len(blocked) == found.review["block"] == 30 * 29 / 2
    assert {each.flags for each in blocked} == {("shared_key",)}
    standing = statuses(ws)
    assert {standing[each.content] for each in blocked} == {"N"}
    one = blocked[0]
    assert "blocked by the gate" in ws.approve(found.run, ids=[one.id]).refused[0].reason
    assert statuses(ws)[one.content] == "N"
    ws.approve(found.run, ids=[one.id], force=True)
    assert statuses(ws)[one.content] == "W"


@TWO
def test_those_that_score_highest_are_put_up_where_there_are_too_many(ws: Workspace) -> None:
    whole = ws.items(run(ws))
    with tm.open(ws.settings.data.with_name("other"), **_settings(ws)) as other:
        address = ws.settings.conflicts_jobs["home"].to.get_secret_value()
        found = other.conflicts.run("home", f"{address}_more", today=TODAY, items=5)
        few = other.items(found.run)
        assert len(few) == found.review["items"] == 5
        highest = sorted((each.scores["total"] for each in whole), reverse=True)[:5]
        assert sorted((each.scores["total"] for each in few), reverse=True) == highest
        none = other.conflicts.run("home", f"{address}_none", today=TODAY, items=0)
        assert (none.review, other.items(none.run)) == ({}, [])
        with pytest.raises(NotFound, match="has no items"):
            other.approve(none.run)


def _settings(ws: Workspace) -> dict[str, Any]:
    return {"conflicts_secret": ws.settings.conflicts_secret, "conflicts_jobs": ws.settings.conflicts_jobs}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_password_that_is_not_known_is_asked_for(ws: Workspace, target: str, tmp_path: Path) -> None:
    address = target.replace("postgresql://postgres@", "postgresql://postgres:a-word@")
    assert address != target
    found = ws.conflicts.run("home", address, today=TODAY).run
    with tm.open(tmp_path / "state", user="bo", conflicts_secret="a secret of sixteen signs") as other:
        one = other.items(found)[0]
        with pytest.raises(SettingsError, match="is not known here"):
            other.approve(found, ids=[one.id], force=True)
        with pytest.raises(SettingsError, match="the run wrote to"):
            other.approve(found, ids=[one.id], force=True, to=f"{address}_other")
        assert other.approve(found, ids=[one.id], force=True, to=address).decided == (one.id,)
    assert statuses_of(ws, address)[one.content] == "W"


def statuses_of(ws: Workspace, target: str) -> dict[str, str]:
    return {each["conflict"]: each["status"] for each in ws.conflicts.list(target, limit=10_000)}


@TWO
def test_a_role_decides_as_it_may_and_what_others_saw_otherwise_stands(ws: Workspace) -> None:
    found = run(ws)
    first, *_ = ws.items(found)
    ws.reject(found, ids=[first.id])
    other = ws.signed("bo", role="reviewer")
    verdict = other.decide("reopen", found, ids=[first.id], seen={first.id: "open"})
    assert verdict.refused[0].reason == "ada rejected it in the meantime"
    assert statuses(ws)[first.content] == "I"
    done = ws.conflicts.decide("home", "work", ids=(first.content,))
    with pytest.raises(SettingsError, match="over none"):
        ws.decide("approve", done.run, to="home")


@TWO
def test_the_body_of_an_item_is_a_record(ws: Workspace) -> None:
    import msgspec

    one: Item = ws.items(run(ws))[0]
    body = msgspec.convert(one.body, conflict_items.Body)
    assert (body.conflict, body.ruleset, body.outcome) == (one.content, "visits", one.body["outcome"])


@TWO
def test_no_key_of_a_person_is_in_the_state_or_in_a_message(target: str, tmp_path: Path) -> None:
    visits, where = target.replace("#conflict", "#visits"), tmp_path / "state"
    keys = [each.encode() for each in set(WORLD.visits["caregiver_key"].to_pylist())]
    with tm.open(where, conflicts_secret="a secret of sixteen signs") as ws:
        found = ws.conflicts.run(visits, target, today=TODAY).run
        one, two, *_ = ws.items(found)
        ws.approve(found, ids=[one.id], force=True, reason="sure")
        ws.conflicts.decide(target, "ignore", ids=(two.content,))
        told = b"".join(repr(each).encode() for each in ws.items(found))
    stored = b"".join(each.read_bytes() for each in where.rglob("*") if each.is_file())
    assert one.title.encode() in stored
    for content in (told, stored):
        assert not [key for key in keys if key in content or key.replace(b"-", b"") in content]


@TWO
def test_items_are_listed_shown_and_decided_on_from_the_command_line(
    ws: Workspace, target: str, call: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TABLEMEND_DATA", str(ws.settings.data))
    found = run(ws)
    one = ws.items(found)[0]
    code, out, _ = call("items", found)
    assert (code, one.id in out, "promote" in out) == (0, True, True)
    code, out, _ = call("items", found, "--id", one.id)
    assert (code, one.evidence[0].text[:20] in out) == (0, True)
    code, out, _ = call("items", found, "--id", one.id, "--json")
    shown = json.loads(out)[0]
    assert (shown["key"], shown["conflict"]["outcome"]) == (one.content, shown["outcome"])
    code, _, err = call("reject", one.id, "--run", found, "--reason", "planned twice", "--to", target)
    assert (code, err.splitlines()[0]) == (0, "1 rejected, 0 already so")
    assert statuses(ws)[one.content] == "I"
    code, out, _ = call("gates", "test", "conflicts", "--json")
    assert json.loads(out)["total"] == 1 + sum(each.decision == "blocked" for each in ws.items(found))
