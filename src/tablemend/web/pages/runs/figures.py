"""Figures: how quickly the server answers, the memory that it holds, the cache, and the newest runs."""

from __future__ import annotations

from typing import Any

from dash import html

from tablemend.caching import CacheCounts
from tablemend.records import RunReport
from tablemend.web.address import Address
from tablemend.web.components import basics
from tablemend.web.pages.runs import words
from tablemend.web.pages.runs.one import metric
from tablemend.web.site import Site
from tablemend.web.timing import TARGETS, Kind, Timing

_MEASURED = ("cache.", "database.", "pool.", "batch.", "batches.")
MEMORY_TARGET = 600
"""Most megabytes that the server should hold with 20 users."""
NAMES = 25
"""Slowest names that are listed."""


def draw(site: Site, address: Address) -> Any:
    """All figures."""
    del address
    return [_server(site), html.Div([_slow(site), _cache(site)], className="tm-columns"), _runs(site)]


def figure(name: str, value: Any, hint: str = "") -> html.Div:
    """A figure with its name below."""
    parts = [html.B(value), html.Span(name), html.Span(hint, className="tm-hint")]
    return html.Div(parts, className="tm-figure tm-card")


def memory() -> tuple[float, float]:
    """Megabytes that the server holds, and that its workers hold beside it."""
    import psutil

    own = psutil.Process()
    held = 0
    for child in own.children(recursive=True):
        try:
            held += child.memory_info().rss
        except psutil.NoSuchProcess:  # it ended while we counted: it holds nothing
            continue
    return own.memory_info().rss / 2**20, held / 2**20


def _server(site: Site) -> Any:
    found = site.times.report()
    held, beside = memory()
    heads = [
        figure("memory of the server", f"{held:,.0f} MB", f"at most {MEMORY_TARGET} MB are aimed at"),
        figure("memory of its workers", f"{beside:,.0f} MB"),
        *(_kind(kind, [each for each in found if each.kind == kind]) for kind in TARGETS),
    ]
    rows = [
        (
            html.Code(each.name),
            each.kind,
            f"{each.count:,}",
            f"{each.failed:,}" if each.failed else "–",
            words.seconds(each.p50),
            html.Span(words.seconds(each.p95), className="" if each.met else "tm-slow"),
            words.seconds(each.max),
            f"{words.seconds(each.target)}{'' if each.met else ', missed'}",
        )
        for each in found[:NAMES]
    ]
    head = ("Answer", "Kind", "Count", "Failed", "p50", "p95", "Longest", "p95 aimed at")
    return basics.section(
        "Server",
        html.Div(heads, className="tm-figures"),
        html.Div(basics.table(head, rows, label="Times of answers", numbers=range(2, 8)), style={"marginTop": "12px"}),
        note="since it was started; the slowest first",
    )


def _kind(kind: Kind, found: list[Timing]) -> html.Div:
    worst = max((each.p95 for each in found if each.p95 is not None), default=None)
    number = sum(each.count for each in found)
    hint = f"{number:,} answers, {words.seconds(TARGETS[kind])} aimed at"
    return figure(f"p95 of the slowest {kind}", words.seconds(worst), hint)


def _slow(site: Site) -> Any:
    found = site.times.slow()
    if not found:
        return basics.section("Slow answers", html.P("None took longer than is aimed at.", className="tm-good"))
    rows = [(basics.when(each.at), html.Code(each.name), each.kind, words.seconds(each.seconds)) for each in found]
    return basics.section(
        "Slow answers", basics.table(("When", "Answer", "Kind", "Took"), rows[:12], label="Slow answers", numbers=(3,))
    )


def _cache(site: Site) -> Any:
    found = site.base.cache_statistics()
    rows = [
        (name, *_counted(each))
        for name, each in (("last minute", found.minute), ("last hour", found.hour), ("in all", found.all))
    ]
    head = ("", "Hits", "Of lookups", "Ratio", "Evicted", "Made invalid")
    redis = {"none": "no Redis", "ready": "Redis answers"}.get(found.redis.state, f"Redis is {found.redis.state}")
    note = f"{found.entries:,} results of {basics.megabytes(found.bytes)}; {redis}"
    return basics.section(
        "Cache of the server", basics.table(head, rows, label="Cache", numbers=range(1, 6)), note=note
    )


def _counted(each: CacheCounts) -> tuple[str, ...]:
    ratio = "–" if each.hit_rate is None else f"{each.hit_rate:.0%}"
    hits = each.hits_process + each.hits_redis
    return f"{hits:,}", f"{each.lookups:,}", ratio, f"{each.evictions:,}", f"{each.invalidations:,}"


def _runs(site: Site) -> Any:
    found = site.base.newest_reports()
    parts = [_run(report) for report in sorted(found, key=lambda each: each.run.started, reverse=True)]
    return html.Div(parts)


def _run(report: RunReport) -> Any:
    measured = [metric(name, each) for name, each in report.metrics.items() if name.startswith(_MEASURED)]
    whole = report.metrics.get("run")
    peak = report.metrics.get("memory_peak_mb")
    note = [words.run_link(report.run.id), " ", basics.when(report.run.started)]
    facts = basics.facts(
        ("took", words.seconds(whole.sum if whole else None)),
        ("memory at most", words.number(peak.last, "memory_peak_mb") if peak else "–"),
    )
    head = ("Metric", "Kind", "Count", "Mean", "p50", "p95", "Most", "In all")
    table = basics.table(head, measured, label=f"Pools, cache and batches of {report.run.id}", numbers=range(2, 8))
    return basics.section(f"Newest {report.run.kind}", facts, table if measured else None, note=note)
