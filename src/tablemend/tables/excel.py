"""Workbooks: reading one sheet, writing several."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from tablemend.errors import OutputError, SourceNotFound, UnreadableSource
from tablemend.records import Column
from tablemend.tables import workbook_size
from tablemend.tables.arrow import numbered, uniform
from tablemend.tables.formulas import is_formula
from tablemend.tables.limits import Limits
from tablemend.tables.values import speak

MAX_ROWS = 1_048_576
"""Rows of a sheet, header included (limit of the format)."""

MAX_COLUMNS = 16_384
"""Columns of a sheet (limit of the format)."""

MAX_TITLE = 31
"""Characters of a sheet's title (limit of the format)."""

MAX_TEXT = 32_767
"""Characters of a cell (limit of the format)."""

MAX_EXACT = 10**15
"""Whole numbers from here on lose digits, because a sheet keeps 15 (limit of the format)."""


def read(path: Path, sheet: str | None, limits: Limits) -> tuple[pa.Table, tuple[Column, ...]]:
    """One sheet of a workbook, by default the first; its first row that is not empty names the columns."""
    workbook_size.check(path, limits)
    try:
        book = CalamineWorkbook.from_path(str(path))
        chosen = _choose(book.sheet_names, sheet, path)
        rows = _rows(book.get_sheet_by_name(chosen), path.name, limits)
    except (CalamineError, OSError) as error:
        raise _damaged(path, error) from error
    filled = [[None if cell == "" else cell for cell in row] for row in rows]
    first = next((at for at, row in enumerate(filled) if any(cell is not None for cell in row)), None)
    if first is None:
        raise UnreadableSource(
            f"The sheet {chosen!r} of {path.name} is empty.", hint=f"The workbook has {', '.join(book.sheet_names)}."
        )
    body = [row for row in filled[first + 1 :] if any(cell is not None for cell in row)]
    limits.rows(len(body), path.name)
    limits.columns(len(filled[first]), path.name)
    return _typed(filled[first], body)


