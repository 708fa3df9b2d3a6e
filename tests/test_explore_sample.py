"""The example matrix: the same again, blank where it should be, and what was planted is in it."""

import csv
import hashlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tablemend.explore import sample
from tablemend.explore.sample_mice import CORRELATION, GROUPS, MICE_EMPTY, REGIONS, SITES

DIGEST = "b338aaca1a47f6bfc7d30dd3f299388e8382a6f4704ac67d1a0913c3421c1352"
"""Of the files of the first seed, which is the same on every platform."""


@pytest.fixture(scope="module")
def grown() -> sample.Cultures:
    return sample.cultures()


@pytest.fixture(scope="module")
def kept(grown: sample.Cultures) -> sample.Mice:
    return sample.mice(beside=grown)


def matrix(values: pa.Table) -> np.ndarray:
    return np.column_stack([each.to_numpy(zero_copy_only=False).astype(float) for each in values.columns[1:]])


def means(values: pa.Table, of: list[object], wanted: list[object]) -> np.ndarray:
    """Means of the rows of each group; NaN where none of them is measured."""
    cells, labels = matrix(values), np.array(of, object)
    rows = [cells[labels == each] for each in wanted]
    numbers = [(~np.isnan(each)).sum(axis=0) for each in rows]
    return np.array([np.nansum(each, axis=0) / np.where(n, n, np.nan) for each, n in zip(rows, numbers, strict=True)])


def test_a_seed_gives_the_same_files_everywhere(tmp_path: Path) -> None:
    paths = sample.write(tmp_path)
    names = ["cultures.tsv", "cultures_samples.tsv", "metabolites.csv", "mice.csv", "mice_samples.csv"]
    assert [path.name for path in paths] == names
    assert hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest() == DIGEST
    others = sample.write(tmp_path / "other", seed=2)
    assert not {path.read_bytes() for path in paths} & {path.read_bytes() for path in others[:4]}


@settings(max_examples=15, deadline=None)
@given(st.integers(12, 40), st.integers(1, 4), st.integers(60, 150), st.integers(0, 10_000))
def test_what_is_planted_in_cultures_is_there(entities: int, replicates: int, features: int, seed: int) -> None:
    made = sample.cultures(entities=entities, replicates=replicates, features=features, seed=seed)
    names = [each for each in dict.fromkeys(made.samples["entity"].to_pylist()) if each]
    assert len(names) == entities
    found = means(made.values, made.samples["entity"].to_pylist(), names)
    cells = matrix(made.values)
    place = {name: n for n, name in enumerate(made.values.column_names[1:])}
    assert len(place) == features
    truth = made.truth.to_pylist()
    for each in truth:
        column = found[:, place[each["feature"]]]
        ranked = [int(n) for n in np.argsort(-column) if not np.isnan(column[n])]
        if each["kind"] == "consumes_most":
            assert names[ranked[-1]] == each["entity"]
            assert column[ranked[-1]] < 0
            assert len(ranked) == 1 or column[ranked[-2]] - column[ranked[-1]] >= sample.MARGIN
        elif each["kind"] == "produces_most":
            assert names[ranked[0]] == each["entity"]
            assert column[ranked[0]] > 0
            assert len(ranked) == 1 or column[ranked[0]] - column[ranked[1]] >= sample.MARGIN
        elif each["kind"] == "shared_top":
            assert [names[n] for n in ranked[:2]] == [each["entity"], each["other"]]
            assert all(column[a] - column[b] >= sample.MARGIN for a, b in pairwise(ranked[:3]))
        elif each["kind"] == "zero":
            assert set(cells[:, place[each["feature"]]][~np.isnan(cells[:, place[each["feature"]]])]) == {0.0}
    empty = {name for name, n in place.items() if np.isnan(cells[:, n]).all()}
    assert empty == {each["feature"] for each in truth if each["kind"] == "unmeasured"}
    assert len({each["feature"] for each in truth}) == len(truth)


def test_three_fifths_of_the_cells_are_blank_and_replicates_agree(grown: sample.Cultures) -> None:
    cells = matrix(grown.values)
    assert np.isnan(cells).mean() == pytest.approx(sample.EMPTY, abs=0.001)
    labels = np.array(grown.samples["entity"].to_pylist(), object)
    blanks = labels == None  # noqa: E711
    assert set(grown.samples["sample_type"].filter(pa.array(blanks)).to_pylist()) == {"media_blank"}
    assert 0 < blanks.sum() < 12
    assert np.nanmax(np.abs(cells[blanks])) < 4 * sample.NOISE
    for each in set(labels) - {None}:
        rows = cells[labels == each]
        there = ~np.isnan(rows).any(axis=0)
        assert np.ptp(rows[:, there], axis=0).max() < 8 * sample.NOISE


def test_names_are_hard_on_readers(grown: sample.Cultures) -> None:
    names = grown.values.column_names[1:]
    assert len(set(names)) == len(names) == 240
    assert names == grown.features["feature"].to_pylist()
    assert all(any(mark in name for name in names) for mark in '";/β')
    assert 20 < sum(", " in name for name in names) < 60
    assert 0 < grown.features["m/z"].null_count < 30


