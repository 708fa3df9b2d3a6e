"""Deciding on items: by people, whose word stands, and by gates, which only ever decide what is open."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from tablemend.errors import DecisionRefused
from tablemend.records import Decision, Item, Record, now
from tablemend.review.gate import Gate, judge
from tablemend.review.rights import needs_another
from tablemend.store.filters import Filter
from tablemend.store.state import Store

UNDONE = "undone in "
"""How the reason begins where a change set was undone: that opens its items again, for people and gates alike."""

RECIPE = "recipe "
"""How the reason begins where a recipe approved what a person had decided on elsewhere."""

_OWN = "you proposed or edited it yourself; somebody else must approve it"

_TARGETS = {"approve": "approved", "reject": "rejected", "reopen": "open"}


class Refusal(Record, frozen=True, kw_only=True):
    """An item on which a decision was not taken, and why."""

    item: str
    reason: str


class Verdict(Record, frozen=True, kw_only=True):
    """What became of every item that a decision named: the three counts add up to all of them."""

    decision: str
    decided: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()  # already decided so
    refused: tuple[Refusal, ...] = ()
    run: str = ""  # that `conflicts undo` takes back, where conflicts were decided on


def decide(
    store: Store,
    wanted: Filter,
    verb: str,
    *,
    by: str,
    gate: Gate,
    reason: str = "",
    note: str = "",
    rating: int | None = None,
    force: bool = False,
    seen: Mapping[str, str] | None = None,
    role: str = "",
) -> Verdict:
    """Approve, reject or reopen every item that meets the filter, as one transaction; see `plan`."""
    with store.transaction():
        verdict, decisions = plan(
            store,
            wanted,
            verb,
            by=by,
            gate=gate,
            reason=reason,
            note=note,
            rating=rating,
            force=force,
            seen=seen,
            role=role,
        )
        log(store, verb, decisions, run=wanted.run or "")
    return verdict


def plan(
    store: Store,
    wanted: Filter,
    verb: str,
    *,
    by: str,
    gate: Gate,
    reason: str = "",
    note: str = "",
    rating: int | None = None,
    force: bool = False,
    seen: Mapping[str, str] | None = None,
    role: str = "",
) -> tuple[Verdict, list[Decision]]:
    """What would become of every item that meets the filter, and the decisions to log; nothing is written.

    `seen` tells the decision that the person saw on an item: where somebody decided otherwise since, that stands.
    A bulk approval that holds items below the gate raises `DecisionRefused` unless forced. Nothing to decide on is
    an error too. Who is bound by a role below admin cannot approve what they proposed or edited themselves.
    """
    if rating is not None and rating not in range(1, 6):
        raise DecisionRefused(f"a rating of {rating} is out of range", hint="Ratings go from 1 to 5.")
    items = store.items.select(wanted)
    if not items:
        raise DecisionRefused("no item meets these conditions", hint="`tablemend items` lists what there is.")
    if verb == "approve" and not force:
        _refuse_below_gate(gate, items, bulk=not wanted.ids)
    meant = [item for item in items if seen is None or seen.get(item.id, item.decision) == item.decision]
    own = store.audit.authored(by) if verb == "approve" and needs_another(role) else frozenset()
    verdict, decisions = _sort(meant, verb, gate, own, by=by, reason=reason, note=note, rating=rating, force=force)
    return _with_others(verdict, [item for item in items if item not in meant]), decisions


def log(store: Store, verb: str, decisions: Sequence[Decision], *, run: str) -> None:
    """Append decisions of a person to the log, and one entry for all of them to the audit."""
    if decisions:
        with store.transaction():
            store.items.decide(decisions)
            store.audit.write(decisions[0].by, verb, run, ", ".join(each.item for each in decisions))


def _with_others(verdict: Verdict, others: Sequence[Item]) -> Verdict:
    """The verdict with what others decided in the meantime, which stands."""
    words = {"open": "opened it again"} | {each: f"{each} it" for each in ("approved", "rejected", "blocked")}
    refused = [
        Refusal(item=item.id, reason=f"{item.decided_by or 'somebody'} {words[item.decision]} in the meantime")
        for item in others
    ]
    return msgspec.structs.replace(verdict, refused=(*verdict.refused, *refused)) if refused else verdict


def _refuse_below_gate(gate: Gate, items: Sequence[Item], *, bulk: bool) -> None:
    waiting = [item for item in items if bulk and item.decision in ("open", "blocked")]
    below = [item for item in waiting if judge(gate, item).outcome != "promote"]
    if below:
        raise DecisionRefused(
            f"{len(below)} of {len(items)} items do not pass the gate {gate.name}: "
            + ", ".join(_briefly(item) for item in below[:5])
            + (" …" if len(below) > 5 else ""),
            hint="Add --force to approve them all the same, or narrow the choice.",
        )


def _briefly(item: Item) -> str:
    flags = f", {' '.join(item.flags)}" if item.flags else ""
    return f"{item.id} ({item.confidence:.2f}{flags})"


def _sort(
    items: Sequence[Item],
    verb: str,
    gate: Gate,
    own: Collection[str],
    *,
    by: str,
    reason: str,
    note: str,
    rating: int | None,
    force: bool,
) -> tuple[Verdict, list[Decision]]:
    target, when = _TARGETS[verb], now()
    decided: list[Decision] = []
    unchanged: list[str] = []
    refused: list[Refusal] = []
    for item in items:
        if item.decision == target and not _confirms(item):
            unchanged.append(item.id)
        elif problem := _OWN if item.id in own else _problem(item, verb, gate, force=force):
            refused.append(Refusal(item=item.id, reason=problem))
        else:
            decided.append(
                Decision(
                    item=item.id,
                    version=item.version,
                    decision=target,
                    by=by,
                    gate=False,
                    reason=reason,
                    note=note,
                    rating=rating,
                    when=when,
                )
            )
    verdict = Verdict(
        decision=target,
        decided=tuple(each.item for each in decided),
        unchanged=tuple(unchanged),
        refused=tuple(refused),
    )
    return verdict, decided


def _confirms(item: Item) -> bool:
    """Whether a person who decides as a gate did says something new: the decision is a person's from then on."""
    return item.decided_by.startswith("gate:") and item.decision in ("approved", "rejected") and not item.applied


