"""What a benchmark case is, and what a measurement gives."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tablemend.records import Record


class Row(Record, frozen=True, kw_only=True):
    """One measured figure beside its baseline."""

    case: str
    what: str
    value: float  # median; seconds for times, per second for rates, MB for memory
    unit: str
    p95: float | None = None
    baseline: float | None = None  # median of the way it replaces, same unit
    baseline_what: str = ""
    ratio: float | None = None  # how many times better than the baseline
    bar: float | None = None
    met: bool | None = None
    peak_mb: float | None = None  # of the process, before the baseline ran


def nothing() -> str:
    """What a case lacks that runs anywhere."""
    return ""


class Case(Record, frozen=True, kw_only=True):
    """A named measurement; its function gets a folder of its own and gives rows."""

    name: str
    help: str
    function: Callable[[Path], Sequence[Row]]
    lacks: Callable[[], str] = nothing  # what this computer does not have for it, in words; empty where it can run


def times(work: Callable[[], object], *, repetitions: int = 5, warm: bool = True) -> list[float]:
    """Seconds of each repetition, after one that does not count."""
    if warm:
        work()
    found = []
    for _ in range(repetitions):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return found


def peak_mb() -> float:
    """Most memory that this process has held, in MB."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (2**20 if sys.platform == "darwin" else 2**10)


def p95(found: Sequence[float]) -> float:
    """95th percentile; with few repetitions, the slowest."""
    return sorted(found)[min(len(found) - 1, round(0.95 * len(found)))]


def _enough(ratio: float | None, least: float | None) -> bool:
    return least is None or (ratio is not None and ratio >= least)


def _all(tests: Sequence[bool], *bars: float | None) -> bool | None:
    """Whether every bar is met; None where there is none."""
    return all(tests) if any(bar is not None for bar in bars) else None


def seconds(
    case: str,
    what: str,
    found: Sequence[float],
    *,
    baseline: Sequence[float] = (),
    baseline_what: str = "",
    bar: float | None = None,
    least_ratio: float | None = None,
    peak: float | None = None,
) -> Row:
    """A time: lower is better; met where it is within the bar and enough times faster than the baseline."""
    value = statistics.median(found)
    other = statistics.median(baseline) if baseline else None
    ratio = other / value if other is not None else None
    return Row(
        case=case,
        what=what,
        value=value,
        unit="s",
        p95=p95(found),
        baseline=other,
        baseline_what=baseline_what,
        ratio=ratio,
        bar=bar,
        met=_all([bar is None or value <= bar, _enough(ratio, least_ratio)], bar, least_ratio),
        peak_mb=peak,
    )


def rate(
    case: str,
    what: str,
    amount: float,
    found: Sequence[float],
    *,
    unit: str,
    baseline: Sequence[float] = (),
    baseline_what: str = "",
    bar: float | None = None,
    least_ratio: float | None = None,
    peak: float | None = None,
) -> Row:
    """An amount per second: higher is better; met where it reaches the bar and enough times the baseline."""
    value = amount / statistics.median(found)
    other = amount / statistics.median(baseline) if baseline else None
    ratio = value / other if other else None
    return Row(
        case=case,
        what=what,
        value=value,
        unit=unit,
        p95=amount / p95(found),
        baseline=other,
        baseline_what=baseline_what,
        ratio=ratio,
        bar=bar,
        met=_all([bar is None or value >= bar, _enough(ratio, least_ratio)], bar, least_ratio),
        peak_mb=peak,
    )


def more(case: str, what: str, found: Sequence[float], than: Sequence[float], *, than_what: str, bar: float) -> Row:
    """How much longer one way takes than another, by their medians; met where it is within the bar."""
    value, other = statistics.median(found), statistics.median(than)
    return Row(
        case=case,
        what=what,
        value=value - other,
        unit="s",
        baseline=other,
        baseline_what=than_what,
        bar=bar,
        met=value - other <= bar,
    )


def megabytes(case: str, what: str, value: float, *, bar: float) -> Row:
    """A memory figure: lower is better."""
    return Row(case=case, what=what, value=value, unit="MB", bar=bar, met=value <= bar, peak_mb=value)


def less(
    case: str, what: str, value: float, other: float, *, unit: str, than: str, least_ratio: float | None = None
) -> Row:
    """An amount of which less is better, beside another; met where it is so many times less."""
    return Row(
        case=case,
        what=what,
        value=value,
        unit=unit,
        baseline=other,
        baseline_what=than,
        ratio=other / value,
        met=None if least_ratio is None else other / value >= least_ratio,
    )
