"""Spellings that mean the same: decorations around the usual pattern of a column, times of day, case and spaces."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

Array = np.ndarray

LEAST_SHARE = 0.5
"""Share of the cells that must follow one pattern for it to be the usual one."""

_TIME = re.compile(r"(?<![\d:])(\d{1,2}):(\d{2})(?::\d{2})?\s*([ap])?(?:\.?m\b\.?)?", re.IGNORECASE)
_RUN = re.compile(r"\d+|[^\W\d_]+")


def pattern(value: str) -> str:
    """The shape of a value: runs of digits as 9, runs of letters as a."""
    return _RUN.sub(lambda run: "9" if run[0][0].isdigit() else "a", value)


def meanings(codes: Array, values: Sequence[str]) -> Array:
    """For each code the code of the usual spelling of the same meaning; the last entry, for -1, is -1."""
    counts = np.bincount(codes[codes >= 0], minlength=len(values))
    present = np.flatnonzero(counts).tolist()
    usual = _usual_pattern(values, counts, present)
    keys = {code: _key(values[code], usual) for code in present}
    best: dict[str, tuple[bool, int, int]] = {}
    for code, key in keys.items():
        rank = (pattern(values[code]) == usual, int(counts[code]), -code)
        best[key] = max(best.get(key, rank), rank)
    result = np.arange(len(values) + 1, dtype=np.int64)
    result[-1] = -1
    for code, key in keys.items():
        result[code] = -best[key][2]
    return result


def _usual_pattern(values: Sequence[str], counts: Array, present: list[int]) -> str | None:
    shapes: Counter[str] = Counter()
    for code in present:
        shapes[pattern(values[code])] += int(counts[code])
    if not shapes:
        return None
    shape, count = shapes.most_common(1)[0]
    return shape if count >= LEAST_SHARE * shapes.total() else None


def _key(value: str, usual: str | None) -> str:
    if usual is not None and "9:9" in usual and (time := _time(value)):
        return time
    core = _core(value, usual) if usual is not None and usual not in ("a", "9") else None
    return " ".join((core or value).casefold().split())


def _time(value: str) -> str | None:
    """Hour, minute and half of the day, where a value holds exactly one time of day."""
    found = _TIME.findall(value)
    if len(found) != 1:
        return None
    hour, minute, half = found[0]
    return f"{int(hour)}:{minute} {half.lower()}"


def _core(value: str, usual: str) -> str | None:
    """The only part of a longer value that has the usual pattern."""
    parts = (r"\d+" if c == "9" else r"[^\W\d_]+" if c == "a" else re.escape(c) for c in usual)
    found = re.findall(r"(?<!\w)" + "".join(parts) + r"(?!\w)", value)
    return found[0] if len(found) == 1 else None
