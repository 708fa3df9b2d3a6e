"""Decisions on the items of conflicts, which follow what people set in the table of conflicts, and a gate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from tablemend.conflicts import standing
from tablemend.conflicts.changes import DELETED, RESOLVED
from tablemend.conflicts.items import TYPE, item_id
from tablemend.conflicts.keeping import Keeper
from tablemend.conflicts.standing import Change
from tablemend.records import Decision, Item, now
from tablemend.review.decisions import UNDONE
from tablemend.review.gate import Gate

if TYPE_CHECKING:
    from tablemend.store.items import Items, Standing

GONE = "no longer found"
"""Why nobody needs to decide on an item: its conflict is resolved, or was taken out."""

SOMEBODY = "somebody"
"""Who decided, where the table does not tell."""

_DECIDED = ("approved", "rejected")


def follow(
    items: Items,
    keeper: Keeper,
    target: str,
    *,
    keys: Collection[str] | None = None,
    runs: Sequence[str] = (),
    person: str = SOMEBODY,
) -> int:
    """Make the decisions on items those of the table; how many items that changed.

    `keys` are the conflicts that are looked at: by default all that people have set, and those that `runs` no longer
    found. A status that people set is a decision of theirs, with who, when and why as the history has it; `person` is
    who, where it has nobody. What is no longer found is blocked, unless a person opened it again.
    """
    if keys is None:
        decided = (each.content for each in items.settled(TYPE, target).values())
        keys = {*standing.settled(keeper, runs), *decided}
    ids = {item_id(target, keeper.ruleset, key): key for key in keys}
    known = items.standings(ids)
    statuses = standing.statuses(keeper, [ids[each] for each in known])
    off = {item: status for item in known if _differs(known[item], status := statuses.get(ids[item], RESOLVED))}
    changes = standing.last_changes(keeper, [ids[each] for each in off]) if off else {}
    made = [
        each
        for item, status in off.items()
        for each in _followed(item, known[item], status, changes.get(ids[item]), person)
    ]
    if made:
        items.decide(made)
    return len(off)


def _differs(stands: Standing, status: str) -> bool:
    wanted = standing.DECISIONS[status]
    if wanted == "open":
        return stands.decision in _DECIDED
    if wanted == "gone":
        return stands.decision in _DECIDED or (stands.decision == "open" and not by_person(stands))
    return stands.decision != wanted


def _followed(item: str, stands: Standing, status: str, change: Change | None, person: str) -> list[Decision]:
    wanted, made = standing.DECISIONS[status], []
    if wanted != "gone" or stands.decision in _DECIDED:
        made.append(
            Decision(
                item=item,
                version=stands.version,
                decision="open" if wanted == "gone" else wanted,
                by=(change.by if change else "") or person,
                gate=False,
                reason=_reason(status, change),
                when=change.at if change else now(),
            )
        )
    if wanted == "gone":
        made.append(_by_gate("conflicts", item, stands.version, "blocked", GONE))
    return made


def _reason(status: str, change: Change | None) -> str:
    if change is None:
        return ""
    if change.action == standing.UNDONE:
        return f"{UNDONE}{change.run}"
    return f"deleted: {change.note}".rstrip(": ") if status == DELETED else change.note


def by_person(stands: Standing) -> bool:
    """Whether a person has spoken last, whose word stands; undoing opens an item for gates too."""
    gate = stands.decided_by.startswith("gate:")
    return bool(stands.decided_by) and not gate and not stands.reason.startswith(UNDONE)


def pass_gate(items: Items, gate: Gate, made: Sequence[Item]) -> tuple[str, ...]:
    """Block what the gate blocks and open what no gate blocks any more; the ids of the items that this changed.

    Only items of which no person has spoken. What the gate promotes stays open: it is for people to work on.
    """
    known = items.standings([each.id for each in made])
    decisions = []
    for each in made:
        stands = known[each.id]
        wanted = "blocked" if each.body["outcome"] == "block" else "open"
        if wanted != stands.decision and not by_person(stands):
            told = tuple(each.body["explanation"])
            decisions.append(_by_gate(gate.name, each.id, stands.version, wanted, told[-1], told))
    if decisions:
        items.decide(decisions)
    return tuple(each.item for each in decisions)


def _by_gate(
    gate: str, item: str, version: int, decision: str, reason: str, explanation: tuple[str, ...] = ()
) -> Decision:
    return Decision(
        item=item,
        version=version,
        decision=decision,
        by=gate,
        gate=True,
        reason=reason,
        explanation=explanation,
        when=now(),
    )
