"""A walk over matrices as people take it: answers are what was planted, or what the files say."""

from __future__ import annotations

import csv
import statistics
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tablemend as tm
from tablemend.explore import sample
from tablemend.explore.sample_mice import GROUPS, REGIONS
from tablemend.store.matrices import Manifest
from tablemend.workspace import Workspace

REAL = Path(__file__).parents[2] / "shared" / "data" / "metabolomics"
real = pytest.mark.skipif(not REAL.is_dir(), reason="the metabolomics data set is not beside the project")

Replicates = dict[str, dict[str, list[float]]]  # feature → entity → values


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with the generated matrices, `cultures` and `mice`."""
    folder = tmp_path_factory.mktemp("walk")
    sample.write(folder)
    with tm.open(folder / "state") as opened:
        fields = str(folder / "metabolites.csv")
        of_cultures, of_mice = str(folder / "cultures_samples.tsv"), str(folder / "mice_samples.csv")
        opened.explore.load(folder / "cultures.tsv", samples=of_cultures, features=fields, entity="entity")
        opened.explore.load(folder / "mice.csv", samples=of_mice, features=fields)
        yield opened


@pytest.fixture(scope="module")
def truth() -> dict[str, list[dict[str, Any]]]:
    """What was planted in the cultures, by kind."""
    found = defaultdict(list)
    for each in sample.cultures().truth.to_pylist():
        found[each["kind"]].append(each)
    return found


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with the real matrices, `in_vitro` and `mouse`."""
    with tm.open(tmp_path_factory.mktemp("real")) as opened:
        for name, entity in (("in_vitro", "taxonomy"), ("mouse", "mouse_id")):
            fields = str(REAL / f"{name}_metadata.txt")
            opened.explore.load(REAL / f"{name}_data.txt", name=name, samples=fields, entity=entity)
        yield opened


def problems(found: Manifest) -> dict[str, int]:
    return {each.kind: each.count for each in found.problems}


def test_every_cell_of_the_generated_files_is_accounted_for(ws: Workspace) -> None:
    grown, kept = sample.cultures(), sample.mice()
    for made, name in ((grown, "cultures"), (kept, "mice")):
        found = ws.explore.get(name)
        columns = made.values.columns[1:]
        blank = sum(each.null_count for each in columns)
        total = made.values.num_rows * len(columns)
        assert {kind: count for kind, count in found.cells.items() if count} == {
            "numbers": total - blank,
            "blank": blank,
        }
        assert (found.samples, found.features) == (made.values.num_rows, len(columns))
        assert found.feature_fields == ("class", "m/z", "synonyms")
    media = grown.samples["entity"].null_count
    assert problems(ws.explore.get("cultures"))["samples without entity"] == media > 0
    kinds = ws.explore.values("cultures", "samples", "sample_type").table.to_pylist()
    assert {"value": "media_blank", "count": media} in kinds
    assert set(ws.explore.values("mice", "samples", "group").table["value"].to_pylist()) == set(GROUPS)
    assert set(REGIONS) < set(ws.explore.values("mice", "samples", "region").table["value"].to_pylist())


def test_the_strongest_consumers_and_producers_are_those_that_were_planted(
    ws: Workspace, truth: dict[str, list[dict[str, Any]]]
) -> None:
    for kind, order, sign in (("consumes_most", "low", -1), ("produces_most", "high", 1)):
        assert truth[kind]
        for each in truth[kind]:
            told = ws.explore.feature("cultures", each["feature"], order=order, limit=2)  # type: ignore[arg-type]
            first, *others = told.table.to_pylist()
            assert (first["entity"], first[order], first["ties"]) == (each["entity"], 1, 1)
            assert sign * first["mean"] > 0
            assert all(sign * (first["mean"] - other["mean"]) >= sample.MARGIN for other in others)
            of_entity = ws.explore.entity("cultures", each["entity"]).table.to_pylist()
            assert next(row for row in of_entity if row["feature"] == each["feature"])[order] == 1
            within = ws.explore.within_top("cultures", [each["entity"]], top=1, sign=order)  # type: ignore[arg-type]
            assert each["feature"] in within.table["feature"].to_pylist()


def test_pairs_that_lead_together_are_found_in_each_of_their_features(
    ws: Workspace, truth: dict[str, list[dict[str, Any]]]
) -> None:
    pairs = defaultdict(set)
    for each in truth["shared_top"]:
        pairs[each["entity"], each["other"]].add(each["feature"])
    for pair, features in pairs.items():
        told = ws.explore.within_top("cultures", pair, top=2).table.to_pylist()
        assert features <= {row["feature"] for row in told}
        assert all(row["ranks"] == [1, 2] for row in told if row["feature"] in features)
        alone = [ws.explore.within_top("cultures", [each], top=2).table["feature"].to_pylist() for each in pair]
        assert {row["feature"] for row in told} == set(alone[0]) & set(alone[1])


