"""Weights cut into groups of neighbours: none lost, none empty, the heaviest as light as can be."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from tablemend.databases.cutting import cut

WEIGHTS = st.lists(st.integers(1, 100), min_size=1, max_size=60)


@given(WEIGHTS, st.integers(1, 12), st.booleans())
def test_groups_follow_each_other_and_hold_every_weight(weights: list[int], parts: int, divisible: bool) -> None:
    groups = cut(weights, parts, divisible=divisible)
    assert groups[0].first == 0
    assert groups[-1].end == len(weights)
    assert all(a.end == b.first for a, b in pairwise(groups))
    assert all(each.first < each.end for each in groups)
    for each in groups:
        assert abs(each.weight - sum(weights[each.first : each.end])) < 1e-6
        assert not each.heavy or each.end - each.first == 1


@given(st.lists(st.integers(1, 9), min_size=1, max_size=9), st.integers(1, 4))
def test_without_heavy_values_the_heaviest_group_is_as_light_as_can_be(weights: list[int], parts: int) -> None:
    groups = cut(weights, parts)
    if any(each.heavy for each in groups):
        return
    cuts = (combinations(range(1, len(weights)), n) for n in range(min(parts, len(weights))))
    best = min(max(sum(weights[a:b]) for a, b in pairwise([0, *each, len(weights)])) for some in cuts for each in some)
    assert max(each.weight for each in groups) <= best * 1.01


@given(st.integers(1, 12), st.integers(200, 2_000))
def test_even_weights_make_even_groups(parts: int, size: int) -> None:
    groups = cut([1.0] * size, parts)
    assert len(groups) == parts
    assert max(each.weight for each in groups) <= -(-size // parts)


def test_a_heavy_value_stands_alone() -> None:
    weights = [1.0] * 450 + [100.0] + [1.0] * 450
    (heavy,) = [each for each in cut(weights, 10) if each.heavy]
    assert (heavy.first, heavy.end) == (450, 451)


def test_nothing_is_no_group() -> None:
    assert cut([], 3) == []
