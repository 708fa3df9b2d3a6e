"""Example mice: colonised and germ-free, sampled along the gut; where the groups differ is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tablemend.explore import sample_names
from tablemend.explore.sample_noise import bell, rounded

if TYPE_CHECKING:
    import pyarrow as pa

    from tablemend.explore.sample import Cultures

Values = npt.NDArray[np.float64]

REGIONS = ("duodenum", "jejunum", "ileum", "cecum", "colon")
"""In the order of the gut."""
SITES = (*REGIONS, "feces")
GROUPS = ("colonised", "germ-free")
CORRELATION = 0.8
"""Pearson's r over shared features: mean of the entities in culture, and colonised less germ-free mice."""
MICE_EMPTY = 0.3  # share of the cells that are blank
MOUSE, CELL = 0.2, 0.3  # standard deviations between mice, and between samples of a mouse
LEAST = (2, 48)  # mice of a group, and features


class Mice(NamedTuple):
    """A wide matrix of samples and features, what is known of both, and what was planted.

    `truth` has `kind`, `feature`, `region`, `direction` (1 where colonised mice have more, or values rise along the
    gut) and `size` (without sign). Kinds are `everywhere` (one row a site) and `once` (its only region), both with the
    difference of the group means; `nowhere`; `trend`, with the step from region to region in both groups; and `shared`
    (features that the cultures have too; one row a site, with the difference). Over the shared features the difference
    correlates with the cultures by `CORRELATION`, in every site.
    """

    values: pa.Table  # `sample_id`, then one column a feature; null where blank
    samples: pa.Table  # `sample_id`, `experiment`, `group`, `region`, `position` (null for feces), `mouse`
    features: pa.Table  # `feature`, `class`, `m/z`, `synonyms`
    truth: pa.Table


class _Effects(NamedTuple):
    """What each feature has beyond noise."""

    levels: Values  # sites × groups × features
    kinds: list[str]
    truth: list[tuple[str, int, str | None, int | None, float | None]]


