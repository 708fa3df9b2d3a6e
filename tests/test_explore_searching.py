"""A text or a mass finds the names that hold it, as by looking at each name and field."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tablemend as tm
from tablemend.errors import NotFound, SettingsError
from tablemend.explore.searching import Mass, mass
from tablemend.workspace import Workspace

FEATURES = ("glucose", "Glucose 6'-phosphate", 'lactate "L"', "Äpfelsäure; malate", "100%_a", "blood sugar", "unknown")
SYNONYMS = ("dextrose | grape sugar", None, "2-hydroxy", "apple", "per cent", "GLUCOSE", None)
MASSES = ("180.0634", "260.0297", "89.0244", "133.0142", "not known", "180.07", None)


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with tm.open(tmp_path_factory.mktemp("searching") / "state") as opened:
        values = {"sample": ["s1", "s2"], **{name: [1.0, 2.0] for name in FEATURES}}
        fields = pa.table({"feature": FEATURES, "synonyms": SYNONYMS, "m/z": MASSES})
        opened.explore.load(pa.table(values), name="m", features=fields)
        yield opened


def names(ws: Workspace, text: str, limit: int = 20) -> list[str]:
    return ws.explore.search("m", "features", text, limit).table["name"].to_pylist()


def folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_every_part_of_a_name_or_a_field_finds_it_and_nothing_else(ws: Workspace, data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([each for each in (*FEATURES, *SYNONYMS) if each]))
    start = data.draw(st.integers(0, len(whole) - 1))
    text = data.draw(st.sampled_from([str.lower, str.upper, str]))(whole[start : start + data.draw(st.integers(1, 8))])
    held = {
        name
        for name, other in zip(FEATURES, SYNONYMS, strict=True)
        if folded(text).strip() in folded(name) or (other and folded(text).strip() in folded(other))
    }
    assert set(names(ws, text)) == held


def test_what_is_the_text_comes_before_what_begins_with_it_and_what_holds_it_in_a_field(ws: Workspace) -> None:
    assert names(ws, "glucose") == ["glucose", "Glucose 6'-phosphate", "blood sugar"]
    told = ws.explore.search("m", "features", "glucose").table.to_pylist()
    assert [each["field"] for each in told] == [None, None, "synonyms"]
    assert told[2]["said"] == "GLUCOSE"
    assert names(ws, "sugar") == ["blood sugar", "glucose"]
    assert names(ws, unicodedata.normalize("NFD", "äpfelsäure")) == ["Äpfelsäure; malate"]


def test_signs_that_mean_something_in_sql_are_letters_like_others(ws: Workspace) -> None:
    assert names(ws, "%") == ["100%_a"]
    assert names(ws, "6'-") == ["Glucose 6'-phosphate"]
    assert names(ws, '"l"') == ['lactate "L"']
    assert names(ws, "_") == ["100%_a"]


def test_a_mass_finds_what_lies_within_its_tolerance_the_nearest_first(ws: Workspace) -> None:
    assert names(ws, "180.06±0.01") == ["glucose", "blood sugar"]
    assert names(ws, "mz 180.06±0.01") == ["glucose", "blood sugar"]
    assert names(ws, "m/z 180.07 +/- 0.001") == ["blood sugar"]
    assert names(ws, "180.0634±1ppm") == ["glucose"]
    found = ws.explore.search("m", "features", "1±0.5")
    assert found.table.num_rows == 0
    assert found.notes == ("None of the features has a name or a field within 0.5 of 1.",)


@given(st.floats(1, 2_000).map(lambda each: round(each, 4)), st.floats(0, 1).map(lambda each: round(each, 4)))
def test_a_mass_is_read_as_it_is_written(center: float, within: float) -> None:
    assert mass(f"{center:.4f}±{within:.4f}") == Mass(center, within)
    assert mass(f"M/Z {center:.4f} +- {within:.4f}") == Mass(center, within)
    assert mass(f"{center:.4f}") is None


def test_a_mass_is_a_text_where_no_field_holds_masses(ws: Workspace) -> None:
    assert ws.explore.search("m", "samples", "1±0.5").notes == (
        "None of the samples has a name or a field that holds '1±0.5'.",
    )


def test_how_many_there_are_is_told_where_only_the_first_are_given(ws: Workspace) -> None:
    told = ws.explore.search("m", "features", "", 3)
    assert (told.table.num_rows, told.total) == (3, len(FEATURES))
    assert names(ws, "  ", 100) == sorted(FEATURES)
    assert ws.explore.search("m", "features", "", 3).cached == "process"


def test_no_side_or_no_name_asked_for_is_refused(ws: Workspace) -> None:
    with pytest.raises(NotFound, match="no side 'cells'"):
        ws.explore.search("m", "cells", "x")
    with pytest.raises(SettingsError, match="0 names"):
        ws.explore.search("m", "features", "x", 0)
