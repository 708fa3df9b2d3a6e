"""Reading stories: every entry is accepted or rejected with its reason, and nothing else is taken for a source."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_helpers import write
from intel_helpers import entry, lines
from tablemend.errors import LimitExceeded, SourceError, SourceNotFound, UnreadableSource
from tablemend.intel import entries, rows
from tablemend.intel.decoding import decoded, twice
from tablemend.intel.reading import collect
from tablemend.intel.story import Collected, Rejection, Story
from tablemend.review.scorecard import COLUMNS_OF_STORIES
from tablemend.tables.limits import Limits


def reasons(found: Collected) -> list[str]:
    return [f"{each.place}: {each.reason}" for each in found.rejected]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"title": "  "}, "its title is empty"),
        ({"scroes": {}}, "unknown field `scroes`"),
        ({"published": ""}, "'' is no date"),
        ({"published": "yesterday"}, "no date of ISO 8601 or RFC 822"),
        ({"scores": {"impact": "high"}}, 'the part impact is "high"; a score is a number'),
        ({"scores": {"impact": True}}, "the part impact is true; a score is a number"),
        ({"flags": ["hot", " "]}, "flag 2 is blank"),
        ({"tactics": [""]}, "tactic 1 is blank"),
        ({"title": "a\0b"}, "title holds the hidden character U+0000"),
        ({"summary": "a\x1b[31mb"}, "summary holds the hidden character U+001B"),
        ({"title": "a\x85b"}, "title holds the hidden character U+0085"),
        ({"angle": "a\u202eb"}, "angle holds the hidden character U+202E"),
        ({"id": "a\u2066b"}, "id holds the hidden character U+2066"),
        ({"flags": ["a\u2069"]}, "flags holds the hidden character U+2069"),
        ({"claims": ["a", {"id": "c", "text": "\u200b\ufeff"}]}, "claim 2 holds nothing but invisible characters"),
        ({"title": "\u200b\u3164 \u2800"}, "title holds nothing but invisible characters"),
        ({"evidence": [{"quote": "a\x07"}]}, "evidence 1 holds the hidden character U+0007"),
        ({"scores": {"im\0pact": 1}}, "scores holds the hidden character U+0000"),
        ({"summary": "x" * 131_073}, "summary has 131,073 characters; a field holds at most 131,072"),
        ({"url": "see below"}, "no address of the web"),
        ({"evidence": [{"claims": ["c9"], "quote": "x"}]}, "names the claim 'c9'; there is c1"),
        ({"claims": [], "evidence": [{"claims": ["c9"], "quote": "x"}]}, "there are no claims"),
        ({"evidence": [{"kind": "maybe", "quote": "x"}]}, "maybe"),
        ({"evidence": [{"kind": "support"}]}, "neither url nor quote"),
        ({"evidence": [{"id": "story:a", "quote": "x"}]}, "kept for the stories themselves"),
        ({"evidence": [{"id": 1, "quote": "x"}, {"id": 1, "quote": "y"}]}, "'1' stands twice"),
        ({"evidence": [{"quote": "x", "date": "12/13/2026"}]}, "no date"),
        ({"claims": ["a", ""]}, "claim 2 is empty"),
        ({"claims": [{"id": "c", "text": "a"}, {"id": "c", "text": "b"}]}, "claim 'c' stands twice"),
    ],
)
def test_what_is_malformed_is_rejected_with_its_reason(fields: dict[str, object], reason: str) -> None:
    found = entries.story(entry() | fields, "line 1")
    assert isinstance(found, Rejection)
    assert reason in found.reason


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-03", datetime(2026, 11, 3, tzinfo=UTC)),
        ("2026-11-03T10:00Z", datetime(2026, 11, 3, 10, tzinfo=UTC)),
        ("2026-11-03T10:00+02:00", datetime(2026, 11, 3, 8, tzinfo=UTC)),
        ("Tue, 03 Nov 2026 10:00:00 +0100", datetime(2026, 11, 3, 9, tzinfo=UTC)),
        ("Tue, 03 Nov 2026 10:00:00 -0000", datetime(2026, 11, 3, 10, tzinfo=UTC)),
    ],
)
def test_dates_come_in_two_standards(text: str, moment: datetime) -> None:
    found = entries.story(entry(published=text), "line 1")
    assert isinstance(found, Story)
    assert found.published == moment


def test_an_id_is_given_or_the_address_or_the_title(tmp_path: Path) -> None:
    found = collect(
        lines(
            tmp_path,
            {"title": "A", "id": 7},
            {"title": "A", "url": "HTTPS://www.A.example/x/?utm_source=b#c"},
            {"title": "A"},
            {"title": "a "},
        )
    )
    assert [each.id for each in found.stories][:2] == ["7", "a.example/x"]
    assert reasons(found) == [f"line 4: the id {found.stories[2].id} stands in line 3 already"]


def test_what_is_nested_too_deep_is_rejected(tmp_path: Path) -> None:
    assert reasons(collect(lines(tmp_path, entry(), "[" * 100_000))) == [
        "line 2: not valid JSON: it is nested too deep"
    ]


def test_byte_order_marks_and_line_ends_are_no_matter(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_bytes('\ufeffid,title\r\n1,a\r\n2,"b\r\nc"\r\n'.encode())
    assert [each.title for each in collect(path).stories] == ["a", "b c"]


def test_of_doubled_ids_the_later_is_rejected(tmp_path: Path) -> None:
    found = collect(lines(tmp_path, entry("a"), "", entry("a", title="B"), "{oops", "[1]", '"text"'))
    assert [each.title for each in found.stories] == ["Title a"]
    assert [each.place for each in found.rejected] == ["line 3", "line 4", "line 5", "line 6"]
    assert "not valid JSON" in found.rejected[1].reason
    assert found.read == 5


@pytest.mark.parametrize("wrap", [lambda e: e, lambda e: {"items": e}, lambda e: {"n": 1, "results": e}])
def test_json_is_a_list_or_holds_one(tmp_path: Path, wrap: object) -> None:
    assert callable(wrap)
    path = write(tmp_path / "s.json", json.dumps(wrap([entry("a"), 5]), indent=1))
    found = collect(path)
    assert (found.kind, len(found.stories), len(found.rejected)) == ("json", 1, 1)


def test_json_lines_are_known_without_their_suffix(tmp_path: Path) -> None:
    assert collect(lines(tmp_path, entry("a"), entry("b"), name="s.json")).kind == "jsonl"
    assert len(collect(lines(tmp_path, entry("a"), name="s.txt")).stories) == 1


def test_csv_has_columns_for_parts_and_addresses(tmp_path: Path) -> None:
    text = (
        "ID;Title;published;flags;impact;virality;claims;evidence_urls;contradicting_urls\n"
        '1;"Two\nlines";2026-11-03;single_source hot;12,5;;They say|It is;https://a.gov/1 https://b.example/2;\n'
        "2;Fine;;;12.5;3;One;https://a.gov/1;https://c.example\n"
        "3;Short\n"
        '4;Open";x;;;;;;\n'
    )
    found = collect(write(tmp_path / "s.csv", text), parts=["impact", "virality"])
    assert reasons(found) == [
        "line 2: impact: '12,5' is no number",
        "line 5: it has 2 cells, and the header 9",
        "line 6: 'x' is no date of ISO 8601 or RFC 822",
    ]
    fine = found.stories[0]
    assert fine.scores == {"impact": 12.5, "virality": 3}
    assert [(each.kind, each.source, each.claims) for each in fine.evidence] == [
        ("support", "https://a.gov/1", ("c1",)),
        ("contradict", "https://c.example", ("c1",)),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title,titel\na,b\n", "'titel' is not known; known are id, title"),
        ("title,title\na,b\n", "stands twice"),
        ("hello world\nhow are you\n", "no feed, no JSON, and no CSV"),
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("{\n  broken", "not valid JSON"),
        ('{"a": 1}', "no list of stories"),
        ("3", "no feed, no JSON"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_what_is_no_source_of_stories_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UnreadableSource, match=said) as caught:
        collect(write(tmp_path / "source", text))
    assert caught.value.hint


def test_missing_files_tables_and_too_much_are_errors(tmp_path: Path) -> None:
    with pytest.raises(SourceNotFound):
        collect(tmp_path / "nothing.jsonl")
    with pytest.raises(UnreadableSource, match="holds no stories"):
        collect(write(tmp_path / "t.parquet", "PAR1"))
    with pytest.raises(LimitExceeded):
        collect(lines(tmp_path, entry("a"), entry("b")), limits=Limits(max_rows=1))
    with pytest.raises(LimitExceeded):
        collect(lines(tmp_path, entry("a")), limits=Limits(max_bytes=10))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "[]"),
        ("a.json", '{"items": []}'),
        ("a.json", '{"version": "https://jsonfeed.org/version/1.1", "items": []}'),
        ("a.csv", "id,title\n"),
        ("a.csv", "id,title\n,\n"),
        ("a.rss", "<rss version='2.0'><channel/></rss>"),
        ("a.atom", "<feed xmlns='http://www.w3.org/2005/Atom'/>"),
    ],
)
def test_a_source_without_entries_is_an_error(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(UnreadableSource, match="holds no stories"):
        collect(write(tmp_path / name, text))


@pytest.mark.parametrize("deep", ["[" * 200_000, '{"a":' * 100_000, '{"title":' * 100_000 + "1" + "}" * 100_000])
def test_what_is_nested_too_deep_is_an_error_and_in_json_lines_one_rejection(tmp_path: Path, deep: str) -> None:
    with pytest.raises(UnreadableSource, match="nested too deep"):
        collect(write(tmp_path / "a.json", deep))
    found = collect(lines(tmp_path, deep, entry("a")))
    assert reasons(found) == ["line 1: not valid JSON: it is nested too deep"]
    assert [each.id for each in found.stories] == ["a"]


def test_a_key_that_stands_twice_is_a_rejection(tmp_path: Path) -> None:
    fine, twice = json.dumps(entry("a")), '{"title": "x", "scores": {"impact": 1, "impact": 2}}'
    said = "the key 'impact' stands twice in one object"
    assert reasons(collect(lines(tmp_path, fine, twice))) == [f"line 2: {said}"]
    assert reasons(collect(write(tmp_path / "a.json", f"[{fine}, {twice}]"))) == [f"entry 2: {said}"]
    feed = '{"version": "https://jsonfeed.org/version/1.1", "items": [%s, {"title": "x", "id": 1, "id": 2}]}'
    found = collect(write(tmp_path / "b.json", feed % fine))
    assert reasons(found) == ["entry 2: the key 'id' stands twice in one object"]
    inner = '{"title": "x", "claims": [{"text": "a", "text": "b"}]}'
    wrapped = write(tmp_path / "d.json", f'{{"about": {{"": 1, "": 2}}, "items": [{fine}, {inner}]}}')
    assert reasons(collect(wrapped)) == ["entry 2: the key 'text' stands twice in one object"]
    with pytest.raises(UnreadableSource, match="the key 'items' stands twice"):
        collect(write(tmp_path / "c.json", f'{{"items": [{fine}], "items": []}}'))


_KEYS = st.text(alphabet='ab":\\ é', max_size=3)
_PAIRS = st.lists(st.tuples(_KEYS, st.text(alphabet='ab":\\ é', max_size=4)), max_size=4)


@given(_PAIRS, st.sampled_from([":", ": ", " :"]), st.booleans())
def test_a_key_is_found_to_stand_twice_however_it_is_written(
    pairs: list[tuple[str, str]], colon: str, ascii_only: bool
) -> None:
    def written(value: str) -> str:
        return json.dumps(value, ensure_ascii=ascii_only)

    text = "[{" + ",".join(f"{written(key)}{colon}{written(value)}" for key, value in pairs) + "}]"
    (found,) = decoded(text)
    names = [key for key, _ in pairs]
    assert found == dict(pairs)
    assert (twice(found) is not None) == (len(set(names)) < len(names))
    assert twice(found) is None or names.count(twice(found)) > 1


def test_a_rejection_shows_what_cannot_be_seen(tmp_path: Path) -> None:
    (found,) = collect(lines(tmp_path, {"id": "\x1b[2J", "title": "x", "\u202eodd": 1})).rejected
    assert (found.story, "\\u202eodd" in found.reason) == ("\\u001b[2J", True)


def test_tabs_and_line_ends_are_white_space(tmp_path: Path) -> None:
    (found,) = collect(lines(tmp_path, entry(title="a\tb\r\nc\u200bd"))).stories
    assert found.title == "a b c\u200bd"


def test_a_long_cell_of_csv_is_a_rejection(tmp_path: Path) -> None:
    found = collect(write(tmp_path / "a.csv", "title\nfine\n" + "x" * 131_073 + "\nalso\n"))
    assert reasons(found) == ["line 3: a cell has more than 131,072 characters"]
    assert [each.title for each in found.stories] == ["fine", "also"]


def test_a_column_may_be_written_in_another_case_than_its_part(tmp_path: Path) -> None:
    found = collect(write(tmp_path / "a.csv", "Title,IMPACT\nfine,3\n"), parts=["Impact"])
    assert found.stories[0].scores == {"Impact": 3.0}


def test_a_name_of_the_source_is_put_before_every_id(tmp_path: Path) -> None:
    found = collect(lines(tmp_path, entry("1"), entry("1")), source_name="desk")
    assert [each.id for each in found.stories] == ["desk:1"]
    assert reasons(found) == ["line 2: the id 1 stands in line 1 already"]


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = st.sampled_from(["id", "title", "url", "published", "scores", "flags", "claims", "evidence", "other"])


@given(st.lists(st.dictionaries(_FIELDS, _VALUES, max_size=5) | _VALUES, max_size=8))
def test_every_entry_is_accepted_or_rejected(tmp_path_factory: pytest.TempPathFactory, found: list[object]) -> None:
    folder = tmp_path_factory.mktemp("any")
    text = "".join(json.dumps(each) + "\n" for each in [entry(), *found])
    read = collect(write(folder / "s.jsonl", text))
    assert read.read == len(found) + 1
    assert all(each.reason for each in read.rejected)


@given(st.text(max_size=200))
def test_any_text_is_stories_or_a_clear_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("any") / "s"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        read = collect(path)
    except SourceError as problem:
        if not problem.hint:
            raise
    else:
        assert read.read == len(read.stories) + len(read.rejected)


def test_no_part_of_a_scorecard_is_called_like_a_column() -> None:
    assert tuple(rows.COLUMNS) == COLUMNS_OF_STORIES