def mice(*, per_group: int = 8, features: int = 240, seed: int = 1, beside: Cultures | None = None) -> Mice:
    """Mice of two groups, each sampled in every region and its feces.

    A third of the features are measured in the cultures `beside` too, by default in those of the same seed.
    Raises `ValueError` where there is no room for what is planted.
    """
    import pyarrow as pa

    if per_group < LEAST[0] or features < LEAST[1]:
        raise ValueError(f"at least {LEAST[0]} mice of a group and {LEAST[1]} features are needed")
    random = np.random.default_rng([seed, 2])
    grown = beside or _cultures(seed)
    means = _profile(grown)
    chosen = random.permutation(np.flatnonzero(means))[: features // 3]
    known = _known(grown, chosen, features - len(chosen), seed)
    names = known["feature"].to_pylist()
    effects = _effects(means[chosen], len(names), random)
    values = _measured(effects, per_group, random)
    blank = _blank(effects.kinds, values.shape, random)
    flat, hidden = values.reshape(-1, len(names)), blank.reshape(-1, len(names))
    samples = _samples(per_group)
    columns = {name: pa.array(flat[:, n], mask=hidden[:, n]) for n, name in enumerate(names)}
    measured = pa.table({"sample_id": samples["sample_id"], **columns})
    return Mice(measured, samples, known, _truth(effects, names))


def _cultures(seed: int) -> Cultures:
    from tablemend.explore.sample import cultures

    return cultures(seed=seed)


def _known(grown: Cultures, chosen: npt.NDArray[np.int64], more: int, seed: int) -> pa.Table:
    """The chosen features of the cultures, and so many that the cultures have not."""
    import pyarrow as pa

    theirs = set(grown.features["feature"].to_pylist())
    new = [each for each in sample_names.features(len(theirs) + more, seed) if each.name not in theirs]
    return pa.concat_tables([grown.features.take(pa.array(chosen)), sample_names.described(new[:more])])


def _profile(grown: Cultures) -> Values:
    """For each feature the mean of the means of the entities; 0 where there is none."""
    entities = grown.samples["entity"].to_pylist()
    rows: dict[str, list[int]] = {}
    for row, entity in enumerate(entities):
        if entity is not None:
            rows.setdefault(entity, []).append(row)
    columns = grown.values.columns[1:]
    matrix = np.column_stack([each.to_numpy(zero_copy_only=False) for each in columns]).astype(np.float64)
    sums, counts = np.zeros((2, len(columns)))
    for of in rows.values():
        there = ~np.isnan(matrix[of])
        number = there.sum(axis=0)
        sums += np.where(there, matrix[of], 0.0).sum(axis=0) / np.maximum(number, 1)
        counts += number > 0
    return np.asarray(sums / np.maximum(counts, 1))


def _effects(means: Values, features: int, random: np.random.Generator) -> _Effects:
    """Shared features first, then those that differ everywhere, once, along the gut, and nowhere."""
    levels = np.zeros((len(SITES), len(GROUPS), features))
    some = max(3, features // 16)
    kinds = ["shared"] * len(means) + ["everywhere"] * some + ["once"] * some + ["trend"] * some
    kinds += ["nowhere"] * (features - len(kinds))
    truth: list[tuple[str, int, str | None, int | None, float | None]] = []
    sizes, signs = 1.5 + random.random(features), np.where(random.random(features) < 0.5, -1, 1)
    sizes[: len(means)], signs[: len(means)] = _correlated(means, random)
    for place, kind in enumerate(kinds):
        size, sign = round(float(sizes[place]), 4), int(signs[place])
        if kind in ("shared", "everywhere"):
            levels[:, 0, place] = sign * size
            truth += [(kind, place, site, sign, size) for site in SITES]
        elif kind == "once":
            levels[place % len(REGIONS), 0, place] = sign * size
            truth.append((kind, place, SITES[place % len(REGIONS)], sign, size))
        elif kind == "trend":
            step = round(size / 3, 4)
            levels[:, :, place] = sign * step * np.minimum(np.arange(len(SITES)), len(REGIONS) - 1)[:, None]
            truth.append((kind, place, None, sign, step))
        else:
            levels[:, :, place] = 0.2 * bell((len(SITES),), random)[:, None]
            truth.append((kind, place, None, None, None))
    return _Effects(levels, kinds, truth)


def _correlated(means: Values, random: np.random.Generator) -> tuple[Values, Any]:
    """Sizes and signs of differences that correlate with the means: their part, and one that is orthogonal to it."""

    def unit(values: Values) -> Values:
        centred = values - values.mean()
        return np.asarray(centred / (centred * centred).sum() ** 0.5)

    own = unit(means)
    other = bell(means.shape, random)
    other = unit(other - other.mean() - own * (own * other).sum())
    found = (CORRELATION * own + (1 - CORRELATION**2) ** 0.5 * other) * len(means) ** 0.5
    return np.abs(found), np.where(found < 0, -1, 1)


def _measured(effects: _Effects, per_group: int, random: np.random.Generator) -> Values:
    """Values of sites × groups × mice × features; where a size is told, noise leaves the means as they are."""
    sites, groups, features = effects.levels.shape
    noise = MOUSE * bell((1, groups, per_group, features), random)
    noise = noise + CELL * bell((sites, groups, per_group, features), random)
    told = np.array([kind != "nowhere" for kind in effects.kinds])
    noise -= np.where(told, noise.mean(axis=2, keepdims=True), 0.0)
    return rounded(effects.levels[:, :, None, :] + noise)


def _blank(kinds: list[str], shape: tuple[int, ...], random: np.random.Generator) -> Any:
    """Which cells are blank: of features that differ nowhere, mostly in a whole region; each is there in one."""
    sites, _, _, features = shape
    spared = np.array([kind != "nowhere" for kind in kinds])
    spared = np.broadcast_to(spared, shape).copy()
    spared[np.arange(features) % sites, :, :, np.arange(features)] = True
    chance = random.random((sites, 1, 1, features)) + 0.2 * random.random(shape)
    chance = np.where(spared, -1.0, chance)
    blank = np.zeros(shape, np.bool_)
    wanted = min(round(MICE_EMPTY * blank.size), int((~spared).sum()))
    blank.flat[np.argsort(-chance, axis=None, kind="stable")[:wanted]] = True
    return blank


def _samples(per_group: int) -> pa.Table:
    import pyarrow as pa

    rows = [
        (site, number, group, group_number * per_group + mouse + 1)
        for number, site in enumerate(SITES)
        for group_number, group in enumerate(GROUPS)
        for mouse in range(per_group)
    ]
    return pa.table(
        {
            "sample_id": [f"m{number + 1:04d}" for number in range(len(rows))],
            "experiment": ["gut"] * len(rows),
            "group": [group for _, _, group, _ in rows],
            "region": [site for site, _, _, _ in rows],
            "position": pa.array([n + 1 if n < len(REGIONS) else None for _, n, _, _ in rows], pa.int64()),
            "mouse": [f"M{mouse:03d}" for _, _, _, mouse in rows],
        }
    )


def _truth(effects: _Effects, names: list[str]) -> pa.Table:
    import pyarrow as pa

    kinds, places, regions, directions, sizes = zip(*effects.truth, strict=True)
    return pa.table(
        {
            "kind": kinds,
            "feature": [names[place] for place in places],
            "region": pa.array(regions, pa.string()),
            "direction": pa.array(directions, pa.int64()),
            "size": pa.array(sizes, pa.float64()),
        }
    )
