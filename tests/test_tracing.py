"""OpenTelemetry where the application uses it, and nothing of it elsewhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TRACED = """
import json, sys
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
metrics.set_meter_provider(MeterProvider([reader]))

import tablemend as tm

def progress(stage, fraction):
    if stage == "detect":
        raise ValueError("stopped here")

with tm.open(sys.argv[1]) as ws:
    with ws.track("nightly"):
        ws.scan(sys.argv[2])
    ws.progress = progress
    try:
        ws.scan(sys.argv[2])
    except ValueError:
        pass

spans = exporter.get_finished_spans()
ids = {span.context.span_id: span.name for span in spans}
found = {
    "spans": [
        [s.name, ids[s.parent.span_id] if s.parent else "", s.status.status_code.name, dict(s.attributes)]
        for s in spans
    ],
    "counters": {
        metric.name: sum(point.value for point in metric.data.data_points)
        for resource in reader.get_metrics_data().resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    },
}
print(json.dumps(found))
"""

PLAIN = """
import json, sys
import tablemend as tm

with tm.open(sys.argv[1]) as ws, ws.track("step"):
    ws.scan(sys.argv[2])
print(json.dumps(sorted(name for name in sys.modules if name.startswith("opentelemetry"))))
"""


def outcome(code: str, folder: Path, **environment: str) -> object:
    source = folder / "t.csv"
    source.write_text("id,city\n1,Bonn\n2, Bonn\n")
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder / "state"), str(source)],
        capture_output=True,
        text=True,
        check=True,
        env={**_environment(), **environment},
    )
    return json.loads(done.stdout)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}


def test_runs_stages_and_steps_are_spans(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.sdk")
    found = outcome(TRACED, tmp_path)
    assert isinstance(found, dict)
    spans = found["spans"]
    parents = {(name, parent) for name, parent, _, _ in spans}
    assert {("nightly", ""), ("run", "nightly"), ("stage.profile", "run"), ("stage.store", "run")} <= parents
    runs = [(status, attributes["kind"]) for name, _, status, attributes in spans if name == "run"]
    assert runs == [("UNSET", "scan"), ("ERROR", "scan")]
    assert found["counters"] == {"run.failed": 1}


def test_an_application_that_does_not_trace_loads_nothing_for_it(tmp_path: Path) -> None:
    assert outcome(PLAIN, tmp_path) == []


def test_variables_of_opentelemetry_are_enough(tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.trace")
    assert "opentelemetry.trace" in outcome(PLAIN, tmp_path, OTEL_SERVICE_NAME="orders")  # type: ignore[operator]


def test_variables_without_the_library_change_nothing(tmp_path: Path) -> None:
    absent = "import sys; sys.modules['opentelemetry'] = None\n" + PLAIN
    assert outcome(absent, tmp_path, OTEL_SERVICE_NAME="orders") == ["opentelemetry"]