def sheets(path: Path) -> list[str]:
    """The names of the sheets of a workbook, in their order."""
    try:
        return list(CalamineWorkbook.from_path(str(path)).sheet_names)
    except (CalamineError, OSError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> UnreadableSource:
    return UnreadableSource(
        f"{path} is not a workbook that can be read: {error}.", hint="Save it again as .xlsx, without a password."
    )


def _rows(sheet: CalamineSheet, name: str, limits: Limits) -> list[list[Any]]:
    """The cells from the first that is filled on; texts are counted, since a thousand cells can share a long one."""
    if sheet.start is None:
        return []
    rows, size, left = [], 0, sheet.start[1]
    for row in sheet.iter_rows():
        cells = row[left:]
        size += sum([len(cell) for cell in cells if type(cell) is str])
        limits.bytes(size, f"{name}, unpacked,")
        rows.append(cells)
    return rows


def _choose(sheets: Sequence[str], wanted: str | None, path: Path) -> str:
    if not sheets:
        raise UnreadableSource(f"{path.name} has no sheets.", hint="Give a workbook with a table in it.")
    if wanted is None or wanted in sheets:
        return wanted or sheets[0]
    same = [each for each in sheets if each.casefold() == wanted.casefold()]
    if same:
        return same[0]
    raise SourceNotFound(f"{path.name} has no sheet {wanted!r}.", hint=f"It has {', '.join(sheets)}.")


def _typed(header: list[Any], body: list[list[Any]]) -> tuple[pa.Table, tuple[Column, ...]]:
    headers = [speak(_whole(cell)) or "" for cell in header]
    columns = [[row[position] for row in body] for position in range(len(headers))]
    return numbered(headers, [pa.chunked_array([_column(values)]) for values in columns])


def _column(values: list[Any]) -> pa.Array:
    whole = [_whole(value) for value in values]
    fractions = {type(value) for value in whole} - {int, type(None)} == {float}
    return uniform(values if fractions else whole)


def _whole(value: Any) -> Any:
    """A whole number as such: a sheet knows only fractions."""
    return int(value) if type(value) is float and value.is_integer() and abs(value) < MAX_EXACT else value


def write(path: Path, sheets: Sequence[tuple[str, pa.Table]], target: Path) -> None:
    """Write tables as sheets of values; text never becomes a formula, a link or a number."""
    import xlsxwriter

    _must_fit(sheets, target)
    with xlsxwriter.Workbook(str(path), _VALUES_ONLY) as book:
        formats = {kind: book.add_format({"num_format": shape}) for kind, shape in _SHAPES.items()}
        formats[str] = book.add_format({"quote_prefix": True})
        for title, (_, table) in zip(_titles([title for title, _ in sheets]), sheets, strict=True):
            _write_sheet(book.add_worksheet(title), table, formats)


_VALUES_ONLY = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_SHAPES: dict[type, str] = {
    datetime.datetime: "yyyy-mm-dd hh:mm:ss",
    datetime.date: "yyyy-mm-dd",
    datetime.time: "hh:mm:ss",
}


def _must_fit(sheets: Sequence[tuple[str, pa.Table]], target: Path) -> None:
    for title, table in sheets:
        if table.num_rows + 1 > MAX_ROWS or table.num_columns > MAX_COLUMNS:
            raise OutputError(
                f"{target} cannot hold {title!r} with {table.num_rows:,} rows and {table.num_columns:,} columns: "
                f"a sheet has {MAX_ROWS:,} and {MAX_COLUMNS:,}.",
                hint="Export to .csv or .parquet.",
            )


def _titles(wanted: Sequence[str]) -> list[str]:
    """Titles that a workbook allows: short, without some characters, unique without regard to case."""
    titles: list[str] = []
    for title in wanted:
        plain = re.sub(r"[\[\]:*?/\\]", "_", title).strip("' ")[:MAX_TITLE] or "Sheet"
        number, found = 2, plain
        while found.casefold() in {each.casefold() for each in titles} | {"history"}:
            found = f"{plain[: MAX_TITLE - 5]}_{number}"
            number += 1
        titles.append(found)
    return titles


def _write_sheet(sheet: Any, table: pa.Table, formats: dict[type, Any]) -> None:
    for column, name in enumerate(table.column_names):
        sheet.write_string(0, column, name, _marked(name, formats))
    at = 1
    for batch in table.to_batches(max_chunksize=10_000):
        for row, values in enumerate(zip(*(column.to_pylist() for column in batch.columns), strict=True), at):
            for column, value in enumerate(values):
                _write_cell(sheet, row, column, value, formats)
        at += batch.num_rows


def _write_cell(sheet: Any, row: int, column: int, value: Any, formats: dict[type, Any]) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif _is_exact(value):
        sheet.write_number(row, column, value)
    elif type(value) in _SHAPES and getattr(value, "tzinfo", None) is None and getattr(value, "year", 1900) >= 1900:
        sheet.write_datetime(row, column, value, formats[type(value)])
    else:
        text = speak(value) or ""
        if len(text) > MAX_TEXT:
            raise OutputError(
                f"Row {row}, column {column + 1} has {len(text):,} characters; a sheet's cell holds {MAX_TEXT:,}.",
                hint="Export to .csv or .parquet.",
            )
        sheet.write_string(row, column, text, _marked(text, formats))


def _marked(text: str, formats: dict[type, Any]) -> Any:
    """The format that keeps a text from becoming a formula when somebody edits its cell."""
    return formats[str] if is_formula(text) else None


def _is_exact(value: Any) -> bool:
    """Whether a sheet keeps the number as it is."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, Decimal):
        return len(value.as_tuple().digits) <= 15
    return isinstance(value, int) and abs(value) < MAX_EXACT
