"""The interface for programs: what holds for every address of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from api_helpers import ROLES, Server, problem
from tablemend.records import Item
from tablemend.web.site import Site


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(tmp_path_factory.mktemp("api"))
    yield found
    found.close()


def document(server: Server) -> dict:
    return server.viewer.get("/openapi.json").json()


def operations(server: Server) -> Iterator[tuple[str, str, dict]]:
    for path, methods in document(server)["paths"].items():
        for method, each in methods.items():
            yield method.upper(), path, each


def test_every_operation_is_described(server: Server) -> None:
    names = []
    for method, path, each in operations(server):
        where = f"{method} {path}"
        assert path.startswith("/api/v1/"), where
        assert each["summary"], where
        assert each["tags"], where
        assert each["x-right"] in {"read", "scan", "decide", "approve", "apply", "admin"}, where
        names.append(each["operationId"])
        done = next(answer for code, answer in each["responses"].items() if code.startswith("2"))
        for media in done["content"].values():
            assert media["schema"], where
        assert {"401", "403", "404", "409", "413", "422", "500"} <= each["responses"].keys(), where
    assert len(names) == len(set(names))
    assert len(names) > 50


def test_every_reference_of_the_document_leads_somewhere(server: Server) -> None:
    found = document(server)
    text = json.dumps(found)
    for name in {each.partition('"')[0] for each in text.split("#/components/schemas/")[1:]}:
        assert name in found["components"]["schemas"]


def test_whoever_lacks_the_right_is_refused_before_the_body_is_looked_at(server: Server) -> None:
    least = {"scan": 1, "decide": 1, "approve": 2, "apply": 2, "admin": 3}
    for method, path, each in operations(server):
        if each["x-right"] == "read":
            continue
        for role in ROLES[: least[each["x-right"]]]:
            answer = getattr(server, role).send(method, path.removeprefix("/api/v1"), json={})
            assert problem(answer, 403)["hint"], (role, method, path)


def test_nobody_is_let_in_without_a_token(server: Server) -> None:
    assert server.nobody.get("/datasets").status_code == 401


def test_an_unknown_address_is_told_in_json(server: Server) -> None:
    assert "/api/v1/nothing/here" in problem(server.viewer.get("/nothing/here"), 404)["detail"]
    assert problem(server.viewer.send("PATCH", "/nothing"), 404)


def test_a_method_that_an_address_does_not_take(server: Server) -> None:
    answer = server.viewer.send("PUT", "/datasets")
    problem(answer, 405)
    assert answer.headers["allow"] == "GET"


def test_a_misspelt_parameter_is_refused_instead_of_doing_nothing(server: Server) -> None:
    told = problem(server.viewer.get("/items", decison="open"), 422)
    assert told["errors"] == [{"where": "query.decison", "message": "there is no such parameter"}]


@pytest.mark.parametrize(
    "path",
    [
        "/datasets?limit=-1",
        "/datasets?limit=0",
        "/datasets?limit=1001",
        "/datasets?limit=abc",
        "/datasets?offset=-1",
        "/datasets?offset=99999999999999999999999",
        "/datasets?offset=1e400",
        "/datasets/orders/rows?version=0",
        "/datasets/orders/rows?version=99999999999",
        "/datasets/orders/diff?before=1",
        "/datasets/a%00b",
        "/items?text=a%00b",
        "/items?min_confidence=nan",
        "/items?max_score=inf",
        "/items?min_rows=-1",
        "/items?decision=maybe",
        "/items?min_confidence=0.9&max_confidence=0.1",
        "/intel/brief?days=nan",
        "/intel/brief?days=0",
        "/audit?since=yesterday",
        "/audit?since=0001-01-01T00:00:00%2B14:00",
        "/runs?status=odd",
        "/jobs?status=odd",
        "/datasets/orders/download?format=exe",
    ],
)
def test_numbers_and_words_that_cannot_be(path: str, server: Server) -> None:
    problem(server.viewer.get(path), 422)


@pytest.mark.parametrize(
    "path",
    [
        "/datasets/../../etc/passwd",
        "/datasets/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/datasets/%ff%fe",
        "/datasets/" + "x" * 3_000,
        "/datasets/orders/rows?version=7",
        "/datasets/nothing/versions",
        "/runs/nothing",
        "/items/none",
        "/change-sets/c0",
        "/jobs/j0",
        "/gates/..%2f..%2fetc%2fpasswd",
        "/gates/%2fetc%2fpasswd",
        "/scorecards/%2fetc%2fpasswd",
    ],
)
def test_what_is_not_there(path: str, server: Server) -> None:
    problem(server.viewer.get(path), 404)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"verb": "approve"}',
        b'{"verb": "burn", "ids": ["x"]}',
        b'{"verb": "reject", "ids": ["a\\u0000b"]}',
        b'{"verb": "reject", "ids": ["\\ud800"]}',
        b'{"verb": "reject", "ids": [1]}',
        b'{"verb": "reject", "ids": ["x"], "rating": 6}',
        b'{"verb": "reject", "ids": ["x"], "rating": NaN}',
        b'{"verb": "reject", "ids": ["x"], "raeson": "misspelt"}',
        b'{"verb": "reject", "filter": {"min_rows": 99999999999999999999999999}}',
        b'{"verb": "reject", "filter": {"decison": "open"}}',
        b'{"verb": "reject", "filter": ' + b'{"a":' * 200 + b"1" + b"}" * 200 + b"}",
    ],
)
def test_bodies_that_cannot_be(body: bytes, server: Server) -> None:
    headers = server.reviewer.headers | {"content-type": "application/json"}
    program = type(server.reviewer)(server.app, headers)
    problem(program.send("POST", "/decisions", content=body), 422)


def test_a_body_that_is_nested_without_end(server: Server) -> None:
    program = type(server.reviewer)(server.app, server.reviewer.headers | {"content-type": "application/json"})
    problem(program.send("POST", "/decisions", content=b"[" * 100_000 + b"]" * 100_000), 400)


def test_parameters_of_a_repair_that_the_state_cannot_keep(server: Server) -> None:
    for params in (b'{"x": "\\u0000"}', b'{"x": Infinity}', b'{"x": 1e999}', b'{"x": 123456789012345678901234567890}'):
        program = type(server.reviewer)(server.app, server.reviewer.headers | {"content-type": "application/json"})
        body = b'{"operation": "trim", "columns": ["city"], "params": ' + params + b"}"
        problem(program.send("POST", "/items", content=body), 422)


def test_an_error_that_nobody_foresaw_tells_a_reference_and_nothing_else(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Site) -> None:
        raise RuntimeError("the password is hunter2")

    monkeypatch.setattr(Site, "workspace", property(broken))
    told = problem(server.viewer.get("/datasets"), 500)
    assert told["reference"]
    assert told["reference"] in caplog.text
    assert "hunter2" not in json.dumps(told)
    assert "Traceback" not in json.dumps(told)


def test_records_are_answered_with_every_field(server: Server) -> None:
    item = server.viewer.get("/items", limit=1).json()["items"][0]
    found = server.viewer.get(f"/items/{item['id']}").json()
    assert set(found["item"]) == set(Item.__struct_fields__)
    assert found["item"]["applied"] == ""
    assert found["item"]["evidence"][0]["source"] is not None
    assert found["decisions"] == []


def test_answers_are_not_kept_by_caches(server: Server) -> None:
    assert server.viewer.get("/datasets").headers["cache-control"] == "no-store"


def test_no_state_is_needed_to_ask(tmp_path: Path) -> None:
    empty = Server(tmp_path, rows=0)
    try:
        for path in ("/datasets", "/jobs", "/change-sets", "/writes", "/runs", "/learning", "/audit", "/me", "/gates"):
            assert empty.viewer.get(path).status_code == 200, path
        problem(empty.viewer.get("/items"), 404)
    finally:
        empty.close()
