"""What is to be written: the conflicts that were found against those that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tablemend.conflicts.assembling import FACTS, KEY
from tablemend.engine.sql import literals, names

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.engine.duckdb import Session

NEW, UPDATED, WORK, IGNORED, RESOLVED, DELETED = "N", "U", "W", "I", "R", "D"
STATUSES = {
    NEW: "new",
    UPDATED: "updated",
    WORK: "in work",
    IGNORED: "ignored",
    RESOLVED: "resolved",
    DELETED: "deleted",
}
PEOPLES = (WORK, IGNORED, DELETED)
"""Set by people, and never overwritten: of such a conflict only what is known of it is brought up to date."""

ACTIONS = ("new", "updated", "found again", "resolved", "no longer found")
"""What is written; the last is of a conflict whose status people have set."""


class Changes(NamedTuple):
    """Rows to write: KEY, FACTS, `content`, `status`, `found`, and `action`, one of ACTIONS."""

    rows: pa.Table
    unchanged: int  # found just as they are kept

    def count(self, action: str) -> int:
        """How many rows an action has."""
        import pyarrow.compute as pc

        return int(pc.sum(pc.equal(self.rows["action"], action)).as_py() or 0)


def changes(session: Session, found: pa.Table, kept: pa.Table) -> Changes:
    """What makes the kept conflicts of some entities those that were found.

    `kept` are all that is kept of these entities, and none of others. What is no longer found is resolved, and keeps
    what was known of it.
    """
    session.register("found_now", found)
    session.register("kept_before", kept)
    try:
        rows = session.arrow(_QUERY)
        (unchanged,) = session.one(_UNCHANGED)
    finally:
        session.unregister("found_now")
        session.unregister("kept_before")
    return Changes(rows, unchanged)


_PEOPLES = literals(PEOPLES)
_WHOLE = names((*FACTS, "content"))
_BOTH = f"""
SELECT coalesce(n.{KEY}, k.{KEY}) AS {KEY}, n.{KEY} IS NOT NULL AS found, k.status AS status_before, CASE
    WHEN k.{KEY} IS NULL THEN 'new'
    WHEN n.{KEY} IS NULL AND NOT k.found THEN NULL
    WHEN n.{KEY} IS NULL AND k.status IN ({_PEOPLES}) THEN 'no longer found'
    WHEN n.{KEY} IS NULL THEN 'resolved'
    WHEN NOT k.found THEN 'found again'
    WHEN n.content IS DISTINCT FROM k.content THEN 'updated'
  END AS action
FROM found_now AS n FULL JOIN kept_before AS k ON n.{KEY} = k.{KEY}"""
_UNCHANGED = f"SELECT count(*) FROM ({_BOTH}) WHERE found AND action IS NULL"
_QUERY = f"""
WITH compared AS ({_BOTH}),
decided AS (
  SELECT {KEY}, found, action, CASE
      WHEN action = 'new' THEN '{NEW}'
      WHEN status_before IN ({_PEOPLES}) THEN status_before
      WHEN action = 'resolved' THEN '{RESOLVED}'
      ELSE '{UPDATED}'
    END AS status
  FROM compared WHERE action IS NOT NULL),
told AS (
  SELECT {KEY}, {_WHOLE} FROM found_now
  UNION ALL
  SELECT {KEY}, {_WHOLE} FROM kept_before WHERE {KEY} NOT IN (SELECT {KEY} FROM found_now))
SELECT {KEY}, {_WHOLE}, status, decided.found AS found, action FROM decided JOIN told USING ({KEY}) ORDER BY {KEY}"""
