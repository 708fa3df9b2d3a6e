"""Who may do what, and that nobody approves their own work alone."""

from pathlib import Path

import pytest

from core_helpers import proposal, scan, workspace, write
from tablemend.errors import Forbidden, StateError
from tablemend.review import rights


@pytest.mark.parametrize(
    ("role", "held"),
    [
        ("viewer", {"read"}),
        ("reviewer", {"read", "scan", "decide"}),
        ("approver", {"read", "scan", "decide", "approve", "apply"}),
        ("admin", set(rights.RIGHTS)),
        ("", set()),
        ("root", set()),
    ],
)
def test_each_role_has_the_rights_of_those_before_it(role: str, held: set[str]) -> None:
    assert {right for right in rights.RIGHTS if rights.may(role, right)} == held


def test_a_missing_right_says_what_to_do() -> None:
    with pytest.raises(Forbidden, match="ann is viewer and may not approve") as refused:
        rights.must("viewer", "approve", name="ann")
    assert "approver" in (refused.value.hint or "")
    rights.must("admin", "approve", name="ann")


def test_the_lower_of_two_roles() -> None:
    assert rights.lower("admin", "viewer") == rights.lower("viewer", "reviewer") == "viewer"
    with pytest.raises(StateError, match="no role 'boss'"):
        rights.lower("boss", "viewer")


def test_an_approver_cannot_approve_what_they_proposed_or_edited(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", "a,b\nx,1\ny,2\nx,3\n")
    with workspace(tmp_path) as owner:
        found = scan(owner, tmp_path / "t.csv", [proposal("map_values", "a", pairs=[["x", "z"]])])
        given = owner.items(found.run)[0].id
        ann, bob = owner.signed("ann", role="approver"), owner.signed("bob", role="approver")
        own = ann.propose("map_values", ("a",), {"pairs": [["y", "w"]]}, run=found.run).id
        verdict = ann.approve(found.run, ids=[own, given], force=True)
        assert verdict.decided == (given,)
        assert [(each.item, "yourself" in each.reason) for each in verdict.refused] == [(own, True)]
        assert ann.reject(found.run, ids=[own]).decided == (own,)
        assert ann.reopen(found.run, ids=[own]).decided == (own,)
        assert bob.approve(found.run, ids=[own], force=True).decided == (own,)


@pytest.mark.parametrize("role", ["admin", ""])
def test_an_admin_and_the_local_owner_can_approve_their_own(tmp_path: Path, role: str) -> None:
    write(tmp_path / "t.csv", "a,b\nx,1\ny,2\n")
    with workspace(tmp_path) as owner:
        found = scan(owner, tmp_path / "t.csv", [])
        eve = owner.signed("eve", role=role)
        own = eve.propose("map_values", ("a",), {"pairs": [["y", "w"]]}, run=found.run).id
        assert eve.approve(found.run, ids=[own], force=True).decided == (own,)


def test_an_edit_makes_an_item_ones_own(tmp_path: Path) -> None:
    write(tmp_path / "t.csv", "a,b\nx,1\ny,2\nx,3\n")
    with workspace(tmp_path) as owner:
        found = scan(owner, tmp_path / "t.csv", [proposal("map_values", "a", pairs=[["x", "z"]])])
        given = owner.items(found.run)[0].id
        ann = owner.signed("ann", role="approver")
        ann.edit(given, params={"pairs": [["x", "q"]]}, run=found.run)
        assert ann.approve(found.run, ids=[given], force=True).refused[0].item == given
