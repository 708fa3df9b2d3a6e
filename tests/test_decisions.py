"""Decisions: gates, people, and who has the last word."""

from pathlib import Path

import pytest

from core_helpers import ids, proposal, scan, workspace, write
from tablemend.errors import DecisionRefused, NotFound, SettingsError
from tablemend.records import Item
from tablemend.repair.results import Scanned
from tablemend.review.decisions import pass_gate
from tablemend.review.gate import judge, shipped
from tablemend.workspace import Workspace

TEXT = "a,b\n x,1\ny,2\n x,1\ny,2\n z,3\n z,3\n"
SURE, LIKELY, DOUBTFUL = 0.97, 0.7, 0.3


def scanned(ws: Workspace, folder: Path) -> Scanned:
    source = folder / "t.csv"
    if not source.exists():
        write(source, TEXT)
    return scan(
        ws,
        source,
        [
            proposal("trim", "a", confidence=SURE, flags=("many_rows",)),
            proposal("map_values", "b", pairs=[["1", "one"]], confidence=LIKELY),
            proposal("map_values", "b", pairs=[["2", "two"]], confidence=DOUBTFUL, tier="2"),
            proposal("drop_column", "b", confidence=0.99),
        ],
    )


def decisions(ws: Workspace, found: Scanned) -> list[tuple[str, str]]:
    return [(item.decision, item.decided_by) for item in ws.items(found.run)]


def item(**fields: object) -> Item:
    return Item(**{"id": "i1", "run": "r1", "type": "repair", "title": "t"} | fields)  # type: ignore[arg-type]


def test_the_gate_says_why() -> None:
    gate = shipped("repair")
    sure, doubtful = judge(gate, item(confidence=0.95)), judge(gate, item(confidence=0.9499))
    assert (sure.outcome, sure.word, doubtful.outcome, doubtful.word) == ("promote", "approve", "monitor", "ask")
    blocked = judge(gate, item(confidence=1.0, flags=("irreversible", "many_rows")))
    assert (blocked.outcome, blocked.word) == ("block", "reject")
    assert blocked.explanation[0].endswith("(reject): passed: flags has irreversible")
    asked = judge(gate, item(confidence=0.5))
    assert asked.explanation[-2:] == (
        "rule 2, sure (approve): failed: confidence 0.5 is below 0.95",
        "no rule held: ask",
    )


def test_the_gate_decides_and_logs(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, tmp_path)
        verdict = ws.pass_gate(found.run)
        assert len(verdict.decided) + len(verdict.unchanged) == 4
        assert decisions(ws, found) == [
            ("approved", "gate:repair"),
            ("open", ""),
            ("open", ""),
            ("blocked", "gate:repair"),
        ]
        (entry,) = ws.store.items.decisions(ids(found)[0])
        assert (entry.gate, entry.by, entry.decision) == (True, "repair", "approved")
        assert "confidence 0.97 is at least 0.95" in entry.explanation[-1]


def test_people_are_never_overruled_by_gates(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, tmp_path)
        first, second, *_ = ids(found)
        ws.reject(found.run, ids=[first], reason="no")
        ws.approve(found.run, ids=[second])
        ws.pass_gate(found.run)
        ws.heal(tmp_path / "t.csv", policy="all")
        assert decisions(ws, found)[:2] == [("rejected", "ann"), ("approved", "ann")]
        ws.reopen(found.run, ids=[first])
        ws.pass_gate(found.run)
        assert decisions(ws, found)[0] == ("open", "ann")
        assert [each.decision for each in ws.store.items.decisions(first)] == ["rejected", "open"]


def test_a_gate_that_read_before_a_person_decided_still_yields(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, tmp_path)
        stale = ws.items(found.run)
        ws.reject(found.run, ids=[ids(found)[0]])
        pass_gate(ws.store, stale, ws.gate)
        assert decisions(ws, found)[0] == ("rejected", "ann")


