"""Names that a person has in mind: found by any part of them, by what fields say, or by a mass within a tolerance."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from tablemend.engine.sql import literal
from tablemend.errors import NotFound, SettingsError
from tablemend.explore.matrix import SIDES, Answer, Matrix
from tablemend.explore.parts import NAME

Side = Literal["features", "entities", "samples"]

_MASS_FIELD = re.compile(r"m[ _/]?z", re.IGNORECASE)
_MASS = re.compile(
    r"\s*(?:m\s*/?\s*z\s*)?(\d{1,9}(?:\.\d{1,12})?)\s*(?:±|\+/?-)\s*(\d{1,9}(?:\.\d{1,12})?)\s*(ppm)?\s*", re.IGNORECASE
)


class Mass(NamedTuple):
    """A mass-to-charge ratio within a tolerance."""

    center: float
    within: float


def mass(text: str) -> Mass | None:
    """What `180.06±0.01`, `mz 180.06 +/- 0.01` or `180.06±5ppm` asks for; None for any other text."""
    found = _MASS.fullmatch(text)
    if found is None:
        return None
    center, within = float(found[1]), float(found[2])
    return Mass(center, center * within / 1e6 if found[3] else within)


def search(matrix: Matrix, side: Side, text: str, *, limit: int = 20) -> Answer:
    """The names of a side that a text may mean, whatever its case.

    First those that begin with it, then those that hold it, then those of which a field does. A mass within a tolerance
    is looked for in fields that are named like m/z, the nearest first. Without a text all names are given.
    Columns: name, field (in which it was found; null: the name itself), said (what that field says).
    """
    if side not in SIDES:
        raise NotFound(f"there is no side {side!r}", hint=f"There are {', '.join(SIDES)}.")
    if limit < 1:
        raise SettingsError(f"{limit} names cannot be asked for", hint="Ask for 1 or more.")
    asked, fields = mass(text), [each for each in matrix.fields(side) if _MASS_FIELD.fullmatch(each)]
    sql = _near(matrix, side, asked, fields) if asked and fields else _holding(matrix, side, text.strip())
    found = matrix.answer(sql, limit=limit)
    if found.table.num_rows:
        return found
    where = f" within {asked.within:g} of {asked.center:g}" if asked and fields else f" that holds {text.strip()!r}"
    return found._replace(notes=(f"None of the {side} has a name or a field{where}.",))


def _near(matrix: Matrix, side: Side, asked: Mass, fields: list[str]) -> str:
    each = [
        f"SELECT {NAME} AS name, {literal(field)} AS field, {matrix.field(side, field)} AS said,"
        f" abs(try_cast({matrix.field(side, field)} AS DOUBLE) - {asked.center!r}) AS apart FROM {side}"
        for field in fields
    ]
    # a millionth of a tolerance more, so that 180.07 is within 0.01 of 180.06 as it is written
    return f"""SELECT name, arg_min(field, apart) AS field, arg_min(said, apart) AS said
FROM ({" UNION ALL ".join(each)})
WHERE apart <= {asked.within * (1 + 1e-6) + 1e-12!r}
GROUP BY name
ORDER BY min(apart), name"""


def _holding(matrix: Matrix, side: Side, text: str) -> str:
    """Both sides are folded alike: by DuckDB."""
    if not text:
        return f"SELECT {NAME} AS name, NULL::VARCHAR AS field, NULL::VARCHAR AS said\nFROM {side}\nORDER BY name"
    wanted = f"lower(nfc_normalize({literal(text)}))"
    told = [each for each in matrix.fields(side) if not _MASS_FIELD.fullmatch(each)]
    columns = [(NAME, "''", "''", 0), *((matrix.field(side, each), literal(each), None, 3) for each in told)]
    each = [
        f"SELECT {NAME} AS name, {field} AS field, {said or column} AS said, {place} AS place,"
        f" {rank} + {_rank(f'lower(nfc_normalize({column}))', wanted)} AS rank"
        f" FROM {side} WHERE contains(lower(nfc_normalize({column})), {wanted})"
        for place, (column, field, said, rank) in enumerate(columns)
    ]
    return f"""SELECT name,
  nullif(arg_min(field, (rank, place)), '') AS field, nullif(arg_min(said, (rank, place)), '') AS said
FROM ({" UNION ALL ".join(each)})
GROUP BY name
ORDER BY min(rank), name"""


def _rank(column: str, wanted: str) -> str:
    """The whole first, then what begins with it, then what holds it."""
    return f"CASE WHEN {column} = {wanted} THEN 0 WHEN starts_with({column}, {wanted}) THEN 1 ELSE 2 END"
