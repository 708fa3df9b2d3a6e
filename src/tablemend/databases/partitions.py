"""Partitions of a table: conditions on its key that hold about equally many rows, and each row exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tablemend.databases.bulk.wire import Table, reading
from tablemend.databases.database import Database
from tablemend.databases.dividing import Divider
from tablemend.errors import SettingsError
from tablemend.records import Record


class Partition(Record, frozen=True, kw_only=True, omit_defaults=False):
    """Some rows of a table; `bulk.read(…, where=condition, params=values)` reads them."""

    number: int  # from 1
    condition: str  # SQL of the database; its parameters are written `:name`
    values: dict[str, Any]  # name → value of each parameter
    rows: int  # that it holds
    counted: bool  # `rows` was counted; else it is an estimate
    label: str  # for people; names no value where the partitions are opaque


def partition(
    database: Database,
    table: Table,
    key: Sequence[str],
    *,
    parts: int | None = None,
    rows: int | None = None,
    where: str = "",
    opaque: bool = False,
    exact: bool = False,
) -> tuple[Partition, ...]:
    """Divide a table (schema, name) into about `parts` partitions, or into partitions of about `rows` rows.

    Every row for which `where` holds is in exactly one, also a row that comes later; none is empty as the table stands.
    Rows without a value of the key have a partition of their own. Rows of one key stay together, and a value that many
    rows share stands alone. Where there are many rows, the statistics of the database or a sample say where to cut:
    two calls may cut differently.
    `exact` counts the rows of each partition, in one more pass. Labels of `opaque` partitions show no values. Raises
    MissingObject for a table or column that is not there, DataRefused for a key without an order, SettingsError for
    other arguments that make no sense.
    """
    _check(key, parts, rows)
    with reading(database) as wire:
        divider = Divider(wire, table, key, where)
        total = divider.count()
        if not total:
            return ()
        pieces = divider.divided(parts or max(1, round(total / (rows or total))))
        if exact:
            pieces = divider.recounted(pieces)
        made = []
        for number, piece in enumerate(pieces, start=1):
            condition, values = divider.condition(piece)
            words = "" if opaque else ": " + " and ".join(term.words for term in piece.terms)
            made.append(
                Partition(
                    number=number,
                    condition=condition,
                    values=values,
                    rows=piece.rows,
                    counted=piece.counted,
                    label=f"p{number:04}{words}",
                )
            )
        return tuple(made)


def _check(key: Sequence[str], parts: int | None, rows: int | None) -> None:
    if not key:
        raise SettingsError("a table is divided by a key, and no column was named", hint="Name the columns of its key.")
    if (parts is None) == (rows is None):
        raise SettingsError("`parts` or `rows` says how finely to divide, one of them", hint="Give exactly one.")
    asked = parts if parts is not None else rows
    if asked is not None and asked < 1:
        raise SettingsError(f"a table cannot be divided by {asked}", hint="Give 1 or more parts or rows.")