def test_policies_of_heal(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", "id,c\n" + "".join(f"{n},{' x' if n % 5 == 0 else 'x'}\n" for n in range(50)))
    with workspace(tmp_path) as ws:
        none = ws.heal(tmp_path / "t.csv", policy="none")
        assert none.applied is None
        assert none.items
        assert {each.decision for each in none.items} == {"open"}
        every = ws.heal(tmp_path / "t.csv", policy="all")
        assert every.applied is not None
        assert {each.decided_by for each in every.items if each.decision == "approved"} == {"gate:all"}


def test_approving_twice_is_harmless(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, tmp_path)
        one = ids(found)[0]
        assert ws.approve(found.run, ids=[one]).decided == (one,)
        again = ws.approve(found.run, ids=[one])
        assert (again.decided, again.unchanged, again.refused) == ((), (one,), ())
        assert len(ws.store.items.decisions(one)) == 1


def test_a_bulk_approval_below_the_gate_needs_force(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, tmp_path)
        with pytest.raises(DecisionRefused, match="3 of 4 items do not pass the gate"):
            ws.approve(found.run)
        assert {decision for decision, _ in decisions(ws, found)} == {"open"}
        assert len(ws.approve(found.run, min_confidence=0.95, max_confidence=0.98).decided) == 1
        assert len(ws.approve(found.run, force=True).decided) == 3


def test_a_blocked_item_needs_force(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, tmp_path)
        ws.pass_gate(found.run)
        blocked = ids(found)[3]
        assert "blocked by the gate" in ws.approve(found.run, ids=[blocked]).refused[0].reason
        assert ws.approve(found.run, ids=[blocked], force=True).decided == (blocked,)


def test_of_two_people_one_wins_and_the_other_is_told(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws, workspace(tmp_path, user="bob") as other:
        found = scanned(ws, tmp_path)
        one = ids(found)[0]
        ws.approve(found.run, ids=[one])
        (refused,) = other.reject(found.run, ids=[one]).refused
        assert refused.reason == "already approved by ann; reopen it first"
        other.reopen(found.run, ids=[one])
        assert other.reject(found.run, ids=[one]).decided == (one,)
        assert [each.by for each in ws.store.items.decisions(one)] == ["ann", "bob", "bob"]


def test_ratings_and_notes(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, tmp_path)
        one = ids(found)[0]
        for rating in (0, 6):
            with pytest.raises(DecisionRefused, match="out of range"):
                ws.reject(found.run, ids=[one], rating=rating)
        ws.reject(found.run, ids=[one], rating=2, note="hm", reason="wrong")
        (entry,) = ws.store.items.decisions(one)
        assert (entry.rating, entry.note, entry.reason) == (2, "hm", "wrong")


def test_nothing_to_decide_on_is_an_error(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, tmp_path)
        with pytest.raises(DecisionRefused, match="no item meets"):
            ws.approve(found.run, check="typo")
        for name in ("", "%", "_", "i_", "nope"):
            with pytest.raises(NotFound):
                ws.approve(found.run, ids=[name])


def test_decisions_survive_a_restart_and_another_scan(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        first, second, *_ = ids(scanned(ws, tmp_path))
        ws.approve(ids=[first])
        ws.reject(ids=[second], reason="no")
    with workspace(tmp_path) as ws:
        found = scanned(ws, tmp_path)
        assert decisions(ws, found)[:2] == [("approved", "ann"), ("rejected", "ann")]


def test_other_content_is_a_new_open_version(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        first = ids(scanned(ws, tmp_path))[0]
        ws.approve(ids=[first])
        write(tmp_path / "t.csv", TEXT + " w,4\n")
        found = scanned(ws, tmp_path)
        now = ws.store.items.get(first, found.run)
        assert (now.version, now.decision) == (2, "open")
        assert [each.version for each in ws.store.items.decisions(first)] == [1]


def test_an_applied_item_is_not_decided_again(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, tmp_path)
        first = ids(found)[0]
        ws.approve(found.run, ids=[first])
        done = ws.apply(found.run).change_set.id
        for verb in (ws.reject, ws.reopen):
            assert verb(found.run, ids=[first]).refused[0].reason == f"already applied in {done}; undo that instead"


def test_what_one_undid_a_later_heal_leaves_alone(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", "id,c\n" + "".join(f"{n},{' x' if n % 5 == 0 else 'x'}\n" for n in range(50)))
    with workspace(tmp_path) as ws:
        done = ws.heal(tmp_path / "t.csv", policy="all").applied
        assert done is not None
        repair = done.change_set.outcomes[0].repair
        ws.undo(done.change_set.id, repair=repair)
        for policy in ("gate", "all"):
            again = ws.heal(tmp_path / "t.csv", policy=policy)  # type: ignore[arg-type]
            assert {each.id: each.decision for each in again.items}[repair] == "rejected"


def test_a_whole_undo_lets_a_later_heal_decide_anew(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", "id,c\n" + "".join(f"{n},{' x' if n % 5 == 0 else 'x'}\n" for n in range(50)))
    with workspace(tmp_path) as ws:
        done = ws.heal(tmp_path / "t.csv", policy="all").applied
        assert done is not None
        ws.undo(done.change_set.id)
        again = ws.heal(tmp_path / "t.csv", policy="all").applied
        assert again is not None
        assert again.snapshot.hash == done.snapshot.hash


def test_editing_opens_the_item_again(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, tmp_path)
        second = ids(found)[1]
        ws.approve(found.run, ids=[second])
        edited = ws.edit(second, run=found.run, params={"pairs": [["1", "eins"], ["3", "drei"]]})
        assert (edited.id, edited.version, edited.decision, edited.cells) == (second, 2, "open", 4)
        ws.approve(found.run, ids=[second])
        done = ws.apply(found.run)
        assert ws.snapshots.read(done.snapshot.hash)["b"].to_pylist() == ["eins", "2", "eins", "2", "drei", "drei"]


def test_a_gate_takes_back_only_what_it_decided_itself_and_what_is_not_applied(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", TEXT)
    sure = proposal("map_values", "b", pairs=[["1", "one"]], confidence=SURE)
    unsure = proposal("map_values", "b", pairs=[["1", "one"]], confidence=LIKELY)
    with workspace(tmp_path, learning=False) as ws:
        ws.pass_gate(scan(ws, tmp_path / "t.csv", [sure]).run)
        again = scan(ws, tmp_path / "t.csv", [unsure])
        assert decisions(ws, again) == [("approved", "gate:repair")]
        ws.pass_gate(again.run)
        assert decisions(ws, again) == [("open", "gate:repair")]
        ws.approve(again.run, ids=ids(again))
        lower = scan(ws, tmp_path / "t.csv", [proposal("map_values", "b", pairs=[["1", "one"]], confidence=DOUBTFUL)])
        ws.pass_gate(lower.run)
        assert decisions(ws, lower) == [("approved", "ann")]


def test_a_person_can_make_a_decision_of_a_gate_their_own(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, tmp_path)
        ws.pass_gate(found.run)
        verdict = ws.approve(found.run, ids=ids(found)[:1], reason="I stand behind it")
        assert (len(verdict.decided), verdict.unchanged) == (1, ())
        assert decisions(ws, found)[0] == ("approved", "ann")
        assert ws.approve(found.run, ids=ids(found)[:1]).unchanged == (ids(found)[0],)


def test_reopening_is_no_way_around_a_block(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = scanned(ws, tmp_path)
        ws.pass_gate(found.run)
        last = ids(found)[-1:]
        ws.reopen(found.run, ids=last)
        (refusal,) = ws.approve(found.run, ids=last).refused
        assert "blocked by the gate" in refusal.reason
        assert ws.approve(found.run, ids=last, force=True).decided == tuple(last)


def test_what_a_person_rejected_waits_for_people_when_it_changes(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", "a\n x\ny\n x\ny\n")
    with workspace(tmp_path) as ws:
        first = scan(ws, tmp_path / "t.csv", [proposal("trim", "a", confidence=SURE)])
        ws.reject(first.run, ids=ids(first), reason="on purpose")
        write(tmp_path / "t.csv", "a\n x\ny\n x\ny\n z\nz\n")
        again = scan(ws, tmp_path / "t.csv", [proposal("trim", "a", confidence=SURE)])
        ws.pass_gate(again.run)
        (item,) = ws.items(again.run)
        assert (item.decision, item.decided_by) == ("open", "ann")
        assert item.reason == "rejected before with other content: on purpose"
        assert [each.decision for each in ws.items(first.run)] == ["rejected"]


def test_a_gate_for_stories_decides_on_no_repair(tmp_path: Path) -> None:
    with workspace(tmp_path, repair_gate="intel") as ws, pytest.raises(SettingsError, match="items of the type intel"):
        ws.pass_gate(scanned(ws, tmp_path).run)
