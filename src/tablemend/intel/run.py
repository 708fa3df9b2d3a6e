"""One run over a source of stories: read, group, score, gate, keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from tablemend.errors import NotFound, NothingAccepted
from tablemend.intel.grouping import group
from tablemend.intel.scoring import Terms, items
from tablemend.intel.story import Collected, Rejection
from tablemend.records import Item, Record, Run
from tablemend.review.decisions import pass_gate
from tablemend.review.gate import OUTCOMES, Gate
from tablemend.review.scorecard import Scorecard
from tablemend.store.filters import Filter
from tablemend.store.state import Store
from tablemend.telemetry import Timings

KIND = "intel"


class IntelRun(Record, frozen=True, kw_only=True):
    """A finished run over stories."""

    run: str
    terms: Terms
    items: tuple[Item, ...]  # as this run saw them, with the decisions as they stand now
    rejected: tuple[Rejection, ...]
    counts: dict[str, int]  # promote, monitor, block, rejected: they add up to what was read
    left: dict[str, str] = {}  # id of an item → the decision as this run left it
    seconds: dict[str, float] = {}  # by stage

    @property
    def read(self) -> int:
        """How many entries the source had."""
        return sum(self.counts.values())

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "run_id": self.run,
            "source": self.terms.source,
            "source_name": self.terms.source_name,
            "kind": self.terms.kind,
            "now": self.terms.now,
            "scorecard": self.terms.scorecard.name,
            "gate": self.terms.gate.name,
            "read": self.read,
            "counts": self.counts,
            "bands": dict(Counter(str(each.body["band"]) for each in self.items)),
            "groups": len({each.body["group"] for each in self.items}),
            "items": [item_dict(each) for each in self.items],
            "rejected": [msgspec.to_builtins(each) for each in self.rejected],
            "seconds": self.seconds,
        }


def item_dict(item: Item) -> dict[str, Any]:
    """A story in brief, as JSON holds it."""
    body = item.body
    return {
        "id": item.id,
        "story": body["story"]["id"],
        "title": item.title,
        "url": body["story"].get("url", ""),
        "group": body["group"],
        "band": body["band"],
        "total": item.scores["total"],
        "parts": {name: value for name, value in item.scores.items() if name != "total"},
        "flags": item.flags,
        "outcome": body["outcome"],
        "rule": body["rule"],
        "decision": item.decision,
        "decided_by": item.decided_by,
        "reason": item.reason,
        "version": item.version,
    }


def score_stories(
    store: Store,
    run: Run,
    collected: Collected,
    *,
    scorecard: Scorecard,
    gate: Gate,
    now: datetime,
    timings: Timings,
    source_name: str = "",
) -> IntelRun:
    """Score what was collected within a run that is under way, let the gate decide, and finish the run.

    Either all of it is kept or nothing. NothingAccepted where every entry was rejected: that run has failed, and keeps
    each rejection.
    """
    by = Terms(
        source=collected.source,
        source_name=source_name,
        kind=collected.kind,
        now=now,
        scorecard=scorecard,
        gate=gate,
    )
    with timings.stage("group"):
        groups = group(collected.stories)
    with timings.stage("score"):
        found = list(items(groups, by, run=run.id))
    scored = [each for each in found if isinstance(each, Item)]
    rejected = tuple(sorted([*collected.rejected, *(e for e in found if isinstance(e, Rejection))], key=_number))
    with timings.stage("store"), store.transaction():
        kept = _keep(store, run, by, scored, rejected)
    if not scored:
        raise NothingAccepted(
            f"each of the {len(rejected)} entries of {collected.source} was rejected; "
            f"{rejected[0].place}: {rejected[0].reason}",
            run=run.id,
            hint="Mend the entries; `tablemend intel example FOLDER` shows how they are written.",
        )
    return msgspec.structs.replace(kept, seconds=dict(timings.seconds))


def _keep(store: Store, run: Run, by: Terms, scored: Sequence[Item], rejected: tuple[Rejection, ...]) -> IntelRun:
    """Keep what was scored and rejected, let the gate decide, and end the run: failed where nothing was scored."""
    if scored:
        store.items.put(scored)
        pass_gate(store, scored, by.gate, renew=True)
    counts = _counts(scored, rejected)
    found = tuple(store.items.select(Filter(run=run.id)))
    left = {each.id: each.decision for each in found}
    for name, value in (("terms", by), ("rejections", rejected), ("decisions", left)):
        store.runs.keep(run.id, name, value)
    notes = () if scored else ("every entry was rejected",)
    status = "failed" if not scored else "partial" if rejected else "completed"
    store.runs.finish(run.id, status, counts=counts, notes=notes)
    return IntelRun(run=run.id, terms=by, items=found, rejected=rejected, counts=counts, left=left)


def _number(rejection: Rejection) -> int:
    """Line or entry, to list rejections as they stand in the source."""
    return int(rejection.place.rpartition(" ")[2])


def _counts(scored: Sequence[Item], rejected: Sequence[Rejection]) -> dict[str, int]:
    outcomes = Counter(each.body["outcome"] for each in scored)
    return {outcome: outcomes[outcome] for outcome in OUTCOMES} | {"rejected": len(rejected)}


def terms(store: Store, run: Run) -> Terms:
    """What a run over stories was scored by."""
    return store.runs.recall(run.id, "terms", Terms)


def recall(store: Store, run: Run) -> IntelRun:
    """A finished run over stories, with the decisions as they stand now; NotFound where it is of another kind."""
    if run.kind != KIND:
        raise NotFound(f"run {run.id} is a {run.kind}, not an {KIND} run", hint="`tablemend intel score` makes one.")
    return IntelRun(
        run=run.id,
        terms=terms(store, run),
        items=tuple(store.items.select(Filter(run=run.id))),
        rejected=tuple(store.runs.recall(run.id, "rejections", list[Rejection])),
        counts=run.counts,
        left=store.runs.recall(run.id, "decisions", dict[str, str]),
    )
