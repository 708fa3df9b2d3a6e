"""Spans and counters for OpenTelemetry, where the application uses it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any


def found() -> Tracing | None:
    """The tracing of this application; None where it has none.

    An application that traces has loaded OpenTelemetry or configures it by OTEL_ variables. Nothing is loaded for any
    other: its spans would lead nowhere.
    """
    loaded = "opentelemetry.trace" in sys.modules or "opentelemetry.metrics" in sys.modules
    if not loaded and not any(name.startswith("OTEL_") for name in os.environ):
        return None
    try:
        return Tracing()
    except ModuleNotFoundError:
        return None


class Tracing:
    """The tracer and the meter of the application, under the name tablemend."""

    def __init__(self) -> None:
        from opentelemetry import metrics, trace

        self._tracer = trace.get_tracer("tablemend")
        self._meter = metrics.get_meter("tablemend")
        self._counters: dict[str, Any] = {}

    def span(self, name: str, attributes: Mapping[str, str]) -> AbstractContextManager[Any]:
        """A span around a block; an error that leaves the block is noted in it."""
        return self._tracer.start_as_current_span(name, attributes=dict(attributes))

    def count(self, name: str, n: float) -> None:
        """Add to a counter; characters that its name may not hold become underscores."""
        counter = self._counters.get(name)
        if counter is None:
            allowed = re.sub(r"[^A-Za-z0-9_./-]", "_", name)[:255]
            counter = self._counters[name] = self._meter.create_counter(
                allowed if allowed[:1].isalpha() else f"tablemend_{allowed}"[:255]
            )
        counter.add(n)
