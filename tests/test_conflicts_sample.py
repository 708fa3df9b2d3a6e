"""The generated visits: what is planted is found, and nothing else."""

from __future__ import annotations

import numpy as np

from conflicts_helpers import TODAY
from tablemend.conflicts import judging, preparing, ruleset, sample
from tablemend.engine.duckdb import Session


def pairs(world: sample.World) -> set[tuple[int, int, str]]:
    rules = ruleset.shipped("visits")
    with Session() as session:
        session.register("visits", world.visits)
        ready = session.arrow(preparing.prepared(rules, "visits", world.visits.schema, today=TODAY))
        found = judging.judged(session, rules, ready)
    ids = np.array(ready["id"].to_pylist(), np.int64)
    rows = zip(*(found[name].to_pylist() for name in ("one", "other", "flags")), strict=True)
    return {(*sorted((ids[one], ids[other])), *judging.flags(rules, bits)) for one, other, bits in rows}


def test_all_that_is_planted_is_found_and_nothing_else() -> None:
    world = sample.world(60_000, today=TODAY, seed=3)
    truth = {tuple(each.values()) for each in world.truth.to_pylist()}
    assert pairs(world) == truth
    assert {flag for _, _, flag in truth} == {each.flag for each in ruleset.shipped("visits").active}


def test_a_seed_makes_the_same_visits_again() -> None:
    one, other = (sample.world(500, today=TODAY, seed=7) for _ in range(2))
    assert one.visits.equals(other.visits)
    assert not one.visits.equals(sample.world(500, today=TODAY, seed=8).visits)


def test_a_share_can_stand_under_one_number() -> None:
    world = sample.world(20_000, today=TODAY, placeholder=0.05)
    keys = world.visits["caregiver_key"].to_pylist()
    assert keys.count(sample.PLACEHOLDER) == 1_000
    flags = {pair[:2] for pair in pairs(world)}
    assert flags >= {(each["one"], each["other"]) for each in world.truth.to_pylist()}


def test_several_worlds_share_neither_visit_nor_person() -> None:
    made = list(sample.worlds(2_500, size=1_000, today=TODAY))
    assert [round(each.visits.num_rows, -1) for each in made] == [1_000, 1_000, 500]
    for column in ("visit_id", "caregiver_key"):
        seen = [set(each.visits[column].to_pylist()) for each in made]
        assert len(set().union(*seen)) == sum(map(len, seen))
    assert all(set(each.truth["one"].to_pylist()) <= set(each.visits["visit_id"].to_pylist()) for each in made)
