"""Which stories report the same event."""

import json
import math
from collections import Counter
from datetime import timedelta
from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st

from intel_helpers import NOW, story
from intel_reports import DIFFERENT, SAME
from tablemend.intel.entries import story as read
from tablemend.intel.example.generate import stories
from tablemend.intel.example.lines import line
from tablemend.intel.grouping import THRESHOLD, WINDOW, Group, group
from tablemend.intel.story import Story
from tablemend.intel.union import Union
from tablemend.intel.wording import Index


def together(groups: list[Group]) -> set[frozenset[str]]:
    """The pairs of ids that are in one group."""
    return {frozenset(pair) for each in groups for pair in combinations([one.id for one in each.members], 2)}


def of(identity: str, report: tuple[str, str], **fields: float) -> Story:
    return Story(id=identity, title=report[0], summary=report[1], published=NOW - timedelta(**fields))


def test_the_example_is_grouped_by_its_events() -> None:
    for seed in (1, 2):
        told = stories(seed)
        made = [read(json.loads(line(each)), "line 1") for each in told]
        event = {each["id"]: each["event"] for each in told}
        wanted = {frozenset(pair) for pair in combinations(event, 2) if event[pair[0]] == event[pair[1]]}
        assert together(group([each for each in made if isinstance(each, Story)])) == wanted


def test_paraphrases_are_grouped_and_other_events_of_their_subject_are_not() -> None:
    made = [
        of(f"{kind}{n}{k}", report)
        for kind, pairs in (("same", SAME), ("different", DIFFERENT))
        for n, pair in enumerate(pairs)
        for k, report in enumerate(pair)
    ]
    pairs = together(group(made))
    assert all(frozenset((f"same{n}0", f"same{n}1")) in pairs for n in range(len(SAME)))
    assert not any(frozenset((f"different{n}0", f"different{n}1")) in pairs for n in range(len(DIFFERENT)))


def test_a_pair_alone_is_told_as_well_as_among_others() -> None:
    for one, other in SAME:
        assert len(group([of("a", one), of("b", other)])) == 1
        assert len(group([of("a", one), of("b", other), of("c", one), of("d", one)])) == 1
    for one, other in DIFFERENT:
        assert len(group([of("a", one), of("b", other)])) == 2


def test_one_address_is_one_event_whatever_the_words() -> None:
    one = story("a", "Rain falls on the town", url="https://www.a.example/1?utm_source=x")
    other = story("b", "Quite another headline here", url="http://a.example/1/", hours=9999)
    assert len(group([one, other])) == 1


def test_a_week_lies_between_reports_of_one_event_at_most() -> None:
    early, late = of("a", SAME[0][0], hours=WINDOW.total_seconds() / 3600), of("b", SAME[0][0])
    assert len(group([early, late])) == 1
    assert len(group([of("a", SAME[0][0], days=7, seconds=1), late])) == 2


def test_a_story_without_a_date_may_belong_to_any() -> None:
    undated = Story(id="u", title=SAME[0][1][0], summary=SAME[0][0][1])
    assert len(group([of("a", SAME[0][0], days=300), undated])) == 1


def test_short_headlines_alone_say_too_little() -> None:
    assert len(group([story("a", "Weekly news"), story("b", "Weekly news")])) == 2


def test_what_belongs_together_by_way_of_others_is_one_group() -> None:
    chain = [of(str(n), SAME[0][0], days=5 * n) for n in range(4)]
    found = group(chain)
    assert [each.id for each in found[0].members] == ["3", "2", "1", "0"]


_WORDS = st.lists(st.sampled_from(["red", "green", "blue", "cup", "bean", "port", "rain"]), min_size=0, max_size=9).map(
    " ".join
)
_STORIES = st.lists(
    st.tuples(_WORDS, _WORDS, st.none() | st.integers(0, 400), st.sampled_from(["", "https://a.example/1"])),
    max_size=12,
)


@given(_STORIES, st.randoms())
def test_the_order_of_the_stories_makes_no_difference(
    rows: list[tuple[str, str, int | None, str]], chance: object
) -> None:
    made = [story(str(n), t or "x", summary=s, hours=h, url=u) for n, (t, s, h, u) in enumerate(rows)]
    found = group(made)
    mixed = list(made)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert group(mixed) == found
    assert sorted(one.id for each in found for one in each.members) == sorted(each.id for each in made)


@given(st.lists(st.tuples(_WORDS, _WORDS), max_size=10, unique=True), st.sampled_from([0.1, THRESHOLD, 0.7, 0.95]))
def test_the_index_finds_exactly_the_pairs_that_all_pairs_find(texts: list[tuple[str, str]], threshold: float) -> None:
    index = Index(texts)
    for one in range(len(texts)):
        cosines = {other: cosine(texts, one, other) for other in range(one + 1, len(texts))}
        found = set(index.alike(one, threshold))
        assert {n for n, value in cosines.items() if value > threshold + 1e-9} <= found
        assert found <= {n for n, value in cosines.items() if value > threshold - 1e-9}


def cosine(texts: list[tuple[str, str]], one: int, other: int) -> float:
    """The plain formula; nothing for texts of fewer than four words."""
    counts = [Counter(title.split() * 2 + summary.split()) for title, summary in texts]
    spread = Counter(word for each in counts for word in each)
    rarity = {word: math.log(1 + (len(texts) + 30) / (n + 1)) for word, n in spread.items()}
    a, b = ({word: n * rarity[word] for word, n in counts[each].items()} for each in (one, other))
    if min(len(a), len(b)) < 4:
        return 0.0
    lengths = [math.sqrt(sum(value * value for value in each.values())) for each in (a, b)]
    return sum(value * b.get(word, 0.0) for word, value in a.items()) / (lengths[0] * lengths[1])


def test_many_copies_of_one_text_are_one_group() -> None:
    assert len(group([of(f"{n:05}", SAME[0][0], minutes=n / 10) for n in range(5000)])) == 1


@given(_STORIES)
def test_groups_are_those_that_comparing_every_pair_gives(rows: list[tuple[str, str, int | None, str]]) -> None:
    made = [story(str(n), t or "x", summary=s, hours=h, url=u) for n, (t, s, h, u) in enumerate(rows)]
    texts = sorted({(each.title, each.summary) for each in made})
    index = Index(texts)
    alike = {(one, other) for one in range(len(texts)) for other in index.alike(one, THRESHOLD)}
    alike |= {(one, one) for one in range(len(texts)) if index.comparable(one)}
    joined: Union[str] = Union()
    for one, other in product(made, made):
        pair = tuple(sorted(texts.index((each.title, each.summary)) for each in (one, other)))
        near = one.published is None or other.published is None or abs(one.published - other.published) <= WINDOW
        if one is other or (one.url and one.url == other.url) or (pair in alike and near):
            joined.join(one.id, other.id)
    assert {frozenset(each) for each in joined.groups()} == {
        frozenset(one.id for one in each.members) for each in group(made)
    }