def _blocked(item: Item, gate: Gate) -> bool:
    """Whether a gate blocked it; that somebody opened it again does not take the block away."""
    reopened = item.decision == "open" and bool(item.decided_by)
    return item.decision == "blocked" or (reopened and judge(gate, item).outcome == "block")


def _problem(item: Item, verb: str, gate: Gate, *, force: bool) -> str:
    """Why the decision may not be taken, or nothing."""
    if item.applied:
        return f"already applied in {item.applied}; undo that instead"
    if item.stale:
        return "a later scan saw it with other content; decide on it there"
    by_gate = item.decided_by.startswith("gate:")
    if verb == "approve" and not force and _blocked(item, gate):
        return "blocked by the gate; --force approves it all the same"
    if verb != "reopen" and item.decision in ("approved", "rejected") and not by_gate:
        return f"already {item.decision} by {item.decided_by}; reopen it first"
    return ""


def pass_gate(store: Store, items: Sequence[Item], gate: Gate, *, renew: bool = False) -> Verdict:
    """Let a gate decide on the items among these that are open or that a gate has blocked; the rest stays as it is.

    The decisions are read again under the write lock, so that a person's always stands; what a person opened again
    waits for people, unless it was by undoing a whole change set. What the same gate decided before and would decide
    otherwise now, since confidence or scores have changed, it takes back; with `renew` also what another gate decided.
    What is applied stays.
    """
    if not items:
        return Verdict(decision="gate")
    asked = {item.id for item in items}
    with store.transaction():
        known = [item for item in store.items.select(Filter(run=items[0].run)) if item.id in asked]
        decisions = [made for item in known if (made := _gated(item, gate, renew=renew)) is not None]
        store.items.decide(decisions)
        if decisions:
            store.audit.write(f"gate:{gate.name}", "gate", items[0].run, ", ".join(each.item for each in decisions))
    decided = tuple(each.item for each in decisions)
    return Verdict(decision="gate", decided=decided, unchanged=tuple(sorted(asked - set(decided))))


def _gated(item: Item, gate: Gate, *, renew: bool) -> Decision | None:
    """What a gate decides on an item, if it may and does."""
    by_gate = item.decided_by.startswith("gate:")
    by_person = bool(item.decided_by) and not by_gate and not item.reason.startswith(UNDONE)
    renewed = by_gate and (renew or item.decided_by == f"gate:{gate.name}")
    if (item.decision not in ("open", "blocked") and not renewed) or item.applied or by_person:
        return None
    judgement = judge(gate, item)
    waiting = "open" if renewed else item.decision
    decision = {"promote": "approved", "block": "blocked", "monitor": waiting}[judgement.outcome]
    if decision == item.decision:
        return None
    return Decision(
        item=item.id,
        version=item.version,
        decision=decision,
        by=gate.name,
        gate=True,
        reason=judgement.explanation[-1],
        explanation=judgement.explanation,
        when=now(),
    )
