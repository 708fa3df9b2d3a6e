"""Progress, timings, and the counters, gauges and timings of a piece of work, in bounded memory."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Literal

from tablemend.errors import StateError

if TYPE_CHECKING:
    from tablemend.records import Metric, Summary
    from tablemend.tracing import Tracing

Progress = Callable[[str, float], None]
"""Told the name of a stage and the fraction of it that is done, 0 to 1."""


def silent(stage: str, fraction: float) -> None:
    """Progress that nobody watches."""
    del stage, fraction


BEAT = 60.0
"""Seconds between two heartbeats of a run."""


def beating(progress: Progress, beat: Callable[[], None], *, every: float = BEAT) -> Progress:
    """Progress that also beats, now and then, to say that the work goes on."""
    last = time.monotonic()

    def told(stage: str, fraction: float) -> None:
        nonlocal last
        progress(stage, fraction)
        if time.monotonic() - last >= every:
            beat()
            last = time.monotonic()

    return told


class Timings:
    """Seconds spent in named stages, in order; a stage entered again adds up."""

    def __init__(self, progress: Progress = silent, telemetry: Telemetry | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self.progress = progress
        self.telemetry = telemetry

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage, and tell its beginning and end."""
        self.progress(name, 0.0)
        started = time.perf_counter()
        with self.telemetry.stage(name) if self.telemetry else nullcontext():
            yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started
        self.progress(name, 1.0)


Kind = Literal["counter", "gauge", "timing"]
LIMIT = 10_000
"""Entries kept by default."""
NAMES = 10_000
"""Most names: each has totals that stay."""
_OWN: dict[str, Kind] = {
    "run": "timing",
    "run.failed": "counter",
    "memory_mb": "gauge",
    "memory_peak_mb": "gauge",
}
"""Names that runs themselves measure under, besides `stage.…`."""


class _Total:
    """What stays of the entries of a name when the entries themselves have gone."""

    __slots__ = ("count", "kind", "last", "max", "min", "sum")

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.count = 0
        self.sum = 0.0
        self.min = math.inf
        self.max = -math.inf
        self.last = 0.0

    def add(self, value: float) -> None:
        self.count += 1
        self.sum += value
        self.min = min(self.min, value)
        self.max = max(self.max, value)
        self.last = value