def test_zero_is_a_measurement_and_a_blank_is_none(ws: Workspace, truth: dict[str, list[dict[str, Any]]]) -> None:
    (zero,) = truth["zero"]
    told = ws.explore.feature("cultures", zero["feature"])
    rows = told.table.to_pylist()
    assert rows
    assert {(row["mean"], row["high"], row["low"], row["ties"]) for row in rows} == {(0.0, 1, 1, len(rows))}
    assert told.notes == ()
    singles = ws.explore.replicates("cultures", zero["feature"]).table
    written = sample.cultures().values[zero["feature"]]
    assert singles.num_rows == len(written) - written.null_count
    assert problems(ws.explore.get("cultures"))["empty features"] == len(truth["unmeasured"])
    for each in truth["unmeasured"]:
        told = ws.explore.feature("cultures", each["feature"])
        assert (told.total, told.notes) == (0, (f"Not measured: no sample has a value for {each['feature']}.",))


def test_fields_of_both_sides_narrow_the_strongest_cells(ws: Workspace) -> None:
    grown = sample.cultures()
    phyla = dict(zip(grown.samples["entity"].to_pylist(), grown.samples["phylum"].to_pylist(), strict=True))
    classes = dict(zip(grown.features["feature"].to_pylist(), grown.features["class"].to_pylist(), strict=True))
    phylum, kind = phyla[grown.truth["entity"][0].as_py()], classes[grown.truth["feature"][0].as_py()]
    every = ws.explore.part("cultures").table.to_pylist()
    wanted = [row for row in every if phyla[row["entity"]] == phylum and classes[row["feature"]] == kind]
    told = ws.explore.strongest("cultures", limit=5, entities={"phylum": [phylum]}, features={"class": [kind]})
    assert told.total == len(wanted) > 5
    found = [abs(mean) for mean in told.table["mean"].to_pylist()]
    assert found == sorted((abs(row["mean"]) for row in wanted), reverse=True)[:5]


def read(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file, delimiter="\t")
    return header, rows


def replicates(name: str, entity: str) -> tuple[Replicates, int]:
    """The values of each entity in each feature as the files say, and how many samples belong to no entity."""
    header, rows = read(REAL / f"{name}_data.txt")
    fields, told = read(REAL / f"{name}_metadata.txt")
    owner = {row[0]: row[fields.index(entity)] if len(row) > fields.index(entity) else "" for row in told}
    found: Replicates = {feature: defaultdict(list) for feature in header[1:]}
    for sample_, *cells in rows:
        for feature, cell in zip(header[1:], cells, strict=False):
            if cell and owner[sample_]:
                found[feature][owner[sample_]].append(float(cell))
    return found, sum(not owner[row[0]] for row in rows)


@real
@pytest.mark.parametrize(("name", "entity"), [("in_vitro", "taxonomy"), ("mouse", "mouse_id")])
def test_every_cell_of_the_real_files_is_accounted_for(measured: Workspace, name: str, entity: str) -> None:
    header, rows = read(REAL / f"{name}_data.txt")
    found = measured.explore.get(name)
    numbers = sum(bool(cell) for row in rows for cell in row[1:])
    total = len(rows) * (len(header) - 1)
    assert (found.samples, found.features, found.entity) == (len(rows), len(header) - 1, entity)
    assert sum(found.cells.values()) == total
    assert (found.measured, found.cells["blank"]) == (numbers, total - numbers)
    ragged = sum(len(row) < len(header) for row in rows)
    assert problems(found).get("ragged", 0) == ragged
    values, without = replicates(name, entity)
    assert problems(found).get("samples without entity", 0) == without
    assert found.entities == len({each for of in values.values() for each in of})


@real
def test_blank_samples_are_counted_and_rank_nowhere(measured: Workspace) -> None:
    fields, told = read(REAL / "in_vitro_metadata.txt")
    blanks = sum(row[fields.index("sample_type")] == "media_blank" for row in told)
    kinds = measured.explore.values("in_vitro", "samples", "sample_type").table.to_pylist()
    assert {"value": "media_blank", "count": blanks} in kinds
    assert problems(measured.explore.get("in_vitro"))["samples without entity"] == blanks
    listed = measured.explore.listed("in_vitro", "entities").table
    assert sum(listed["samples"].to_pylist()) == len(told) - blanks


@real
@pytest.mark.parametrize(("name", "entity"), [("in_vitro", "taxonomy"), ("mouse", "mouse_id")])
def test_the_ends_of_every_tenth_real_feature_are_those_of_a_plain_computation(
    measured: Workspace, name: str, entity: str
) -> None:
    values, _ = replicates(name, entity)
    for feature in list(values)[::10]:
        means = {each: statistics.fmean(cells) for each, cells in values[feature].items()}
        for order, end in (("low", min), ("high", max)):
            told = measured.explore.feature(name, feature, order=order, limit=1)  # type: ignore[arg-type]
            assert told.total == len(means)
            if not means:
                assert told.notes[0].startswith(("Not measured:", "Filtered out:"))
                continue
            (first,) = told.table.to_pylist()
            wanted = end(means.values())
            assert first["mean"] == pytest.approx(wanted, rel=1e-12, abs=1e-12)
            assert means[first["entity"]] == pytest.approx(wanted, rel=1e-12, abs=1e-12)
            assert (first["n"], first["measured"]) == (len(values[feature][first["entity"]]), len(means))
    every = sorted(statistics.fmean(v) for of in values.values() for v in of.values())
    strongest = measured.explore.strongest(name, sign="low", limit=50).table["mean"].to_pylist()
    assert strongest == pytest.approx(every[:50], rel=1e-12)
