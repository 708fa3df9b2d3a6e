"""An example matrix of measurements: seeded, made of no outside data; what is in it is known.

Values are log2 fold changes against the medium: negative where a metabolite is consumed, positive where it is produced.
Noise is a sum of uniform numbers, so that it is bounded, and nothing but sums and products is computed: a seed gives
the same files on every platform.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tablemend.explore import sample_names
from tablemend.explore.sample_mice import Mice, mice
from tablemend.explore.sample_noise import bell, rounded
from tablemend.tables.files import write_whole

if TYPE_CHECKING:
    import pyarrow as pa

Values = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Facts = list[dict[str, Any]]

EMPTY = 0.6  # share of the cells of the cultures that are blank
MARGIN = 1.0
"""What the first entity of a planted feature is ahead of the next, at least."""
NOISE = 0.15  # standard deviation between replicates
MEDIA = ("rich", "minimal", "mucin")
PER_EXPERIMENT = 12  # entities
PAIRS, SHARED = 3, 4  # pairs of entities that lead together, and features of each pair
RAGGED = 0.7  # share of the records whose trailing blanks are left out
LEAST = (12, 60)  # entities and features in which what is planted has room

__all__ = ["Cultures", "Matrix", "Mice", "big", "cultures", "mice", "write"]


class Cultures(NamedTuple):
    """A wide matrix of samples and features, what is known of both, and what was planted.

    `truth` has `kind`, `feature`, `entity` and `other`; kinds are `consumes_most` and `produces_most` (by `MARGIN`),
    `shared_top` (`entity` produces most, `other` is next), `unmeasured` (all blank) and `zero` (all that is measured).
    """

    values: pa.Table  # `sample`, then one column a feature; null where blank
    samples: pa.Table  # `sample`, `sample_type`, `entity`, phylum, class, family, `medium`, `experiment`
    features: pa.Table  # `feature`, `class`, `m/z`, `synonyms`
    truth: pa.Table


class Matrix(NamedTuple):
    """A large matrix: its names, and its values with NaN where nothing was measured."""

    entities: list[str]
    features: list[str]
    values: Values  # entities × features


class _Plan(NamedTuple):
    """What is planted: places of entities and features."""

    unmeasured: Places
    zero: int
    most: list[tuple[int, int, int]]  # feature, entity, sign
    pairs: list[tuple[int, int, int]]  # feature, the entity that leads, the next


def cultures(*, entities: int = 60, replicates: int = 3, features: int = 240, seed: int = 1) -> Cultures:
    """Cultures of bacteria, each with replicates, and media blanks that belong to none.

    Raises `ValueError` where there is no room for what is planted.
    """
    import pyarrow as pa

    if entities < LEAST[0] or features < LEAST[1] or replicates < 1:
        raise ValueError(f"at least {LEAST[0]} entities, {LEAST[1]} features and one replicate are needed")
    random = np.random.default_rng(seed)
    known = sample_names.entities(entities)
    described = sample_names.features(features, seed)
    plan = _planned(entities, features, random)
    of, experiment = _sampled(entities, replicates, random)
    values = _measured(known, of, features, random)
    _plant(values, of, plan, random)
    blank = _blank(of, experiment, features, plan, random)
    names = [each.name for each in described]
    samples = [f"c{number + 1:04d}" for number in range(len(of))]
    columns = {name: pa.array(values[:, n], mask=blank[:, n]) for n, name in enumerate(names)}
    return Cultures(
        pa.table({"sample": samples, **columns}),
        _sample_table(samples, known, of, experiment),
        sample_names.described(described),
        _truth(plan, names, [each["entity"] for each in known]),
    )


def big(entities: int, features: int, *, empty: float = EMPTY, seed: int = 1) -> Matrix:
    """A matrix of any size, of which about a share `empty` was not measured; nothing is planted."""
    random = np.random.default_rng(seed)
    values = random.standard_normal((entities, features))
    values *= 0.3 + 2 * random.random(features) ** 3
    values += random.normal(0, 0.2, (entities, 1))
    np.round(values, 4, out=values)
    values[random.random((entities, features), np.float32) < empty] = np.nan
    names = [each["entity"] for each in sample_names.entities(entities)]
    return Matrix(names, [each.name for each in sample_names.features(features, seed)], values)


def write(
    folder: Path,
    *,
    entities: int = 60,
    replicates: int = 3,
    features: int = 240,
    per_group: int = 8,
    seed: int = 1,
) -> list[Path]:
    """Write the cultures and the mice into a folder, as such programs write them; the paths.

    In `cultures.tsv` the first column has no header, and many records lack their trailing blank fields.
    """
    grown = cultures(entities=entities, replicates=replicates, features=features, seed=seed)
    kept = mice(beside=grown, per_group=per_group, features=features, seed=seed)
    texts = {
        "cultures.tsv": _text(grown.values, separator="\t", first="", ragged=True),
        "cultures_samples.tsv": _text(grown.samples, separator="\t"),
        "metabolites.csv": _text(_all_features(grown, kept)),
        "mice.csv": _text(kept.values),
        "mice_samples.csv": _text(kept.samples),
    }
    for name, content in texts.items():
        _write(folder / name, content)
    return [folder / name for name in texts]


def _planned(entities: int, features: int, random: np.random.Generator) -> _Plan:
    """Which features hold what; the last is one that nobody measured, so that every record ends in a blank."""
    places = iter(random.permutation(features - 1).tolist())
    unmeasured = [features - 1, *(next(places) for _ in range(max(1, features // 60)))]
    zero = next(places)
    most = [(next(places), int(random.integers(entities)), sign) for sign in (-1, 1) for _ in range(features // 20)]
    leading = random.permutation(entities)[: 2 * PAIRS].reshape(PAIRS, 2).tolist()
    pairs = [(next(places), one, other) for one, other in leading for _ in range(SHARED)]
    return _Plan(np.sort(unmeasured), zero, most, pairs)


def _sampled(entities: int, replicates: int, random: np.random.Generator) -> tuple[Places, Places]:
    """The entity (-1 for none) and the experiment of each sample, in no order."""
    runs = max(len(MEDIA), entities // PER_EXPERIMENT)
    of = np.repeat(np.arange(entities), replicates)
    blanks = np.repeat(np.arange(len(MEDIA)), 3)
    order = random.permutation(len(of) + len(blanks))
    entity = np.concatenate([of, np.full(len(blanks), -1)])[order]
    return entity, np.concatenate([of % runs, blanks])[order]


def _measured(known: Facts, of: Places, features: int, random: np.random.Generator) -> Values:
    """Values of all cells: those of a family resemble each other, and replicates more so."""
    families = {name: n for n, name in enumerate(dict.fromkeys(each["family"] for each in known))}
    family = [families[each["family"]] for each in known]
    size = 0.2 + 1.5 * random.random(features) ** 3
    means = size * (0.7 * bell((len(families), features), random)[family] + 0.7 * bell((len(known), features), random))
    means = np.concatenate([means, np.zeros((1, features))])  # where a blank, whose entity is -1, finds its mean
    return rounded(means[of] + NOISE * bell((len(of), features), random))


def _plant(values: Values, of: Places, plan: _Plan, random: np.random.Generator) -> None:
    """Put what is planted over the values: beyond all others by more than the noise can take back."""
    noise = NOISE * bell((2, len(of)), random)
    reach = MARGIN + 8 * NOISE  # noise is below four standard deviations, on both sides

    def ahead(feature: int, entity: int, sign: int, row: int) -> None:
        others = values[of != entity, feature]
        edge = others.max() if sign > 0 else others.min()
        mine = of == entity
        values[mine, feature] = edge + sign * (reach + random.random()) + noise[row, mine]

    for feature, entity, sign in plan.most:
        ahead(feature, entity, sign, 0)
    for feature, one, other in plan.pairs:
        ahead(feature, other, 1, 0)
        ahead(feature, one, 1, 1)
    values[:, plan.zero] = 0.0
    values[:] = rounded(values)


def _blank(of: Places, experiment: Places, features: int, plan: _Plan, random: np.random.Generator) -> Any:
    """Which cells are blank: mostly whole features, or those of an experiment, as instruments leave them out."""
    runs = experiment.max() + 1
    blank = np.zeros((len(of), features), np.bool_)
    blank[:, plan.unmeasured] = True
    spared = blank.copy()
    measured = of[np.sort(np.unique(of, return_index=True)[1])]
    for feature in range(features):
        spared[of == max(measured[feature % len(measured)], 0), feature] = True  # each feature is measured somewhere
    for feature, *some in [each[:2] for each in plan.most] + plan.pairs:
        spared[np.isin(of, some), feature] = True
    chance = 0.45 * random.random((runs, features))[experiment] + 0.45 * random.random(features)
    chance = np.where(spared, -1.0, chance + 0.1 * random.random(blank.shape))
    more = min(max(0, round(EMPTY * blank.size) - int(blank.sum())), int((~spared).sum()))
    blank.flat[np.argsort(-chance, axis=None, kind="stable")[:more]] = True
    return blank


def _sample_table(samples: list[str], known: Facts, of: Places, experiment: Places) -> pa.Table:
    import pyarrow as pa

    whose = [known[entity] if entity >= 0 else {} for entity in of.tolist()]
    columns: dict[str, Any] = {
        "sample": samples,
        "sample_type": ["culture" if each else "media_blank" for each in whose],
    }
    columns |= {name: [each.get(name) for each in whose] for name in ("entity", "phylum", "class", "family")}
    columns["medium"] = [MEDIA[run % len(MEDIA)] for run in experiment.tolist()]
    columns["experiment"] = [f"E{run + 1:02d}" for run in experiment.tolist()]
    return pa.table(columns)


def _truth(plan: _Plan, features: Sequence[str], entities: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    kinds = {-1: "consumes_most", 1: "produces_most"}
    rows: list[tuple[str, str, str | None, str | None]]
    rows = [(kinds[sign], features[feature], entities[entity], None) for feature, entity, sign in plan.most]
    rows += [("shared_top", features[each], entities[one], entities[other]) for each, one, other in plan.pairs]
    rows += [("unmeasured", features[each], None, None) for each in plan.unmeasured.tolist()]
    rows.append(("zero", features[plan.zero], None, None))
    return pa.table(dict(zip(("kind", "feature", "entity", "other"), zip(*rows, strict=True), strict=True)))


def _all_features(grown: Cultures, kept: Mice) -> pa.Table:
    """What is known of every feature of either, once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    new = pc.invert(pc.is_in(kept.features["feature"], grown.features["feature"]))
    return pa.concat_tables([grown.features, kept.features.filter(new)])


def _text(table: pa.Table, *, separator: str = ",", first: str | None = None, ragged: bool = False) -> str:
    """A table as text; names are quoted where they must be."""
    names = list(table.column_names)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\n")
    writer.writerow([first if first is not None else names[0], *names[1:]])
    columns = [column.to_pylist() for column in table.columns]
    for number, row in enumerate(zip(*columns, strict=True)):
        filled = len(row)
        while ragged and number % 10 < RAGGED * 10 and row[filled - 1] is None:
            filled -= 1
        writer.writerow(
            ["" if each is None else repr(each) if isinstance(each, float) else each for each in row[:filled]]
        )
    return out.getvalue()


def _write(path: Path, content: str) -> None:
    write_whole(path, lambda temporary: temporary.write_text(content, encoding="utf-8", newline="\n"))
