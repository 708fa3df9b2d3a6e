"""The page Intelligence: runs, one run in its parts, and what may be scored from a browser."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import tablemend as tm
from intel_helpers import NOW, entry, lines
from pages_helpers import assert_plain, links, said, signed_in, walk
from tablemend.errors import Forbidden, NotFound, NothingAccepted, SourceNotFound, StateError
from tablemend.intel.example import generate
from tablemend.web.address import parse
from tablemend.web.doing import Asked, carry_out
from tablemend.web.pages.intelligence import scoring, stories
from tablemend.web.pages.intelligence.callbacks import ACTIONS
from tablemend.web.pages.intelligence.layout import OF_RUN, draw, layout, mark
from tablemend.web.pages.intelligence.subject import Subject
from tablemend.web.site import Site

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("intelligence")
    generate.write(where)
    odd = entry(
        "odd",
        title=HOSTILE,
        summary="[x](javascript:alert(1))",
        url="https://odd.example/1",
        claims=[{"id": "c1", "text": "=1+1 <b>bold</b>"}],
        evidence=[{"claims": ["c1"], "quote": HOSTILE, "url": "https://office.example/2", "kind": "contradict"}],
    )
    with tm.open(where / "data", user="ann") as ws:
        scorecard = where / "brand.toml"
        ws.score_intel(where / "stories.jsonl", scorecard=scorecard, now=generate.NOW)
        strict = where / "strict.toml"
        strict.write_text(scorecard.read_text().replace('"recall", "recalls", ', "").replace("from = 60", "from = 63"))
        ws.score_intel(where / "stories.jsonl", scorecard=strict, now=generate.NOW + timedelta(hours=5))
        ws.score_intel(lines(where, odd, entry("plain"), {"id": HOSTILE, "titel": "x"}, name="odd.jsonl"), now=NOW)
        ws.reject(ws.intel_run().id, ids=(_item(ws, "plain"),), reason="told on Friday")
        with pytest.raises(NothingAccepted):
            ws.score_intel(lines(where, {"titel": "x"}, name="bad.jsonl"), now=NOW)
    return where


def _item(ws: tm.Workspace, story: str) -> str:
    return next(each.id for each in ws.intel().items if each.body["story"]["id"] == story)


@pytest.fixture
def site(folder: Path) -> Iterator[Site]:
    with tm.open(folder / "data") as ws, signed_in():
        yield Site(ws)


def runs(site: Site) -> list[str]:
    """The oldest first: the example, again by a stricter scorecard, an odd one, one of rejected entries only."""
    return [each.id for each in site.workspace.runs(kind="intel")][::-1]


def subject(site: Site, run: str, search: str = "") -> Subject:
    return Subject(site, parse(f"/intelligence/{run}", search))


def page(site: Site, run: str, search: str = "") -> Any:
    return draw(site, parse(f"/intelligence/{run}", search))


@pytest.mark.parametrize("part", OF_RUN)
@pytest.mark.parametrize("number", range(4))
def test_every_part_of_every_run_takes_stories_for_text(site: Site, number: int, part: str) -> None:
    shown = page(site, runs(site)[number], f"?part={part}")
    assert_plain(shown)
    assert sum(each["type"] == "H1" for each in walk(shown)) == 1


@pytest.mark.parametrize("part", ["runs", "score", "nothing"])
def test_the_parts_of_the_page_take_sources_for_text(site: Site, part: str) -> None:
    shown = layout(site, parse("/intelligence", f"?part={part}"))
    assert_plain(shown)


def test_runs_are_listed_newest_first_with_what_came_of_them(site: Site) -> None:
    shown = draw(site, parse("/intelligence"))
    told = said(shown)
    assert [link for link in links(shown) if link.startswith("/intelligence/")] == [
        f"/intelligence/{run}" for run in reversed(runs(site))
    ]
    assert "brackenfold, gate intel 207 28 112 58 9 partial" in told
    assert "bad.jsonl" in told


def test_bands_count_the_stories_and_narrow_them(site: Site) -> None:
    run = runs(site)[0]
    found = site.workspace.intel(run)
    told = said(page(site, run))
    for name in ("must-cover", "optional", "watch"):
        number = sum(each.body["band"] == name for each in found.items)
        assert f"{name} {number}" in told
        assert len(subject(site, run, f"?band={name}").chosen) == number
    below = sum(not each.body["band"] for each in found.items)
    assert len(subject(site, run, "?below=yes").chosen) == below
    assert f"below every band {below}" in told


def test_each_event_stands_once_by_its_strongest_story(site: Site) -> None:
    about = subject(site, runs(site)[0])
    events = stories.grouped(about.chosen)
    assert sum(map(len, events)) == len(about.stories) == 198
    assert len(events) == 72
    totals = [event[0].told.total for event in events]
    assert totals == sorted(totals, reverse=True)
    assert all(event[0].told.total == max(each.told.total for each in event) for event in events)


def test_a_search_looks_through_claims_and_evidence_too(site: Site) -> None:
    about = subject(site, runs(site)[0], "?text=FOODOFFICE.gov")
    assert about.chosen
    assert all("foodoffice.gov" in str(each.item.evidence) for each in about.chosen)
    assert "No story matches" in said(page(site, runs(site)[0], "?text=zzzz"))


def test_days_are_counted_to_the_present_of_the_run(site: Site) -> None:
    about = subject(site, runs(site)[0], "?days=2")
    told = site.workspace.brief(about.id, days=2)
    assert len(about.chosen) == told.read - told.counts["before_the_period"] - told.counts["rejected_entries"]
    assert len(subject(site, runs(site)[0], "?days=nonsense").chosen) == 198


def test_a_story_tells_each_criterion_with_its_reason(site: Site) -> None:
    about = subject(site, runs(site)[0])
    one = about.stories[0]
    told = said(page(site, about.id, f"?story={one.item.id}"))
    for name, part in about.terms.scorecard.parts.items():
        assert f"{name} {one.told.scores[name]:g} of {part.maximum:g}".replace(" ", "") in told.replace(" ", "")
        assert one.body.derived.get(name, "given by the source") in told
    for claim in one.item.claims:
        assert claim.text in told
    for piece in one.item.evidence:
        assert piece.text in told
    for line in one.body.explanation:
        assert line in told
    assert "One event, 8 reports" in told
    assert f"/review/{about.id}?item={one.item.id}" in links(page(site, about.id, f"?story={one.item.id}"))


def test_what_a_person_decided_is_told_with_the_reason(site: Site) -> None:
    about = subject(site, runs(site)[2])
    one = next(each for each in about.stories if each.body.story.id == "plain")
    told = said(page(site, about.id, f"?story={one.item.id}"))
    assert "Rejected by ann: told on Friday" in told
    assert "Decisions (" in told


def test_what_contradicts_is_marked_and_linked(site: Site) -> None:
    about = subject(site, runs(site)[2])
    one = next(each for each in about.stories if each.body.story.id == "odd")
    shown = page(site, about.id, f"?story={one.item.id}")
    assert "contradicts" in said(shown)
    assert "https://office.example/2" in links(shown)


def test_a_long_list_comes_in_pages(site: Site) -> None:
    run = runs(site)[0]
    first, second = (said(page(site, run, f"?from={start}")) for start in (0, stories.SIZE))
    assert "events 1 to 25 of 72" in first
    assert "events 26 to 50 of 72" in second
    assert said(page(site, run, "?from=99999"))


def test_a_story_of_another_run_is_told_not_to_be_there(site: Site) -> None:
    assert "This story is not in the run" in said(page(site, runs(site)[0], "?story=i123"))


@pytest.mark.parametrize("run", ["nothing", "..%2F..", "%00", "<b>"])
def test_an_unknown_run_is_told_in_words(site: Site, run: str) -> None:
    with pytest.raises(NotFound, match="there is no run"):
        page(site, run)


def test_rejected_entries_tell_where_and_why(site: Site) -> None:
    told = said(page(site, runs(site)[0], "?part=rejected"))
    for each in site.workspace.intel(runs(site)[0]).rejected:
        assert each.place in told
        assert each.reason in told


def test_a_run_of_rejected_entries_only_tells_why(site: Site) -> None:
    assert "No story could be used" in said(page(site, runs(site)[3]))
    assert "unknown field" in said(page(site, runs(site)[3], "?part=rejected"))


def test_the_brief_names_its_files_for_the_same_days(site: Site) -> None:
    run = runs(site)[0]
    shown = page(site, run, "?part=brief&days=7")
    assert f"/api/v1/intel/brief?run={run}&days=7&format=html" in links(shown)
    assert "207 read:" in said(shown)


def test_runs_of_one_source_are_compared(site: Site) -> None:
    before, after, *_ = runs(site)
    found = site.workspace.compare_intel(before, after)
    told = said(page(site, after, "?part=compare"))
    assert f"{found.same:,} stories are the same" in told
    assert f"Changed {len(found.changed)}" in told
    settings = said(page(site, after, f"?part=compare&other={before}&what=settings"))
    assert "scorecard.bands.optional.from 60.0 → 63.0" in settings


def test_where_time_went_is_told_by_stage(site: Site) -> None:
    told = said(page(site, runs(site)[0], "?part=times"))
    for stage in ("read", "group", "score", "store"):
        assert stage in told


def test_nothing_scored_yet_says_what_stories_are(tmp_path: Path) -> None:
    with tm.open(tmp_path / "data") as ws:
        site = Site(ws)
        with signed_in():
            shown = draw(site, parse("/intelligence"))
            assert "A story is a report about a brand" in said(shown)
            assert "Try it on the example" in said(shown)
        with signed_in("viewer"):
            told = said(draw(site, parse("/intelligence")))
            assert "Try it on the example" not in told
            assert "takes the role reviewer" in told
            assert "takes the role reviewer" in said(draw(site, parse("/intelligence", "?part=score")))


def test_another_decision_changes_the_mark(folder: Path) -> None:
    with tm.open(folder / "data") as ws, signed_in():
        site = Site(ws)
        address = parse(f"/intelligence/{runs(site)[0]}")
        before, listed = mark(site, address), mark(site, parse("/intelligence"))
        one = next(each for each in ws.items(address.subject) if each.decision == "open")
        ws.reject(address.subject, ids=(one.id,))
        assert mark(site, address) != before
        ws.reopen(address.subject, ids=(one.id,))
        assert mark(site, parse("/intelligence")) == listed


def test_only_gates_for_stories_can_be_chosen(site: Site) -> None:
    shown = draw(site, parse("/intelligence", "?part=score"))
    (gate,) = [each["props"] for each in walk(shown) if each["props"].get("label") == "Gate"]
    assert [each["value"] for each in gate["data"]] == ["intel"]


@pytest.mark.parametrize(
    ("fields", "said_"),
    [({}, "no stories are named"), ({"upload": "u1", "source": "https://x.example"}, "both a file and an address")],
)
def test_one_source_must_be_named(site: Site, fields: dict[str, str], said_: str) -> None:
    before = len(site.base.jobs.recent())
    with pytest.raises(StateError, match=said_):
        carry_out(site, ACTIONS, "score", Asked(fields=fields))
    assert len(site.base.jobs.recent()) == before


def test_a_browser_names_no_file_of_the_server_and_no_card_that_is_none(site: Site) -> None:
    chosen = {"scorecard": "brand", "gate": "intel"}
    with signed_in("reviewer", via="password"):
        for asked in ({"source": "/etc/hosts"}, {"source": "file:///etc/hosts"}):
            with pytest.raises(SourceNotFound):
                carry_out(site, ACTIONS, "score", Asked(fields=chosen | asked))
        with pytest.raises(NotFound):
            carry_out(site, ACTIONS, "score", Asked(fields=chosen | {"upload": "../../etc"}))
        feed = {"source": "https://feed.example/1", "scorecard": "/etc/hosts"}
        with pytest.raises(NotFound):
            carry_out(site, ACTIONS, "score", Asked(fields=chosen | feed))
    assert site.base.jobs.recent() == []


@pytest.mark.parametrize("action", ["score", "score-example"])
def test_scoring_takes_a_right(site: Site, action: str) -> None:
    with signed_in("viewer"), pytest.raises(Forbidden):
        carry_out(site, ACTIONS, action, Asked(fields={"source": "https://feed.example/1"}))


def test_the_example_is_scored_as_of_its_own_present(tmp_path: Path) -> None:
    with tm.open(tmp_path / "data", user="owner") as ws, signed_in():
        site = Site(ws)
        job = scoring.example_job(site)
        result = ws.jobs.arguments(ws.jobs.get(job.id)).run(ws)
        assert (result["read"], result["counts"]["promote"]) == (207, 28)
        assert ws.intel(result["run"]).terms.now == generate.NOW