class Telemetry:
    """Counters, gauges and timings by name; safe for threads.

    The newest `limit` entries are kept and the oldest go first, counted in `dropped`; count, sum, least and most of
    each name stay exact all the same. A name is of one kind. `parent` is told everything too.
    """

    def __init__(self, limit: int = LIMIT, *, parent: Telemetry | None = None, tracing: Tracing | None = None) -> None:
        self.limit = limit
        self.parent = parent
        self.tracing = tracing
        self.memory: Memory | None = None  # sampled at the end of each stage
        self.dropped = 0
        self._entries: deque[tuple[str, Kind, float, float]] = deque()
        self._totals: dict[str, _Total] = {}
        self._lock = threading.Lock()

    def count(self, name: str, n: float = 1) -> None:
        """Count something n times more; a counter never goes down."""
        if n < 0:
            raise StateError(f"counter {name} cannot go down by {-n}", hint="Use a gauge for what rises and falls.")
        self._note(name, "counter", n)
        if self.tracing is not None:
            self.tracing.count(name, n)

    def gauge(self, name: str, value: float) -> None:
        """Note the present value of something that rises and falls."""
        self._note(name, "gauge", value)

    def timing(self, name: str, seconds: float) -> None:
        """Note how long something took."""
        if seconds < 0:
            raise StateError(f"timing {name} cannot be {seconds} seconds", hint="Measure with time.perf_counter().")
        self._note(name, "timing", seconds)

    @contextmanager
    def track(self, name: str, **attributes: str) -> Iterator[None]:
        """Time a block under a name; where it raises, `NAME.failed` counts it and the error goes on.

        `attributes` go to the span of the block, where the application traces.
        """
        self._require(name, "timing")
        self._require(f"{name}.failed", "counter")
        started = time.perf_counter()
        with self.tracing.span(name, attributes) if self.tracing is not None else nullcontext():
            try:
                yield
            except BaseException:
                self.count(f"{name}.failed")
                raise
            finally:
                self.timing(name, time.perf_counter() - started)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Track a stage of the work, and the memory that the process holds at its end."""
        try:
            with self.track(f"stage.{name}"):
                yield
        finally:
            if self.memory is not None:
                self.memory.sample()

    def _note(self, name: str, kind: Kind, value: float) -> None:
        if not math.isfinite(value):
            raise StateError(f"{kind} {name} cannot be {value}", hint="Give a finite number.")
        at = time.time()
        with self._lock:
            total = self._totals.get(name)
            if total is None or total.kind != kind:
                total = self._begin(name, kind)
            total.add(value)
            if len(self._entries) >= self.limit:
                self._entries.popleft()
                self.dropped += 1
            self._entries.append((name, kind, value, at))
        if self.parent is not None:
            self.parent._note(name, kind, value)

    def _require(self, name: str, kind: Kind) -> None:
        """Refuse a name of another kind, before a block runs whose time could not be noted."""
        known = self._totals.get(name)
        meant = known.kind if known is not None else _own(name)
        if meant is not None and meant != kind:
            raise StateError(f"{name} is a {meant}, not a {kind}", hint="Give each figure a name of its own.")
        if self.parent is not None:
            self.parent._require(name, kind)

    def _begin(self, name: str, kind: Kind) -> _Total:
        self._require(name, kind)
        if len(self._totals) >= NAMES:
            raise StateError(
                f"there are {NAMES:,} names of figures already, and {name} is one more",
                hint="Name what is measured, not the single thing that it is measured on.",
            )
        return self._totals.setdefault(name, _Total(kind))

    def report(self) -> dict[str, Summary]:
        """The figures of each name, in alphabetical order.

        Count, mean, least, most, sum and last cover every entry; the percentiles cover the entries that are kept, and
        `kept` says how many these are. A percentile is interpolated between neighbours (Hyndman and Fan 1996, type 7).
        """
        with self._lock:
            entries = list(self._entries)
            totals = {
                name: (each.kind, each.count, each.sum, each.min, each.max, each.last)
                for name, each in self._totals.items()
            }
        values: dict[str, list[float]] = {name: [] for name in totals}
        for name, _, value, _ in entries:
            values[name].append(value)
        return {name: _summary(totals[name], sorted(values[name])) for name in sorted(totals)}

    def drain(self) -> tuple[Metric, ...]:
        """Take out the entries that are kept, oldest first, and begin anew."""
        from datetime import UTC, datetime

        from tablemend.records import Metric

        with self._lock:
            entries, self._entries = self._entries, deque()
            self._totals = {}
            self.dropped = 0
        return tuple(
            Metric(name=name, kind=kind, value=value, at=datetime.fromtimestamp(at, UTC))
            for name, kind, value, at in entries
        )


def _own(name: str) -> Kind | None:
    if name.startswith("stage."):
        return "counter" if name.endswith(".failed") else "timing"
    return _OWN.get(name)


def _summary(total: tuple[Kind, int, float, float, float, float], values: list[float]) -> Summary:
    from tablemend.records import Summary

    kind, count, whole, least, most, last = total
    p50, p95, p99 = (percentile(values, share) if values else None for share in (0.5, 0.95, 0.99))
    return Summary(
        kind=kind,
        count=count,
        mean=whole / count,
        min=least,
        max=most,
        p50=p50,
        p95=p95,
        p99=p99,
        sum=whole,
        last=last,
        kept=len(values),
    )


def percentile(values: list[float], share: float) -> float:
    """The value below which a share of sorted values lies, interpolated (Hyndman and Fan 1996, type 7)."""
    place = share * (len(values) - 1)
    below = math.floor(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


def summarise(metrics: list[Metric]) -> dict[str, Summary]:
    """The figures of metrics that were read back, as `Telemetry.report` gives them."""
    found = Telemetry(max(len(metrics), 1))
    for each in metrics:
        found._note(each.name, each.kind, each.value)
    return found.report()


class Memory:
    """Memory that this process holds over a piece of work: gauges in MB of 2**20 bytes.

    The peak is what the system counted where the work raised the highest mark that the process ever had; where it did
    not, the highest of the samples, since the system keeps one mark for the whole life of a process.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        import psutil

        self._telemetry = telemetry
        self._process = psutil.Process()
        self._mark = self._highest()
        self._most = 0.0
        self.sample()

    def sample(self) -> None:
        """Note what the process holds now, as `memory_mb`."""
        held = self._process.memory_info().rss / 2**20
        self._most = max(self._most, held)
        self._telemetry.gauge("memory_mb", held)

    def close(self) -> None:
        """Note the peak, as `memory_peak_mb`."""
        mark = self._highest()
        self._telemetry.gauge("memory_peak_mb", max(mark, self._most) if mark > self._mark else self._most)

    def _highest(self) -> float:
        import sys

        if sys.platform == "win32":
            return float(self._process.memory_info().peak_wset / 2**20)
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
