"""Why there is nothing: not measured, filtered out, or failed, which are three different answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tablemend.engine.sql import literal
from tablemend.explore import numbers
from tablemend.explore.parts import ENTITY, EXAMPLES, FEATURE, SAMPLE

if TYPE_CHECKING:
    from tablemend.explore.matrix import Matrix


def reasons(
    matrix: Matrix, *, feature: str = "", entity: str = "", where: Mapping[str, Sequence[str]] | None = None
) -> tuple[str, ...]:
    """Why a feature, an entity or a pair of them shows nothing, in sentences; empty where there is no such reason.

    Raises NotFound for a name that is not there.
    """
    chosen = []
    if feature:
        chosen.append(f"c.{FEATURE} = {matrix.place('features', feature)}")
    if entity:
        chosen.append(f"s.{ENTITY} = {matrix.place('entities', entity)}")
    what = " in ".join(each for each in (feature, entity) if each) or matrix.manifest.name
    condition = " AND ".join(chosen) or "true"
    counts = matrix.ask(
        f"SELECT count(*) AS all_cells, count(s.{ENTITY}) AS of_entities FROM cells AS c JOIN samples AS s USING"
        f" ({SAMPLE}) WHERE {condition}"
    ).to_pylist()[0]
    failed = matrix.ask(
        f"SELECT kind, text, count(*) AS n FROM failed AS c JOIN samples AS s USING ({SAMPLE}) WHERE {condition}"
        " GROUP BY ALL ORDER BY n DESC, text"
    ).to_pylist()
    found = []
    if counts["of_entities"] and where:
        told = " and ".join(f"{field} {' or '.join(wanted) or 'blank'}" for field, wanted in where.items())
        found.append(f"Filtered out: {what} has {counts['of_entities']:,} measured cells, none with {told}.")
    elif counts["of_entities"]:
        return ()
    elif counts["all_cells"]:
        found.append(
            f"Filtered out: {what} has {counts['all_cells']:,} measured cells, all in samples without"
            f" {matrix.manifest.entity}."
        )
    marked = [each for each in failed if each["kind"] == numbers.KINDS[numbers.MARKED]]
    others = [each for each in failed if each not in marked]
    if others:
        shown = ", ".join(literal(each["text"]) for each in others[:EXAMPLES])
        found.append(f"Failed: {sum(each['n'] for each in others):,} cells hold no number, such as {shown}.")
    if not found:
        count = sum(each["n"] for each in marked)
        blank = f"; {count:,} of its cells are marked as missing" if count else ""
        found.append(f"Not measured: no sample has a value for {what}{blank}.")
    return tuple(found)
