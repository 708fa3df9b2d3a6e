"""The brief: each event once by band, with everything that speaks for and against it, in four formats."""

import csv
import io
import json
import math
from html.parser import HTMLParser
from pathlib import Path

import pytest

from core_helpers import workspace
from intel_helpers import entry, score
from intel_reports import SAME
from tablemend.errors import NothingAccepted, OutputError, SettingsError
from tablemend.intel.brief import Brief
from tablemend.intel.brief_format import render, write

HIGH = {"impact": 25, "timeliness": 20, "virality": 14, "relevance": 25, "confidence": 10}
LOW = {"impact": 5, "timeliness": 5, "virality": 5, "relevance": 5, "confidence": 4}
HOSTILE = "<script>alert(1)</script> | [x](javascript:y) & `z`"
TITLES = {name: report for name, (report, _) in zip("abcd", SAME, strict=False)}


def made(folder: Path, *, days: float | None = None) -> Brief:
    """Two reports of one event in two bands, a lower and a blocked story, one that a person rejected, and a fault."""
    told = {name: {"title": title, "summary": summary} for name, (title, summary) in TITLES.items()}
    twin = dict(zip(("title", "summary"), SAME[0][1], strict=True))
    with workspace(folder) as ws:
        run = score(
            ws,
            folder,
            entry("a", **told["a"], scores=HIGH, evidence=[{"url": "https://x.gov.example/1", "date": "2026-11-15"}]),
            entry("a2", **twin),
            entry("b", **told["b"], scores=LOW),
            entry("c", **told["c"], tactics=["fear mongering"]),
            entry("d", **told["d"], scores=HIGH, published="2026-11-01"),
            entry("e", title="=HYPERLINK(1)", summary=HOSTILE, claims=[HOSTILE], scores=HIGH),
            entry("f", title="Somebody rejects this"),
            "{oops",
        )
        rejected = next(each for each in run.items if each.title == "Somebody rejects this")
        ws.reject(run.run, ids=[rejected.id], reason="Old")
        return ws.brief(run.run, days=days)


def test_counts_add_up_and_each_story_stands_once(tmp_path: Path) -> None:
    brief = made(tmp_path)
    assert brief.counts == {
        "in_bands": 4, "below": 1, "blocked": 1, "rejected_by_people": 1, "before_the_period": 0,
        "undated": 0, "rejected_entries": 1,
    }  # fmt: skip
    assert brief.read == 8
    told = [each for section in brief.sections for event in section.events for each in event.told]
    told += [*brief.below, *brief.blocked]
    assert len(told) == len({each.id for each in told}) == 6
    assert [section.stories for section in brief.sections] == [4, 0, 0]


def test_an_event_is_told_by_its_strongest_story_with_the_others_beneath(tmp_path: Path) -> None:
    must = made(tmp_path).sections[0]
    assert must.band == "must-cover"
    event = next(each for each in must.events if each.others)
    assert (event.lead.title, [each.title for each in event.others]) == (TITLES["a"][0], [SAME[0][1][0]])
    assert event.others[0].band == "optional"


def test_a_period_leaves_out_and_counts_what_is_older(tmp_path: Path) -> None:
    brief = made(tmp_path, days=7)
    assert (brief.counts["before_the_period"], brief.counts["in_bands"], brief.read) == (1, 3, 8)
    with pytest.raises(SettingsError, match="holds nothing"), workspace(tmp_path) as ws:
        ws.brief(days=0)


