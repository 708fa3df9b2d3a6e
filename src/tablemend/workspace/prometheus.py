"""Runs and their metrics in the text format of Prometheus."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from tablemend.records import RunReport, Summary

_LABELS = ("run", "kind")
_OWN = ("tablemend_runs", "tablemend_run_duration_seconds", "tablemend_run_counts")
_HELP = {"counter": "Counted during a run.", "gauge": "Last value of a run.", "timing": "Seconds, during a run."}


def text(reports: Sequence[RunReport], totals: Mapping[str, Mapping[str, int]] | None = None) -> str:
    """The text of a page that Prometheus reads: of the runs given, and the number of runs by kind and status."""
    registry = CollectorRegistry()
    registry.register(_Runs(reports, totals or {}))
    return generate_latest(registry).decode()


class _Runs(Collector):
    def __init__(self, reports: Sequence[RunReport], totals: Mapping[str, Mapping[str, int]]) -> None:
        self._reports = reports
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        """Every family, each name once."""
        if self._totals:
            yield _totals(self._totals)
        yield from _runs(self._reports)
        found = [(name, each.kind) for report in self._reports for name, each in report.metrics.items()]
        for (name, kind), exported in names(found).items():
            yield _family(name, kind, exported, self._reports)


def _totals(totals: Mapping[str, Mapping[str, int]]) -> Metric:
    family = GaugeMetricFamily("tablemend_runs", "Runs that are kept.", labels=("kind", "status"))
    for kind, numbers in totals.items():
        for status, number in numbers.items():
            family.add_metric((kind, status), number)
    return family


def _runs(reports: Sequence[RunReport]) -> Iterator[Metric]:
    duration = GaugeMetricFamily(
        "tablemend_run_duration_seconds", "From beginning to end of a run.", labels=(*_LABELS, "status")
    )
    counts = GaugeMetricFamily("tablemend_run_counts", "What a run counted at its end.", labels=(*_LABELS, "name"))
    for run in (report.run for report in reports):
        if run.finished is not None:
            duration.add_metric((run.id, run.kind, run.status), (run.finished - run.started).total_seconds())
        for name, number in run.counts.items():
            counts.add_metric((run.id, run.kind, name), number)
    yield duration
    yield counts


def _family(name: str, kind: str, exported: str, reports: Sequence[RunReport]) -> Metric:
    make = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily, "timing": SummaryMetricFamily}[kind]
    family = make(exported, _HELP[kind], labels=_LABELS)
    for report in reports:
        found = report.metrics.get(name)
        if found is not None and found.kind == kind:
            _add(family, (report.run.id, report.run.kind), found)
    return family


def _add(family: Metric, labels: tuple[str, str], found: Summary) -> None:
    if isinstance(family, CounterMetricFamily):
        family.add_metric(labels, found.sum)
    elif isinstance(family, GaugeMetricFamily):
        family.add_metric(labels, found.last)
    elif isinstance(family, SummaryMetricFamily):
        named = dict(zip(_LABELS, labels, strict=True))
        for quantile, value in (("0.5", found.p50), ("0.95", found.p95), ("0.99", found.p99)):
            if value is not None:
                family.add_sample(family.name, {**named, "quantile": quantile}, value)
        family.add_metric(labels, found.count, found.sum)


def names(figures: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The exported name of each figure, given its name and kind.

    Prometheus allows letters, digits and underscores. Figures whose names become alike are told apart by the beginning
    of a hash, the same in every export; so are those that would be taken for a figure of a run itself.
    """
    plain = {figure: _plain(*figure) for figure in set(figures)}
    by_series = sorted((series, figure) for figure in plain for series in _series(plain[figure], figure[1]))
    clashing = {
        figure
        for series, group in groupby(by_series, key=lambda each: each[0])
        if len(members := [figure for _, figure in group]) > 1 or series in _OWN
        for figure in members
    }
    return {each: _told_apart(*each) if each in clashing else plain[each] for each in sorted(plain)}


def _plain(name: str, kind: str, mark: str = "") -> str:
    word = re.sub(r"[^a-zA-Z0-9_]", "_", name)
    if kind == "counter":
        word = word.removesuffix("_total")
    return f"tablemend_{word}{mark}{'_seconds' if kind == 'timing' else ''}"


def _told_apart(name: str, kind: str) -> str:
    return _plain(name, kind, "_" + hashlib.sha256(f"{kind} {name}".encode()).hexdigest()[:8])


def _series(exported: str, kind: str) -> tuple[str, ...]:
    """The names of samples that a family gives; a counter and its family have names of their own."""
    ends = {"counter": ("", "_total", "_created"), "gauge": ("",), "timing": ("", "_count", "_sum", "_created")}
    return tuple(exported + end for end in ends[kind])
