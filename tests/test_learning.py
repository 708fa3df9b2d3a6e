"""Learning from decisions: the posterior of a repair's confidence."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_helpers import proposal, scan, workspace, write
from tablemend.errors import SettingsError
from tablemend.records import Decision, Item, Repair
from tablemend.repair.items import repair_of
from tablemend.review.learning import REACH, Experience, Past, Reset, adjust, wilson

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
KIND = ("typo", "map_values", "city")
confidences = st.floats(0, 1)
pasts = st.lists(st.builds(Past, confidence=confidences, approved=st.booleans()), max_size=30)
strengths = st.floats(0.01, 1_000)


def learned(past: list[Past], confidence: float, strength: float = 10.0) -> float:
    return Experience({KIND: past}, strength=strength).posterior(*KIND, confidence).confidence


def decided(
    verdict: str, confidence: float = 0.8, *, gate: bool = False, hours: int = 0, **body: object
) -> tuple[Item, Decision]:
    check, operation, semantic = KIND
    item = Item(
        id="i1",
        run="r1",
        type="repair",
        title="t",
        check=check,
        operation=operation,
        confidence=confidence,
        body={"semantic": semantic, **body},
    )
    when = NOON + timedelta(hours=hours)
    return item, Decision(item="i1", version=1, decision=verdict, by="ann", gate=gate, when=when)


def repair(confidence: float, **fields: object) -> Repair:
    check, operation, semantic = KIND
    given = {"id": "i1", "columns": ("city",), "phase": "values", "cells": 1, "rows": 1, "evidence": ("own",)}
    return Repair(
        check=check,
        operation=operation,
        semantic=semantic,
        confidence=confidence,
        **given | fields,  # type: ignore[arg-type]
    )


@given(pasts, confidences, strengths)
def test_a_learned_confidence_is_a_probability(past: list[Past], confidence: float, strength: float) -> None:
    assert 0 <= learned(past, confidence, strength) <= 1


@given(confidences, strengths)
def test_without_decisions_nothing_moves(confidence: float, strength: float) -> None:
    assert learned([], confidence, strength) == confidence
    other = Experience({("typo", "map_values", ""): [Past(confidence=confidence, approved=False)]}, strength=strength)
    assert other.posterior(*KIND, confidence).confidence == confidence


@given(pasts, confidences, confidences, strengths)
def test_an_approval_never_lowers_and_a_rejection_never_raises(
    past: list[Past], at: float, confidence: float, strength: float
) -> None:
    before = learned(past, confidence, strength)
    assert learned([*past, Past(confidence=at, approved=True)], confidence, strength) >= before - 1e-12
    assert learned([*past, Past(confidence=at, approved=False)], confidence, strength) <= before + 1e-12


@given(pasts.flatmap(lambda past: st.tuples(st.just(past), st.permutations(past))), confidences)
def test_the_order_of_decisions_does_not_matter(both: tuple[list[Past], list[Past]], confidence: float) -> None:
    assert learned(both[0], confidence) == learned(both[1], confidence)


@given(pasts, confidences)
def test_decisions_on_far_confidences_do_not_move(past: list[Past], confidence: float) -> None:
    near = [each for each in past if abs(each.confidence - confidence) < REACH]
    assert learned(past, confidence) == learned(near, confidence)
    if not near:
        assert learned(past, confidence) == confidence


def test_approvals_of_sure_repairs_never_lift_guesses() -> None:
    sure = [Past(confidence=0.95 + n / 20_000, approved=True) for n in range(1_000)]
    assert learned(sure, 0.69) == 0.69
    assert learned(sure, 0.95) > 0.99


def test_the_posterior_is_that_of_the_formula() -> None:
    past = [Past(confidence=0.8, approved=True)] * 9 + [Past(confidence=0.8, approved=False)]
    found = Experience({KIND: past}).posterior(*KIND, 0.8)
    assert (found.approved, found.rejected, found.weight) == (9, 1, 10)
    assert found.confidence == pytest.approx((10 * 0.8 + 9) / 20)
    half = [Past(confidence=0.8 - REACH / 2, approved=True)]
    assert learned(half, 0.8) == pytest.approx((8 + 0.5) / 10.5)


def test_only_approvals_and_rejections_of_people_count() -> None:
    given = [
        decided("approved"),
        decided("rejected"),
        decided("open"),
        decided("blocked"),
        decided("approved", gate=True),
        (Item(id="i2", run="r1", type="intel", title="t"), decided("approved")[1]),
    ]
    found = Experience.of(given).table()
    assert [(each.check, each.operation, each.semantic, each.approved, each.rejected) for each in found] == [
        (*KIND, 1, 1)
    ]


def test_a_reset_forgets_what_came_before_it_of_its_kind() -> None:
    given = [decided("approved", hours=0), decided("approved", hours=1), decided("rejected", hours=2)]
    reset = Reset(when=NOON + timedelta(hours=1))
    assert [(each.approved, each.rejected) for each in Experience.of(given, [reset]).table()] == [(0, 1)]
    for field, value in (("check", "typo"), ("operation", "map_values"), ("semantic", "city")):
        meant = msgspec.structs.replace(reset, **{field: value})
        other = msgspec.structs.replace(reset, **{field: "other"})
        assert Experience.of(given, [meant]).table()[0].approved == 0
        assert Experience.of(given, [other]).table()[0].approved == 2


def test_what_was_learned_is_not_learned_again() -> None:
    past = Experience.of([decided("approved", 0.88, prior=0.4)])
    assert past.posterior(*KIND, 0.88).weight == 0
    assert past.posterior(*KIND, 0.4).weight == 1


def test_a_repair_keeps_its_own_confidence_and_says_what_moved_it() -> None:
    past = Experience.of([decided("approved")] * 9 + [decided("rejected")])
    (found,) = adjust([repair(0.8)], past)
    assert (found.prior, found.confidence) == (0.8, pytest.approx(0.85))
    assert found.evidence == ("own", "People here approved 9 and rejected 1 like it: 0.80 → 0.85.")
    assert adjust([found], past) == [found]
    assert adjust([found], Experience({})) == [repair(0.8)]
    assert adjust([repair(0.1)], past) == [repair(0.1)]


@given(st.integers(0, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share(counts: tuple[int, int]) -> None:
    successes, trials = counts
    low, high = wilson(successes, trials)
    assert 0 <= low <= high <= 1
    if trials:
        assert low - 1e-12 <= successes / trials <= high + 1e-12
    mirrored = wilson(trials - successes, trials)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-9)


def test_the_interval_of_wilson() -> None:
    assert wilson(9, 10) == pytest.approx((0.59585, 0.98212), abs=1e-5)
    assert wilson(0, 10) == pytest.approx((0.0, 0.27754), abs=1e-4)
    assert wilson(0, 0) == (0, 1)


@pytest.mark.parametrize("strength", [0.0, -1.0, float("nan"), float("inf")])
def test_a_strength_that_means_nothing_is_refused(strength: float) -> None:
    with pytest.raises(SettingsError, match="no finite number above 0"):
        Experience({}, strength=strength)


def test_decisions_of_a_workspace_teach(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", "a,b\n x, z\ny,w\n")
    with workspace(tmp_path) as ws:
        found = scan(ws, tmp_path / "t.csv", [proposal("trim", each, confidence=0.7) for each in "ab"])
        first, second = found.items
        ws.approve(found.run, ids=[first.id])
        ws.reject(found.run, ids=[second.id])
        past = list(ws.store.items.decided(type="repair"))
        (row,) = Experience.of(past).table()
        assert (row.check, row.operation, row.approved, row.rejected) == ("outer_space", "trim", 1, 1)
        (moved,) = adjust([repair_of(first)], Experience.of(past))
        assert moved.confidence == pytest.approx((7 + 1) / 12)
