"""The page Conflicts without a browser: what it shows, what may be asked of it, and by whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import tablemend as tm
from pages_helpers import assert_plain, ids, links, said, signed_in
from tablemend.errors import Forbidden, NotFound, StateError
from tablemend.web.address import parse
from tablemend.web.doing import Asked, carry_out
from tablemend.web.pages.conflicts import acting, drawings
from tablemend.web.pages.conflicts.callbacks import ACTIONS, shown
from tablemend.web.pages.conflicts.layout import draw, layout
from tablemend.web.pages.runs import one
from tablemend.web.site import Site

SECRET = "a secret of sixteen signs"


def settings(folder: Path, secret: str = SECRET) -> dict[str, Any]:
    address = f"sqlite:///{folder}/care.db"
    jobs = {"home": {"source": f"{address}#visits", "to": f"{address}?mode=rwc#conflict"}}
    return {"conflicts_secret": secret, "conflicts_jobs": jobs}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("conflicts")
    with tm.open(where / "data", user="owner", **settings(where)) as ws:
        ws.conflicts.example(f"sqlite:///{where}/care.db?mode=rwc#visits", rows=600)
        ws.conflicts.run("home", dry_run=True)
        ws.conflicts.run("home")
    return where


@pytest.fixture
def site(folder: Path) -> Iterator[Site]:
    with tm.open(folder / "data", **settings(folder)) as ws, signed_in():
        yield Site(ws)


def asked(site: Site, verb: str, **more: Any) -> dict[str, Any]:
    del site
    return {"verb": verb, "job": "home", "at": 1, **more}


def test_no_job_says_how_one_is_made(tmp_path: Path) -> None:
    with tm.open(tmp_path / "data") as ws, signed_in():
        page = layout(Site(ws), parse("/conflicts"))
    assert_plain(page)
    assert "No job yet" in said(page)
    assert "conflicts_jobs.home" in said(page)


def test_a_job_without_a_secret_is_shown_and_cannot_run(folder: Path) -> None:
    with tm.open(folder / "data", **settings(folder, secret="")) as ws, signed_in():
        page = draw(Site(ws), parse("/conflicts/home", "?part=run"))
    assert "there is no secret" in said(page)


def test_every_part_is_plain_and_names_no_password(site: Site) -> None:
    for search in (
        "",
        "?part=run",
        "?part=what-if",
        "?part=quality",
        f"?part=run&run={site.base.conflicts.report().run}",
    ):
        page = draw(site, parse("/conflicts/home", search))
        assert_plain(page)
        assert "Home-care visits" in said(page)
    assert "conflicts-grid" in ids(draw(site, parse("/conflicts")))
    with pytest.raises(NotFound, match="no job 'away'"):
        draw(site, parse("/conflicts/away"))


def test_a_dry_run_tells_what_it_would_write_and_cannot_be_undone(site: Site) -> None:
    wet, dry = site.base.conflicts.runs("home")[-2:]
    assert (wet.dry, dry.dry) == (False, True)
    page = draw(site, parse("/conflicts/home", f"?part=run&run={dry.run.id}"))
    assert f"Dry run {dry.run.id}" in said(page)
    assert f"Undo {wet.run.id}" in said(page)
    assert f"Undo {dry.run.id}" not in said(page)
    assert f"/conflicts/home?part=run&run={dry.run.id}" in links(one.draw(site, dry.run.id))


def test_a_conflict_in_detail_is_told_in_words_and_drawn(site: Site) -> None:
    rows = site.base.conflicts.page("home", flags=("too_far_to_travel",)).rows
    page = shown(site, "home", rows[0]["conflict"])
    assert_plain(page)
    assert "miles an hour take" in said(page)
    assert "History (" in said(page)
    (overlapping, *_) = site.base.conflicts.page("home", flags=("visit_overlaps_visit",)).rows
    assert "in common" in said(shown(site, "home", overlapping["conflict"]))


def test_an_interval_without_an_end_is_not_drawn_and_one_past_midnight_names_its_day() -> None:
    row: dict[str, Any] = {"id_a": "1", "id_b": "2", "overlap_minutes": None, "gap_minutes": None, "miles": None}
    times = {"start_a": datetime.fromisoformat("2026-11-02T22:00"), "end_a": datetime.fromisoformat("2026-11-03T01:00")}
    row |= times | {"start_b": datetime.fromisoformat("2026-11-02T23:00"), "end_b": None}
    assert drawings.timeline(row) is drawings.way(row) is None
    assert "2026-11-03 01:00" in said(drawings.timeline(row | {"end_b": datetime.fromisoformat("2026-11-02T23:30")}))


def test_decisions_are_taken_back_by_who_took_them(site: Site) -> None:
    first, second, *_ = (each["conflict"] for each in site.base.conflicts.list("home", status=("N",)))
    with signed_in("reviewer", name="rae"):
        done = acting.act(site, asked(site, "ignore", ids=[first], seen={first: "N"}))
        late = acting.act(site, asked(site, "work", ids=[first, second], seen={first: "N", second: "N"}))
        assert "1 in work" in str(late.notices)
        assert "1 not: somebody set it to ignored meanwhile." in said(late.notices[0]["message"])
        with pytest.raises(Forbidden, match="approve"):
            acting.act(site, asked(site, "delete", ids=[second]))
        assert acting.act(site, asked(site, "undo", run=done.run)).job
    with signed_in("reviewer", name="sam"), pytest.raises(Forbidden, match="apply"):
        acting.act(site, asked(site, "undo", run=done.run))
    with signed_in("viewer", name="vic"), pytest.raises(Forbidden, match="decide"):
        acting.act(site, asked(site, "work", ids=[second]))


def test_all_that_match_are_those_that_the_conditions_mean(site: Site) -> None:
    flag = "same_visit_time"
    wanted = site.base.conflicts.page("home", flags=(flag,), status=("N",)).total
    given = {"everything": True, "filter": {"flag": [flag], "status": ["N"]}}
    assert f"{wanted} in work" in str(acting.act(site, asked(site, "work", **given)).notices)
    for wrong in ({}, {"everything": True, "filter": {"colour": "red"}}):
        with pytest.raises(StateError):
            acting.act(site, asked(site, "work", **wrong))
    with pytest.raises(StateError, match="nothing that can be done"):
        acting.act(site, asked(site, "explode", ids=["x"]))


def test_running_takes_the_right_to_write(site: Site) -> None:
    fields = {"job": "home"}
    with signed_in("reviewer", name="rae"), pytest.raises(Forbidden, match="apply"):
        carry_out(site, ACTIONS, "run", Asked(fields=fields))
    with signed_in("viewer", name="vic"):
        for verb in ("dry", "what-if"):
            with pytest.raises(Forbidden, match="scan"):
                carry_out(site, ACTIONS, verb, Asked(fields=fields))
        page = draw(site, parse("/conflicts/home"))
    assert "takes the role reviewer" in said(page)
