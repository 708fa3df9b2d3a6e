"""Correlations are those of SciPy, and rows that are alike stand together."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from tablemend.errors import SettingsError
from tablemend.explore import clustering
from tablemend.explore.comparing import REASONS
from tablemend.explore.correlating import CORRELATIONS, correlate
from tablemend.explore.leaves import closest


@st.composite
def series(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Two series that go together more or less, with cells missing and equal."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    length = draw(st.integers(0, 40))
    x = rng.normal(draw(st.sampled_from([0, 100])), 1, length)
    y = draw(st.sampled_from([-1, 0, 0.5, 5])) * x + rng.normal(size=length)
    if draw(st.booleans()):
        x, y = np.round(x), np.round(y)
    if draw(st.integers(0, 9)) == 0:
        y[:] = 0.1
    for each in (x, y):
        each[rng.random(length) < draw(st.sampled_from([0.0, 0.3, 0.8]))] = np.nan
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    return x.astype(dtype), y.astype(dtype)


@pytest.mark.parametrize("method", CORRELATIONS)
@settings(max_examples=200, deadline=None)
@given(pair=series())
def test_a_correlation_is_that_of_scipy(method: str, pair: tuple[np.ndarray, np.ndarray]) -> None:
    found = correlate(*pair, method=method)
    both = ~np.isnan(pair[0]) & ~np.isnan(pair[1])
    x, y = (each[both].astype(np.float64) for each in pair)
    assert found.n == len(x)
    reason = "too few" if len(x) < 3 else "no variation" if 1 in (len({*x}), len({*y})) else ""
    assert REASONS[found.reason] == reason
    if reason:
        assert np.isnan(found[1:5]).all()
        return
    with warnings.catch_warnings(action="ignore"):
        wanted = (stats.pearsonr if method == "pearson" else stats.spearmanr)(x, y)
        interval = wanted.confidence_interval() if method == "pearson" else (np.nan, np.nan)
    np.testing.assert_allclose(found.r, wanted.statistic, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(found.p, wanted.pvalue, rtol=1e-6, atol=3e-8)  # the root of the last digit of r
    np.testing.assert_allclose((found.low, found.high), interval, rtol=1e-7, atol=1e-10, equal_nan=True)


@settings(max_examples=30, deadline=None)
@given(pair=series())
def test_a_correlation_is_the_same_the_other_way_round(pair: tuple[np.ndarray, np.ndarray]) -> None:
    np.testing.assert_allclose(correlate(*pair), correlate(*pair[::-1]), rtol=1e-12, equal_nan=True)


@pytest.mark.parametrize("scale", [1e-140, 1e140])
def test_a_correlation_holds_for_very_small_and_large_values(scale: float) -> None:
    x = np.array([1.0, 2, 4, 3, 6])
    assert correlate(x * scale, x[::-1] * scale).r == pytest.approx(correlate(x, x[::-1]).r)


def test_series_that_have_no_pairs_are_refused() -> None:
    for x, y in ((np.zeros(3), np.zeros(4)), (np.zeros((2, 2)), np.zeros((2, 2)))):
        with pytest.raises(SettingsError, match="have no pairs"):
            correlate(x, y)
    with pytest.raises(SettingsError, match="no correlation is called 'kendall'"):
        correlate(np.zeros(3), np.zeros(3), method="kendall")


@st.composite
def cells(draw: st.DrawFn) -> np.ndarray:
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = draw(st.integers(3, 25)), draw(st.integers(1, 25))
    values = rng.normal(draw(st.sampled_from([0, 1_000])), 1, shape)
    if draw(st.booleans()):
        values = np.round(values)
    values[0] = 0.1
    values[1, 1:] = 7
    values[rng.random(shape) < draw(st.sampled_from([0.0, 0.6, 0.9]))] = np.nan
    return values


def apart(x: np.ndarray, y: np.ndarray) -> float:
    both = ~np.isnan(x) & ~np.isnan(y)
    x, y = x[both], y[both]
    if len(x) < 3 or 1 in (len({*x}), len({*y})):
        return 1.0
    return float(1 - np.corrcoef(x, y)[0, 1])


@settings(max_examples=100, deadline=None)
@given(values=cells())
def test_distances_are_those_of_each_pair_over_the_cells_that_both_have(values: np.ndarray) -> None:
    wanted = [apart(x, y) for at, x in enumerate(values) for y in values[at + 1 :]]
    np.testing.assert_allclose(clustering.distances(values), wanted, atol=1e-9)


def test_distances_do_not_depend_on_the_chunks_in_which_they_are_made() -> None:
    values = np.random.default_rng(2).normal(size=(700, 12))
    values[np.random.default_rng(3).random(values.shape) < 0.4] = np.nan
    assert values.shape[0] ** 2 * 8 > clustering.CHUNK
    found = clustering.distances(values)
    some = np.array([0, 5, 380, 699])
    places = [i * 700 - i * (i + 1) // 2 + j - i - 1 for at, i in enumerate(some) for j in some[at + 1 :]]
    np.testing.assert_allclose(found[places], clustering.distances(values[some]), atol=1e-11)


@settings(max_examples=50, deadline=None)
@given(values=cells(), dtype=st.sampled_from([np.float32, np.float64]))
def test_an_order_names_each_row_and_column_once_and_is_the_same_again(values: np.ndarray, dtype: type) -> None:
    found, again = (clustering.order(values.astype(dtype)) for _ in range(2))
    for side, same, count in zip(found, again, values.shape, strict=True):
        assert sorted(side.places) == list(range(count))
        assert side.places.tolist() == same.places.tolist()
        assert side.how == (clustering.BEST if count > 2 else clustering.AS_GIVEN)


def orders(branch: hierarchy.ClusterNode) -> list[list[int]]:
    """Every order of the leaves that turning branches gives."""
    if branch.is_leaf():
        return [[branch.id]]
    pairs = [(one, other) for one in orders(branch.get_left()) for other in orders(branch.get_right())]
    return [one + other for one, other in pairs] + [other + one for one, other in pairs]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), leaves=st.integers(2, 8), method=st.sampled_from(["average", "single", "complete"]))
def test_no_order_of_the_tree_has_closer_neighbours_than_the_best_one(seed: int, leaves: int, method: str) -> None:
    distance = np.random.default_rng(seed).integers(1, 100, leaves * (leaves - 1) // 2) / 10
    full = squareform(distance)
    tree = hierarchy.linkage(distance, method)
    sums = {tuple(each): full[each[:-1], each[1:]].sum() for each in orders(hierarchy.to_tree(tree))}
    np.testing.assert_allclose(sums[tuple(closest(tree, distance).tolist())], min(sums.values()), rtol=1e-12)


def test_rows_and_columns_that_are_alike_stand_together() -> None:
    rng = np.random.default_rng(4)
    rows, columns = rng.permutation(np.repeat([0, 1, 2], 20)), rng.permutation(np.repeat([0, 1, 2], 10))
    values = np.where(rows[:, None] == columns, 3.0, 0.0) + rng.normal(0, 0.3, (60, 30))
    values[rng.random(values.shape) < 0.3] = np.nan
    for side, group in zip(clustering.order(values), (rows, columns), strict=True):
        assert np.count_nonzero(np.diff(group[side.places])) == 2


def test_a_side_of_too_many_stays_as_it_is_given_and_says_so() -> None:
    values = np.random.default_rng(0).normal(size=(30, 10))
    rows, columns = clustering.order(values, most=20)
    assert (rows.places.tolist(), rows.how) == (list(range(30)), clustering.AS_GIVEN)
    assert columns.how == clustering.BEST


def test_a_side_of_many_has_the_order_of_the_tree_and_says_so() -> None:
    values = np.random.default_rng(0).normal(size=(clustering.MOST_LEAVES + 1, 4))
    assert clustering.order(values)[0].how == clustering.CLUSTERED


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (1, 1), (2, 2)])
def test_a_matrix_of_next_to_nothing_has_an_order(shape: tuple[int, int]) -> None:
    rows, columns = clustering.order(np.zeros(shape))
    assert (len(rows.places), len(columns.places)) == shape
