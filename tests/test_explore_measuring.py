"""Groups, trends and two matrices beside each other: what was planted is found, with SciPy's own numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy import stats

import tablemend as tm
from tablemend.errors import NotFound, SettingsError
from tablemend.explore import sample
from tablemend.workspace import Workspace


@pytest.fixture(scope="module")
def mice() -> sample.Mice:
    return sample.mice()


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory, mice: sample.Mice) -> Iterator[Workspace]:
    grown = sample.cultures()
    with tm.open(tmp_path_factory.mktemp("measured") / "state") as opened:
        opened.explore.load(mice.values, name="mice", samples=mice.samples, features=mice.features)
        opened.explore.load(grown.values, name="cultures", samples=grown.samples, entity="entity")
        yield opened


def truth(mice: sample.Mice, kind: str) -> list[dict[str, Any]]:
    return [row for row in mice.truth.to_pylist() if row["kind"] == kind]


def rows(told: Any) -> dict[tuple[str, str | None], dict[str, Any]]:
    return {(row["feature"], row.get("region")): row for row in told.table.to_pylist()}


def cells(mice: sample.Mice, feature: str, **chosen: str) -> np.ndarray[Any, Any]:
    samples = mice.samples.to_pylist()
    values = mice.values[feature].to_pylist()
    found = [
        value
        for value, told in zip(values, samples, strict=True)
        if value is not None and all(told[name] == wanted for name, wanted in chosen.items())
    ]
    return np.array(found)


def test_groups_differ_as_was_planted_and_as_scipy_says(ws: Workspace, mice: sample.Mice) -> None:
    told = ws.explore.compare("mice", "group", "colonised", "germ-free", by="region", test="welch", scale="log2")
    found = rows(told)
    for planted in truth(mice, "everywhere"):
        row = found[planted["feature"], planted["region"]]
        assert row["difference"] == pytest.approx(planted["direction"] * planted["size"], abs=1e-3)
        assert row["ratio"] == pytest.approx(2 ** row["difference"])
        assert row["stars"] == "***"
        one, other = (
            cells(mice, planted["feature"], region=planted["region"], group=group)
            for group in ("colonised", "germ-free")
        )
        wanted = stats.ttest_ind(one, other, equal_var=False)
        interval = wanted.confidence_interval()
        assert (row["n_first"], row["n_second"]) == (len(one), len(other))
        assert [row[name] for name in ("p", "statistic", "low", "high")] == pytest.approx(
            [wanted.pvalue, wanted.statistic, interval.low, interval.high], rel=1e-6
        )
    p = [row["p"] for row in found.values() if row["p"] is not None]
    q = [row["q"] for row in found.values() if row["p"] is not None]
    assert q == pytest.approx(stats.false_discovery_control(p).tolist())
    assert told.facts["tested"] == len(p)
    assert told.facts["significant"] == sum(each <= 0.05 for each in q)


def test_features_differ_in_all_in_one_or_in_no_region(ws: Workspace, mice: sample.Mice) -> None:
    given = ("mice", "group", "colonised", "germ-free")
    everywhere, once, anywhere = (
        {row["feature"]: row for row in ws.explore.regions(*given, by="region", which=which).table.to_pylist()}
        for which in ("all", "one", "any")
    )
    assert {row["feature"] for row in truth(mice, "everywhere")} <= everywhere.keys() <= anywhere.keys()
    for planted in truth(mice, "once"):
        row = once[planted["feature"]]
        assert row["regions"] == [planted["region"]]
        assert row["signs"] == ["+" if planted["direction"] > 0 else "−"]
    nowhere = {row["feature"] for row in truth(mice, "nowhere")}
    assert len(nowhere & anywhere.keys()) <= 0.1 * len(nowhere)  # of all that is told, 5 % are expected to be false


def test_trends_along_the_gut_are_found(ws: Workspace, mice: sample.Mice) -> None:
    order = ["duodenum", "jejunum", "ileum", "cecum", "colon"]
    for test in ("spearman", "jonckheere"):
        found = {row["feature"]: row for row in ws.explore.trend("mice", "region", order, test=test).table.to_pylist()}
        for planted in truth(mice, "trend"):
            row = found[planted["feature"]]
            assert row["direction"] == planted["direction"]
            assert row["q"] < 0.001
            assert len(row["means"]) == len(order)
            steps = np.diff(row["means"])
            assert np.sign(steps.sum()) == planted["direction"]
    (first, _) = (cells(mice, row["feature"], region="duodenum") for row in truth(mice, "trend")[:2])
    assert found[truth(mice, "trend")[0]["feature"]]["means"][0] == pytest.approx(first.mean(), abs=1e-6)


def test_two_matrices_correlate_over_what_both_have(ws: Workspace, mice: sample.Mice) -> None:
    shared = {row["feature"] for row in truth(mice, "shared")}
    told = ws.explore.against("cultures", "mice", other_where={"group": ["colonised"]})
    table = told.table.to_pylist()
    assert shared <= {row["feature"] for row in table}
    wanted = stats.pearsonr([row["first"] for row in table], [row["second"] for row in table])
    assert told.facts["r"] == pytest.approx(wanted.statistic)
    assert told.facts["p"] == pytest.approx(wanted.pvalue)
    assert told.facts["n"] == len(table)
    again = ws.explore.against("cultures", "mice", other_where={"group": ["colonised"]})
    assert (told.cached, again.cached, again.facts) == (None, "process", told.facts)


def test_pairs_are_those_of_a_field(ws: Workspace, mice: sample.Mice) -> None:
    given = {"test": "wilcoxon", "pairs": "mouse", "where": {"group": ["germ-free"]}}
    told = ws.explore.compare("mice", "region", "ileum", "colon", **given)  # type: ignore[arg-type]
    planted = truth(mice, "trend")[0]["feature"]
    by_mouse = {
        (row["mouse"], row["region"]): value
        for row, value in zip(mice.samples.to_pylist(), mice.values[planted].to_pylist(), strict=True)
        if row["group"] == "germ-free" and value is not None
    }
    numbers = sorted({mouse for mouse, _ in by_mouse if {(mouse, "ileum"), (mouse, "colon")} <= by_mouse.keys()})
    wanted = stats.wilcoxon([by_mouse[m, "ileum"] for m in numbers], [by_mouse[m, "colon"] for m in numbers])
    row = rows(told)[planted, None]
    assert row["n_first"] == len(numbers)
    assert row["p"] == pytest.approx(wanted.pvalue)


def test_what_cannot_be_asked_is_refused_in_words(ws: Workspace) -> None:
    explore = ws.explore
    with pytest.raises(NotFound, match="no sample has group 'fed'") as raised:
        explore.compare("mice", "group", "fed", "germ-free")
    assert "colonised, germ-free" in str(raised.value.hint)
    with pytest.raises(NotFound, match="samples of mice have no field 'sex'"):
        explore.compare("mice", "sex", "f", "m")
    with pytest.raises(SettingsError, match="no test is called 'anova'"):
        explore.compare("mice", "group", "colonised", "germ-free", test="anova")
    with pytest.raises(SettingsError, match="paired test needs the pair"):
        explore.compare("mice", "region", "ileum", "colon", test="wilcoxon")
    with pytest.raises(SettingsError, match="two or more different groups"):
        explore.trend("mice", "region", ["ileum"])
    with pytest.raises(SettingsError, match="values cannot be 'log3'"):
        explore.compare("mice", "group", "colonised", "germ-free", scale="log3")
    with pytest.raises(NotFound, match="no sample meets these conditions"):
        explore.compare("mice", "group", "colonised", "germ-free", where={"region": ["moon"]})
