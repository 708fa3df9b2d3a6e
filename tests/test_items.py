"""Items: seen again, decided, listed as each run saw them."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store_helpers import begin, claimed, decision, item
from tablemend.errors import NotFound, StateError
from tablemend.records import Claim, Evidence
from tablemend.store.filters import Filter
from tablemend.store.state import Store


def test_what_is_seen_again_unchanged_keeps_version_and_decision_and_links_both_runs(store: Store) -> None:
    first, second = begin(store), begin(store)
    store.items.put([claimed(1, first)])
    store.items.decide([decision("i0001", "rejected", reason="old news")])
    store.items.put([claimed(1, second)])
    for run in (first, second):
        (found,) = store.items.select(Filter(run=run))
        assert (found.version, found.decision, found.decided_by, found.stale) == (1, "rejected", "ann", False)
        assert found.run == run


def test_other_words_for_the_same_content_make_a_version_and_keep_the_decision(store: Store) -> None:
    first, second = begin(store), begin(store)
    store.items.put([item(1, first, confidence=0.9, title="old")])
    store.items.decide([decision("i0001")])
    store.items.put([item(1, second, confidence=0.4, title="new")])
    (then,), (now,) = store.items.select(Filter(run=first)), store.items.select(Filter(run=second))
    assert (then.version, then.confidence, then.title, then.decision) == (1, 0.9, "old", "approved")
    assert (now.version, now.confidence, now.title, now.decision) == (2, 0.4, "new", "approved")
    assert not then.stale
    assert [each.title for each in store.items.versions("i0001")] == ["old", "new"]


def test_other_content_is_open_and_the_log_keeps_every_decision(store: Store) -> None:
    first, second = begin(store), begin(store)
    store.items.put([item(1, first)])
    store.items.decide([decision("i0001")])
    store.items.put([item(1, second, content="other")])
    (then,), (now,) = store.items.select(Filter(run=first)), store.items.select(Filter(run=second))
    assert (now.version, now.decision, now.decided_by) == (2, "open", "")
    assert then.stale
    assert [(each.version, each.decision) for each in store.items.decisions("i0001")] == [(1, "approved")]


def test_a_decision_on_older_content_is_logged_and_changes_nothing(store: Store) -> None:
    run = begin(store)
    store.items.put([item(1, run)])
    store.items.put([item(1, run, content="other")])
    store.items.decide([decision("i0001", "approved", version=1)])
    assert store.items.get("i0001").decision == "open"
    assert len(store.items.decisions("i0001")) == 1


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (decision("i0001", "maybe"), "'maybe' is no decision"),
        (decision("i0009"), "version 1 of item 'i0009'"),
        (decision("i0001", version=7), "version 7"),
    ],
)
def test_a_decision_that_cannot_be_is_refused_with_all_beside_it(store: Store, made: object, message: str) -> None:
    run = begin(store)
    store.items.put([item(1, run), item(2, run)])
    with pytest.raises(StateError, match=message):
        store.items.decide([decision("i0002"), made])  # type: ignore[list-item]
    assert store.items.decisions("i0002") == []
    assert store.items.get("i0002").decision == "open"


def test_what_was_decided_comes_back_as_it_was_then(store: Store) -> None:
    first, second = begin(store), begin(store)
    store.items.put([item(1, first, title="then"), item(2, first), item(3, first, type="intel")])
    store.items.decide([decision("i0001", "rejected"), decision("i0003", gate=True, by="intel")])
    store.items.decide([decision("i0001", "approved")])
    store.items.put([item(1, second, title="now", content="other")])
    decided = [(each.id, each.title, made.decision, made.gate) for each, made in store.items.decided()]
    assert decided == [("i0003", "t", "approved", True), ("i0001", "then", "approved", False)]
    assert [each.id for each, _ in store.items.decided(type="repair")] == ["i0001"]


def test_evidence_must_speak_of_a_claim_of_its_item(store: Store) -> None:
    run = begin(store)
    loose = Evidence(id="e1", claims=("c2",))
    with pytest.raises(StateError, match="e1 of item i0001 speaks of c2"):
        store.items.put([item(2, run), item(1, run, claims=(Claim(id="c1", text="x"),), evidence=(loose,))])
    assert store.items.count(Filter()) == 0


def test_a_batch_belongs_to_one_run(store: Store) -> None:
    first, second = begin(store), begin(store)
    with pytest.raises(StateError, match="items of the runs"):
        store.items.put([item(1, first), item(2, second)])
    with pytest.raises(StateError, match="no run r-none"):
        store.items.put([item(1, "r-none")])


def test_pages_and_stream_give_all_in_order_once(store: Store) -> None:
    run, other = begin(store), begin(store)
    store.items.put([item(n, other) for n in range(50, 60)])
    store.items.put([item(n, run, check="typo" if n % 2 else "null") for n in range(25)])
    store.items.put([item(55, run)])
    everything = [each.id for each in store.items.select(Filter(run=run))]
    assert everything == [f"i{n:04}" for n in [*range(25), 55]]
    pages = [store.items.select(Filter(run=run), limit=7, offset=start) for start in range(0, 28, 7)]
    assert [each.id for page in pages for each in page] == everything
    assert [each.id for each in store.items.select(Filter(run=run), offset=20)] == everything[20:]
    for page in (1, 7, 26, 100):
        assert [each.id for each in store.items.stream(Filter(run=run), page=page)] == everything
    odd = [each.id for each in store.items.stream(Filter(run=run, check="null"), page=3)]
    assert odd == [f"i{n:04}" for n in range(0, 25, 2)]
    assert len(list(store.items.stream(Filter(), page=4))) == 35


def test_text_is_found_in_claims_and_evidence_whatever_the_case(store: Store) -> None:
    run = begin(store)
    store.items.put([claimed(1, run, title="STRASSE in Köln 100%"), claimed(2, run, summary="quiet_day")])

    def found(text: str) -> list[str]:
        return [each.id for each in store.items.select(Filter(run=run, text=text))]

    assert found("straße") == found("KÖLN") == found("100%") == ["i0001"]
    assert found("2 PERCENT") == found("quiet_") == ["i0002"]
    assert found("news.example") == ["i0001", "i0002"]
    assert found("title") == found("c1") == []


def test_scores_are_filtered_and_what_has_none_never_meets(store: Store) -> None:
    run = begin(store)
    store.items.put([item(1, run, scores={"total": 61.5}), item(2, run), item(3, run, scores={"total": 30.0})])
    assert [each.id for each in store.items.select(Filter(run=run, min_score=30.0))] == ["i0001", "i0003"]
    assert [each.id for each in store.items.select(Filter(run=run, max_score=60.0))] == ["i0003"]


def test_an_answer_that_was_kept_is_never_older_than_a_write(store: Store, where: str | Path) -> None:
    run = begin(store)
    store.items.put([item(1, run)])
    wanted = Filter(run=run)
    assert store.items.select(wanted) == store.items.select(wanted)
    assert store.database.reads.hits > 0
    with Store(where) as another:
        another.items.put([item(2, run)])
    assert len(store.items.select(wanted)) == store.items.count(wanted) == 2
    with store.transaction():
        store.items.decide([decision("i0001")])
        assert store.items.select(wanted)[0].decision == "approved"
    with pytest.raises(ZeroDivisionError):
        decide_and_fail(store, wanted)
    assert [each.decision for each in store.items.select(wanted)] == ["approved", "open"]


def decide_and_fail(store: Store, wanted: Filter) -> None:
    with store.transaction():
        store.items.decide([decision("i0002")])
        assert store.items.select(wanted)[1].decision == "approved"
        raise ZeroDivisionError


def test_a_list_handed_out_is_the_callers_own(store: Store) -> None:
    run = begin(store)
    store.items.put([item(1, run)])
    store.items.select(Filter(run=run)).clear()
    assert len(store.items.select(Filter(run=run))) == 1


def test_no_item_no_versions(store: Store) -> None:
    with pytest.raises(NotFound):
        store.items.versions("i0001")
    store.items.put([])


def test_content_that_comes_back_has_the_decision_that_was_taken_on_it(store: Store) -> None:
    for content, expected in (("a", "open"), ("b", "open"), ("a", "rejected"), ("b", "open")):
        store.items.put([item(1, begin(store), content=content)])
        assert store.items.get("i0001").decision == expected
        if store.items.get("i0001").version == 1:
            store.items.decide([decision("i0001", "rejected")])


STEPS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ab"), st.sampled_from("xyz")), max_size=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_versions_count_what_changed_and_decisions_follow_content(
    store: Store, steps: list[tuple[int, str, str]]
) -> None:
    """A model beside it: of each item the body and version, and of each content the decision."""
    bodies: dict[str, tuple[str, str]] = {}
    versions: dict[str, int] = {}
    decided: dict[tuple[str, str], str] = {}
    prefix = begin(store)
    for number, content, title in steps:
        identity = f"{prefix}-{number}"
        store.items.put([item(0, begin(store), id=identity, content=content, title=title)])
        versions[identity] = versions.get(identity, 0) + (bodies.get(identity) != (title, content))
        bodies[identity] = (title, content)
        if title == "x":
            store.items.decide([decision(identity, "approved", version=versions[identity])])
            decided[identity, content] = "approved"
    for identity, (title, content) in bodies.items():
        found = store.items.get(identity)
        expected = (versions[identity], title, content, decided.get((identity, content), "open"))
        assert (found.version, found.title, found.content, found.decision) == expected


def test_an_older_run_is_listed_and_filtered_as_it_was(store: Store) -> None:
    first, second = begin(store), begin(store)
    store.items.put([item(1, first, scores={"total": 60.0}, flags=("a",)), item(2, first, confidence=0.9)])
    store.items.decide([decision("i0001", "approved", gate=True, by="g")])
    store.items.put([item(1, second, scores={"total": 40.0}, confidence=0.5), item(2, second, confidence=0.1)])
    store.items.decide([decision("i0001", "blocked", version=2, gate=True, by="g")])

    def found(run: str, **conditions: object) -> list[str]:
        wanted = Filter(run=run, **conditions)  # type: ignore[arg-type]
        listed = [each.id for each in store.items.select(wanted)]
        assert listed == [each.id for each in store.items.stream(wanted, page=1)]
        assert len(listed) == store.items.count(wanted)
        return listed

    assert [each.decision for each in store.items.select(Filter(run=first))] == ["approved", "open"]
    assert [each.decision for each in store.items.select(Filter(run=second))] == ["blocked", "open"]
    assert found(first, min_score=50.0) == ["i0001"]
    assert found(second, min_score=50.0) == []
    assert found(first, decision="approved") == found(first, flag="a") == ["i0001"]
    assert found(second, decision="approved") == found(second, flag="a") == []
    assert found(first, min_confidence=0.8) == ["i0002"]
    store.items.decide([decision("i0001", "rejected", version=2)])
    assert [each.decision for each in store.items.select(Filter(run=first))] == ["rejected", "open"]


@pytest.mark.parametrize(
    "conditions",
    [
        {"decision": "maybe"},
        {"min_score": float("nan")},
        {"min_confidence": 2.0},
        {"min_score": 90.0, "max_score": 80.0},
        {"max_rows": -1},
    ],
)
def test_conditions_that_nothing_can_meet_are_refused(store: Store, conditions: dict[str, object]) -> None:
    for ask in (store.items.select, store.items.count, lambda wanted: list(store.items.stream(wanted))):
        with pytest.raises(StateError):
            ask(Filter(**conditions))  # type: ignore[arg-type]


def test_what_not_every_database_can_hold_is_refused_by_all(store: Store) -> None:
    run = begin(store)
    with pytest.raises(StateError, match="NUL"):
        store.items.put([item(1, run), item(2, run, title="a\0b")])
    assert store.items.count(Filter()) == 0