def test_records_are_ragged_and_their_cells_are_those_of_the_table(tmp_path: Path, grown: sample.Cultures) -> None:
    with sample.write(tmp_path)[0].open(encoding="utf-8", newline="") as file:
        header, *records = list(csv.reader(file, delimiter="\t"))
    assert header == ["", *grown.values.column_names[1:]]
    short = [record for record in records if len(record) < len(header)]
    assert 0.6 < len(short) / len(records) < 0.8
    assert all(record[-1] for record in short)
    padded = [record + [""] * (len(header) - len(record)) for record in records]
    read = [[float(cell) if cell else None for cell in record[1:]] for record in padded]
    assert [record[0] for record in padded] == grown.values["sample"].to_pylist()
    assert read == [list(row.values())[1:] for row in grown.values.to_pylist()]


def differences(made: sample.Mice) -> dict[tuple[str, str], float]:
    """The difference of the means of the groups, by region and feature."""
    rows = list(zip(made.samples["region"].to_pylist(), made.samples["group"].to_pylist(), strict=True))
    labels = [f"{region} {group}" for region, group in rows]
    found = [means(made.values, labels, [f"{region} {group}" for region in SITES]) for group in GROUPS]
    names = made.values.column_names[1:]
    return {(r, f): found[0][n, m] - found[1][n, m] for n, r in enumerate(SITES) for m, f in enumerate(names)}


@settings(max_examples=8, deadline=None)
@given(st.integers(3, 10), st.integers(48, 120), st.integers(0, 10_000))
def test_what_is_planted_in_mice_is_there(per_group: int, features: int, seed: int) -> None:
    made = sample.mice(per_group=per_group, features=features, seed=seed, beside=sample.cultures(features=80, seed=1))
    found = differences(made)
    truth = made.truth.to_pylist()
    once = {each["feature"]: each["region"] for each in truth if each["kind"] == "once"}
    assert {each["feature"] for each in truth} == set(made.values.column_names[1:])
    for each in truth:
        if each["kind"] in ("everywhere", "shared", "once"):
            told = each["direction"] * each["size"]
            assert found[each["region"], each["feature"]] == pytest.approx(told, abs=0.001)
    assert all(abs(found[r, f]) < 0.001 for f, only in once.items() for r in SITES if r != only)
    labels = made.samples["region"].to_pylist()
    along = means(made.values, labels, list(REGIONS))
    places = {name: n for n, name in enumerate(made.values.column_names[1:])}
    for each in truth:
        if each["kind"] == "trend":
            steps = np.diff(along[:, places[each["feature"]]])
            assert steps == pytest.approx(np.full(len(REGIONS) - 1, each["direction"] * each["size"]), abs=0.001)


def test_groups_that_are_told_to_differ_nowhere_differ_by_chance_only(kept: sample.Mice) -> None:
    truth = kept.truth.to_pylist()
    nowhere = {each["feature"] for each in truth if each["kind"] == "nowhere"}
    found = np.array([each for (_, feature), each in differences(kept).items() if feature in nowhere])
    found = found[~np.isnan(found)]
    assert len(nowhere) == 115
    assert np.abs(found).max() < 1
    assert abs(found.mean()) < 0.05
    assert np.isnan(matrix(kept.values)).mean() == pytest.approx(MICE_EMPTY, abs=0.001)


def test_shared_features_correlate_with_what_the_cultures_do(grown: sample.Cultures, kept: sample.Mice) -> None:
    names = [each for each in dict.fromkeys(grown.samples["entity"].to_pylist()) if each]
    of = means(grown.values, grown.samples["entity"].to_pylist(), names)
    there = (~np.isnan(of)).sum(axis=0)
    profile = dict(zip(grown.values.column_names[1:], np.nansum(of, axis=0) / np.maximum(there, 1), strict=True))
    shared = [each for each in kept.values.column_names[1:] if each in profile]
    assert len(shared) == 80
    found = differences(kept)
    for region in SITES:
        pairs = np.array([(profile[each], found[region, each]) for each in shared])
        assert np.corrcoef(pairs.T)[0, 1] == pytest.approx(CORRELATION, abs=0.001)


def test_each_mouse_is_sampled_once_in_every_place(kept: sample.Mice) -> None:
    rows = kept.samples.to_pylist()
    assert len({(each["mouse"], each["region"]) for each in rows}) == len(rows) == 16 * len(SITES)
    assert {each["mouse"]: each["group"] for each in rows} == {
        f"M{n + 1:03d}": GROUPS[n // 8] for n in range(16)
    }  # fmt: skip
    order = {each["region"]: each["position"] for each in rows}
    assert order == dict(zip(SITES, (1, 2, 3, 4, 5, None), strict=True))


def test_a_large_matrix_is_as_empty_as_asked() -> None:
    made = sample.big(50, 4_000, empty=0.3)
    assert made.values.shape == (len(made.entities), len(made.features)) == (50, 4_000)
    assert len(set(made.features)) == 4_000
    assert len(set(made.entities)) == 50
    assert np.isnan(made.values).mean() == pytest.approx(0.3, abs=0.01)
    assert np.array_equal(made.values, sample.big(50, 4_000, empty=0.3).values, equal_nan=True)


def test_without_room_nothing_is_made() -> None:
    with pytest.raises(ValueError, match="12 entities"):
        sample.cultures(entities=11)
    with pytest.raises(ValueError, match="48 features"):
        sample.mice(features=47, beside=sample.cultures(features=60))
