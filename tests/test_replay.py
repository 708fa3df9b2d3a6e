"""Replaying a gate over past decisions."""

from hypothesis import given
from hypothesis import strategies as st

from tablemend.records import DECISIONS, Decision, Item, now
from tablemend.review.gate import shipped
from tablemend.review.replay import replay

SURE, LIKELY, KEY = {"confidence": 0.99}, {"confidence": 0.7}, {"flags": ("key_column",)}


def pair(decision: str, made: dict[str, object], *, gate: bool = False, name: str = "i1") -> tuple[Item, Decision]:
    item = Item(id=name, run="r1", type="repair", title=f"repair {name}", **made)  # type: ignore[arg-type]
    by = "repair" if gate else "ann"
    return item, Decision(item=name, version=1, decision=decision, by=by, gate=gate, when=now())


def test_agreement_contradiction_and_what_is_left() -> None:
    decided = [
        pair("approved", SURE),
        pair("rejected", KEY),
        pair("rejected", SURE, name="i3"),
        pair("approved", KEY, name="i4"),
        pair("approved", LIKELY),
        pair("open", LIKELY),
        pair("open", SURE, name="i7"),
    ]
    found = replay(shipped("repair"), decided)
    assert (found.total, found.people.total) == (7, 7)
    assert (found.people.agreed, found.people.contradicted, found.people.left, found.people.reopened) == (2, 2, 1, 2)
    assert found.gates.total == 0
    assert [(flip.item, flip.decided, flip.by, flip.outcome, flip.word) for flip in found.flips] == [
        ("i3", "rejected", "ann", "promote", "approve"),
        ("i4", "approved", "ann", "block", "reject"),
    ]
    assert found.flips[0].title == "repair i3"
    assert found.flips[0].why[-1] == "rule 2, sure (approve): passed: confidence 0.99 is at least 0.95"


def test_what_a_gate_decided_and_would_now_be_left_to_people_is_a_flip() -> None:
    found = replay(shipped("repair"), [pair("approved", LIKELY, gate=True), pair("blocked", KEY, gate=True)])
    assert (found.gates.agreed, found.gates.left, found.people.total) == (1, 1, 0)
    assert [(flip.gate, flip.by, flip.outcome) for flip in found.flips] == [(True, "repair", "monitor")]


@given(
    st.lists(st.tuples(st.sampled_from(DECISIONS), st.sampled_from([SURE, LIKELY, KEY]), st.booleans()), max_size=20)
)
def test_counts_add_up_to_all(decided: list[tuple[str, dict[str, object], bool]]) -> None:
    found = replay(shipped("repair"), [pair(decision, made, gate=gate) for decision, made, gate in decided])
    assert found.total == len(decided) == found.people.total + found.gates.total
    assert len(found.flips) == found.people.contradicted + found.gates.contradicted + found.gates.left
