"""Texts as measurements: what is a number, what is missing, and what is neither."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tablemend.tables.values import speak

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
"""What is a number, as Python, R and SQL write one."""

MISSING = ("na", "n/a", "nan", "null", "none", "nd", "n.d.", ".", "-", "#n/a", "missing", "<na>")
"""What programs write, in any case, for a value that was not measured; a blank cell needs no word."""

FORMATTED_AS = (
    r"^[+-]?(\d{1,3}([, '’\x{a0}\x{202f}]\d{3})+(\.\d+)?|\d{1,3}([. '’\x{a0}\x{202f}]\d{3})*,\d+|\d+([.,]\d+)?\s*%)$"
)
"""Numbers for people: of which the separator is that of thousands or of decimals only their writer knows."""

INFINITE = r"^[+-]?inf(inity)?$"

NUMERIC, BLANK, MARKED, UNBOUNDED, OTHER, FORMATTED = range(6)
KINDS = ("numbers", "blank", "marked as missing", "infinite", "not numeric", "formatted")
"""What cells are, by their code."""


BLOCK = 1_000_000
"""Cells that are read as numbers at once."""


class Numbers(NamedTuple):
    """Cells as numbers: NaN where they are none; `kind` says why, as a place in KINDS."""

    values: npt.NDArray[np.float64]
    kind: npt.NDArray[np.uint8]


def parse(cells: pa.Array) -> Numbers:
    """Read cells of any type as numbers; booleans and moments are none."""
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    if pa.types.is_integer(cells.type) or pa.types.is_floating(cells.type) or pa.types.is_decimal(cells.type):
        return _typed(cells)
    if pa.types.is_null(cells.type):
        return _typed(cells.cast(pa.float64()))
    return _texts(texts(cells))


def texts(cells: pa.Array) -> pa.Array:
    """Cells of any type as texts."""
    if pa.types.is_string(cells.type):
        return cells
    if pa.types.is_nested(cells.type) or pa.types.is_binary(cells.type):
        return pa.array([speak(each) for each in cells.to_pylist()], pa.string())
    return cells.cast(pa.string())


def parse_all(columns: Sequence[pa.Array]) -> Numbers:
    """Read columns, one after the other; neighbours of one type as one, as each by itself costs more than its cells."""
    runs: list[list[pa.Array]] = []
    for each in columns:
        if runs and runs[-1][0].type == each.type:
            runs[-1].append(each)
        else:
            runs.append([each])
    parsed = [parse(pa.concat_arrays(run)) for run in runs]
    return Numbers(np.concatenate([each.values for each in parsed]), np.concatenate([each.kind for each in parsed]))


def _typed(cells: pa.Array) -> Numbers:
    absent = cells.is_null().to_numpy(zero_copy_only=False)
    values = cells.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float64, copy=True)
    kind = np.where(absent, BLANK, NUMERIC).astype(np.uint8)
    kind[~absent & np.isnan(values)] = MARKED
    kind[np.isinf(values)] = UNBOUNDED
    values[kind != NUMERIC] = np.nan
    return Numbers(values, kind)


def _texts(cells: pa.Array) -> Numbers:
    text = pc.utf8_trim_whitespace(cells)
    blank = _mask(pc.or_kleene(text.is_null(), pc.equal(text, "")))
    numeric = _mask(pc.match_substring_regex(text, NUMBER))
    kind = np.full(len(cells), OTHER, np.uint8)
    kind[blank], kind[numeric] = BLANK, NUMERIC
    values = np.full(len(cells), np.nan)
    found = pc.utf8_ltrim(text.filter(pa.array(numeric)), "+").cast(pa.float64())
    values[numeric] = found.to_numpy(zero_copy_only=False)
    over = np.isinf(values)  # a number that is written out, beyond what 64 bits hold
    kind[over], values[over] = UNBOUNDED, np.nan
    left = np.flatnonzero(kind == OTHER)
    if len(left):
        words = pc.utf8_lower(text.take(pa.array(left)))
        kind[left[_mask(pc.is_in(words, pa.array(MISSING)))]] = MARKED
        kind[left[_mask(pc.match_substring_regex(words, INFINITE))]] = UNBOUNDED
        kind[left[_mask(pc.match_substring_regex(words, FORMATTED_AS))]] = FORMATTED
    return Numbers(values, kind)


def _mask(found: pa.Array) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.fill_null(found, fill_value=False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def narrowest(values: npt.NDArray[np.float64]) -> npt.NDArray[np.floating]:
    """The values in 32 bits where each of them survives it, else as they are."""
    with np.errstate(over="ignore"):
        narrow = values.astype(np.float32)
    return narrow if np.array_equal(narrow.astype(np.float64), values, equal_nan=True) else values


def codes(count: int) -> type[np.unsignedinteger]:
    """The narrowest type of so many different codes, one more being kept for none."""
    return np.uint8 if count < 1 << 8 else np.uint16 if count < 1 << 16 else np.uint32
