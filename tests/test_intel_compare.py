"""Two runs beside each other."""

from pathlib import Path

import msgspec

from core_helpers import workspace
from intel_helpers import card, entry, score
from tablemend.review.gate import parse
from tablemend.review.gate import shipped as shipped_gate
from tablemend.review.toml import shipped


def test_new_gone_changed_and_same_are_told_apart(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        before = score(ws, tmp_path, entry("a"), entry("b"), entry("c"))
        lower = entry()["scores"] | {"impact": 10}
        after = score(ws, tmp_path, entry("b"), entry("c", scores=lower), entry("d"))
        found = ws.compare_intel(before.run, after.run)
    assert [each.title for each in found.new] == ["Title d"]
    assert [each.title for each in found.gone] == ["Title a"]
    assert found.same == 1
    (changed,) = found.changed
    assert changed.moved
    assert (changed.band, changed.outcome) == (("optional", "watch"), ("promote", "monitor"))
    assert round(changed.total[1] - changed.total[0], 4) == round(-1000 / 95, 4)
    assert found.settings == ()
    assert found.to_dict()["changed"][0]["moved"] is True


def test_what_they_were_scored_by_is_compared_key_by_key(tmp_path: Path) -> None:
    first = card()
    assert first.policy
    bands = (msgspec.structs.replace(first.bands[0], from_=80), *first.bands[1:])
    policy = msgspec.structs.replace(first.policy, always_cover=("recall", "strike"))
    second = msgspec.structs.replace(first, bands=bands, policy=policy)
    text = shipped("gates", "intel").replace("at_least = 60", "at_least = 55")
    gate = parse(text, origin="own")
    assert gate != shipped_gate("intel")
    with workspace(tmp_path) as ws:
        before = score(ws, tmp_path, entry(), scorecard=first)
        after = score(ws, tmp_path, entry(), scorecard=second, gate=gate)
        found = ws.compare_intel(before.run, after.run).settings
    assert [(each.key, each.before, each.after) for each in found] == [
        ("gate.rules.strong and confirmed.all.1.at_least", 60, 55),
        ("scorecard.bands.must-cover.from", 75, 80),
        ("scorecard.policy.always_cover", ["recall"], ["recall", "strike"]),
    ]


def test_a_run_and_itself_are_the_same(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        run = score(ws, tmp_path, entry("a"), entry("b")).run
        found = ws.compare_intel(run, run)
    assert (found.same, found.new, found.gone, found.changed, found.settings) == (2, (), (), (), ())


def test_changed_titles_and_decisions_are_told_as_each_run_left_them(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        before = score(ws, tmp_path, entry("a"), entry("b"), entry("c"))
        ids = {each.title: each.id for each in before.items}
        ws.reject(before.run, ids=[ids["Title b"]])
        after = score(ws, tmp_path, entry("a", title="Title new"), entry("b"), entry("c"))
        ws.reject(after.run, ids=[ids["Title c"]])
        found = {each.id: each for each in ws.compare_intel(before.run, after.run).changed}
    assert (len(found), found[ids["Title a"]].title) == (2, ("Title a", "Title new"))
    assert found[ids["Title a"]].retitled
    assert found[ids["Title b"]].decision == ("approved", "rejected")
    assert found[ids["Title b"]].redecided
