"""Questions about matrices give what a plain look at the cells gives, from the cache what they gave before."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tablemend as tm
from tablemend.errors import NotFound, SettingsError
from tablemend.workspace import Workspace

Cells = dict[tuple[str, str], list[float]]  # (entity, feature) → replicates

ENTITIES = ("A 'b'", "Ä", "C;", "D")
FEATURES = ('"x"', "y, z", "β", "%")
SIGNS: dict[str, Callable[[float], float]] = {"high": lambda v: -v, "low": lambda v: v, "strong": lambda v: -abs(v)}
SLOW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
VALUES = st.sampled_from([-3.0, -2.5, -1.0, 0.0, 0.5, 1.0, 1.0, 2.0, 7.25])


@pytest.fixture
def ws(tmp_path: Path) -> Iterator[Workspace]:
    with tm.open(tmp_path / "state") as opened:
        yield opened


def load(ws: Workspace, cells: Cells, name: str = "m") -> None:
    flat = [(entity, feature, value) for (entity, feature), values in cells.items() for value in values]
    table = pa.table([list(each) for each in zip(*flat, strict=True)], names=["who", "what", "value"])
    fields = pa.table({"who": list(ENTITIES), "phylum": ["P", "P", "Q", None]})
    ws.explore.load(table, name=name, entity="who", feature="what", value="value", samples=fields)


def means(cells: Cells) -> dict[tuple[str, str], float]:
    return {key: statistics.fmean(values) for key, values in cells.items()}


def rank(found: dict[tuple[str, str], float], entity: str, feature: str, sign: str) -> int:
    key = SIGNS[sign]
    mine = key(found[entity, feature])
    return 1 + sum(key(value) < mine for (_, other), value in found.items() if other == feature)


@SLOW
@given(
    st.dictionaries(
        st.tuples(st.sampled_from(ENTITIES), st.sampled_from(FEATURES)),
        st.lists(VALUES, min_size=1, max_size=3),
        min_size=1,
    ),
    st.integers(1, 3),
)
def test_every_question_is_answered_as_by_looking_at_each_cell(ws: Workspace, cells: Cells, top: int) -> None:
    load(ws, cells)
    found = means(cells)
    for feature in {feature for _, feature in cells}:
        told = ws.explore.feature("m", feature, order="low")
        rows = told.table.to_pylist()
        wanted = sorted((value, entity) for (entity, other), value in found.items() if other == feature)
        assert [(row["mean"], row["entity"]) for row in rows] == wanted
        for row in rows:
            values = cells[row["entity"], feature]
            assert [row[sign] for sign in ("high", "low", "strong")] == [
                rank(found, row["entity"], feature, sign) for sign in ("high", "low", "strong")
            ]
            assert row["ties"] == sum(value == row["mean"] for value, _ in wanted)
            assert (row["n"], row["measured"]) == (len(values), len(wanted))
            spread = statistics.stdev(values) if len(values) > 1 else None
            assert (row["sd"] is None) == (spread is None)
            assert spread is None or math.isclose(row["se"], spread / math.sqrt(len(values)), abs_tol=1e-12)
        assert ws.explore.matrix("m").ask(told.sql).equals(told.table)
        singles = ws.explore.replicates("m", feature).table.to_pylist()
        assert sorted((each["entity"], each["value"]) for each in singles) == sorted(
            (entity, value) for (entity, other), values in cells.items() if other == feature for value in values
        )
    for entity in {entity for entity, _ in cells}:
        rows = ws.explore.entity("m", entity, order="name").table.to_pylist()
        assert {row["feature"]: row["mean"] for row in rows} == {f: v for (e, f), v in found.items() if e == entity}
    chosen = list(dict.fromkeys(entity for entity, _ in cells))[:2]
    for sign, holds in (("high", lambda v: v > 0), ("low", lambda v: v < 0), ("strong", lambda _: True)):
        rows = ws.explore.within_top("m", chosen, top=top, sign=sign).table.to_pylist()  # type: ignore[arg-type]
        assert {row["feature"]: row["ranks"] for row in rows} == together(found, chosen, top, sign, holds)
    for sign, first in SIGNS.items():
        ordered = sorted(found, key=lambda key: (first(found[key]), key[1], key[0]))
        told = ws.explore.strongest("m", sign=sign, limit=top)  # type: ignore[arg-type]
        assert [(row["entity"], row["feature"]) for row in told.table.to_pylist()] == ordered[:top]
        assert told.total == len(found)
        assert ws.explore.matrix("m").ask(told.sql).equals(told.table)
        of_p = [key for key in ordered if key[0] in ENTITIES[:2]]
        told = ws.explore.strongest("m", sign=sign, limit=top, entities={"phylum": ["P"]})  # type: ignore[arg-type]
        assert [(row["entity"], row["feature"]) for row in told.table.to_pylist()] == of_p[:top]
        assert told.total == len(of_p)
    part = ws.explore.part("m", entities=chosen, entity_where={"phylum": ["P", ""]}).table.to_pylist()
    assert {(row["entity"], row["feature"]): row["mean"] for row in part} == {
        key: value for key, value in found.items() if key[0] in chosen and key[0] != "C;"
    }


def together(
    found: dict[tuple[str, str], float], chosen: Sequence[str], top: int, sign: str, holds: Any
) -> dict[str, list[int]]:
    wanted = {}
    for feature in FEATURES:
        if all((entity, feature) in found and holds(found[entity, feature]) for entity in chosen):
            ranks = [rank(found, entity, feature, sign) for entity in chosen]
            if max(ranks) <= top:
                wanted[feature] = ranks
    return wanted


def test_answers_are_kept_for_a_version_and_a_new_one_gives_its_own(ws: Workspace) -> None:
    load(ws, {("D", "β"): [1.0], ("Ä", "β"): [2.0]})
    first = ws.explore.feature("m", "β")
    again = ws.explore.feature("m", "β")
    assert (first.cached, again.cached) == (None, "process")
    assert again.table.equals(first.table)
    assert (again.sql, again.total, again.notes) == (first.sql, first.total, first.notes)
    load(ws, {("D", "β"): [9.0]})
    new = ws.explore.feature("m", "β")
    assert (new.cached, new.matrix.version, new.table["mean"].to_pylist()) == (None, 2, [9.0])
    assert ws.explore.feature("m", "β", version=1).table.equals(first.table)
    load(ws, {("D", "β"): [9.0]}, name="another")
    assert ws.explore.feature("another", "β").matrix.name == "another"
    with pytest.raises(NotFound, match="another has no feature 'z'"):
        ws.explore.feature("another", "z")


def test_limits_tell_how_many_there_are(ws: Workspace) -> None:
    load(ws, {(entity, "β"): [float(n)] for n, entity in enumerate(ENTITIES)})
    told = ws.explore.feature("m", "β", limit=3)
    assert (told.table.num_rows, told.total) == (3, 4)
    assert ws.explore.feature("m", "β", limit=9).total == 4
    with pytest.raises(SettingsError, match="0 rows cannot be asked for"):
        ws.explore.feature("m", "β", limit=0)


def test_fields_narrow_and_an_empty_answer_says_why(ws: Workspace) -> None:
    load(ws, {("Ä", "β"): [1.0], ("C;", "β"): [2.0], ("D", "%"): [1.0]})
    assert ws.explore.feature("m", "β", where={"phylum": ["Q"]}).table["entity"].to_pylist() == ["C;"]
    assert ws.explore.feature("m", "%", where={"phylum": [""]}).table["entity"].to_pylist() == ["D"]
    told = ws.explore.feature("m", "%", where={"phylum": ["P", "Q"]})
    assert told.notes == ("Filtered out: % has 1 measured cells, none with phylum P or Q.",)
    assert ws.explore.why("m", feature="%", entity="Ä") == ("Not measured: no sample has a value for % in Ä.",)
    with pytest.raises(NotFound, match="entities of m have no field 'kingdom'"):
        ws.explore.feature("m", "β", where={"kingdom": ["x"]})
    values = ws.explore.values("m", "samples", "phylum").table.to_pylist()
    assert {each["value"]: each["count"] for each in values} == {"P": 1, "Q": 1, None: 1}


def test_names_that_are_not_there_are_met_with_the_nearest(ws: Workspace) -> None:
    load(ws, {("D", "β"): [1.0], ("D", "y, z"): [1.0]})
    with pytest.raises(NotFound, match="m has no feature 'y, x'") as raised:
        ws.explore.feature("m", "y, x")
    assert "'y, z'" in str(raised.value.hint)
    with pytest.raises(SettingsError, match="no entity is chosen"):
        ws.explore.within_top("m", [])


def test_what_is_forgotten_is_gone_and_its_files_are_swept(ws: Workspace, tmp_path: Path) -> None:
    load(ws, {("D", "β"): [1.0]})
    load(ws, {("D", "β"): [2.0]}, name="other")
    kept = set((tmp_path / "state" / "matrices").iterdir())
    assert ws.explore.remove("m") == 1
    with pytest.raises(NotFound, match="there is no matrix 'm'"):
        ws.explore.feature("m", "β")
    assert [each.name for each in ws.explore.all()] == ["other"]
    assert ws.snapshots.sweep(ws.store.hashes()) > 0
    left = set((tmp_path / "state" / "matrices").iterdir())
    assert left < kept
    assert ws.explore.feature("other", "β").total == 1


def test_a_backup_holds_matrices(ws: Workspace, tmp_path: Path) -> None:
    load(ws, {("D", "β"): [1.0], ("Ä", "%"): [-4.0]})
    ws.backup(tmp_path / "backup.zip")
    with tm.open(tmp_path / "restored") as other:
        other.restore(tmp_path / "backup.zip")
        assert other.explore.strongest("m").table["mean"].to_pylist() == [-4.0, 1.0]
        assert other.check_state(deep=True) == []
