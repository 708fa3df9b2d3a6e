"""The interface against its own description: no request that it describes or refuses makes it fail."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS

from api_helpers import Server
from tablemend.intel.example.generate import write

DECIDING = (
    "decide",
    "preview",
    "edit_item",
    "propose_item",
    "check_gate",
    "replay_gate",
    "check_scorecard",
    "check_rules",
    "decide_conflicts",
)
"""Operations besides those that only look: they are answered at once."""

CHOSEN = [
    check
    for check in CHECKS.get_all()
    if check.__name__
    in {"not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"}
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("schema")
    address = f"sqlite:///{folder}/care.db"
    job = {"source": f"{address}#visits", "to": f"{address}#conflict"}
    found = Server(folder, rows=60, conflicts_secret="a secret of sixteen signs", conflicts_jobs={"home": job})
    found.ws.conflicts.example(f"sqlite:///{folder}/care.db?mode=rwc#visits", rows=400)
    found.ws.conflicts.run("home")
    found.ws.approve(found.run, check="outer_space", force=True)
    found.ws.apply(found.run)
    found.ws.score_intel(write(folder / "stories")[0])
    found.ws.jobs.submit("rescan", dataset="orders")
    found.ws.schedules.add(str(found.table), interval="1d", name="daily")
    found.ws.alerts.test()
    sites = {"id": [f"s{n}" for n in range(8)], "group": ["fed", "fasted"] * 4, "site": ["gut"] * 8}
    measured = {"id": sites["id"], "ALANINE": [float(n) for n in range(8)], "SERINE": [n * n / 2 for n in range(8)]}
    found.ws.explore.load(pa.table(measured), name="m", row="id", samples=pa.table(sites))
    yield found
    found.close()


NEEDING: dict[str, Callable[[Server], dict[str, Any]]] = {
    "GET /api/v1/datasets/{dataset}/diff": lambda _: {"before": 1, "after": 2},
    "GET /api/v1/intel/compare": lambda server: dict.fromkeys(("before", "after"), server.ws.intel_run().id),
}
"""What a query must name to succeed."""

GROUPS = {"field": "group", "first": "fed", "second": "fasted", "test": "welch"}
OF_MATRICES: dict[str, dict[str, Any]] = {
    "feature": {"feature": "ALANINE"},
    "entity": {"entity": "s1"},
    "strongest": {"limit": 3},
    "top": {"entity": ["s1"]},
    "replicates": {"feature": "ALANINE"},
    "list/{side}": {"limit": 3},
    "why": {"feature": "ALANINE"},
    "compare": GROUPS,
    "regions": GROUPS | {"by": "site"},
    "trend": {"field": "group", "order": ["fed", "fasted"]},
    "against": {"other": "m"},
    "": {},
}
"""The same of each question about a matrix."""


def _known(server: Server) -> dict[str, str]:
    """Names of what there is, for the parameters of paths."""
    ws = server.ws
    with server.table.open("rb") as file:
        upload = ws.uploads.keep("orders.csv", file).id
    return {
        "dataset": "orders",
        "run": server.run,
        "item": next(each.id for each in ws.items(server.run) if not each.applied and each.cells),
        "change_set": ws.newest_apply(),
        "gate": "repair",
        "schedule": ws.schedules.list()[0].id,
        "alert": ws.alerts.recent()[0].id,
        "scorecard": "brand",
        "upload": upload,
        "job": ws.jobs.recent()[0].id,
        "ruleset": "visits",
        "matrix": "m",
        "side": "features",
    }


def _of_conflicts(server: Server) -> dict[str, str]:
    """The same below a job over conflicts, which is another thing than a job of the queue."""
    ws = server.ws
    conflict = ws.conflicts.list("home", limit=1)[0]["conflict"]
    return {"job": "home", "conflict": conflict, "run": ws.conflicts.report().run}


def _tried(server: Server, wanted: Callable[[Any], bool], most: int) -> dict[str, str]:
    """What went wrong with made-up requests, by operation."""
    headers = server.admin.headers
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", server.app, headers=headers)
    found: dict[str, str] = {}
    known, conflicts = _known(server), _of_conflicts(server)
    answered = defaultdict[str, Counter[int]](Counter)
    for each in schema.get_all_operations():
        operation = each.ok()
        if not wanted(operation):
            continue

        @settings(
            max_examples=most,
            derandomize=True,
            database=None,
            deadline=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def holds(case: Any) -> None:
            answered[case.operation.label][case.call_and_validate(headers=headers, checks=CHOSEN).status_code] += 1
            own = {name: known[name] for name in case.path_parameters or {} if name in known}
            if case.operation.label.endswith("intel/runs/{run}"):
                own["run"] = server.ws.intel_run().id
            if "/conflicts/{job}" in case.operation.label:
                own = {name: conflicts[name] for name in case.path_parameters}
            if "/matrices/{matrix}" in case.operation.label:
                case.query = OF_MATRICES[case.operation.label.partition("{matrix}")[2].strip("/")]
            if case.operation.label in NEEDING:
                case.query |= NEEDING[case.operation.label](server)
                own["dataset"] = "orders"
            if own:
                case.path_parameters = (case.path_parameters or {}) | own
                answered[case.operation.label][case.call_and_validate(headers=headers, checks=CHOSEN).status_code] += 1

        try:
            holds()
        except Exception as problem:  # noqa: BLE001 - told with its operation
            found[operation.label] = str(problem)
    assert answered
    never = [label for label, statuses in answered.items() if label.startswith("GET") and not statuses[200]]
    return found | {label: f"never succeeded: {dict(answered[label])}" for label in never}


def test_every_look(server: Server) -> None:
    assert _tried(server, lambda operation: operation.method.upper() == "GET", 6) == {}


def test_what_is_decided(server: Server) -> None:
    assert _tried(server, lambda operation: operation.definition.raw["operationId"] in DECIDING, 20) == {}


def test_what_succeeds_is_as_described(server: Server) -> None:
    ws = server.ws
    first = next(each.id for each in ws.items(server.run) if not each.applied and each.cells)
    gate = {"text": server.viewer.get("/gate").json()["text"]}
    city = server.viewer.get("/datasets/orders/rows", version=1, limit=1).json()["rows"][0][5]
    bodies: dict[str, dict[str, Any]] = {
        "preview": {"run": server.run, "ids": [first]},
        "decide": {"run": server.run, "verb": "approve", "ids": [first], "force": True, "rating": 4},
        "propose_item": {
            "run": server.run,
            "operation": "map_values",
            "columns": ["city"],
            "params": {"pairs": [[city, "P"]]},
        },
        "check_gate": gate,
        "replay_gate": gate,
        "check_scorecard": {"text": server.viewer.get("/scorecards/brand").json()["text"]},
        "apply": {"run": server.run},
        "undo": {"change_set": ws.newest_apply()},
        "scan": {"dataset": "orders"},
        "add_user": {"name": "eve", "role": "viewer"},
        "issue_token": {"name": "nightly", "role": "viewer"},
        "reset_learning": {"everything": True},
        "clear_cache": {},
    }
    headers = server.admin.headers
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", server.app, headers=headers)
    done = set()
    for each in schema.get_all_operations():
        operation = each.ok()
        name = operation.definition.raw["operationId"]
        if name in bodies:
            body = {"body": bodies[name], "media_type": "application/json"} if bodies[name] else {}
            answer = operation.Case(**body).call_and_validate(headers=headers, checks=CHOSEN)
            assert answer.status_code in {200, 201, 202}, (name, answer.text)
            done.add(name)
    assert done == bodies.keys()
