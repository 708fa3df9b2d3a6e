"""The page Review without a browser: what it shows, what may be asked of it, and by whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import tablemend as tm
from pages_helpers import HOSTILE, assert_plain, said, signed_in
from tablemend.bench.generate import faulty_csv
from tablemend.errors import Forbidden, StateError
from tablemend.web.address import parse
from tablemend.web.pages.review import acting, predicting
from tablemend.web.pages.review.callbacks import shown
from tablemend.web.pages.review.layout import layout
from tablemend.web.site import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    where = tmp_path_factory.mktemp("review")
    (where / "odd.csv").write_text(HOSTILE, encoding="utf-8")
    with tm.open(where / "data", user="owner") as ws:
        ws.scan(where / "odd.csv")
        ws.scan(faulty_csv(where / "orders.csv", 400))
        yield Site(ws)


def ids(site: Site) -> list[str]:
    return [each.id for each in site.base.items() if each.decision == "open"]


def asked(site: Site, verb: str, *items: str, **more: object) -> dict[str, object]:
    return {"verb": verb, "run": site.base.run().id, "ids": list(items), "at": 1, **more}


def test_nothing_scanned_says_how_to_begin(tmp_path: Path) -> None:
    with tm.open(tmp_path / "data") as ws, signed_in():
        assert "nothing to review" in said(layout(Site(ws), parse("/review")))


def test_the_newest_run_is_shown_with_its_score(site: Site) -> None:
    with signed_in():
        page = layout(site, parse("/review"))
    assert_plain(page)
    assert "orders" in said(page)
    assert f"run {site.base.run().id}" in said(page)


def test_an_item_in_detail_is_plain_text(site: Site) -> None:
    odd = next(run for run in site.base.reviewable() if site.base.store.datasets.get(run.dataset).name == "odd")
    with signed_in():
        for item in site.base.items(odd.id):
            page = shown(site, odd.id, item.id)
            assert_plain(page)
            assert item.title in said(page)


@pytest.mark.parametrize(
    ("role", "verb"),
    [("viewer", "reject"), ("viewer", "reopen"), ("reviewer", "approve"), ("reviewer", "approve_apply"),
     ("reviewer", "apply"), ("reviewer", "undo")],
)  # fmt: skip
def test_a_role_that_may_not_is_refused_and_nothing_is_decided(site: Site, role: str, verb: str) -> None:
    one = ids(site)[0]
    with signed_in(role), pytest.raises(Forbidden):
        acting.act(site, asked(site, verb, one))
    assert site.base.store.items.get(one).decision == "open"
    assert site.base.jobs.recent() == []


def test_what_is_nothing_to_do_here_is_refused(site: Site) -> None:
    with signed_in(), pytest.raises(StateError):
        acting.act(site, asked(site, "heal"))


def test_what_was_decided_in_the_meantime_stands(site: Site) -> None:
    one, other = ids(site)[:2]
    site.base.signed("bea").reject(ids=(one,))
    with signed_in(name="ann"):
        done = acting.act(site, asked(site, "approve", one, other, seen={one: "open", other: "open"}, force=True))
        assert "bea rejected it in the meantime" in said(done.notices[0]["message"])
        assert done.notices[0]["title"] == "1 approved"
        acting.act(site, asked(site, "reopen", one, other))
    assert {site.base.store.items.get(each).decision for each in (one, other)} == {"open"}


def test_the_predicted_score_is_that_of_the_apply(tmp_path: Path) -> None:
    with tm.open(tmp_path / "data", user="owner") as ws:
        run = ws.scan(faulty_csv(tmp_path / "orders.csv", 400)).run
        chosen = [each.id for each in ws.items(run)[:5]]
        ws.approve(run, ids=tuple(each.id for each in ws.items(run)[5:7]), force=True)
        told = said(predicting.predicted(ws, run, chosen))
        ws.approve(run, ids=tuple(chosen), force=True)
        applied = ws.apply(run)
        assert applied.after is not None
        assert f"{applied.after.overall:.1f}" in told
        assert "with the 2 approved before" in told
        assert f"{applied.change_set.cells:,} cells change" in told
