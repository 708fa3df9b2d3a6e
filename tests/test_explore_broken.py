"""Files that are not as a matrix should be: refused in words, or read with everything told that is not right."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tablemend as tm
from tablemend.errors import SettingsError
from tablemend.store.matrices import Manifest
from tablemend.tables import answers
from tablemend.workspace import Workspace

Call = Callable[..., tuple[int, str, str]]

LONG = """species,metabolite,replicate,value
A,x,1,1.0
A,x,2,3.0
A,y,1,2
B,x,1,5
B,y,1,-1
B,y,2,
"""


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with tm.open(tmp_path / "state") as opened:
        yield opened


def load(ws: Workspace, path: Path, content: str | bytes, **more: Any) -> Manifest:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return ws.explore.load(path, name="m", **more)


def told(found: Manifest) -> tuple[dict[str, int], dict[str, int]]:
    """Cells by their kind, and problems."""
    return {kind: n for kind, n in found.cells.items() if n}, {each.kind: each.count for each in found.problems}


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("", "is empty"),
        ("\n\n  \n", "is empty"),
        ("id,a,b\n", "the table has no rows"),
        ("id,a,b\ns1,red,x\ns2,blue,y\n", "no column of the table holds numbers"),
        ("id,a,b\ns1,,\ns2,,\n", "no column of the table holds numbers"),
        ('id,a,b\ns1,"1,234.5","12,000"\ns2,"2,000",7%\n', "no cell holds a number, but such as '1,234.5'"),
        (bytes(range(256)) * 20, "is not a text file"),
    ],
)
def test_what_holds_no_matrix_is_refused_by_the_command_and_nothing_is_kept(
    call: Call, tmp_path: Path, content: str | bytes, wanted: str
) -> None:
    (tmp_path / "m.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    code, out, err = call("explore", "load", "m.csv")
    assert (code, out) == (2, "")
    assert wanted in err
    assert "Traceback" not in err
    code, out, _ = call("explore", "list", "--json")
    assert (code, json.loads(out)) == (0, [])


@pytest.mark.parametrize(
    ("content", "cells", "problems"),
    [
        ("id,a,b\ns1,1,2\n", {"numbers": 2}, {}),
        ('id,"a ""x"", y",b\n"s,1",1,2\n"s""2""",3,4\n', {"numbers": 4}, {}),
        ("id,é,b\ns1,1.5,2\nß,3,4\n".encode("utf-16"), {"numbers": 4}, {}),
        ("id;a;b\ns1;1.5;2.25\ns2;-0.5;\n", {"numbers": 3, "blank": 1}, {}),
        ("id,a,b\ns1,1,2\ns1,3,4\n,7,8\n", {"numbers": 6}, {"unnamed samples": 1, "repeated samples": 1}),
        (
            "id;a;b\ns1;1,5;2,25\ns2;-0,5;3\n",
            {"numbers": 1, "formatted": 3},
            {"formatted": 3, "empty features": 1, "empty samples": 1},
        ),
        (
            "id;a;b\ns1;1 000;10%\ns2;1'234.5;3\ns3;1.234,5;1e5\n",
            {"numbers": 2, "formatted": 4},
            {"formatted": 4, "empty features": 1, "empty samples": 1},
        ),
    ],
)
def test_what_is_told_of_a_file_adds_up(
    ws: Workspace, tmp_path: Path, content: str | bytes, cells: dict[str, int], problems: dict[str, int]
) -> None:
    found = load(ws, tmp_path / "m.csv", content)
    assert told(found) == (cells, problems)
    assert sum(cells.values()) == found.samples * found.features


def test_parquet_and_workbooks_are_read_by_their_types(ws: Workspace, tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": ["s1", "s2"],
            "a": pa.array([1, None], pa.int64()),
            "b": [1.5, float("nan")],
            "seen": [True, False],
            "parts": [[1], None],
            "at": pa.array([1, 2], pa.timestamp("s")),
            "raw": [b"\xff", b"x"],
            "d": pa.array([2, 3], pa.decimal128(20, 3)),
        }
    )
    pq.write_table(table, tmp_path / "m.parquet")
    found = ws.explore.load(tmp_path / "m.parquet")
    assert (found.features, found.sample_fields) == (3, ("seen", "parts", "at", "raw"))
    cells, problems = told(found)
    assert cells == {"numbers": 4, "blank": 1, "marked as missing": 1}
    assert problems == {"marked as missing": 1}
    answers.write(table.select(["id", "a", "d"]), tmp_path / "m.xlsx", title="values")
    assert told(ws.explore.load(tmp_path / "m.xlsx")) == ({"numbers": 3, "blank": 1}, {})


