"""Values that hold the value of a blank neighbour as well: `Portland OR` beside an empty state."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tablemend.engine import sql
from tablemend.records import Proposal
from tablemend.repair.workbench import Workbench

LEAST_FILLED = 2
"""Cells of the neighbour that must hold a value before it counts as part of its domain."""

LEAST_REPEATS = 5
"""Cells per distinct value of the neighbour, on average, from which it has a domain at all."""

LEAST_SHARE = 0.5
"""Share of the blank neighbours that must be explained for the pair of columns to be believed."""

Row = tuple[str, str, str, int, bool]


def detect(workbench: Workbench) -> Iterator[Proposal]:
    """Propose to split a value into itself and its blank neighbour."""
    for left, right in pairwise(workbench.columns):
        for column, neighbour in ((left, right), (right, left)):
            filled, distinct = workbench.cardinality[neighbour]
            if 0 < filled < workbench.rows and distinct <= max(filled // LEAST_REPEATS, 1):
                yield from _propose(workbench, column, neighbour)


def _propose(workbench: Workbench, column: str, neighbour: str) -> Iterator[Proposal]:
    found = _read(workbench, column, neighbour)
    cells = sum(count for *_, count, _ in found)
    blanks = workbench.rows - workbench.cardinality[neighbour][0]
    if cells < 2 or cells < LEAST_SHARE * blanks:
        return
    known = sum(count for *_, count, seen in found if seen)
    confidence = round(min(0.98, (cells + 1) / (blanks + 2) * (0.9 + 0.1 * known / cells)), 4)
    for target, place in ((column, 1), (neighbour, 2)):
        yield Proposal(
            check="pattern_deviation",
            operation="map_values",
            columns=(target,),
            confidence=confidence,
            params={
                "keys": [neighbour if target == column else column, target],
                "pairs": [
                    [None, row[0], row[place]] if target == column else [row[0], None, row[place]] for row in found
                ],
            },
            tier="spill",
            explanation=f"{cells} cells of {column} also hold the value of {neighbour}, which is empty there.",
            evidence=(f"{known} of the remaining values stand in {column} elsewhere.",),
            support=cells,
        )


def _read(workbench: Workbench, column: str, neighbour: str) -> list[Row]:
    """Values ending in a value of the neighbour's domain: value, both parts, cells, whether the first part is known."""
    a, b, relation = sql.name(column), sql.name(neighbour), sql.name(workbench.relation)
    return workbench.session.rows(
        f"""
        WITH domain AS (
            SELECT {b} AS part FROM {relation} WHERE trim({b}) <> '' GROUP BY 1 HAVING count(*) >= {LEAST_FILLED}
        ), whole AS (
            SELECT {a} AS value, count(*) AS n,
                   regexp_extract({a}, '^(.*\\S)[ ,;/|-]+(\\S+)$', ['head', 'tail']) AS parts
            FROM {relation} WHERE {b} IS NULL AND {a} IS NOT NULL GROUP BY 1
        )
        SELECT value, regexp_replace(parts.head, '[ ,;/|-]+$', ''), parts.tail, n,
               parts.head IN (SELECT {a} FROM {relation} WHERE {a} IS NOT NULL)
        FROM whole JOIN domain ON parts.tail = domain.part WHERE parts.head <> '' ORDER BY value
        """
    )
