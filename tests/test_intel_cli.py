"""Intelligence on the command line."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from intel_helpers import entry, lines

Call = Callable[..., tuple[int, str, str]]
NOW = ("--now", "2026-11-16T08:00Z")


def test_from_example_to_brief_and_comparison(call: Call, tmp_path: Path) -> None:
    assert call("intel", "example", "desk")[0] == 0
    given = ("intel", "score", "desk/stories.jsonl", "--scorecard", "desk/brand.toml", *NOW)
    code, out, _ = call(*given, "--json")
    first = json.loads(out)
    assert (code, sum(first["counts"].values()), len(first["rejected"])) == (1, first["read"], 9)
    code, out, err = call(*given)
    assert code == 1
    assert "Highest totals" in out
    assert f"{first['read']} read" in err
    second = err.rsplit("run ", 1)[1].strip()
    code, out, err = call("intel", "compare", first["run_id"], second)
    assert (code, out) == (0, "")
    assert "0 new, 0 gone, 0 changed (0 in band or outcome, 0 in title, 0 in decision), 198 the same" in err
    code, out, _ = call("intel", "compare", first["run_id"], second, "--json")
    assert (code, json.loads(out)["same"]) == (0, 198)
    for kind, begins in (("md", "# "), ("html", "<!DOCTYPE"), ("json", "{"), ("csv", "place,")):
        code, out, _ = call("intel", "brief", "--format", kind)
        assert code == 0
        assert out.startswith(begins)
    assert call("intel", "brief", second, "--format", "html", "-o", "b.html", "--days", "1")[0] == 0
    assert (tmp_path / "b.html").read_text(encoding="utf-8").startswith("<!DOCTYPE")


def test_exit_codes_tell_done_rejected_and_impossible(call: Call, tmp_path: Path) -> None:
    card = tmp_path / "desk" / "brand.toml"
    call("intel", "example", "desk")
    lines(tmp_path, entry("a"), name="fine.jsonl")
    lines(tmp_path, entry("a"), "{", name="some.jsonl")
    lines(tmp_path, "{", name="none.jsonl")
    (tmp_path / "page.html").write_text("<html>News</html>", encoding="utf-8")
    assert call("intel", "score", "fine.jsonl", "--scorecard", card, *NOW)[0] == 0
    assert call("intel", "score", "some.jsonl", "--scorecard", card, *NOW)[0] == 1
    for words, said in (
        (("page.html",), "HTML page"),
        (("nowhere.jsonl",), "does not exist"),
        (("fine.jsonl", "--now", "noon"), "--now: 'noon' is no date"),
        (("fine.jsonl", "--scorecard", "nothing"), "nothing"),
        (("fine.jsonl", "--gate", "nothing"), "nothing"),
    ):
        code, out, err = call("intel", "score", *words)
        assert (code, out) == (2, ""), words
        assert said in err
        assert err.count("\n") == 1


def test_where_every_entry_is_rejected_each_is_listed_before_the_error(call: Call, tmp_path: Path) -> None:
    lines(tmp_path, "{", {"id": 1}, name="none.jsonl")
    code, out, err = call("intel", "score", "none.jsonl")
    assert (code, out) == (2, "")
    assert [each.split(":")[0] for each in err.splitlines()][:3] == ["rejected line 1", "rejected line 2", "2 read"]
    assert err.splitlines()[-1].startswith("tablemend: each of the 2 entries of none.jsonl was rejected; line 1:")
    code, out, err = call("intel", "score", "none.jsonl", "--json")
    found = json.loads(out)
    assert (code, found["counts"]["rejected"], len(found["rejected"]), err.count("\n")) == (2, 2, 2, 1)
    run = json.loads(call("runs", "show", found["run_id"], "--json")[1])
    assert json.dumps(run).count('"failed"') == 1


def test_a_brief_that_cannot_be_is_one_line(call: Call, tmp_path: Path) -> None:
    lines(tmp_path, entry("a"), name="s.jsonl")
    assert call("intel", "score", "s.jsonl", *NOW, "--source", "desk")[0] == 0
    for words in (("--days", "1e308"), ("--days", "nan"), ("--days", "0"), ("-o", ".")):
        code, out, err = call("intel", "brief", *words)
        assert (code, out, err.count("\n")) == (2, "", 1), words


def test_a_brief_without_a_run_says_how_to_get_one(call: Call) -> None:
    code, _, err = call("intel", "brief")
    assert code == 2
    assert "tablemend" in err


def test_stories_may_come_by_standard_input(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = lines(tmp_path, entry("a"))
    with path.open("rb") as stream:
        monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": stream}))
        code, out, _ = call("intel", "score", "-", *NOW, "--json")
    assert (code, json.loads(out)["read"]) == (0, 1)


def test_decisions_are_taken_by_the_verbs_for_items(call: Call, tmp_path: Path) -> None:
    lines(tmp_path, entry("a"), name="s.jsonl")
    run = json.loads(call("intel", "score", "s.jsonl", *NOW, "--json")[1])
    item = run["items"][0]["id"]
    assert call("reject", item[:6], "--run", run["run_id"], "--reason", "Old news", "--by", "bea")[0] == 0
    again = json.loads(call("intel", "score", "s.jsonl", *NOW, "--json")[1])
    assert (again["items"][0]["decision"], again["items"][0]["decided_by"]) == ("rejected", "bea")
    code, out, _ = call("items", again["run_id"], "--id", item)
    assert code == 0
    assert "Old news" in out


def test_stories_are_listed_and_decided_on_by_what_they_say(call: Call) -> None:
    call("intel", "example", "desk")
    _, out, _ = call("intel", "score", "desk/stories.jsonl", "--scorecard", "desk/brand.toml", *NOW, "--json")
    run = json.loads(out)["run_id"]
    told = ("--text", "RECALL", "--flag", "always_cover", "--min-score", 70)
    _, out, _ = call("items", run, *told, "--json")
    found = json.loads(out)
    assert len(found) > 3
    _, out, _ = call("items", run, *told, "--limit", 2, "--offset", 1, "--json")
    assert json.loads(out) == found[1:3]
    code, _, err = call("reject", "--run", run, *told[:4], "--max-score", 100, "--reason", "known")
    assert (code, "rejected, 0 already so" in err) == (0, True)
    _, out, _ = call("items", run, "--decision", "rejected", "--json")
    assert {each["id"] for each in found} <= {each["id"] for each in json.loads(out)}


def test_stories_are_shown_by_what_they_have_and_nothing_that_nobody_gave(call: Call, tmp_path: Path) -> None:
    lines(tmp_path, entry("a"), name="s.jsonl")
    run = json.loads(call("intel", "score", "s.jsonl", *NOW, "--json")[1])
    (found,) = json.loads(call("items", run["run_id"], "--json")[1])
    assert found == run["items"][0]
    assert {"title", "total", "band", "url", "outcome", "flags", "parts"} <= found.keys()
    assert (found["title"], found["parts"]["impact"], found["url"]) == ("Title a", 20.0, "https://a.example/1")
    (full,) = json.loads(call("items", run["run_id"], "--id", found["id"], "--json")[1])
    assert found.items() <= full.items()
    assert (full["claims"][0]["text"], full["intel"]["story"]["title"]) == ("Claim a", "Title a")
    for shown in (found, full):
        assert not {"check", "cells", "confidence", "rows", "operation", "columns", "repair"} & shown.keys()
    out = call("items", run["run_id"], "--id", found["id"])[1]
    assert "https://a.example/1" in out
