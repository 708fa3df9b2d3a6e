"""Trends of every feature at once are those of a plain computation feature by feature.

Cells of 32 bits are computed in 64, so that all are compared with what SciPy gives for cells of 64 bits.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tablemend.errors import SettingsError
from tablemend.explore.comparing import REASONS
from tablemend.explore.trending import TRENDS, trend


class Ordered(NamedTuple):
    values: np.ndarray
    order: np.ndarray


@st.composite
def trends(draw: st.DrawFn, *, most: int = 60) -> Ordered:
    """Features along groups whose places have gaps, some samples being of none."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    samples, places = draw(st.integers(2, most)), draw(st.sampled_from([2, 3, 5, 8, 9, most]))
    order = rng.integers(-1, places, samples) * 3
    order[:2] = 0, 3 * places
    shape = (4, samples)
    values = rng.normal(size=shape) if draw(st.booleans()) else rng.integers(0, draw(st.integers(2, 9)), shape) * 1.0
    values[0] = 0.1
    values[1] += order * rng.choice([-1.0, 0.1])
    values[rng.random(shape) < draw(st.sampled_from([0.0, 0.6, 0.9]))] = np.nan
    return Ordered(values.astype(draw(st.sampled_from([np.float32, np.float64]))), order)


def measured(case: Ordered, feature: int) -> tuple[np.ndarray, np.ndarray]:
    row = case.values[feature].astype(np.float64)
    used = ~np.isnan(row) & (case.order >= 0)
    return row[used], case.order[used]


def rising(x: np.ndarray, place: np.ndarray) -> float:
    """J, pair by pair."""
    later = place[:, None] < place[None, :]
    return float((later * ((x[:, None] < x[None, :]) + (x[:, None] == x[None, :]) / 2)).sum())


@pytest.mark.parametrize("test", TRENDS)
@settings(max_examples=100, deadline=None)
@given(case=trends())
def test_trends_are_those_of_a_plain_computation_of_each_feature(test: str, case: Ordered) -> None:
    found = trend(case.values, case.order, test=test)
    for feature in range(len(case.values)):
        x, place = measured(case, feature)
        assert found.n[feature] == len(x)
        statistic, p, reason = np.nan, np.nan, "too few" if len(x) < 3 else ""
        if not reason and (len({*x}) == 1 or len({*place}) == 1):
            reason = "no variation"
        elif not reason and test == "spearman":
            statistic, p = stats.spearmanr(x, place)
        elif not reason:
            statistic, p = rising(x, place), stats.kendalltau(x, place, method="asymptotic").pvalue
        assert REASONS[found.reason[feature]] == reason
        np.testing.assert_allclose(found.statistic[feature], statistic, rtol=1e-12, atol=1e-15, equal_nan=True)
        # SciPy's correlation of ranks is 1 but for its last digit, which the p of three cells takes the root of
        np.testing.assert_allclose(found.p[feature], p, rtol=1e-7, atol=3e-8, equal_nan=True)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), values=st.integers(2, 50))
def test_j_has_the_mean_and_the_variance_of_all_its_permutations(seed: int, values: int) -> None:
    rng = np.random.default_rng(seed)
    x, place = rng.integers(0, values, 6) * 1.0, np.sort(rng.integers(0, 3, 6))
    if len({*x}) == 1 or len({*place}) == 1:
        return
    all_j = np.array([rising(np.array(each), place) for each in permutations(x)])
    found = trend(x[None], place, test="jonckheere")
    z = (found.statistic[0] - all_j.mean()) / all_j.std()
    np.testing.assert_allclose(found.p[0], 2 * stats.norm.sf(abs(z)), rtol=1e-9)
    assert found.direction[0] == np.sign(round(z, 9))


def test_p_of_j_is_close_to_the_share_of_permutations_as_far_out() -> None:
    rng = np.random.default_rng(11)
    place = np.repeat([0, 1, 2, 3], 5)
    values = rng.normal(size=(12, 20)).round(1) + np.linspace(0, 0.4, 12)[:, None] * place
    found = trend(values, place, test="jonckheere")
    many = 2_000
    for feature, row in enumerate(values):
        shuffled = trend(rng.permuted(np.tile(row, (many, 1)), axis=1), place, test="jonckheere").statistic
        middle = (20**2 - 4 * 5**2) / 4
        share = np.mean(np.abs(shuffled - middle) >= abs(found.statistic[feature] - middle))
        error = 4 * np.sqrt(max(share, 1 / many) * (1 - min(share, 1 - 1 / many)) / many)
        assert abs(found.p[feature] - share) <= error + 0.02  # J is discrete, the normal distribution is not


@pytest.mark.parametrize("test", TRENDS)
@settings(max_examples=30, deadline=None)
@given(case=trends())
def test_a_trend_turned_round_has_the_other_direction(test: str, case: Ordered) -> None:
    turned = np.where(case.order < 0, -1, case.order.max() - case.order)
    found, other = trend(case.values, case.order, test=test), trend(case.values, turned, test=test)
    np.testing.assert_array_equal(found.direction, -other.direction)
    np.testing.assert_array_equal(found.reason, other.reason)
    np.testing.assert_allclose(found.p, other.p, rtol=1e-8, atol=1e-13, equal_nan=True)


@pytest.mark.parametrize("test", TRENDS)
def test_a_trend_says_how_far_it_is_and_which_way(test: str) -> None:
    told: list[float] = []
    values = np.array([np.arange(12.0), -np.arange(12.0), np.ones(12)])
    found = trend(values, np.arange(12), test=test, progress=told.append)
    assert found.direction.tolist() == [1, -1, 0]
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert {len(each) for each in trend(values[:0], np.arange(12), test=test)} == {0}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"test": "kendall"}, "no test for a trend is called 'kendall'"),
        ({"order": np.array([0, 0, -1])}, "1 groups have no trend"),
        ({"order": np.array([0, 1])}, "no whole number for each of 3 samples"),
        ({"order": np.array([0.0, 1.0, 2.0])}, "no whole number"),
    ],
)
def test_what_has_no_trend_is_refused_with_a_hint(wrong: dict[str, Any], said: str) -> None:
    good: dict[str, Any] = {"values": np.zeros((1, 3)), "order": np.array([0, 1, -1]), "test": "spearman"}
    trend(**good)
    with pytest.raises(SettingsError, match=said) as caught:
        trend(**{**good, **wrong})
    assert caught.value.hint
