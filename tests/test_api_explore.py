"""Matrices over HTTP: read from uploads by a job, asked, and forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api_helpers import Server, problem
from tablemend.explore import sample


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path, rows=0)
    yield found
    found.close()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return {path.name: path for path in sample.write(tmp_path / "example", entities=12, features=60, per_group=3)}


def upload(server: Server, path: Path) -> str:
    with path.open("rb") as file:
        return str(server.reviewer.send("POST", "/uploads", files={"file": (path.name, file)}).json()["id"])


def rows(answer: Any) -> list[dict[str, Any]]:
    told = answer.json()
    return [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]


def test_a_matrix_is_read_from_uploads_and_asked(server: Server, files: dict[str, Path]) -> None:
    asked = server.reviewer.post(
        "/matrices",
        name="cultures",
        upload=upload(server, files["cultures.tsv"]),
        samples_upload=upload(server, files["cultures_samples.tsv"]),
        features_upload=upload(server, files["metabolites.csv"]),
        entity="entity",
    )
    done = server.work(asked)
    assert (done["matrix"], done["version"]) == ("cultures", 1)
    (listed,) = server.viewer.get("/matrices").json()
    assert listed["cells"] == done["cells"]
    assert (listed["entities"], listed["features"]) == (12, 60)
    assert server.viewer.get("/matrices/cultures").json() == listed
    assert "/uploads/" not in str(listed)
    strongest = rows(server.viewer.get("/matrices/cultures/strongest", limit=2))
    assert abs(strongest[0]["mean"]) >= abs(strongest[1]["mean"]) > 0
    first = server.viewer.get("/matrices/cultures/feature", feature=strongest[0]["feature"], order="strong")
    assert rows(first)[0]["entity"] == strongest[0]["entity"]
    assert (first.json()["cached"], first.json()["version"]) == (None, 1)
    again = server.viewer.get("/matrices/cultures/feature", feature=strongest[0]["feature"], order="strong")
    assert again.json()["cached"] == "process"
    narrowed = server.viewer.get("/matrices/cultures/list/entities", where=["phylum=none such"]).json()
    assert narrowed["total"] == 0
    server.work(server.reviewer.post("/matrices", name="mice", upload=upload(server, files["mice.csv"])))
    both = server.viewer.get("/matrices/cultures/against", other="mice").json()
    assert both["facts"]["n"] == both["total"] > 0


def test_what_cannot_be_read_or_asked_is_told(server: Server, files: dict[str, Path]) -> None:
    told = problem(server.viewer.get("/matrices/none"), 404)
    assert "there is no matrix 'none'" in told["detail"]
    problem(server.viewer.post("/matrices", name="m", upload="u0"), 403)
    problem(server.reviewer.post("/matrices", name="m"), 422)
    problem(server.reviewer.post("/matrices", source=str(files["mice.csv"])), 422)
    server.work(server.reviewer.post("/matrices", name="mice", upload=upload(server, files["mice.csv"])))
    problem(server.viewer.get("/matrices/mice/feature", feature="none such"), 404)
    problem(server.viewer.get("/matrices/mice/feature"), 422)
    problem(server.viewer.get("/matrices/mice/feature", feature="x", where="no condition"), 422)
    problem(server.viewer.delete("/matrices/mice"), 403)
    assert server.approver.delete("/matrices/mice").json() == {"removed": 1}
    assert server.viewer.get("/matrices").json() == []
