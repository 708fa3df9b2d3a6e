"""The docs page with the measured figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tablemend.bench.case import Row

_HEAD = """# Measured figures

Written by `tablemend bench --page`. Each case runs in a process of its own, beside the way that it replaces in the
same process. Times are medians; a ratio is how many times better than the baseline.

"""


def markdown(rows: Sequence[Row], machine: Mapping[str, Any]) -> str:
    """The figures as a page."""
    lines = ["| case | what | value | baseline | ratio | bar | met | peak |", "|---|---|---|---|---|---|---|---|"]
    lines += [_line(row) for row in rows]
    described = ", ".join(f"{name} {value}" for name, value in machine.items())
    return _HEAD + "\n".join(lines) + f"\n\nMachine: {described}.\n"


def _line(row: Row) -> str:
    baseline = "" if row.baseline is None else f"{_amount(row.baseline, row.unit)} ({row.baseline_what})"
    cells = (
        f"`{row.case}`",
        row.what,
        _amount(row.value, row.unit),
        baseline,
        "" if row.ratio is None else f"{row.ratio:.1f}×",
        "" if row.bar is None else _amount(row.bar, row.unit),
        "" if row.met is None else ("yes" if row.met else "no"),
        "" if row.peak_mb is None else f"{row.peak_mb:,.0f} MB",
    )
    return "| " + " | ".join(cells) + " |"


def _amount(value: float, unit: str) -> str:
    if unit == "s" and value < 0.001:
        return f"{value * 1e6:,.1f} µs"
    if unit == "s" and value < 0.1:
        return f"{value * 1000:,.1f} ms"
    if unit == "s":
        return f"{value * 1000:,.0f} ms" if value < 1 else f"{value:,.2f} s"
    return f"{value:.1%}" if unit == "share" else f"{value:,.0f} {unit}"
