"""Conflicts as they are kept: one row for each pair of which a rule holds, with all that tells why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tablemend.conflicts.judging import shown
from tablemend.conflicts.ruleset import Ruleset
from tablemend.engine.sql import literal
from tablemend.engine.sql import name as quoted

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.engine.duckdb import Session

KEY = "conflict"
"""Column that tells conflicts apart: a hash of the ruleset, of the entity, and of both ids in their order.

The entity belongs to it: rows that are moved to another one are judged with other rows, perhaps at the same time."""

FACTS = (
    *("entity", "id_a", "id_b", "differ_a", "differ_b", "scope_a", "scope_b"),
    *("start_a", "end_a", "start_b", "end_b", "flags", "overlap_minutes"),
    *("gap_minutes", "miles", "mph", "travel_minutes", "leave_from", "arrive_from", "first", "amount", "class"),
)
"""What is kept of a conflict beside its key: two conflicts alike in these are the same."""

DIGITS = 20
"""Of the key: a billion conflicts share one with a chance below 10^-6."""

FOUND, ROWS = "found", "prepared"
"""Names of the relations that the statement reads."""


def assembled(session: Session, rules: Ruleset, found: pa.Table, rows: pa.Table) -> pa.Table:
    """The conflicts of a judged table, and the prepared rows whose places it holds.

    Columns: KEY, FACTS, and `content`, a hash of these. Of each pair the row whose id comes first as a text is `a`.
    `flags` are in the order of the rules, with a blank between them; `first` says which row comes first where the way
    between them counted.
    """
    session.register(FOUND, found)
    session.register(ROWS, rows)
    try:
        return session.arrow(query(rules, set(found.schema.names)))
    finally:
        session.unregister(FOUND)
        session.unregister(ROWS)


def query(rules: Ruleset, known: set[str]) -> str:
    """The SELECT over `found` and `prepared`."""
    flags = ", ".join(
        f"CASE WHEN s.flags & {1 << place} > 0 THEN {literal(rule.flag)} END" for place, rule in enumerate(rules.active)
    )

    def told(name: str, kind: str) -> str:
        return f"CAST({f's.{name}' if name in known else 'NULL'} AS {kind}) AS {name}"

    numbers = ", ".join(told(name, "DOUBLE") for name in ("gap_minutes", "miles", "mph", "travel_minutes", "amount"))
    words = ", ".join(told(name, "VARCHAR") for name in ("leave_from", "arrive_from", "class"))
    first = "CASE WHEN one_first IS NULL THEN NULL WHEN one_first <> swapped THEN 'a' ELSE 'b' END"
    a_start, a_end = shown(rules, lambda name: f"a.{quoted(name)}")
    b_start, b_end = shown(rules, lambda name: f"b.{quoted(name)}")
    return f"""
WITH sided AS (
  SELECT f.*, x.id > y.id AS swapped
  FROM {FOUND} AS f JOIN {ROWS} AS x ON x.n = f.one JOIN {ROWS} AS y ON y.n = f.other),
joined AS (
  SELECT a.entity AS entity, a.id AS id_a, b.id AS id_b, a.differ AS differ_a, b.differ AS differ_b,
    a.scope AS scope_a, b.scope AS scope_b, {a_start} AS start_a, {a_end} AS end_a, {b_start} AS start_b,
    {b_end} AS end_b, concat_ws(' ', {flags}) AS flags, CAST(overlap_minutes AS DOUBLE) AS overlap_minutes,
    {numbers}, {words}, {first if "one_first" in known else "CAST(NULL AS VARCHAR)"} AS first
  FROM sided AS s
  JOIN {ROWS} AS a ON a.n = CASE WHEN swapped THEN other ELSE one END
  JOIN {ROWS} AS b ON b.n = CASE WHEN swapped THEN one ELSE other END)
{kept(rules, "joined")}"""


def kept(rules: Ruleset, relation: str, *, kind: str = "") -> str:
    """The SELECT of a relation with FACTS as it is kept: with its key and its content.

    `kind` tells keys apart where the second id is that of something else than a row.
    """
    facts = ", ".join(f"coalesce(CAST({each} AS VARCHAR), '')" for each in FACTS)
    ids = " || chr(31) || ".join([literal(rules.name), *([literal(kind)] if kind else []), "entity", "id_a", "id_b"])
    return f"""SELECT left(sha256({ids}), {DIGITS}) AS {KEY}, {", ".join(FACTS)},
  left(sha256(concat_ws(chr(31), {facts})), {DIGITS}) AS content
FROM {relation} ORDER BY {KEY}"""
