"""What people decide moves the confidence of the next scan, and can be made to count no longer."""

from pathlib import Path

import pytest

from core_helpers import proposal, scan, workspace, write
from tablemend.errors import NotFound
from tablemend.repair.results import Scanned
from tablemend.workspace import Workspace

OWN = 0.8


def scanned(ws: Workspace, folder: Path, name: str) -> Scanned:
    source = write(folder / f"{name}.csv", "a\n x\ny\n x\ny\n")
    return scan(ws, source, [proposal("trim", "a", confidence=OWN)])


def confidence(ws: Workspace, folder: Path, name: str) -> float:
    (item,) = ws.items(scanned(ws, folder, name).run)
    return item.confidence


def decide(ws: Workspace, folder: Path, verb: str, count: int) -> None:
    for n in range(count):
        ws.decide(verb, scanned(ws, folder, f"{verb}{n}").run, decision="open", force=True)


def test_approvals_lift_rejections_lower_and_a_reset_takes_both_back(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        assert confidence(ws, tmp_path, "first") == OWN
        decide(ws, tmp_path, "approve", 10)
        lifted = confidence(ws, tmp_path, "second")
        assert lifted == pytest.approx((10 * OWN + 10) / 20)
        (item,) = ws.items()
        assert item.evidence[-1].text == "People here approved 10 and rejected 0 like it: 0.80 → 0.90."
        assert item.body["prior"] == OWN
        decide(ws, tmp_path, "reject", 10)
        assert confidence(ws, tmp_path, "third") == pytest.approx((10 * OWN + 10) / 30)
        (learned,) = ws.learned()
        assert (learned.check, learned.operation, learned.approved, learned.rejected) == ("outer_space", "trim", 10, 10)
        with pytest.raises(NotFound):
            ws.reset_learning(check="typo")
        assert len(ws.reset_learning(check="outer_space")) == 1
        assert ws.learned() == []
        assert confidence(ws, tmp_path, "fourth") == OWN
        assert ws.store.items.count(ws.filter(decision="open")) == 1
        ws.approve(decision="open", force=True)
        assert [each.approved for each in ws.learned()] == [1]


def test_a_decision_stands_when_what_was_learned_moves_its_confidence(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        first = scanned(ws, tmp_path, "t")
        ws.reject(first.run, decision="open", reason="on purpose")
        decide(ws, tmp_path, "approve", 5)
        again = scanned(ws, tmp_path, "t")
        (item,) = ws.items(again.run)
        assert (item.version, item.decision, item.reason) == (2, "rejected", "on purpose")
        assert item.confidence != OWN


def test_gates_and_recipes_teach_nothing(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        result = scan(ws, write(tmp_path / "g.csv", "a\n x\ny\n x\ny\n"), [proposal("trim", "a", confidence=0.99)])
        ws.pass_gate(result.run)
        assert ws.learned() == []
        ws.save_recipe(tmp_path / "r.toml", result.run)
        ws.replay_recipe(tmp_path / "r.toml", write(tmp_path / "h.csv", "a\n x\ny\n x\ny\n"))
        assert ws.learned() == []


def test_learning_can_be_left_out(tmp_path: Path) -> None:
    with workspace(tmp_path, learning=False) as ws:
        decide(ws, tmp_path, "approve", 5)
        assert confidence(ws, tmp_path, "next") == OWN
