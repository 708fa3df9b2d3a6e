"""From a story to an item: facts, flags, score, evidence, gate."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from core_helpers import workspace
from intel_helpers import NOW, card, entry, one, score
from intel_reports import SAME
from tablemend.errors import SettingsError, UnreadableSource
from tablemend.intel.scoring import body_of
from tablemend.review.gate import Gate
from tablemend.review.scorecard import load

OTHERS = [{"url": f"https://{name}.example/1", "quote": name} for name in ("b", "c")]


def test_an_item_holds_score_evidence_and_what_the_gate_said(tmp_path: Path) -> None:
    found = one(tmp_path, evidence=OTHERS)
    body = body_of(found)
    assert (found.type, found.decision, found.decided_by) == ("intel", "approved", "gate:intel")
    assert found.scores == pytest.approx(entry()["scores"] | {"total": 6200 / 95})
    assert found.confidence == 0.7
    assert body.band == "optional"
    assert (body.outcome, body.why_not) == ("promote", ())
    assert [(each.id, each.domain) for each in found.evidence] == [
        ("story:a", "a.example"),
        ("e1", "b.example"),
        ("e2", "c.example"),
    ]
    assert body.facts["evidence.sources"] == 3
    assert body.facts["age_hours"] == 5


@pytest.mark.parametrize(
    ("fields", "flags"),
    [
        ({}, ("single_source",)),
        ({"evidence": OTHERS}, ()),
        ({"evidence": [{"url": "https://www.a.example/2", "quote": "x"}]}, ("single_source",)),
        ({"evidence": [{"url": "https://b.example/2", "quote": "Title a"}]}, ("single_source",)),
        ({"evidence": [*OTHERS, {"kind": "contradict", "quote": "No"}]}, ("contradicted",)),
        ({"evidence": OTHERS, "tactics": ["Fear-Mongering"]}, ("forbidden_tactic",)),
        ({"evidence": OTHERS, "angle": "Some fear mongering, why not"}, ("forbidden_tactic",)),
        ({"evidence": OTHERS, "title": "A recall"}, ("always_cover",)),
        ({"evidence": OTHERS, "flags": ["hot", "hot"]}, ("hot",)),
        ({"flags": ["single_source"]}, ("single_source",)),
    ],
)
def test_flags_follow_from_evidence_and_policy(
    tmp_path: Path, fields: dict[str, object], flags: tuple[str, ...]
) -> None:
    assert one(tmp_path, **fields).flags == flags


def test_a_forbidden_tactic_is_blocked_and_a_trigger_is_promoted(tmp_path: Path) -> None:
    assert one(tmp_path, tactics=["fear mongering"], title="A recall").decision == "blocked"
    weak = dict.fromkeys(("impact", "timeliness", "virality", "relevance", "confidence"), 1)
    assert one(tmp_path, id="b", title="A recall", scores=weak).decision == "approved"


def test_modifiers_tell_their_true_amounts(tmp_path: Path) -> None:
    scores = entry()["scores"] | {"virality": 1, "confidence": 5}
    body = body_of(one(tmp_path, scores=scores))
    assert body.notes == ("Single source: confidence −1, virality −1 (of −4: it cannot go below 0)",)
    assert any("parts.confidence 4 is below 6" in each for each in body.why_not)


def test_what_a_story_does_not_bring_is_derived_from_facts(tmp_path: Path) -> None:
    found = one(
        tmp_path, scores={}, title="A recall for traceable origin", evidence=[{"url": "https://x.gov.example/"}]
    )
    body = body_of(found)
    assert set(body.derived) == {"impact", "timeliness", "virality", "relevance", "confidence"}
    assert body.facts["pillars"] == ["origin"] or body.facts["pillars"] == ("origin",)
    assert body.facts["evidence.tier_a"] == 1
    assert [each.tier for each in found.evidence] == ["unrated", "A"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"scores": {"impact": 26}}, "the part impact is 26.0; it goes from 0 to 25"),
        ({"scores": {"impact": -1}}, "goes from 0 to 25"),
        ({"scores": {"fame": 1}}, "there is no part fame"),
        ({"published": (NOW + timedelta(hours=2)).isoformat()}, "after the present"),
        ({"scores": {}, "published": None}, "the part timeliness has no score"),
    ],
)
def test_what_cannot_be_scored_is_a_counted_rejection(tmp_path: Path, fields: dict[str, object], reason: str) -> None:
    with workspace(tmp_path) as ws:
        found = score(ws, tmp_path, entry("ok"), entry("a", **fields))
    assert [(each.place, each.story) for each in found.rejected] == [("line 2", "a")]
    assert reason in found.rejected[0].reason
    assert found.counts["rejected"] == 1


def test_clocks_may_differ_by_an_hour(tmp_path: Path) -> None:
    found = one(tmp_path, published=(NOW + timedelta(minutes=59)).isoformat())
    assert body_of(found).facts["age_hours"] == 0


def test_without_a_policy_nothing_of_it_is_measured(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        facts = score(ws, tmp_path, entry(), scorecard=load("brand")).items[0].body["facts"]
        assert not {"pillars", "triggers", "evidence.tier_a"} & facts.keys()
        with pytest.raises(UnreadableSource, match="pillars is not measured"):
            score(ws, tmp_path, entry(scores={}), scorecard="brand")


def test_a_scorecard_without_confidence_gives_none(tmp_path: Path) -> None:
    own = msgspec.structs.replace(card(), parts={"impact": card().parts["impact"]}, modifiers=())
    with workspace(tmp_path) as ws:
        with pytest.raises(SettingsError, match=r"no field 'parts\.confidence'"):
            score(ws, tmp_path, entry(scores={"impact": 20}), scorecard=own)
        found = score(
            ws, tmp_path, entry(scores={"impact": 20}), scorecard=own, gate=Gate(name="g", default="monitor")
        ).items[0]
    assert (found.confidence, found.scores) == (0.0, {"impact": 20, "total": 80})


def test_the_reports_of_a_group_are_evidence_of_each_other(tmp_path: Path) -> None:
    reports = [entry(name, title=title, summary=summary) for name, (title, summary) in zip("pq", SAME[0], strict=True)]
    copy = entry("r", title=SAME[0][0][0], summary=SAME[0][0][1])
    second = entry("s", title=SAME[0][0][0], summary=SAME[0][0][1], url="https://m.p.example/9")
    with workspace(tmp_path) as ws:
        items = {each.body["story"]["id"]: each for each in score(ws, tmp_path, *reports, copy, second).items}
    assert len({each.body["group"] for each in items.values()}) == 1
    assert len({each.id for each in items.values()}) == 4
    assert [each.id for each in items["p"].evidence] == ["story:p", "story:q", "story:r"]
    assert [each.id for each in items["s"].evidence] == ["story:s", "story:q", "story:r"]
    assert {each.body["facts"]["evidence.sources"] for each in items.values()} == {2}  # a copy is no source
    assert {each.body["facts"]["reports"] for each in items.values()} == {4}
    assert items["q"].flags == ()