def test_an_approval_by_a_person_goes_before_the_block(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        run = score(ws, tmp_path, entry(scores=HIGH, tactics=["fear mongering"]))
        assert len(ws.brief().blocked) == 1
        ws.approve(run.run, ids=[run.items[0].id], force=True, reason="It is a quote")
        brief = ws.brief()
    assert brief.counts["in_bands"] == 1
    assert "approved by ann (It is a quote)" in render(brief, "md")


def test_markdown_tells_claims_sources_notes_and_reasons(tmp_path: Path) -> None:
    text = render(made(tmp_path), "md")
    assert "# Tern Coffee: brief of 16 November 2026" in text
    assert "- Claim: Claim a\n" in text
    assert "- Sources: 3 independent of 3 supporting, 0 against" in text
    assert "[x.gov.example, tier A, 2026-11-15](<https://x.gov.example/1>)" in text
    assert "- Note: Single source: confidence −1, virality −2" in text
    assert "approved by gate intel" in text
    assert "## Blocked\n" in text
    assert "## Below every band\n" in text
    assert "- line 8: not valid JSON" in text


def test_markdown_takes_nothing_that_was_read_for_a_sign(tmp_path: Path) -> None:
    text = render(made(tmp_path), "md")
    assert "<script" not in text.replace("\\<script", "")
    assert "[x](" not in text.replace("\\[x\\](", "")


class Page(HTMLParser):
    """Tags and links of a page, and whether every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_escaped_and_needs_nothing_else(tmp_path: Path) -> None:
    text = render(made(tmp_path), "html")
    page = Page(text)
    assert page.open == []
    assert not {"script", "img", "link", "iframe"} & set(page.tags)
    assert all(each.startswith("https://") for each in page.links)
    assert "color-scheme:light dark" in text
    assert "&lt;script&gt;" in text


def test_json_holds_the_whole_brief(tmp_path: Path) -> None:
    found = json.loads(render(made(tmp_path), "json"))
    assert found["read"] == sum(found["counts"].values())
    lead = found["sections"][0]["events"][0]["lead"]
    assert {"title", "claims", "evidence", "notes", "decision", "why", "why_not"} <= lead.keys()


def test_csv_has_a_row_for_each_story_and_no_formula(tmp_path: Path) -> None:
    brief = made(tmp_path)
    rows = list(csv.DictReader(io.StringIO(render(brief, "csv"))))
    assert len(rows) == 7
    assert [(each["decision"], each["reason"]) for each in rows if each["place"] == "rejected"] == [("rejected", "Old")]
    assert [each["place"] for each in rows].count("blocked") == 1
    assert "'=HYPERLINK(1)" in [each["title"] for each in rows]
    assert not any(value.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for value in row.values())


@pytest.mark.parametrize("kind", ["md", "html", "json", "csv"])
def test_a_brief_is_the_same_each_time_and_in_a_file(tmp_path: Path, kind: str) -> None:
    brief = made(tmp_path)
    text = render(brief, kind)
    assert write(brief, kind, tmp_path / "out").read_text(encoding="utf-8") == text
    with workspace(tmp_path) as ws:
        assert render(ws.brief(brief.run), kind) == text


def test_a_run_whose_every_entry_was_rejected_has_a_brief(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        with pytest.raises(NothingAccepted) as caught:
            score(ws, tmp_path, "{")
        for kind in ("md", "html", "json"):
            assert "not valid JSON" in render(ws.brief(caught.value.run), kind)


def test_what_has_no_date_is_counted_apart_and_left_out_of_a_period(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        score(ws, tmp_path, entry("a"), entry("b", published=None))
        brief = ws.brief(days=1)
        assert (brief.counts["undated"], brief.counts["in_bands"], brief.read) == (1, 1, 2)
        assert "1 without a date left out" in render(brief, "md")
        assert "Title b" not in render(brief, "html")
        assert (ws.brief().counts["undated"], ws.brief().counts["in_bands"]) == (0, 2)


@pytest.mark.parametrize("days", [0, -1, math.nan, math.inf, 1e308, 1e7])
def test_a_period_that_cannot_be_is_an_error(tmp_path: Path, days: float) -> None:
    with workspace(tmp_path) as ws:
        score(ws, tmp_path, entry())
        with pytest.raises(SettingsError):
            ws.brief(days=days)


def test_a_folder_is_no_file_for_a_brief(tmp_path: Path) -> None:
    for kind in ("md", "csv"):
        with pytest.raises(OutputError, match="is a folder"):
            write(made(tmp_path), kind, tmp_path)


def test_a_brief_writes_hidden_characters_out_and_says_how_to_decide(tmp_path: Path) -> None:
    with workspace(tmp_path) as ws:
        run = score(ws, tmp_path, entry(scores=HIGH | {"confidence": 4, "impact": 1}, tactics=["fear mongering"]))
        ws.approve(run.run, ids=[run.items[0].id], force=True, reason="a\x1b[2J\u202eb")
        for kind in ("md", "html", "json", "csv"):
            text = render(ws.brief(), kind)
            assert "\\u001b[2J\\u202eb" in text.replace("\\[", "[")
            assert not {"\x1b", "\u202e"} & set(text)
            assert kind in ("json", "csv") or f"tablemend reject ID --run {run.run}" in text