def test_a_long_table_with_replicates_tells_which_come_again(ws: Workspace, tmp_path: Path) -> None:
    found = load(ws, tmp_path / "m.csv", LONG)
    assert (found.shape, found.entities, found.samples, found.features) == ("long", 2, 4, 2)
    assert told(found) == ({"numbers": 5, "blank": 1}, {"empty samples": 1})
    found = load(ws, tmp_path / "m.csv", LONG.replace("A,x,2", "A,x,1") + ",x,1,4\nB,,1,4\n")
    assert told(found)[1] == {
        "repeated cells": 1,
        "unnamed features": 1,
        "samples without entity": 1,
        "empty samples": 1,
    }
    (row,) = ws.explore.feature("m", "x", order="low", limit=1).table.to_pylist()
    assert (row["entity"], row["n"], row["mean"]) == ("A", 2, 2.0)


def test_rows_are_features_where_their_column_is_called_so(ws: Workspace, tmp_path: Path) -> None:
    content = "metabolite,s1,s2\nX,1,2\nY,3,4\nZ,5,\n"
    found = load(ws, tmp_path / "m.csv", content)
    assert (found.transposed, found.samples, found.features) == (True, 2, 3)
    assert ws.explore.entity("m", "s2", order="name").table["mean"].to_pylist() == [2.0, 4.0]
    found = load(ws, tmp_path / "m.csv", content, transposed=False)
    assert (found.transposed, found.samples, found.features) == (False, 3, 2)


def test_ids_of_samples_stay_their_names_beside_a_column_of_entities(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "fields.csv").write_text("id,site\ns1,gut\ns2,skin\ns3,gut\n")
    content = "strain,sample_id,x,y\nA,s1,1,2\nA,s2,3,4\nB,s3,5,6\n"
    found = load(ws, tmp_path / "m.csv", content, entity="strain", samples=str(tmp_path / "fields.csv"))
    assert (found.entity, found.entities, found.samples, found.problems) == ("strain", 2, 3, ())
    rows = ws.explore.replicates("m", "x").table.to_pylist()
    assert [(row["sample"], row["entity"], row["site"]) for row in rows] == [
        ("s1", "A", "gut"),
        ("s2", "A", "skin"),
        ("s3", "B", "gut"),
    ]
    with pytest.raises(SettingsError, match="'strain' cannot be the entity and the feature"):
        load(ws, tmp_path / "m.csv", content, entity="strain", feature="strain")
    with pytest.raises(SettingsError, match="names any of the samples"):
        load(ws, tmp_path / "m.csv", "id,x\nq,1\n", samples=str(tmp_path / "fields.csv"))


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        (("top", "m", "A", "B", "--top", "1"), "In no feature are all of A, B among the top 1."),
        (("replicates", "m", "y", "A", "B", "--where", "species=C"), "none with species C"),
        (("replicates", "m", "y", "--where", "species="), "none with species blank"),
        (("feature", "m", "y", "--where", "phylum=P"), "entities of m have no field 'phylum'"),
        (("feature", "m", "w"), "m has no feature 'w'"),
        (("why", "m", "--feature", "y", "--entity", "C"), "m has no entity 'C'"),
        (("strongest", "n"), "there is no matrix 'n'"),
        (("entity", "m", "A", "--where", "x"), "'x' is no condition"),
        (("feature", "m", "x", "--output", "x.txt"), "x.txt has a suffix that names no format"),
        (("strongest", "m", "--limit", "2", "--output", "x.csv"), "2 of 4 rows written to x.csv"),
        (("remove", "n"), "there is no matrix 'n'"),
    ],
)
def test_no_question_is_answered_by_silence(call: Call, tmp_path: Path, question: tuple[str, ...], wanted: str) -> None:
    (tmp_path / "m.csv").write_text(LONG)
    assert call("explore", "load", "m.csv")[0] == 0
    _, out, err = call("explore", *question)
    assert wanted in " ".join((out + err).split())
