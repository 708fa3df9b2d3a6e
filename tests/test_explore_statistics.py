"""Statistics of every feature at once are those of SciPy feature by feature.

Cells of 32 bits are computed in 64, so that all are compared with what SciPy gives for cells of 64 bits.
"""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tablemend.errors import SettingsError
from tablemend.explore import chunks, comparing, trending
from tablemend.explore.comparing import REASONS, TESTS, adjusted, compare, stars
from tablemend.explore.trending import TRENDS

CLOSE = {"rtol": 1e-8, "atol": 1e-13, "equal_nan": True}
"""Sums in another order differ in their last digits, and a p far out by some more."""

SCIPY = {
    "mann-whitney": stats.mannwhitneyu,
    "welch": lambda x, y: stats.ttest_ind(x, y, equal_var=False),
    "wilcoxon": stats.wilcoxon,
    "paired-t": stats.ttest_rel,
}


class Case(NamedTuple):
    values: np.ndarray
    first: np.ndarray
    second: np.ndarray
    pairs: np.ndarray


@st.composite
def matrices(draw: st.DrawFn, *, most: int = 70) -> Case:
    """Some features over two groups in any order, and samples of neither."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, m = draw(st.integers(1, most)), draw(st.sampled_from([1, 2, 8, 9, 13, 14, 50, 51, most]))
    group = rng.permutation(np.repeat([0, 1, 2], [n, m, draw(st.integers(0, 3))]))
    shape = (4, len(group))
    kind = draw(st.sampled_from(["continuous", "equal", "few", "shifted"]))
    values = {
        "continuous": lambda: rng.normal(size=shape),
        "equal": lambda: rng.integers(-20, 20, shape) / 4,
        "few": lambda: rng.integers(0, 2, shape) * 1.0,
        "shifted": lambda: rng.normal(100, 1, shape) + 3 * (group == 1),
    }[kind]()
    values[0] = rng.choice([0.0, 0.1, 7.0])
    values[1] = np.where(rng.random() < 0.5, group * 1.5, values[1])
    values[rng.random(shape) < draw(st.sampled_from([0.0, 0.3, 0.6, 0.95]))] = np.nan
    pairs = np.full(len(group), -1)
    for side in (0, 1):
        pairs[group == side] = rng.permutation(np.count_nonzero(group == side))
    return Case(values.astype(draw(st.sampled_from([np.float32, np.float64]))), group == 0, group == 1, pairs)


def compared(case: Case, test: str) -> comparing.Compared:
    return compare(case.values, case.first, case.second, test=test, pairs=case.pairs if TESTS[test].paired else None)


def cells(case: Case, feature: int, *, paired: bool) -> tuple[np.ndarray, np.ndarray]:
    row = case.values[feature].astype(np.float64)
    one, other = (
        {k: v for k, v in zip(case.pairs[side], row[side], strict=True) if v == v} for side in (case.first, case.second)
    )
    if paired:
        both = sorted(one.keys() & other.keys())
        return np.array([one[k] for k in both]), np.array([other[k] for k in both])
    return np.array([*one.values()]), np.array([*other.values()])


def plain(test: str, x: np.ndarray, y: np.ndarray) -> tuple[float, float, str]:
    """Statistic, p and reason of one feature; the t tests are told apart where nothing varies."""
    if min(len(x), len(y)) < 2:
        return np.nan, np.nan, "too few"
    constant = {"welch": lambda: len({*x}) == len({*y}) == 1, "paired-t": lambda: len({*(x - y)}) == 1}
    with warnings.catch_warnings(action="ignore"):
        found = SCIPY[test](x, y)
    if np.isnan(found.pvalue) or (test in constant and constant[test]()):
        return np.nan, np.nan, "no variation"
    return float(found.statistic), float(found.pvalue), ""


@pytest.mark.parametrize("test", TESTS)
@settings(max_examples=40, deadline=None)
@given(case=matrices())
def test_each_feature_has_what_scipy_gives_for_its_measured_cells(test: str, case: Case) -> None:
    found = compared(case, test)
    wanted = [plain(test, *cells(case, each, paired=TESTS[test].paired)) for each in range(len(case.values))]
    assert [REASONS[code] for code in found.reason] == [each[2] for each in wanted]
    np.testing.assert_allclose(found.statistic, [each[0] for each in wanted], **CLOSE)
    np.testing.assert_allclose(found.p, [each[1] for each in wanted], **CLOSE)


@pytest.mark.parametrize("pairs", [2, 3, 13, 14, 50, 51])
@pytest.mark.parametrize("kind", ["different", "equal", "zero"])
def test_wilcoxon_is_exact_up_to_as_many_pairs_as_in_scipy(kind: str, pairs: int) -> None:
    x = np.random.default_rng(pairs).normal(0.3, 1, (1, pairs))
    x[:, 0] = {"different": x[:, 0], "equal": -x[:, 1], "zero": 0}[kind]
    first = np.arange(2 * pairs) < pairs
    found = compared(Case(np.hstack([x, np.zeros_like(x)]), first, ~first, np.arange(2 * pairs) % pairs), "wilcoxon")
    np.testing.assert_allclose(found.p, [stats.wilcoxon(each).pvalue for each in x], rtol=1e-11)


@pytest.mark.parametrize(("one", "other"), [(2, 2), (2, 9), (3, 40), (7, 8), (8, 8), (8, 9), (9, 8), (9, 9), (8, 400)])
def test_mann_whitney_is_exact_up_to_as_many_cells_as_in_scipy(one: int, other: int) -> None:
    first = np.arange(one + other) < one
    values = np.random.default_rng(one).normal(size=(15, one + other)) + np.linspace(-1, 1, 15)[:, None] * first
    found = compare(values, first, ~first, test="mann-whitney")
    wanted = [stats.mannwhitneyu(each[first], each[~first]).pvalue for each in values]
    np.testing.assert_allclose(found.p, wanted, rtol=1e-11)


@pytest.mark.parametrize("test", TESTS)
@settings(max_examples=30, deadline=None)
@given(case=matrices(most=20))
def test_counts_means_medians_and_intervals_are_those_of_the_cells(test: str, case: Case) -> None:
    found, paired = compared(case, test), TESTS[test].paired
    for feature in range(len(case.values)):
        x, y = cells(case, feature, paired=paired)
        assert (found.n_first[feature], found.n_second[feature]) == (len(x), len(y))
        for name, group in (("first", x), ("second", y)):
            mean, median = (getattr(found, f"{kind}_{name}")[feature] for kind in ("mean", "median"))
            wanted = (np.mean(group), np.median(group)) if len(group) else (np.nan, np.nan)
            np.testing.assert_allclose((mean, median), wanted, **CLOSE)
        low, high = found.low[feature], found.high[feature]
        if plain("paired-t" if paired else "welch", x, y)[2]:
            assert np.isnan([low, high]).all()
            continue
        with warnings.catch_warnings(action="ignore"):
            interval = (
                stats.ttest_rel(x, y) if paired else stats.ttest_ind(x, y, equal_var=False)
            ).confidence_interval()
        np.testing.assert_allclose((low, high), interval, **CLOSE)
        np.testing.assert_allclose(found.difference[feature], np.mean(x) - np.mean(y), **CLOSE)


@pytest.mark.parametrize("test", TESTS)
@settings(max_examples=20, deadline=None)
@given(case=matrices())
def test_groups_that_change_places_change_the_sign_alone(test: str, case: Case) -> None:
    found, turned = compared(case, test), compared(case._replace(first=case.second, second=case.first), test)
    np.testing.assert_array_equal(found.reason, turned.reason)
    np.testing.assert_allclose(found.p, turned.p, **CLOSE)
    np.testing.assert_allclose(found.difference, -turned.difference, **CLOSE)
    np.testing.assert_allclose(found.low, -turned.high, **CLOSE)


def large(rows: int = 3_000, samples: int = 200) -> Case:
    rng = np.random.default_rng(5)
    values = np.round(rng.normal(size=(rows, samples)), 1)
    values[rng.random(values.shape) < 0.6] = np.nan
    first = np.arange(samples) < samples // 2
    return Case(values, first, ~first, np.arange(samples) % (samples // 2))


@pytest.mark.parametrize("test", TESTS)
def test_a_feature_does_not_depend_on_those_beside_it(test: str) -> None:
    case = large()
    assert case.values.nbytes > 2 * chunks.CHUNK
    some = np.random.default_rng(1).permutation(len(case.values))[:50]
    whole, part = compared(case, test), compared(case._replace(values=case.values[some]), test)
    for name, each in whole._asdict().items():
        np.testing.assert_allclose(each[some], getattr(part, name), **CLOSE, err_msg=name)


def test_progress_goes_from_nothing_to_all() -> None:
    case, told = large(), []
    compare(case.values, case.first, case.second, test="welch", progress=told.append)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert len(told) > 2


def test_what_progress_raises_ends_the_work() -> None:
    def stop(share: float) -> None:
        if share:
            raise KeyboardInterrupt

    case = large()
    with pytest.raises(KeyboardInterrupt):
        compare(case.values, case.first, case.second, test="welch", progress=stop)


@pytest.mark.parametrize("test", TESTS)
def test_a_matrix_without_features_has_no_results(test: str) -> None:
    case = large(rows=10)
    found = compared(case._replace(values=case.values[:0]), test)
    assert {len(each) for each in found} == {0}


@pytest.mark.parametrize("test", ["welch", "paired-t"])
def test_cells_that_vary_by_rounding_only_have_no_p_of_a_t_test(test: str) -> None:
    values = np.array([[0.1, 0.1, 0.1, 0.2, 0.2, np.nextafter(0.2, 1)]])
    first = np.arange(6) < 3
    found = compared(Case(values, first, ~first, np.arange(6) % 3), test)
    assert REASONS[found.reason[0]] == "no variation"
    assert np.isnan([found.p[0], found.low[0], found.high[0]]).all()


@pytest.mark.parametrize("test", TESTS)
@pytest.mark.parametrize("scale", [2.0**-430, 2.0**480])
def test_very_small_and_large_values_have_the_same_p(test: str, scale: float) -> None:
    case = large(rows=20)
    found = compared(case, test)
    scaled = compared(case._replace(values=case.values * scale), test)
    np.testing.assert_array_equal(found.reason, scaled.reason)
    np.testing.assert_allclose(found.p, scaled.p, **CLOSE)
    np.testing.assert_allclose(found.high * scale, scaled.high, rtol=1e-8)


FIRST = np.array([True, True, False, False])
GOOD: dict[str, Any] = {
    "values": np.zeros((1, 4)), "first": FIRST, "second": ~FIRST, "test": "wilcoxon", "pairs": np.array([0, 1, 0, 1])
}  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"test": "t"}, "no test is called 't'"),
        ({"values": np.zeros((1, 4), np.int64)}, "type int64"),
        ({"values": np.zeros(4)}, "1 dimensions"),
        ({"values": np.full((1, 4), -np.inf)}, "values beyond"),
        ({"second": FIRST}, "2 samples are in both groups"),
        ({"first": FIRST[:3]}, "the first group is no mask over 4 samples"),
        ({"second": FIRST.astype(int)}, "the second group is no mask"),
        ({"second": np.zeros(4, bool)}, "the second group has no samples"),
        ({"pairs": np.array([0.0, 1, 0, 1])}, "needs the pair of each of 4 samples"),
        ({"pairs": None}, "needs the pair of each of 4 samples"),
        ({"pairs": np.array([0, 1, 1, 1])}, "1 samples of the second group are in a pair that has another of it"),
        ({"test": "welch"}, "Welch's t takes no pairs"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_a_hint(wrong: dict[str, Any], said: str) -> None:
    compare(**GOOD)
    with pytest.raises(SettingsError, match=said) as caught:
        compare(**{**GOOD, **wrong})
    assert caught.value.hint


def test_samples_without_their_other_are_left_out_of_paired_tests() -> None:
    pairs = np.array([7, 3, 4, 7, -1, 3])
    first = np.arange(6) < 3
    found = compare(np.arange(12.0).reshape(2, 6), first, ~first, test="paired-t", pairs=pairs)
    assert found.n_first.tolist() == found.n_second.tolist() == [2, 2]
    assert found.difference.tolist() == [-3.5, -3.5]


@given(p=st.lists(st.one_of(st.just(float("nan")), st.floats(0, 1)), max_size=30))
def test_q_is_that_of_benjamini_and_hochberg_over_the_p_that_are_there(p: list[float]) -> None:
    found, there = adjusted(np.array(p, float)), ~np.isnan(np.array(p, float))
    wanted = np.full(len(p), np.nan)
    if there.any():
        wanted[there] = stats.false_discovery_control(np.array(p)[there])
    np.testing.assert_allclose(found, wanted, rtol=1e-12, equal_nan=True)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, np.inf])
def test_what_is_no_probability_is_not_adjusted(wrong: float) -> None:
    with pytest.raises(SettingsError, match="below 0 or above 1"):
        adjusted(np.array([0.5, wrong]))


def test_stars_by_their_largest_q() -> None:
    q = np.array([0.0, 0.001, 0.0011, 0.01, 0.02, 0.05, 0.051, 1.0, np.nan])
    assert stars(q).tolist() == ["***", "***", "**", "**", "*", "*", "", "", ""]


def test_every_test_says_what_it_is_and_assumes() -> None:
    for each in (*TESTS.values(), *TRENDS.values()):
        assert each.name
        assert each.assumes.endswith(".")
    assert {name for name, each in TESTS.items() if each.paired} == {"wilcoxon", "paired-t"}
    for name, each in (*TESTS.items(), *TRENDS.items()):
        said = (trending.trend if name in TRENDS else compare).__doc__
        assert f'"{name}", {each.name}' in str(said)
