"""The page Explore without a browser: every view of names of any kind, what is not there, and answers as files."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
from tablemend.web.pages.explore.layout import draw, layout, mark
from tablemend.web.site import Site

HOSTILE = ("<b>x</b>", "[a](javascript:alert(1))", "=1+1", "é/ü & ?#%", "'; DROP TABLE means; --", '"q" 100%')
PARTS = tuple(each for each in exploring.PARTS if each not in comparing.PARTS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("explore")
    sample.write(where, entities=20, features=80)
    about = {"samples": where / "cultures_samples.tsv", "features": where / "metabolites.csv"}
    with tm.open(where / "data", user="owner") as ws:
        ws.explore.load(where / "cultures.tsv", name="cultures", entity="entity", **about)
        ws.explore.load(where / "cultures.tsv", name="cultures", entity="entity", **about)
        ws.explore.load(hostile(), name="a/b <i>", entity="who", feature="what", value="value", samples=fields())
    return where


def hostile() -> pa.Table:
    cells = [(one, other, float(10 + n - m)) for n, one in enumerate(HOSTILE) for m, other in enumerate(HOSTILE)]
    return pa.table([list(each) for each in zip(*cells, strict=True)], names=["who", "what", "value"])


def fields() -> pa.Table:
    """Fields whose names and values could be taken for columns of answers, or for markup."""
    group = ["<i>", "<i>", "' OR 1=1", None, "&amp;", "&amp;"]
    return pa.table({"who": list(HOSTILE), "mean": group, "<u>": group})


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Site]:
    with tm.open(folder / "data") as ws:
        yield Site(ws)


@pytest.fixture(autouse=True)
def person() -> Iterator[None]:
    with signed_in():
        yield


def asked(site: Site, address: str, **params: Any) -> httpx.Response:
    """What the endpoints of the page answer to the person who is signed in."""
    app = FastAPI()
    app.include_router(matrices.router(site))
    problems.handle(app)

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            return await client.get(address, params=params or None)

    return asyncio.run(go())


def page(site: Site, matrix: str = "cultures", **query: Any) -> Any:
    return draw(site, parse("/explore/" + matrix.replace("/", "%2F"), "?" + exploring.spelt(query)))


def names(site: Site, side: str) -> list[str]:
    found: list[str] = site.base.explore.listed("cultures", side).table["name"].to_pylist()
    return found


def test_without_a_matrix_it_is_said_how_one_is_loaded(tmp_path: Path) -> None:
    with tm.open(tmp_path / "data") as ws:
        shown = layout(Site(ws), parse("/explore"))
    assert_plain(shown)
    assert "No matrix yet" in said(shown)
    assert "tablemend explore load" in said(shown)


def test_the_matrices_are_listed_with_what_they_hold(site: Site) -> None:
    shown = draw(site, parse("/explore"))
    assert_plain(shown)
    assert {"/explore/cultures", "/explore/a%2Fb%20%3Ci%3E"} <= set(links(shown))
    assert "cultures 2 20 80" in said(shown)


@pytest.mark.parametrize("part", PARTS)
def test_every_view_is_drawn_with_files_sql_and_how_fresh_it_is(site: Site, part: str) -> None:
    shown = page(site, part=part)
    assert_plain(shown)
    assert "explore-figure" in ids(shown)
    assert "Version 2, worked out" in said(shown)
    assert "SQL SELECT" in said(shown)
    files = [each for each in links(shown) if each.startswith("/data/")]
    assert [each.rpartition("=")[2] for each in files] == ["csv", "xlsx", "parquet"]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_any_kind_are_text_and_lead_to_themselves(site: Site, part: str, name: str) -> None:
    shown = page(site, "a/b <i>", part=part, feature=name, entity=name, entities=[name])
    assert_plain(shown)
    figure = next(each["props"]["figure"] for each in walk(shown) if each["type"] == "Graph")
    assert "<b>x</b>" not in figure["layout"]["yaxis"]["ticktext"]
    if part == "feature":
        back = [parse(*each.split("?", 1)).query["entity"] for each in links(shown) if "part=entity&" in each]
        assert set(HOSTILE) <= set(back)


def test_conditions_narrow_and_an_empty_answer_says_why(site: Site) -> None:
    shown = page(site, "a/b <i>", **{"part": "feature", "feature": "=1+1", "e.mean": "<i>"})
    assert "2 rows" in said(shown)
    assert "Conditions: mean: <i>" in said(shown)
    shown = page(site, "a/b <i>", **{"part": "feature", "feature": "=1+1", "e.<u>": exploring.BLANK})
    assert "1 row." in said(shown)
    shown = page(site, "a/b <i>", **{"part": "feature", "feature": "=1+1", "e.mean": "none such"})
    assert_plain(shown)
    assert "=1+1 shows nothing" in said(shown)
    assert "Filtered out" in said(shown)
    assert any("e.mean" not in each and "feature=%3D1%2B1" in each for each in links(shown))


def test_a_feature_that_nobody_measured_says_so(site: Site) -> None:
    listed = site.base.explore.listed("cultures", "features").table.to_pylist()
    empty = next(each["name"] for each in listed if each["measured"] == 0)
    assert "Not measured" in said(page(site, feature=empty))
    assert "No feature" in said(page(site, part="together", entities=names(site, "entities"), top=1))


def test_a_name_that_is_not_there_is_met_with_the_nearest(site: Site) -> None:
    feature, entity = names(site, "features")[3], names(site, "entities")[2]
    near = {
        "feature": ({"feature": feature + "x"}, feature),
        "entity": ({"entity": entity + "x"}, entity),
        "together": ({"entities": [entity, entity + "x"]}, json.dumps([entity], ensure_ascii=False)),
    }
    for part, (query, right) in near.items():
        shown = page(site, part=part, **query)
        assert_plain(shown)
        assert "There is nothing of that name" in said(shown)
        assert any(urlencode({"": right})[1:-3] in each for each in links(shown)), part
    assert "have no field 'colour'" in said(page(site, **{"e.colour": "red"}))
    for shown in (page(site, "away"), page(site, version=9)):
        assert_plain(shown)
        assert "There is no such matrix or version" in said(shown)
        assert "/explore/cultures" in links(shown)


def test_an_older_version_leads_to_the_newest_and_a_newer_one_is_noticed(site: Site) -> None:
    shown = page(site, part="entity", version=1)
    assert "version 1 of 2" in said(shown)
    assert any(each.startswith("/explore/cultures?part=entity") and "version" not in each for each in links(shown))
    first, second = (mark(site, parse(f"/explore/{each}")) for each in ("cultures", "other"))
    assert first != second


def test_the_heatmap_shows_what_is_chosen_and_tells_what_it_left_out(site: Site) -> None:
    shown = page(site, part="heatmap", rows=5, columns=7)
    assert "5 of 20 entities" in said(shown)
    assert "7 of 80 features" in said(shown)
    some, other = names(site, "entities")[:3], names(site, "features")[:4]
    shown = page(site, part="heatmap", entities=some, features=other)
    figure = next(each["props"]["figure"] for each in walk(shown) if each["type"] == "Graph")
    assert len(figure["layout"]["yaxis"]["ticktext"]) == 3
    shown = page(site, "a/b <i>", **{"part": "heatmap", "e.mean": "none such"})
    assert "Nothing to show" in said(shown)


def test_clustering_keeps_every_name_once(site: Site) -> None:
    entities, features = names(site, "entities"), names(site, "features")
    found = site.base.explore.arranged("cultures", entities=entities, features=features).table.to_pylist()
    for side, known in (("entities", entities), ("features", features)):
        assert sorted(each["name"] for each in found if each["side"] == side) == sorted(known)


@pytest.mark.parametrize("part", PARTS)
def test_a_download_has_every_row(site: Site, part: str) -> None:
    shown = page(site, part=part, number=20, entity=names(site, "entities")[0])
    address = next(each for each in links(shown) if each.endswith("parquet"))
    answer = asked(site, address)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment; filename")
    table = pq.read_table(io.BytesIO(answer.content))
    choice = exploring.settled(site.base, "cultures", exploring.chosen(parse("", f"part={part}").query))
    assert len(table) > 0
    if part == "feature":
        assert len(table) == site.base.explore.feature("cultures", choice.feature).total


def test_files_are_named_safely_and_nothing_in_them_is_a_formula(site: Site) -> None:
    query = exploring.spelt({"part": "feature", "feature": "é/ü & ?#%"})
    answer = asked(site, "/data/explore/download", matrix="a/b <i>", query=query)
    assert answer.status_code == 200
    assert "a_b" in answer.headers["content-disposition"]
    assert "/" not in answer.headers["content-disposition"]
    assert "<" not in answer.headers["content-disposition"]
    assert "\n=1+1" not in answer.text
    query = exploring.spelt({"part": "together", "entities": HOSTILE[:2], "top": 6, "sign": "strong"})
    answer = asked(site, "/data/explore/download", matrix="a/b <i>", query=query)
    assert "rank: <b>x</b>" in answer.text.splitlines()[0]
    assert asked(site, "/data/explore/download", matrix="none").status_code == 404


def test_names_are_found_while_typing(site: Site) -> None:
    feature = names(site, "features")[5]
    found = asked(site, "/data/explore/search", matrix="cultures", text=feature.upper()).json()
    assert found["rows"][0] == [feature, None, None]
    found = asked(site, "/data/explore/search", matrix="cultures", side="entities", text="TS").json()
    assert (len(found["rows"]), found["total"]) == (20, 20)
    assert asked(site, "/data/explore/search", matrix="cultures", side="cells").status_code == 422


def test_nobody_who_may_not_read_is_answered(site: Site) -> None:
    with signed_in("nobody"):
        assert asked(site, "/data/explore/search", matrix="cultures").status_code == 403


def test_many_who_ask_at_once_are_all_answered(folder: Path) -> None:
    with tm.open(folder / "data") as ws:
        listed = ws.explore.listed("cultures", "features").table.to_pylist()
        wanted = [each["name"] for each in listed if each["measured"]][:24]

    def ask(feature: str) -> str:
        with signed_in():
            return said(page(shared, part="feature", feature=feature))

    with tm.open(folder / "data") as ws, ThreadPoolExecutor(8) as pool:
        shared = Site(ws)
        for feature, text in zip(wanted, pool.map(ask, wanted), strict=True):
            assert "entity mean se n" in text, feature


WORDS = st.text('aZ1é[]{}",%&=+#<>/ \0\n\u2028␀', max_size=8)
QUERIES = st.dictionaries(
    st.sampled_from([*("part", "feature", "entity", "entities", "features", "order", "sign"), "top", "number", "e.x"]),
    st.one_of(WORDS, st.sampled_from([*PARTS, "low", "[]", '["a", 1, null]', '["\\ud800"]', "-1", "1e9", "0"])),
)


@given(QUERIES)
def test_any_query_is_a_choice_that_an_address_can_spell(query: dict[str, str]) -> None:
    choice = exploring.chosen(query)
    assert choice.part in exploring.PARTS
    assert 1 <= choice.number <= exploring.NUMBERS[-1]
    kept = {name: getattr(choice, name) for name in ("part", "feature", "entity", "entities", "features", "order")}
    again = exploring.chosen(parse("", exploring.spelt({**kept, "sign": choice.sign, "top": choice.top})).query)
    assert (again.part, again.feature, again.entities, again.sign, again.top) == (
        *(choice.part, choice.feature, choice.entities, choice.sign, choice.top),
    )


@settings(deadline=None, max_examples=25)
@given(QUERIES)
def test_any_query_draws_a_page(site: Site, query: dict[str, str]) -> None:
    with signed_in():
        assert_plain(draw(site, parse("/explore/cultures", "?" + urlencode(query, errors="replace"))))


@given(st.lists(st.sampled_from(["n", "n 2", "mean"]), max_size=6))
def test_columns_are_told_apart(given_names: list[str]) -> None:
    table = pa.table([[1]] * len(given_names), names=given_names)
    found = exploring.told_apart(table).column_names
    assert len(set(found)) == len(given_names)
    assert all(new == old or new.startswith(old) for new, old in zip(found, given_names, strict=True))
