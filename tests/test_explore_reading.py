"""Reading matrices: every cell is what it was, whatever the form of the table, and what is wrong is counted."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import servers
import tablemend as tm
from tablemend.databases import bulk
from tablemend.databases.database import Database
from tablemend.errors import NotFound, SettingsError
from tablemend.explore.numbers import KINDS
from tablemend.store.matrices import Manifest
from tablemend.workspace import Workspace

NAMES = st.text(
    st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp", "Zs"), blacklist_characters='"'), min_size=1, max_size=8
)
NUMBERS = st.one_of(st.none(), st.floats(-1e6, 1e6, width=32), st.integers(-1_000, 1_000).map(float))
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with tm.open(tmp_path / "state") as opened:
        yield opened


def cells(ws: Workspace, name: str) -> dict[tuple[str, str], float]:
    """(sample, feature) → value."""
    joined = "cells c JOIN samples s USING (_sample) JOIN features f USING (_feature)"
    sql = f"SELECT s._name, f._name, c.value FROM {joined}"
    found = ws.explore.matrix(name).ask(sql)
    return {(s, f): v for s, f, v in zip(*(column.to_pylist() for column in found.columns), strict=True)}


def text(rows: list[list[Any]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return out.getvalue()


def problems(found: Manifest) -> dict[str, int]:
    return {each.kind: each.count for each in found.problems}


@st.composite
def matrices(draw: st.DrawFn) -> tuple[list[str], list[str], list[list[float | None]]]:
    samples = draw(st.lists(NAMES.map(lambda name: f"s{name}"), min_size=1, max_size=6, unique=True))
    features = draw(st.lists(NAMES.map(lambda name: f"f{name}"), min_size=2, max_size=6, unique_by=str.casefold))
    rows = [draw(st.lists(NUMBERS, min_size=len(features), max_size=len(features))) for _ in samples]
    rows[0][0] = rows[0][0] or 1.5  # else nothing tells that it is a matrix
    return samples, features, rows


@SLOW
@given(matrices(), st.sampled_from("\t,;"))
def test_every_cell_of_a_ragged_file_is_kept_as_it_is(
    ws: Workspace, tmp_path: Path, made: tuple[list[str], list[str], list[list[float | None]]], delimiter: str
) -> None:
    samples, features, rows = made
    path = tmp_path / "matrix.txt"
    ragged = [["", *features]]
    for sample, row in zip(samples, rows, strict=True):
        cut = len(row)
        while cut > 1 and row[cut - 1] is None:
            cut -= 1
        ragged.append([sample, *("" if each is None else repr(each) for each in row[:cut])])
    path.write_text(text(ragged, delimiter), encoding="utf-8")
    found = ws.explore.load(path, name="m", delimiter=delimiter)
    wanted = {
        (sample, feature): value
        for sample, row in zip(samples, rows, strict=True)
        for feature, value in zip(features, row, strict=True)
        if value is not None
    }
    assert cells(ws, "m") == wanted
    assert sum(found.cells.values()) == len(samples) * len(features)
    assert found.measured == len(wanted)
    assert problems(found).get("ragged", 0) == sum(len(each) < len(ragged[0]) for each in ragged[1:])


@SLOW
@given(matrices())
def test_a_long_and_a_turned_table_give_the_same_matrix(
    ws: Workspace, made: tuple[list[str], list[str], list[list[float | None]]]
) -> None:
    samples, features, rows = made
    flat = [(s, f, v) for s, row in zip(samples, rows, strict=True) for f, v in zip(features, row, strict=True)]
    wide = pa.table({"id": samples, **{f: [row[n] for row in rows] for n, f in enumerate(features)}})
    turned = pa.table({"id": features, **{f" {s}": rows[n] for n, s in enumerate(samples)}})
    long = pa.table([list(each) for each in zip(*flat, strict=True)], names=["who", "what", "much"])
    ws.explore.load(wide, name="wide", row="id", shape="wide")
    ws.explore.load(turned, name="turned", row="id", shape="wide", transposed=True)
    ws.explore.load(long, name="long", entity="who", feature="what", value="much")
    assert cells(ws, "wide") == cells(ws, "turned") == cells(ws, "long") != {}


def test_what_is_wrong_is_counted_and_nothing_is_dropped(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text(
        text(
            [
                ["", "ALANINE", "ALANINE", 'ñ; "β"/x\'', "empty", "", "both"],
                ["s1", "1.5", "2", "-3", "", "7", "high"],
                ["s1", "NA", "inf", "0", "", "8", "0.25"],
                ["s3", "+1e2", "n/a", "<0.1", "", "9", "3"],
                ["s4", "1", "1", "1", "", "1", "1", "1"],
                ["s5", "", "", "", ""],
            ]
        ),
        encoding="utf-8",
    )
    (tmp_path / "samples.csv").write_text("id,entity,site\ns1,E1,gut\ns3,E2,skin\ns3,E3,skin\ns9,E9,gut\n")
    (tmp_path / "features.csv").write_text("name,class\nALANINE,amino acid\nVALINE,amino acid\n")
    found = ws.explore.load(
        tmp_path / "m.csv",
        samples=str(tmp_path / "samples.csv"),
        features=str(tmp_path / "features.csv"),
        entity="entity",
    )
    assert problems(found) == {
        "ragged": 1,
        "too long": 1,
        "repeated features": 1,
        "features without fields": 4,
        "fields without features": 1,
        "repeated samples": 1,
        "samples without fields": 1,
        "fields without samples": 1,
        "repeated fields of samples": 1,
        "samples without entity": 1,
        "marked as missing": 2,
        "infinite": 1,
        "not numeric": 2,
        "empty features": 1,
        "empty samples": 1,
    }
    assert dict(zip(KINDS, (10, 9, 2, 1, 2, 0), strict=True)) == found.cells
    assert (found.samples, found.features, found.entities) == (4, 6, 2)
    assert cells(ws, "m") == {
        ("s1", "ALANINE"): 1.5,
        ("s1", "ALANINE (2)"): 2,
        ("s1", 'ñ; "β"/x\''): -3,
        ("s1", "column_6"): 7,
        ("s1 (2)", 'ñ; "β"/x\''): 0,  # zero is a measurement, a blank is none
        ("s1 (2)", "column_6"): 8,
        ("s1 (2)", "both"): 0.25,
        ("s3", "ALANINE"): 100,
        ("s3", "column_6"): 9,
        ("s3", "both"): 3,
    }
    told = {row["name"]: row["class"] for row in ws.explore.listed("m", "features").table.to_pylist()}
    assert told["ALANINE"] == told["ALANINE (2)"] == "amino acid"
    assert ws.explore.why("m", feature="both", entity="E1") == ()
    failed = ws.explore.why("m", feature='ñ; "β"/x\'', entity="E2")
    assert failed == ("Failed: 1 cells hold no number, such as '<0.1'.",)
    assert "Not measured" in ws.explore.why("m", feature="empty")[0]


def test_fields_decide_which_way_a_table_lies(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("metabolite,s1,s2\nALANINE,1,2\nVALINE,3,4\nSERINE,5,6\n")
    (tmp_path / "s.csv").write_text("sample,strain\ns1,A\ns2,B\n")
    found = ws.explore.load(tmp_path / "m.csv", samples=str(tmp_path / "s.csv"))
    assert (found.transposed, found.samples, found.features) == (True, 2, 3)
    assert cells(ws, "m")["s2", "SERINE"] == 6


def test_an_entity_that_nobody_tells_of_is_met_with_the_fields_there_are(ws: Workspace) -> None:
    fields = pa.table({"id": ["a", "b"], "strain": ["A", "B"]})
    with pytest.raises(SettingsError, match="neither the matrix nor the table of fields of samples") as raised:
        ws.explore.load(pa.table({"id": ["a", "b"], "x": [1.0, 2.0]}), name="m", samples=fields, entity="species")
    assert "strain" in str(raised.value.hint)


def test_a_wide_table_of_a_server_is_read_once(ws: Workspace, tmp_path: Path) -> None:
    features = [f"metabolite {n}" for n in range(300)]
    wide = pa.table({"strain": ["A", "B", "C"], **{name: [n / 8, None, -n] for n, name in enumerate(features)}})
    with servers.database("postgresql", tmp_path) as url:
        with Database(url) as database, database.transaction() as connection:
            bulk.create(connection, (None, "wide"), wide.schema)
            bulk.insert(connection, (None, "wide"), wide)
        found = ws.explore.load(f"{url}#wide", name="wide")
    assert (found.samples, found.features, found.measured) == (3, 300, 600)
    assert cells(ws, "wide")["C", "metabolite 299"] == -299
    assert found.value_type == "float"


def test_replicates_of_a_long_table_are_numbered_and_none_is_merged(ws: Workspace) -> None:
    table = pa.table(
        {
            "species": ["A", "A", "A", "B", "B", "A"],
            "metabolite": ["x", "x", "y", "x", "y", "x"],
            "value": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            "phylum": ["P", "P", "P", "Q", "Q", "P"],
        }
    )
    found = ws.explore.load(table, name="long")
    assert (found.shape, found.entity, found.entities, found.samples) == ("long", "species", 2, 4)
    (row,) = ws.explore.feature("long", "x", limit=1).table.to_pylist()
    assert (row["entity"], row["n"], row["mean"], row["phylum"]) == ("B", 1, 4.0, "Q")
    row = ws.explore.feature("long", "x").table.to_pylist()[1]
    assert (row["entity"], row["n"], row["mean"]) == ("A", 3, 3.0)
    assert math.isclose(row["sd"], math.sqrt(7))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"row": "nothing"}, "there is no column 'nothing'"),
        ({"entity": "nothing"}, "there is no column 'nothing'"),
        ({"shape": "round"}, "a table cannot be 'round'"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(ws: Workspace, more: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        ws.explore.load(pa.table({"id": ["a"], "x": [1.0]}), name="m", **more)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="no column of the table holds numbers"):
        ws.explore.load(pa.table({"id": ["a"], "x": ["red"]}), name="m")
    with pytest.raises(NotFound, match="there is no matrix 'm'"):
        ws.explore.get("m")
