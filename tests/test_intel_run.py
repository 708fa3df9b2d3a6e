"""Runs over stories: counts, all or nothing, and decisions that outlive them."""

from pathlib import Path

import pytest

from core_helpers import workspace
from intel_helpers import NOW, card, entry, lines, score
from tablemend.errors import DecisionRefused, NotFound, NothingAccepted, SettingsError, SourceNotFound, UnreadableSource
from tablemend.intel.brief_format import render
from tablemend.intel.run import IntelRun
from tablemend.review.scorecard import load

DENIAL = [{"url": "https://x.gov.example/1", "kind": "contradict", "quote": "No."}]


def only(run: IntelRun) -> str:
    assert len(run.items) == 1
    return run.items[0].id


def test_outcomes_and_rejections_add_up_to_what_was_read(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        weak = {"impact": 1, "timeliness": 1, "virality": 1, "relevance": 1, "confidence": 1}
        middling = entry()["scores"] | {"confidence": 4}
        found = score(
            ws, tmp_path, entry("a"), entry("b", scores=middling), entry("c", scores=weak), "{oops", entry("a")
        )
        run = ws.store.runs.get(found.run)
    assert found.counts == {"promote": 1, "monitor": 1, "block": 1, "rejected": 2}
    assert [each.decision for each in found.items] == ["approved", "open", "blocked"]
    assert (found.read, run.counts, run.kind, run.status) == (5, found.counts, "intel", "partial")


def test_a_run_without_rejections_is_completed(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        run = score(ws, tmp_path, entry()).run
        assert ws.store.runs.get(run).status == "completed"
        assert ws.intel().items == ws.intel(ws.intel_run().id).items


def test_a_source_whose_every_entry_is_rejected_is_an_error_and_a_failed_run(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        with pytest.raises(NothingAccepted, match=r"each of the 2 entries .* line 1: it lacks the field `title`"):
            score(ws, tmp_path, {"id": 1}, {"id": 2})
        (run,) = ws.store.runs.recent()
        assert (run.status, ws.store.items.count(ws_filter())) == ("failed", 0)
        kept = ws.intel(run.id)
        assert [each.place for each in kept.rejected] == ["line 1", "line 2"]
        assert run.counts == kept.counts == {"promote": 0, "monitor": 0, "block": 0, "rejected": 2}
        with pytest.raises(NotFound, match="there is no intel yet"):
            ws.intel()


def ws_filter() -> object:
    from tablemend.store.filters import Filter

    return Filter(type="intel")


def test_an_empty_source_is_a_failed_run(tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text("[]", encoding="utf-8")
    with workspace(tmp_path) as ws:
        with pytest.raises(UnreadableSource, match="holds no stories"):
            ws.score_intel(tmp_path / "none.json", now=NOW)
        assert [run.status for run in ws.store.runs.recent()] == ["failed"]


def test_a_source_may_be_named_so_that_ids_live_side_by_side(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        first, second = (score(ws, tmp_path, entry("1"), source_name=name) for name in ("desk", "wire"))
        assert only(first) != only(second)
        assert ws.intel(second.run).terms.source_name == "wire"
        assert second.to_dict()["items"][0]["story"] == "wire:1"
        with pytest.raises(SettingsError, match="cannot name a source"):
            score(ws, tmp_path, entry("1"), source_name="a b")


def test_what_cannot_begin_leaves_no_run(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        score(ws, tmp_path, entry())
        for problem, given in (
            (SettingsError, {"scorecard": tmp_path / "none.toml"}),
            (SettingsError, {"gate": "nothing"}),
            (SettingsError, {"now": NOW.replace(tzinfo=None)}),
        ):
            with pytest.raises(problem):
                score(ws, tmp_path, entry(), **given)
        assert len(ws.store.runs.recent()) == 1
        with pytest.raises(SourceNotFound):
            ws.score_intel(tmp_path / "none.jsonl", scorecard=card(), now=NOW)
        assert ws.store.runs.recent()[0].status == "failed"


def test_a_persons_decision_survives_that_a_story_is_read_again(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        first = score(ws, tmp_path, entry())
        ws.reject(first.run, ids=[only(first)], reason="Old news")
    with workspace(tmp_path) as ws:
        again = score(ws, tmp_path, entry())
        (item,) = again.items
        assert item.id == only(first)
        assert (item.decision, item.decided_by, item.reason) == ("rejected", "ann", "Old news")
        assert again.counts["promote"] == 1  # what the gate says is told all the same


@pytest.mark.parametrize(
    "change",
    [{"evidence": DENIAL}, {"scores": entry()["scores"] | {"impact": 1}}, {"flags": ["hot"]}, {"summary": "More"}],
)
def test_new_evidence_and_scores_keep_a_decision(tmp_path: Path, change: dict[str, object]) -> None:
    with workspace(tmp_path) as ws:
        first = score(ws, tmp_path, entry())
        ws.reject(first.run, ids=[only(first)])
        (item,) = score(ws, tmp_path, entry(**change)).items
        assert (item.decision, item.version) == ("rejected", 2)


@pytest.mark.parametrize("change", [{"claims": ["Another"]}, {"title": "Another"}])
def test_another_claim_or_title_opens_a_decision_again(tmp_path: Path, change: dict[str, object]) -> None:
    with workspace(tmp_path) as ws:
        first = score(ws, tmp_path, entry())
        ws.reject(first.run, ids=[only(first)])
        (item,) = score(ws, tmp_path, entry(**change)).items
        assert (item.id, item.decision, item.decided_by) == (only(first), "open", "ann")  # it waits for people
        assert [each.decision for each in ws.store.items.decisions(item.id)] == ["approved", "rejected"]
        (old,) = ws.intel(first.run).items
        assert (old.title, old.stale) == (entry()["title"], True)
        assert old.decision == "rejected"
        assert "1 rejected by people" in render(ws.brief(first.run), "md")


def test_the_order_of_claims_opens_nothing(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        first = score(ws, tmp_path, entry(claims=["x", "y"]))
        ws.reject(first.run, ids=[only(first)])
        assert score(ws, tmp_path, entry(claims=["y", "x"])).items[0].decision == "rejected"


@pytest.mark.parametrize(
    ("change", "decision"),
    [
        ({"scores": entry()["scores"] | {"confidence": 4}}, "open"),
        ({"tactics": ["fear mongering"]}, "blocked"),
        ({}, "approved"),
    ],
)
def test_the_gate_takes_back_what_it_would_no_longer_decide(
    tmp_path: Path, change: dict[str, object], decision: str
) -> None:
    with workspace(tmp_path) as ws:
        assert score(ws, tmp_path, entry()).items[0].decision == "approved"
        assert score(ws, tmp_path, entry(**change)).items[0].decision == decision


def test_what_a_person_opened_again_waits_for_people(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        first = score(ws, tmp_path, entry())
        ws.reopen(first.run, ids=[only(first)])
        assert score(ws, tmp_path, entry()).items[0].decision == "open"


def test_a_blocked_story_is_approved_by_force_alone(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        first = score(ws, tmp_path, entry(tactics=["fear mongering"]))
        assert ws.approve(first.run, ids=[only(first)]).refused
        ws.approve(first.run, ids=[only(first)], force=True)
        assert score(ws, tmp_path, entry(tactics=["fear mongering"])).items[0].decision == "approved"


def test_a_bulk_approval_goes_by_the_gate_of_the_run(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        found = score(ws, tmp_path, entry("a"), entry("b", scores=entry()["scores"] | {"confidence": 4}))
        with pytest.raises(DecisionRefused, match="do not pass the gate intel"):
            ws.approve(found.run)
        ws.reopen(found.run, ids=[found.items[0].id])
        assert ws.approve(found.run, min_confidence=0.5).decided == (found.items[0].id,)


def test_another_brand_decides_for_itself(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        first = score(ws, tmp_path, entry())
        other = ws.score_intel(lines(tmp_path, entry()), scorecard=load("brand"), now=NOW)
        assert only(first) != only(other)


def test_ids_are_the_same_in_every_workspace(tmp_path: Path) -> None:
    found = []
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        with workspace(tmp_path / name) as ws:
            found.append(only(score(ws, tmp_path / name, entry())))
    assert found[0] == found[1]


def test_a_run_of_another_kind_is_none_over_stories(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with workspace(tmp_path) as ws:
        scan = ws.scan(tmp_path / "t.csv").run
        for verb in (ws.intel, ws.brief):
            with pytest.raises(NotFound, match="no finished run over stories: scan"):
                verb(scan)
