"""Groups, regions, trends and other matrices on the page Explore, without a browser."""

from __future__ import annotations

import asyncio
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

import tablemend as tm
from pages_helpers import assert_plain, ids, links, said, signed_in, walk
from tablemend.explore import sample
from tablemend.web import comparing, exploring, matrices
from tablemend.web.address import parse
from tablemend.web.api import problems
from tablemend.web.pages.explore import choosing, compare
from tablemend.web.pages.explore.layout import draw, mark
from tablemend.web.site import Site

HOSTILE = ("<b>x</b>", "[a](javascript:alert(1))", "=1+1", "é/ü & ?#%", "'; DROP TABLE means; --", '"q" 100%')
ORDER = ("duodenum", "jejunum", "ileum", "cecum", "colon", "feces")
"""Regions of the mice, as they come."""
PARTS = tuple(comparing.PARTS)
ODD = "a/b <i>"
"""A matrix whose names and fields could be taken for markup, or for columns of answers."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("comparing")
    grown = sample.cultures(entities=20, features=80)
    kept = sample.mice(beside=grown, features=80)
    with tm.open(where / "data", user="owner") as ws:
        ws.explore.load(kept.values, name="mice", samples=kept.samples, features=kept.features)
        ws.explore.load(grown.values, name="cultures", samples=grown.samples, features=grown.features, entity="entity")
        ws.explore.load(odd(), name=ODD, samples=odd_fields(), row="who")
    return where


def odd() -> pa.Table:
    who = [f"s{n}" for n in range(12)]
    return pa.table({"who": who} | {each: [float(n * m % 7) for n in range(12)] for m, each in enumerate(HOSTILE, 1)})


def odd_fields() -> pa.Table:
    group = [("<u>", "' OR 1=1")[n % 2] for n in range(12)]
    region = [("&amp;", "=2", None)[n // 4] for n in range(12)]
    return pa.table({"who": [f"s{n}" for n in range(12)], "value": group, "sample": region, "a.b": group})


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Site]:
    with tm.open(folder / "data") as ws:
        yield Site(ws)


@pytest.fixture(autouse=True)
def person() -> Iterator[None]:
    with signed_in():
        yield


def page(site: Site, matrix: str = "mice", **query: Any) -> Any:
    return draw(site, parse("/explore/" + matrix.replace("/", "%2F"), "?" + exploring.spelt(query)))


def figures(shown: Any) -> dict[str, dict[str, Any]]:
    return {each["props"]["id"]: each["props"]["figure"] for each in walk(shown) if each["type"] == "Graph"}


def stands(shown: Any, name: str) -> Any:
    """What a field of the page is drawn with."""
    return next(each["props"] for each in walk(shown) if each["props"].get("id") in fields(name))["value"]


def fields(name: str) -> list[dict[str, str]]:
    return [{"kind": kind, "name": name} for kind in ("pick", "find")]


def table(shown: Any) -> list[list[str]]:
    rows = [each for each in walk(shown) if each["type"] == "Tr"][1:]
    return [[said(cell) for cell in row["props"]["children"]] for row in rows]


def fetched(site: Site, address: str) -> httpx.Response:
    app = FastAPI()
    app.include_router(matrices.router(site))
    problems.handle(app)

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.get(address)

    return asyncio.run(go())


@pytest.mark.parametrize("matrix", ["mice", "cultures", ODD])
@pytest.mark.parametrize("part", PARTS)
def test_every_part_shows_something_where_nothing_is_chosen(site: Site, part: str, matrix: str) -> None:
    shown = page(site, matrix, part=part)
    assert_plain(shown)
    assert "worked out" in said(shown)
    assert "SQL SELECT" not in said(shown)
    files = [each for each in links(shown) if each.startswith("/data/")]
    assert [each.rpartition("=")[2] for each in files] == ["csv", "xlsx", "parquet"]
    assert len(files) == len({*files})


def test_the_first_field_of_few_values_is_compared_by_its_most_frequent_groups(site: Site) -> None:
    choice = exploring.settled(site.base, "mice", exploring.chosen({"part": "compare"}))
    assert (choice.field, choice.first, choice.second) == ("group", "colonised", "germ-free")
    choice = exploring.settled(site.base, "mice", exploring.chosen({"part": "regions"}))
    assert choice.by == "region"
    choice = exploring.settled(site.base, "mice", exploring.chosen({"part": "trend", "field": "region"}))
    assert choice.groups == ORDER
    assert exploring.settled(site.base, "mice", exploring.chosen({"part": "against"})).other == ODD


def test_groups_are_compared_as_the_question_does(site: Site) -> None:
    told = site.base.explore.compare("mice", "group", "colonised", "germ-free", scale="log2")
    shown = page(site, part="compare", scale="log2")
    assert {"explore-figure", "explore-forest"} <= ids(shown)
    assert "explore-boxes" not in ids(shown)
    rows = table(shown)
    assert [row[0] for row in rows] == told.table["feature"].to_pylist()[:200]
    assert f"{told.total:,} comparisons" in said(shown)
    assert f"{told.facts['significant']} have q ≤ 0.05" in said(shown)
    assert told.notes[0] in said(shown)
    (forest,) = [each for each in figures(shown)["explore-forest"]["data"] if each["mode"] == "markers"]
    assert forest["x"] == told.table["difference"].to_pylist()[: compare.FOREST]


def test_a_volcano_that_draws_only_the_surest_says_so(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "DOTS", 10)
    figure = figures(page(site, part="compare"))["explore-figure"]
    assert figure["layout"]["title"]["text"] == "colonised against germ-free, the first 10 of 80"
    assert sum(len(each["x"]) for each in figure["data"]) == 10


def test_a_forest_draws_ratios_whatever_the_base_of_the_logarithm(site: Site) -> None:
    drawn = {}
    for scale in ("log2", "log10"):
        forest = figures(page(site, part="compare", scale=scale))["explore-forest"]
        drawn[scale] = next(each["x"] for each in forest["data"] if each["mode"] == "markers")
    assert drawn["log10"] == pytest.approx([each * math.log2(10) for each in drawn["log2"]])


def test_values_of_a_feature_stand_by_region_under_their_brackets(site: Site) -> None:
    told = site.base.explore.compare("mice", "group", "colonised", "germ-free", by="region").table.to_pylist()
    feature = told[0]["feature"]
    for query in ({}, {"feature": feature}):
        figure = figures(page(site, part="compare", by="region", **query))["explore-boxes"]
        assert figure["layout"]["xaxis"]["ticktext"] == [*ORDER]
        boxes = [each for each in figure["data"] if each["type"] == "box"]
        assert [each["name"] for each in boxes] == ["colonised", "germ-free"]
        assert [len(each["y"]) for each in boxes] == [48, 48]
        stars = next(each["text"] for each in figure["data"] if each.get("mode") == "text")
        assert sorted(stars) == sorted(row["stars"] for row in told if row["feature"] == feature and row["stars"])


def test_each_row_leads_to_the_figure_of_its_feature(site: Site) -> None:
    shown = page(site, part="compare", by="region", **{"s.region": "colon", "scale": "log2"})
    rows = [each for each in links(shown) if "feature=" in each and each.startswith("/explore/mice?part=compare")]
    query = parse(*rows[-1].split("?", 1)).query
    assert {"by": "region", "s.region": "colon", "scale": "log2"}.items() <= query.items()
    again = page(site, **query)
    assert query["feature"] in figures(again)["explore-boxes"]["layout"]["title"]["text"]
    assert stands(again, "feature") == query["feature"]


def test_a_paired_test_asks_for_the_field_of_pairs(site: Site) -> None:
    shown = page(site, part="compare", test="wilcoxon")
    assert "Choose the field that names the pair" in said(shown)
    assert stands(shown, "pairs") == ""
    query = {"field": "region", "first": "cecum", "second": "colon", "test": "wilcoxon", "pairs": "mouse"}
    shown = page(site, part="compare", **query)
    assert "Wilcoxon signed-rank" in said(shown)
    assert {"explore-figure", "explore-forest"} <= ids(shown)
    unpaired = page(site, part="compare", **query | {"test": "welch"})
    assert "Welch's t" in said(unpaired)
    assert "{'kind': 'pick', 'name': 'pairs'}" not in ids(unpaired)


@pytest.mark.parametrize("which", comparing.WHICH)
def test_features_are_listed_with_the_sign_in_each_region(site: Site, which: str) -> None:
    told = site.base.explore.regions("mice", "group", "colonised", "germ-free", by="region", which=which)
    rows = table(page(site, part="regions", which=which))
    assert [row[0] for row in rows] == told.table["feature"].to_pylist()[:200]
    for row, found in zip(rows, told.table.to_pylist(), strict=False):
        signs = dict(zip(found["regions"], found["signs"], strict=True))
        assert row[1].split(", ") == [f"{region} {signs[region]}" for region in ORDER if region in signs]


def test_a_trend_follows_the_order_that_is_chosen(site: Site) -> None:
    order = ["colon", "ileum", "duodenum"]
    shown = page(site, part="trend", field="region", groups=order, trend="jonckheere")
    told = site.base.explore.trend("mice", "region", order, test="jonckheere")
    assert stands(shown, "groups") == order
    assert figures(shown)["explore-figure"]["layout"]["xaxis"]["ticktext"] == order
    assert table(shown)[0][0] == told.table["feature"][0].as_py()
    assert "Jonckheere–Terpstra" in said(shown)


def test_the_title_of_two_matrices_tells_their_correlation(site: Site) -> None:
    facts = site.base.explore.against("mice", "cultures", where={"group": ["colonised"]}).facts
    shown = page(site, part="against", other="cultures", **{"s.group": "colonised"})
    title = figures(shown)["explore-figure"]["layout"]["title"]["text"]
    assert title.startswith("Pearson's r = ")
    assert title in said(shown)
    assert title.endswith(f"n = {facts['n']}")
    for each in ("r", "low", "high"):
        assert f"{facts[each]:.3g}" in title
    assert f"{facts['only_first']} only in mice and {facts['only_second']} only in cultures" in said(shown)
    assert "Conditions: group: colonised" in said(shown)
    assert "Spearman's ρ" in said(page(site, part="against", other="cultures", method="spearman"))


def test_a_new_version_of_the_other_matrix_is_news_too(site: Site) -> None:
    assert mark(site, parse("/explore/mice", "part=against")) != mark(site, parse("/explore/mice", "part=compare"))


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"part": "compare", "field": "none"}, "samples of mice have no field 'none'"),
        ({"part": "compare", "first": "none"}, "no sample has group 'none'"),
        ({"part": "compare", "first": "colonised", "second": "colonised"}, "48 samples are in both groups"),
        ({"part": "compare", "test": "none"}, "no test is called 'none'"),
        ({"part": "compare", "scale": "none"}, "values cannot be 'none'"),
        ({"part": "compare", "by": "none"}, "have no field 'none'"),
        ({"part": "compare", "by": "region", "feature": "none"}, "mice has no feature 'none'"),
        ({"part": "compare", "s.none": "x"}, "have no field 'none'"),
        ({"part": "compare", "s.region": "none"}, "no sample meets these conditions"),
        ({"part": "compare", "f.class": "none"}, "no feature meets these conditions"),
        ({"part": "compare", "field": "experiment"}, "no second group is chosen"),
        ({"part": "regions", "by": "group"}, "no group has samples of both"),
        ({"part": "regions", "which": "none"}, "cannot differ in 'none'"),
        ({"part": "trend", "groups": ["colonised"]}, "a trend needs two or more different groups"),
        ({"part": "trend", "groups": ["colonised", "none"]}, "no sample has group 'none'"),
        ({"part": "trend", "trend": "none"}, "no test for a trend is called 'none'"),
        ({"part": "against", "other": "none"}, "there is no matrix 'none'"),
        ({"part": "against", "method": "none"}, "no correlation is called 'none'"),
    ],
)
def test_what_cannot_be_compared_is_told_with_what_to_do(site: Site, query: dict[str, Any], why: str) -> None:
    shown = page(site, **query)
    assert_plain(shown)
    (alert,) = [each for each in walk(shown) if each["type"] == "Alert"]
    assert alert["props"]["title"] in ("This is not there", "This cannot be compared")
    assert why in said(alert)
    assert "tm-hint" in json.dumps(alert)
    assert figures(shown) == {}
    answer = fetched(site, f"/data/explore/download?{urlencode({'matrix': 'mice', 'query': exploring.spelt(query)})}")
    if "feature" not in query:  # which files need not
        assert answer.status_code in (404, 422)
        assert why in answer.json()["detail"]


def test_a_matrix_without_fields_or_others_says_so(tmp_path: Path) -> None:
    with tm.open(tmp_path / "data", user="owner") as ws:
        ws.explore.load(pa.table({"who": ["a", "b", "c"], "x": [1.0, 2.0, 3.0], "y": [2.0, 1.0, 4.0]}), name="bare")
        alone = Site(ws)
        for part in ("compare", "regions", "trend"):
            assert "No groups to compare" in said(page(alone, "bare", part=part))
        assert "No other matrix" in said(page(alone, "bare", part="against"))
        ws.explore.load(pa.table({"who": ["a", "b", "c"], "p": [1.0, 2.0, 3.0], "q": [2.0, 1.0, 4.0]}), name="other")
        assert "No feature in common" in said(page(alone, "bare", part="against"))


def test_a_field_alone_has_no_regions(tmp_path: Path) -> None:
    values = pa.table({"who": list("abcd"), "x": [1.0, 2.0, 3.0, 5.0], "y": [2.0, 1.0, 4.0, 4.5]})
    with tm.open(tmp_path / "data", user="owner") as ws:
        ws.explore.load(values, name="one", samples=pa.table({"who": list("abcd"), "kind": list("kkll")}))
        assert "No regions" in said(page(Site(ws), "one", part="regions"))
        assert "explore-figure" in ids(page(Site(ws), "one", part="compare"))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("part", PARTS)
def test_names_of_any_kind_are_text(site: Site, part: str, name: str) -> None:
    shown = page(site, ODD, part=part, feature=name, by="sample")
    assert_plain(shown)
    assert not [each for each in walk(shown) if each["type"] == "Alert"]
    for figure in figures(shown).values():
        assert "<b>x" not in json.dumps([figure["layout"]["title"], figure["layout"]["xaxis"]])
    back = [parse(*each.split("?", 1)).query.get("feature") for each in links(shown) if "part=" in each]
    if part in ("compare", "trend"):
        assert set(HOSTILE) <= set(back)


@pytest.mark.parametrize("part", PARTS)
def test_a_download_has_every_row(site: Site, part: str) -> None:
    for matrix in ("mice", ODD):
        shown = page(site, matrix, part=part, other="cultures")
        answers = [fetched(site, each) for each in links(shown) if each.startswith("/data/")]
        assert [each.status_code for each in answers] == [200, 200, 200]
        assert "\n=1+1" not in answers[0].text
        choice = exploring.settled(site.base, matrix, exploring.chosen({"part": part, "other": "cultures"}))
        got = pq.read_table(io.BytesIO(answers[2].content))
        assert got.num_rows == exploring.asked(site.base, matrix, choice).total
        assert not any(pa.types.is_list(each.type) for each in got.schema)


def test_lists_become_columns_of_groups_and_regions(site: Site) -> None:
    choice = exploring.chosen({"part": "trend", "field": "region"})
    assert {"mean: colon", "mean: feces"} <= {*exploring.whole(site.base, "mice", choice).column_names}
    signs = exploring.whole(site.base, "mice", exploring.chosen({"part": "regions"}))
    assert {*signs["sign: colon"].to_pylist()} <= {"+", "−", None}


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
KEYS = ["field", "first", "second", "by", "groups", "test", "pairs", "scale", "which", "trend", "other", "method"]
VALUES = st.one_of(
    WORDS,
    st.sampled_from(
        [
            "group",
            "region",
            "mouse",
            "colonised",
            "colon",
            "cultures",
            "welch",
            "paired-t",
            "log2",
            '["colon", "ileum"]',
        ]
    ),
)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(PARTS), st.dictionaries(st.sampled_from([*KEYS, "feature", "s.region", "o.medium"]), VALUES))
def test_any_address_is_drawn(site: Site, part: str, query: dict[str, str]) -> None:
    shown = page(site, part=part, **query)
    assert_plain(shown)
    assert comparing.PARTS[part] in said(shown)


def test_another_field_forgets_the_groups_of_the_one_before(site: Site) -> None:
    about = next(each["props"]["data"] for each in walk(page(site)) if each["props"].get("id") == "explore-about")
    assert about["clears"] == {key: list(names) for key, names in choosing.CLEARS.items()}
    assert {"first", "second", "groups"} <= {*about["clears"]["field"]}
    assert {*about["drawn"]} >= {*KEYS}
