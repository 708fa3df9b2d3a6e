"""What people decide on kept conflicts: in work, ignored, deleted, or open again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from tablemend.conflicts.assembling import KEY
from tablemend.conflicts.changes import DELETED, IGNORED, RESOLVED, UPDATED, WORK
from tablemend.conflicts.keeping import Keeper
from tablemend.conflicts.listing import Listing, Wanted
from tablemend.errors import DecisionRefused
from tablemend.records import Record

if TYPE_CHECKING:
    import pyarrow as pa

VERBS = {"work": WORK, "ignore": IGNORED, "delete": DELETED, "reopen": ""}
"""What people do → the status that it sets; what is open again is updated, or resolved where it is no longer found."""


class Decided(Record, frozen=True, kw_only=True):
    """What became of the conflicts that somebody decided on."""

    run: str  # that undo takes back
    changed: tuple[str, ...]  # their keys
    same: int  # had that status already
    refused: dict[str, str]  # key → the status that somebody else had set meanwhile


def decide(
    keeper: Keeper,
    wanted: Wanted,
    verb: str,
    *,
    run: str,
    now: datetime,
    by: str,
    note: str = "",
    seen: Mapping[str, str] | None = None,
) -> Decided:
    """Set the status of every conflict that is wanted, in one transaction, and note who did and what was there before.

    `seen` tells the status that whoever decides saw on a conflict: where it is another one by now, that stands. Raises
    DecisionRefused for a verb that is none, and where nothing is wanted.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if verb not in VERBS:
        raise DecisionRefused(f"conflicts cannot be set to {verb!r}", hint=f"Choose {', '.join(VERBS)}.")
    kept = Listing(keeper).rows(wanted)
    if not kept.num_rows:
        raise DecisionRefused("no conflict meets the conditions", hint="`tablemend conflicts list` lists them.")
    status = _statuses(kept, verb)
    told = pa.array([(seen or {}).get(key) for key in kept[KEY].to_pylist()], pa.string())
    other = pc.fill_null(pc.not_equal(kept["status"], told), fill_value=False)
    same = pc.and_(pc.equal(kept["status"], status), pc.invert(other))
    chosen = pc.invert(pc.or_(other, same))
    before = kept.filter(chosen)
    after = before.set_column(before.schema.get_field_index("status"), "status", status.filter(chosen.combine_chunks()))
    left = keeper.decide(after, before, run=run, now=now, by=by, note=note)
    refused = dict(zip(kept.filter(other)[KEY].to_pylist(), kept.filter(other)["status"].to_pylist(), strict=True))
    if left:
        present = Listing(keeper).rows(Wanted(ids=tuple(left)))
        refused |= dict(zip(present[KEY].to_pylist(), present["status"].to_pylist(), strict=True))
    changed = tuple(key for key in after[KEY].to_pylist() if key not in set(left))
    return Decided(run=run, changed=changed, same=int(pc.sum(same).as_py() or 0), refused=refused)


def _statuses(kept: pa.Table, verb: str) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    if VERBS[verb]:
        return pa.repeat(pa.scalar(VERBS[verb]), kept.num_rows)
    by_run = pc.if_else(kept["found"], UPDATED, RESOLVED)
    peoples = pc.is_in(kept["status"], pa.array([WORK, IGNORED, DELETED]))
    return pc.if_else(peoples, by_run, kept["status"]).combine_chunks()
