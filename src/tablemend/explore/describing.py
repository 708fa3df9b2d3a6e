"""Samples, entities and features with what tables of fields tell about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tablemend.errors import SettingsError
from tablemend.explore import numbers
from tablemend.explore.parts import ENTITY, EXAMPLES, FEATURE, NAME, SAMPLE, UNNAMED, Data, Fields, Raw, shown, text_of
from tablemend.store.matrices import MatrixProblem
from tablemend.tables.columns import unique_names

if TYPE_CHECKING:
    from tablemend.tables.read import Loaded

RESERVED = (SAMPLE, ENTITY, FEATURE, NAME, "samples")


def best(loaded: Loaded, wanted: Sequence[str]) -> tuple[str, int]:
    """The column of a table of fields that names most of these, and how many."""
    names = pa.array(sorted(set(wanted)), pa.string())
    counts = {
        each.name: int(pc.sum(pc.is_in(names, pa.array(text_of(loaded.table[each.name]), pa.string()))).as_py() or 0)
        for each in loaded.columns
    }
    found = max(counts, key=lambda name: counts[name])
    return found, counts[found]


def described(
    what: str, names: Sequence[str], keys: Sequence[str], own: Fields, loaded: Loaded | None, found: list[MatrixProblem]
) -> pa.Table:
    """NAME, all different, and the fields of each; `keys` are what a table of fields calls them."""
    apart = _apart(what, names, found)
    fields = dict(own)
    if loaded is not None:
        for name, values in _joined(what, keys, loaded, found).items():
            fields[name if name not in fields else f"{name} ({what})"] = values
    labels = unique_names([*RESERVED, *fields])[len(RESERVED) :]
    arrays = [pa.array(apart, pa.string()), *(pa.array(values, pa.string()) for values in fields.values())]
    return pa.table(arrays, names=[NAME, *labels])


def _apart(what: str, names: Sequence[str], found: list[MatrixProblem]) -> list[str]:
    """Names that differ: one that comes again, or that is blank, is numbered, and none is merged with another."""
    filled = [name if name.strip() else UNNAMED for name in names]
    if blank := sum(not name.strip() for name in names):
        message = f"{blank:,} {what} have no name; they are called {UNNAMED}"
        found.append(MatrixProblem(kind=f"unnamed {what}", count=blank, message=message))
    repeated = [name for name, count in Counter(filled).items() if count > 1]
    if not repeated:
        return filled
    taken = set(filled)
    seen: Counter[str] = Counter()
    apart = []
    for name in filled:
        seen[name] += 1
        label = name
        while seen[name] > 1 and label in taken:
            label = f"{name} ({seen[name]})"
            seen[name] += label in taken
        taken.add(label)
        apart.append(label)
    extra = len(filled) - len(set(filled))
    message = f"{extra:,} {what} have the name of another; they are kept apart by a number"
    found.append(
        MatrixProblem(kind=f"repeated {what}", count=extra, message=message, examples=tuple(repeated[:EXAMPLES]))
    )
    return apart


def _joined(what: str, keys: Sequence[str], loaded: Loaded, found: list[MatrixProblem]) -> Fields:
    """The fields that a table has for each key, null for those that it does not name."""
    column, count = best(loaded, keys)
    if not count:
        raise SettingsError(
            f"no column of the table of fields names any of the {what}, such as {', '.join(keys[:3])}",
            hint="Look whether it belongs to this matrix, and whether its ids are spelled alike.",
        )
    told = text_of(loaded.table[column])
    place: dict[str | None, int] = {}
    for number, name in enumerate(told):
        place.setdefault(name, number)
    wanted = set(keys)
    without = [name for name in dict.fromkeys(keys) if name not in place]
    beyond = [name for name in place if name and name not in wanted]
    again = len([name for name in told if name]) - len([name for name in place if name])
    for kind, number, text, examples in (
        (f"{what} without fields", len(without), f"{len(without):,} {what} are not in the table of fields", without),
        (f"fields without {what}", len(beyond), f"{len(beyond):,} rows of fields belong to none of the {what}", beyond),
        (f"repeated fields of {what}", again, f"{again:,} rows of fields have an id again; the first counts", []),
    ):
        if number:
            found.append(
                MatrixProblem(kind=kind, count=number, message=text, examples=tuple(map(str, examples[:EXAMPLES])))
            )
    rows = pa.array([place.get(key) for key in keys], pa.int64())
    return {
        shown(each): [
            each or None for each in pa.array(text_of(loaded.table[each.name]), pa.string()).take(rows).to_pylist()
        ]
        for each in loaded.columns
        if each.name != column
    }


def assembled(raw: Raw, samples: pa.Table, features: pa.Table, entity: str, found: list[MatrixProblem]) -> Data:
    """The matrix, its cells by feature and sample, in the narrowest types that lose nothing."""
    owner, entities = _entities(samples, entity, found)
    number = raw.kind == numbers.NUMERIC
    off = raw.kind > numbers.BLANK
    order = np.lexsort((raw.sample[number], raw.feature[number]))
    narrow_feature, narrow_sample = numbers.codes(features.num_rows), numbers.codes(samples.num_rows)
    cells = pa.table(
        {
            FEATURE: raw.feature[number][order].astype(narrow_feature),
            SAMPLE: raw.sample[number][order].astype(narrow_sample),
            "value": numbers.narrowest(raw.value[number][order]),
        }
    )
    kinds = pa.array(numbers.KINDS, pa.string()).take(pa.array(raw.kind[off]))
    failed = pa.table(
        [raw.feature[off].astype(narrow_feature), raw.sample[off].astype(narrow_sample), kinds, raw.text],
        names=[FEATURE, SAMPLE, "kind", "text"],
    )
    counts = dict(zip(numbers.KINDS, np.bincount(raw.kind, minlength=len(numbers.KINDS)).tolist(), strict=True))
    counts["blank"] += raw.blank
    _told(raw, counts, samples, features, found)
    code = pa.array(np.arange(samples.num_rows).astype(narrow_sample))
    return Data(
        cells=cells,
        failed=failed,
        samples=samples.add_column(0, SAMPLE, code).add_column(2, ENTITY, owner),
        entities=entities,
        features=features.add_column(0, FEATURE, pa.array(np.arange(features.num_rows).astype(narrow_feature))),
        counts=counts,
        shape="wide",
        transposed=False,
        entity=entity,
        problems=tuple(found),
    )


def _entities(samples: pa.Table, entity: str, found: list[MatrixProblem]) -> tuple[pa.Array, pa.Table]:
    """The entity of each sample, and the entities with the fields that are the same in all samples of each."""
    names = samples[NAME].to_pylist()
    if not entity:
        code = pa.array(np.arange(len(names)).astype(numbers.codes(len(names))))
        once = pa.array(np.ones(len(names), np.uint32))
        return code, samples.add_column(0, ENTITY, code).add_column(2, "samples", once)
    label = next((name for name in samples.schema.names if name == entity), "")
    if not label:
        known = ", ".join(samples.schema.names[1:]) or "none"
        raise SettingsError(f"samples have no field {entity!r}", hint=f"They have {known}.")
    told = [each or None for each in samples[label].to_pylist()]
    place = {name: number for number, name in enumerate(dict.fromkeys(each for each in told if each is not None))}
    if not place:
        raise SettingsError(f"no sample has anything in the field {entity!r}", hint="Name another field.")
    if without := told.count(None):
        examples = tuple(name for name, each in zip(names, told, strict=True) if each is None)[:EXAMPLES]
        message = f"{without:,} samples have no {entity}; they count to no entity"
        found.append(MatrixProblem(kind="samples without entity", count=without, message=message, examples=examples))
    owner = [None if each is None else place[each] for each in told]
    fields: Fields = {}
    for name in samples.schema.names[1:]:
        values: list[str | None] = [None] * len(place)
        values, same = _same(owner, samples[name].to_pylist(), values)
        if same and name != label:
            fields[name] = values
    narrow = numbers.codes(len(place))
    count = np.bincount([each for each in owner if each is not None], minlength=len(place)).astype(np.uint32)
    columns = {ENTITY: np.arange(len(place)).astype(narrow), NAME: list(place), "samples": count, **fields}
    return pa.array(owner, pa.from_numpy_dtype(np.dtype(narrow))), pa.table(columns)


def _same(
    owner: Sequence[int | None], told: Sequence[str | None], values: list[str | None]
) -> tuple[list[str | None], bool]:
    """What a field says of each owner, and whether it never says two things of one."""
    for place, each in zip(owner, told, strict=True):
        if place is None or each is None:
            continue
        if values[place] is None:
            values[place] = each
        elif values[place] != each:
            return values, False
    return values, True


def _told(raw: Raw, counts: dict[str, int], samples: pa.Table, features: pa.Table, found: list[MatrixProblem]) -> None:
    """Say what cells hold that are no numbers, and which features and samples hold none."""
    number = raw.kind == numbers.NUMERIC
    texts = raw.text.to_pylist()
    kinds = raw.kind[raw.kind > numbers.BLANK]
    for code, text in (
        (numbers.MARKED, "are marked as missing"),
        (numbers.UNBOUNDED, "are infinite, or beyond what 64 bits hold; they count as failed"),
        (numbers.OTHER, "hold no number; they count as failed"),
        (numbers.FORMATTED, "hold a number with separators or %, which is not read; they count as failed"),
    ):
        if count := counts[numbers.KINDS[code]]:
            examples = tuple(dict.fromkeys(texts[each] for each in np.flatnonzero(kinds == code)[:1_000]))[:EXAMPLES]
            found.append(
                MatrixProblem(
                    kind=numbers.KINDS[code], count=count, message=f"{count:,} cells {text}", examples=examples
                )
            )
    for what, table, places in (("features", features, raw.feature), ("samples", samples, raw.sample)):
        there = np.bincount(places[number], minlength=table.num_rows)
        if len(empty := np.flatnonzero(there == 0)):
            names = tuple(table[NAME].take(pa.array(empty[:EXAMPLES])).to_pylist())
            message = f"{len(empty):,} {what} hold no number at all"
            found.append(MatrixProblem(kind=f"empty {what}", count=len(empty), message=message, examples=names))
