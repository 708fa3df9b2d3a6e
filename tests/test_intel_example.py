"""The shipped example, from file to brief."""

import re
from pathlib import Path

import pytest

from core_helpers import workspace
from intel_helpers import NOW
from tablemend.intel.example.generate import NOW as PRESENT
from tablemend.intel.example.generate import write
from tablemend.intel.reading import collect

RESERVED = re.compile(r"[a-z.]+\.example")


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    one, other, third = (write(tmp_path / name, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]
    assert one[0].read_bytes() != third[0].read_bytes()


def test_it_holds_every_kind_of_story_and_nine_faults(tmp_path: Path) -> None:
    assert PRESENT == NOW
    stories, card, rss, atom = write(tmp_path / "desk")
    with workspace(tmp_path) as ws:
        found = ws.score_intel(stories, scorecard=card, now=NOW)
        assert 190 <= len(found.items) <= 210
        assert found.counts["rejected"] == len(found.rejected) == 9
        assert len({each.reason.split("'")[0] for each in found.rejected}) == 9
        flags = {flag for each in found.items for flag in each.flags}
        assert flags == {
            "single_source", "contradicted", "suspected_brigading", "misinformation_risk", "forbidden_tactic",
            "always_cover",
        }  # fmt: skip
        assert {each.body["band"] for each in found.items} == {"must-cover", "optional", "watch", ""}
        assert all(found.counts.values())
        forbidden = [each for each in found.items if "forbidden_tactic" in each.flags]
        assert {each.decision for each in forbidden} == {"blocked"}
        assert {collect(path).kind for path in (rss, atom)} == {"rss", "atom"}
        feed = ws.score_intel(rss, scorecard=card, now=NOW)
        assert (feed.read, feed.counts["rejected"]) == (12, 0)
        same = ws.score_intel(atom, scorecard=card, now=NOW)
        assert [each.id for each in same.items] == [each.id for each in feed.items]


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_its_domains_are_reserved_names(tmp_path: Path, place: int) -> None:
    text = write(tmp_path)[place].read_text(encoding="utf-8")
    hosts = set(re.findall(r"https?://([^/\"<\s]+)", text)) - {"www.w3.org"}
    assert all(RESERVED.fullmatch(host) for host in hosts)
